"""Strategies in files: read strictly, their errors shown where they are."""

from pathlib import Path

import pytest

from engine import sample, strategies
from engine.errors import StrategyError
from engine.evaluate import signals
from engine.rules import compile_strategy
from engine.signals import ENTRY_LONG, EXIT_LONG
from engine.strategies.source import excerpt, read_file, read_source


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is empty; `pgqueue strategies show"),
        (b" \n", "is empty; `pgqueue strategies show"),
        (b"{", "not JSON"),
        (b'{"a": 1, "a": 2}', "'a' stands in it twice"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b" " * 300_000, "larger than 262,144 bytes"),
    ],
)
def test_what_is_no_json_of_ours_is_refused_with_the_files_name(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(text)

    with pytest.raises(StrategyError, match=reason) as refused:
        read_file(path)

    assert refused.value.path == str(path)


def test_a_file_is_read_as_it_is() -> None:
    assert read_source('{"name": "Ü", "params": {}}'.encode(), "x") == {"name": "Ü", "params": {}}


def shown(rule: str, column: int) -> str | None:
    return excerpt({"let": {"a": rule}}, StrategyError("let.a", "wrong", column=column))


@pytest.mark.parametrize(
    ("rule", "column", "lines"),
    [
        ("close > x", 9, "close > x\n        ^"),
        ("close >", 8, "close >\n       ^"),
        ("close\n\t> x", 9, "close  > x\n        ^"),
        ("指標 > x", 6, "指標 > x\n       ^"),
        ("a\x1b[2J > x", 9, "a?[2J > x\n        ^"),
        ("1 + " * 50 + "x" + " + 1" * 50, 201, "…" + "1 + " * 12 + "x" + " + 1" * 5 + " + …\n" + " " * 49 + "^"),
    ],
)
def test_the_caret_stands_below_the_column(rule: str, column: int, lines: str) -> None:
    assert shown(rule, column) == lines


def test_an_error_about_no_text_shows_none() -> None:
    with pytest.raises(StrategyError) as refused:
        compile_strategy({"name": "x", "params": {"n": 3}, "entryLong": "close > 0"})

    assert excerpt({"params": {"n": 3}}, refused.value) is None
    assert excerpt([], StrategyError("entryLong", "wrong", column=1)) is None


def test_the_built_ins_are_nine() -> None:
    assert [built_in.short_name for built_in in strategies.builtins()] == [
        "bollinger-reversion",
        "buy-and-hold",
        "donchian-breakout",
        "ema-cross",
        "macd",
        "momentum",
        "rsi-reversion",
        "sma-cross",
        "supertrend",
    ]


@pytest.mark.parametrize("built_in", strategies.builtins(), ids=lambda built_in: built_in.short_name)
def test_a_built_in_trades_real_prices_both_ways(built_in: strategies.BuiltIn) -> None:
    prices = sample.find("SPX", "1d").read()
    flags = signals(compile_strategy(built_in.definition), prices).flags
    assert (flags & ENTRY_LONG).any()
    assert (flags & EXIT_LONG).any() != (built_in.short_name == "buy-and-hold")
