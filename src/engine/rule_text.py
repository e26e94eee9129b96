"""A rule's text as errors point into it."""

import ast
from dataclasses import dataclass

from engine.errors import StrategyError
from engine.graph import Place
from engine.reasons import ReasonCode, because


@dataclass(slots=True)
class RuleText:
    """where: the member of the definition. root: its tree. indent: what its columns lack to count the text from 1."""

    where: str
    root: ast.expr
    indent: int

    def column(self, tree: ast.expr) -> int:
        return tree.col_offset + self.indent

    def end(self, tree: ast.expr) -> int:
        """The column after it."""
        return (tree.end_col_offset or tree.col_offset) + self.indent

    def refusal(
        self, code: ReasonCode, sentence: str, tree: ast.expr, *, near: str | None = None, **figures: object
    ) -> StrategyError:
        reason = because(code, sentence, **figures)
        return StrategyError(self.where, reason, column=self.column(tree), end=self.end(tree), near=near)

    def miscounted(self, takes: str, tree: ast.Call, usage: str) -> StrategyError:
        found = len(tree.args)
        return self.refusal("wrong_count", f"{takes}; found {found}", tree, usage=usage, found=found)

    def too_long(self, limit: int) -> StrategyError:
        terms = sum(isinstance(node, ast.expr) for node in ast.walk(self.root))
        return StrategyError(self.where, because("too_many", f"{terms} terms, the limit is {limit}", limit=limit))

    def place(self, tree: ast.Call) -> Place:
        parts = (tree, *tree.args)
        return Place(self.where, tuple(map(self.column, parts)), tuple(map(self.end, parts)))
