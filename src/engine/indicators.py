"""The catalogue of indicators a rule may name: inputs, parameters with ranges, look-back. Kernels: engine.kernels."""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 5_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an indicator asks for; whole: of bars."""

    name: str
    minimum: float
    maximum: float
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Indicator:
    """One name, one series out.

    takes_source: its first argument is a series. inputs: the price series it reads besides; "session" is the number of
    the bar's day. kernel: of engine.kernels.catalogue; it writes `outputs` arrays, of which this name is number
    `output`. look_back: bars before the first it knows, from the parameters. settle: bars after which its beginning no
    longer shows, 0 where its memory is finite.
    """

    name: str
    parameters: tuple[Parameter, ...]
    look_back: Callable[..., int]
    source: str
    takes_source: bool = False
    inputs: tuple[str, ...] = ()
    kernel: str = ""
    outputs: int = 1
    output: int = 0
    settle: Callable[..., int] = lambda *_parameters: 0

    @property
    def usage(self) -> str:
        words = ["series"] if self.takes_source else []
        return f"{self.name}({', '.join([*words, *(parameter.name for parameter in self.parameters)])})"


HLC = ("high", "low", "close")


def _length(name: str = "length", minimum: int = 1) -> Parameter:
    return Parameter(name, minimum, LONGEST)


def _multiple(name: str) -> Parameter:
    return Parameter(name, 0.0, 100.0, whole=False)


def _of_source(name: str, minimum: int, before: Callable[[int], int], source: str, **facts: object) -> Indicator:
    """An indicator of one series and one length."""
    return Indicator(
        name,
        (_length(minimum=minimum),),
        look_back=before,
        source=source,
        takes_source=True,
        kernel=str(facts.pop("kernel", name)),
        **facts,  # type: ignore[arg-type]
    )


def _outputs(kernel: str, names: tuple[str, ...], sources: tuple[str, ...], like: Indicator) -> tuple[Indicator, ...]:
    """One entry for each series that a kernel writes."""
    return tuple(
        Indicator(
            name,
            like.parameters,
            look_back=like.look_back,
            source=source,
            takes_source=like.takes_source,
            inputs=like.inputs,
            kernel=kernel,
            outputs=len(names),
            output=number,
            settle=like.settle,
        )
        for number, (name, source) in enumerate(zip(names, sources, strict=True))
    )


def _before_full(length: int) -> int:
    return length - 1


def _four_times(length: int) -> int:
    return 4 * length


_BANDS = Indicator(
    "bbands",
    (_length(minimum=2), _multiple("deviations")),
    look_back=lambda length, _deviations: length - 1,
    source="",
    takes_source=True,
)
_MACD = Indicator(
    "macd",
    (_length("fast", 2), _length("slow", 2), _length("signal")),
    look_back=lambda fast, slow, signal: max(fast, slow) + signal - 2,
    source="",
    takes_source=True,
    settle=lambda fast, slow, signal: 4 * max(fast, slow, signal),
)
_ADX = Indicator(
    "adx", (_length(minimum=2),), look_back=lambda length: length, source="", inputs=HLC, settle=_four_times
)
_STOCH = Indicator(
    "stoch",
    (_length(), _length("k_smooth"), _length("d_smooth")),
    look_back=lambda length, k_smooth, d_smooth: length + k_smooth + d_smooth - 3,
    source="",
    inputs=HLC,
)
_KELTNER = Indicator(
    "keltner",
    (_length(minimum=2), _length("atr_length"), _multiple("multiple")),
    look_back=lambda length, atr_length, _multiple: max(length - 1, atr_length),
    source="",
    inputs=HLC,
    settle=lambda length, atr_length, _multiple: 4 * max(length, atr_length),
)
_SUPERTREND = Indicator(
    "supertrend",
    (_length(minimum=2), _multiple("multiple")),
    look_back=lambda length, _multiple: length,
    source="",
    inputs=HLC,
    settle=lambda length, _multiple: 4 * length,
)

_ALL = (
    _of_source("sma", 1, _before_full, "Arithmetic mean; TA-Lib's SMA."),
    _of_source("ema", 1, _before_full, "Exponential mean seeded with a simple one; TA-Lib's EMA.", settle=_four_times),
    _of_source("wma", 1, _before_full, "Linearly weighted mean; TA-Lib's WMA."),
    _of_source("rsi", 2, lambda length: length, "Wilder's relative strength; TA-Lib's RSI.", settle=_four_times),
    _of_source("stddev", 2, _before_full, "Population standard deviation; TA-Lib's STDDEV."),
    _of_source("roc", 1, lambda length: length, "Change in percent; TA-Lib's ROC."),
    _of_source("mom", 1, lambda length: length, "Change; TA-Lib's MOM."),
    _of_source("highest", 1, _before_full, "Largest; TA-Lib's MAX."),
    _of_source("lowest", 1, _before_full, "Smallest; TA-Lib's MIN."),
    _of_source("sum", 1, _before_full, "Sum; TA-Lib's SUM.", kernel="rolling_sum"),
    # The language's words for two of them.
    _of_source("mean", 1, _before_full, "The same as sma.", kernel="sma"),
    _of_source("std", 2, _before_full, "The same as stddev.", kernel="stddev"),
    *_outputs(
        "macd",
        ("macd", "macd_signal", "macd_histogram"),
        ("Fast less slow exponential mean; TA-Lib's MACD.", "Its exponential mean.", "Their difference."),
        _MACD,
    ),
    *_outputs(
        "bbands",
        ("bbands_upper", "bbands_middle", "bbands_lower"),
        ("Mean plus deviations; TA-Lib's BBANDS.", "Mean.", "Mean less deviations."),
        _BANDS,
    ),
    Indicator("tr", (), look_back=lambda: 1, source="True range; TA-Lib's TRANGE.", inputs=HLC, kernel="tr"),
    Indicator(
        "atr",
        (_length(),),
        look_back=lambda length: length,
        source="Wilder's mean of the true range; TA-Lib's ATR.",
        inputs=HLC,
        kernel="atr",
        settle=_four_times,
    ),
    Indicator(
        "adx",
        _ADX.parameters,
        look_back=lambda length: 2 * length - 1,
        source="Wilder's strength of the trend; TA-Lib's ADX.",
        inputs=HLC,
        kernel="adx",
        outputs=3,
        settle=_four_times,
    ),
    *_outputs(
        "adx",
        ("", "plus_di", "minus_di"),
        ("", "Upward movement; TA-Lib's PLUS_DI.", "Downward movement; TA-Lib's MINUS_DI."),
        _ADX,
    )[1:],
    *_outputs(
        "stoch",
        ("stoch_k", "stoch_d"),
        ("Close within the range, smoothed; TA-Lib's STOCH.", "Smoothed again."),
        _STOCH,
    ),
    Indicator(
        "cci", (_length(minimum=2),), look_back=_before_full, source="Commodity channel index; TA-Lib's CCI.",
        inputs=HLC, kernel="cci",
    ),
    Indicator(
        "willr", (_length(minimum=2),), look_back=_before_full, source="Williams' %R; TA-Lib's WILLR.", inputs=HLC,
        kernel="willr",
    ),
    Indicator(
        "obv", (), look_back=lambda: 0, source="Volume on balance; TA-Lib's OBV.", inputs=("close", "volume"),
        kernel="obv",
    ),
    Indicator(
        "mfi", (_length(minimum=2),), look_back=lambda length: length, source="Money flow index; TA-Lib's MFI.",
        inputs=(*HLC, "volume"), kernel="mfi",
    ),
    Indicator(
        "donchian_upper", (_length(),), look_back=_before_full, source="Highest high; TA-Lib's DONCHIAN.",
        inputs=("high",), kernel="highest",
    ),
    Indicator(
        "donchian_lower", (_length(),), look_back=_before_full, source="Lowest low; TA-Lib's DONCHIAN.",
        inputs=("low",), kernel="lowest",
    ),
    *_outputs(
        "keltner",
        ("keltner_upper", "keltner_middle", "keltner_lower"),
        ("Exponential mean of the close plus true ranges.", "Exponential mean.", "Exponential mean less true ranges."),
        _KELTNER,
    ),
    *_outputs(
        "supertrend",
        ("supertrend", "supertrend_direction"),
        ("A stop that trails the trend; TA-Lib's SUPERTREND.", "1 in an uptrend, −1 in a downtrend."),
        _SUPERTREND,
    ),
    Indicator(
        "vwap", (), look_back=lambda: 0, source="Price of the session so far, weighted by volume.",
        inputs=(*HLC, "volume", "session"), kernel="vwap",
    ),
)  # fmt: skip

INDICATORS = {indicator.name: indicator for indicator in _ALL}
