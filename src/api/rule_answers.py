"""What the rule language is told as, member by member."""

from typing import Literal

from typing_extensions import TypedDict


class Word(TypedDict):
    name: str
    help: str


class Argument(TypedDict):
    name: str
    min: float
    max: float
    whole: bool


class RuleFunction(Word):
    """group: of the language itself, or an indicator; parameters: of an indicator, after the series if it takes one."""

    signature: str
    group: Literal["language", "indicator"]
    takesSeries: bool
    parameters: list[Argument]


class RuleLimits(TypedDict):
    """Of one rule, lookBack in bars; parameters and let: of one definition."""

    characters: int
    terms: int
    depth: int
    lookBack: int
    parameters: int
    let: int


class RuleReference(TypedDict):
    """position: known only while a position is open, in exits. rules: the members of a definition that are rules."""

    series: list[Word]
    position: list[Word]
    words: list[Word]
    operators: list[Word]
    functions: list[RuleFunction]
    rules: list[str]
    limits: RuleLimits
