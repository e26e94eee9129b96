"""A rule's text becomes a tree: its words checked one by one, then read by `ast.parse`. Nothing is ever evaluated."""

import ast
import re

from engine.errors import StrategyError
from engine.reasons import Reason, because

MAX_CHARACTERS = 2_000
MAX_NODES = 256
MAX_DEPTH = 32

# Operators that a rule may have, and what they compile to.
ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}

_SPACE = r"[ \t\r\n]+"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SIGN = r"[<>=!]=|[-+*/<>(),]"

# A number that runs into a word, as in 1_000 or 5close, is told apart by what may follow it.
_WHOLE = re.compile(rf"(?:{_SPACE}|{_NUMBER}(?![A-Za-z0-9_.])|{_NAME}|{_SIGN})*+")
_WORD = re.compile(
    rf"(?P<space>{_SPACE})|(?P<number>{_NUMBER})(?P<tail>[A-Za-z0-9_.]*)|(?P<name>{_NAME})"
    rf"|(?P<foreign>&&|\|\||<>|=(?!=)|!(?!=)|[&|])|(?P<sign>{_SIGN})"
)
_NAMES = re.compile(_NAME)
# How other languages say it.
_MEANT = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "=": "==", "<>": "!="}


def names_in(text: str) -> set[str]:
    """The names that a rule's text mentions."""
    return set(_NAMES.findall(text))


def parse(text: str, where: str) -> tuple[ast.expr, int]:
    """The tree of a rule, and what to add to its columns for those of the text, counted from 1.

    Raises StrategyError for a text that is too long, is no expression, or has a word that no rule has.
    """
    if len(text) > MAX_CHARACTERS:
        sentence = f"{len(text):,} characters, the limit is {MAX_CHARACTERS:,}"
        raise StrategyError(where, because("too_many", sentence, limit=MAX_CHARACTERS))
    if _WHOLE.fullmatch(text) is None or "<>" in text:
        _refuse_foreign_word(text, where)
    # A line's end means nothing here, and leading spaces would be an indentation.
    flat = text.translate(_FLAT)
    bare = flat.lstrip(" ")
    indent = len(flat) - len(bare)
    bare = bare.rstrip(" ")
    if not bare:
        raise StrategyError(where, because("rule_empty", "the rule is empty; write an expression or null"))
    try:
        return ast.parse(bare, mode="eval").body, indent + 1
    except SyntaxError as error:
        column = max(1, min(error.offset or len(bare), len(bare)))
        end = max(column + 1, min(error.end_offset or 0, len(bare) + 1))
        reason = because("not_an_expression", f"not a complete expression ({error.msg})")
        raise StrategyError(where, reason, column=indent + column, end=indent + end) from None
    except (ValueError, MemoryError, RecursionError):
        raise StrategyError(
            where, because("too_deep", f"nested deeper than {MAX_DEPTH} levels", limit=MAX_DEPTH)
        ) from None


_FLAT = str.maketrans("\t\r\n", "   ")


def _refuse_foreign_word(text: str, where: str) -> None:
    """Let through only what the language is made of, so that the parser never meets a string, a lambda or a null."""
    at = 0
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None:
            raise StrategyError(where, _foreign(text[at]), column=at + 1, end=at + 2)
        if word["foreign"]:
            raise StrategyError(where, _foreign(word[0]), column=at + 1, end=word.end() + 1, near=_MEANT[word[0]])
        if word["tail"]:
            reason = because("not_a_number", f"{word[0]!r} is not a number")
            raise StrategyError(where, reason, column=at + 1, end=word.end() + 1)
        at = word.end()


def _foreign(word: str) -> Reason:
    return because("not_in_language", f"{word!r} is not part of the rule language", word=word)
