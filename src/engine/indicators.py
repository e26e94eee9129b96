"""The catalogue of indicators a rule may name: parameters, ranges, look-back. Their kernels are in engine.kernels."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Length:
    """A whole number of bars that an indicator asks for."""

    name: str
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """look_back: how many bars before a bar its value needs, from the lengths."""

    name: str
    lengths: tuple[Length, ...]
    look_back: Callable[..., int]
    source: str

    @property
    def usage(self) -> str:
        return f"{self.name}(series, {', '.join(length.name for length in self.lengths)})"


INDICATORS = {
    indicator.name: indicator
    for indicator in (
        Indicator(
            "sma",
            lengths=(Length("length", 1, 5_000),),
            look_back=lambda length: length - 1,
            source="Arithmetic mean of the last `length` values; equals TA-Lib's SMA.",
        ),
    )
}
