"""Why something was refused: a sentence, with the code and the figures by which pages say it in other languages."""

from typing import Literal

LONGEST_FIGURE = 200
"""A figure may be the caller's own text."""

ReasonCode = Literal[
    "required",
    "not_an_object",
    "not_a_number",
    "not_whole",
    "not_a_symbol",
    "not_a_day",
    "out_of_range",
    "not_before",
    "not_between",
    "no_prices",
    "too_many_combinations",
    "no_combination",
    "too_many",
    "unknown_parameter",
    "bad_name",
    "reserved_name",
    "taken_name",
    "bad_length",
    "bad_order",
    "circular",
    "no_entry",
    "closes_nothing",
    "rule_empty",
    "not_an_expression",
    "not_in_language",
    "too_deep",
    "number_too_large",
    "unknown_name",
    "unknown_function",
    "is_a_function",
    "is_no_function",
    "only_in_exits",
    "wrong_kind",
    "wrong_count",
    "no_argument_names",
    "needs_series",
    "known_too_late",
    "not_constant",
    "looks_back_too_far",
    "needs_stop",
]


class Reason(str):
    """The sentence itself, for whoever asks no further. Figures are as they are written in it."""

    __slots__ = ("code", "figures")
    code: ReasonCode
    figures: dict[str, str]


def because(code: ReasonCode, sentence: str, **figures: object) -> Reason:
    reason = Reason(sentence)
    reason.code = code
    reason.figures = {name: _written(figure)[:LONGEST_FIGURE] for name, figure in figures.items()}
    return reason


def _written(figure: object) -> str:
    match figure:
        case float():
            return f"{figure:g}"
        case int():
            return f"{figure:,}"
        case _:
            return str(figure)
