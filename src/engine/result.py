"""What a run leaves behind, and its three forms: a summary to show, a preview to draw, a detail that holds everything.

detail is zlib over: length of the head (4 bytes, little-endian), head (JSON), differences of the bars' times (int64),
equity (float64), trades (TRADE rows); all little-endian.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from engine.metrics import drawdowns
from engine.monthly import Month, monthly_returns
from engine.sampling import largest_triangle_three_buckets
from engine.trade_table import TradeTable
from engine.trades import TRADE

if TYPE_CHECKING:  # they bring numba, and whoever only reads results stays light
    from engine.comparison import Benchmark, Split

PREVIEW_POINTS = 2_000
FORMAT = 2
# Price bytes hardly compress: level 3 is within 2 % of level 9 and several times faster.
_LEVEL = 3


WarningCode = Literal[
    "PARTLY_COVERED",
    "CLOSE_ONLY",
    "SHORT_WARM_UP",
    "RUINED",
    "LOOK_BACK_EXCEEDS_DATA",
    "NEVER_ENTERED",
    "FEW_TRADES",
    "ONE_TRADE_MADE_ALL_PROFIT",
    "WORSE_THAN_BUY_AND_HOLD",
    "CLOSE_ONLY_STOPS",
    "AMBIGUOUS_BARS",
    "REJECTED_SIZE",
    "REJECTED_CASH",
    "REJECTED_NO_STOP",
    "REJECTED_NOT_FINITE",
    "REJECTED_END_OF_DATA",
    "REDUCED",
    "NOT_SPLIT",
    "BENCHMARK_NOT_COVERED",
]


class Warned(TypedDict):
    """figures: what the message says in numbers and days, for who words it otherwise."""

    code: WarningCode
    message: str
    figures: NotRequired[Mapping[str, str | int | float]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which prices a run was made from. Days are written YYYY-MM-DD; complete: all that was asked for is there."""

    symbol: str
    timeframe: str
    requested_start: str
    requested_end: str
    data_start: str
    data_end: str
    bars: int
    complete: bool
    close_only: bool
    adjusted: bool
    source: str
    version: int

    def to_json(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "requestedStart": self.requested_start,
            "requestedEnd": self.requested_end,
            "dataStart": self.data_start,
            "dataEnd": self.data_end,
            "bars": self.bars,
            "complete": self.complete,
            "closeOnly": self.close_only,
            "adjusted": self.adjusted,
            "source": self.source,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """time: (n,) int64, equity: (n,) float64 at each close; days: (n,) int64, the bars' trading days since 1970.

    trades: (m,) TRADE, an open one last. split, benchmark: where they were asked for.
    """

    strategy_name: str
    initial_capital: float
    time: NDArray[np.int64]
    equity: NDArray[np.float64]
    days: NDArray[np.int64]
    trades: NDArray[np.void]
    metrics: dict[str, float | int | None]
    metric_notes: dict[str, str]
    coverage: Coverage
    warnings: list[Warned] = field(default_factory=list)
    split: "Split | None" = None
    benchmark: "Benchmark | None" = None

    @property
    def final_equity(self) -> float:
        return float(self.equity[-1])


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is stored of a run."""

    summary: dict[str, Any]
    preview: bytes
    detail: bytes


Curves = dict[str, list[tuple[int, float]]]


class Preview(TypedDict):
    """What a page draws: curves as [epoch ms, value] at the same times, and the table of months."""

    equity: list[tuple[int, float]]
    drawdown: list[tuple[int, float]]
    benchmark: list[tuple[int, float]] | None
    monthly: list[Month]


@dataclass(frozen=True, slots=True)
class Detail:
    """All of a run: its trades, and every bar's time and equity."""

    initial_capital: float
    table: TradeTable
    time: NDArray[np.int64]
    equity: NDArray[np.float64]

    @property
    def trades(self) -> list[dict[str, Any]]:
        """All of them, as they were entered."""
        return self.table.at(range(len(self.table)))

    def drawdown(self) -> NDArray[np.float64]:
        """(n,) float64, at every bar."""
        return drawdowns(self.equity, self.initial_capital)

    def curves(self) -> Curves:
        """Equity and drawdown as [epoch ms, value] at every bar."""
        return {"equity": curve(self.time, self.equity), "drawdown": curve(self.time, self.drawdown())}


def encode(result: BacktestResult) -> Encoded:
    return Encoded(summarize(result), preview(result), detail(result))


def summarize(result: BacktestResult) -> dict[str, Any]:
    """Small and JSON-able: what is shown beside every final event."""
    compared = result.benchmark
    return {
        "metrics": result.metrics,
        "metricNotes": result.metric_notes,
        "coverage": result.coverage.to_json(),
        "warnings": result.warnings,
        "strategyName": result.strategy_name,
        "initialCapital": result.initial_capital,
        "finalEquity": result.final_equity,
        "outOfSample": None if result.split is None else result.split.to_json(),
        "benchmark": None if compared is None else {"symbol": compared.symbol, "totalReturn": compared.total_return},
        "resultHash": result_hash(result),
    }


def preview(result: BacktestResult) -> bytes:
    """Zlib over JSON of a Preview: curves at the same ≤ 2,000 times, first and last included.

    The benchmark's is what the initial capital would have become in it.
    """
    kept = largest_triangle_three_buckets(result.equity, PREVIEW_POINTS)
    depth = drawdowns(result.equity, result.initial_capital)
    time, compared = result.time[kept], result.benchmark
    drawn: Preview = {
        "equity": curve(time, result.equity[kept]),
        "drawdown": curve(time, depth[kept]),
        "benchmark": None
        if compared is None
        else curve(time, compared.closes[kept] / compared.base * result.initial_capital),
        "monthly": monthly_returns(result.days, result.equity, result.initial_capital),
    }
    return zlib.compress(json.dumps(drawn, allow_nan=False, separators=(",", ":")).encode(), _LEVEL)


def decode_preview(stored: bytes) -> Preview:
    """What `preview` wrote."""
    drawn: Preview = json.loads(zlib.decompress(stored))
    return drawn


def result_hash(result: BacktestResult) -> str:
    """SHA-256 over trades and the full equity curve: equal for equal runs, whatever the process or chunk size."""
    digest = hashlib.sha256(result.trades.astype(TRADE, copy=False).tobytes())
    digest.update(result.equity.astype("<f8", copy=False).tobytes())
    return digest.hexdigest()


def detail(result: BacktestResult) -> bytes:
    head = {
        "format": FORMAT,
        "initialCapital": result.initial_capital,
        "bars": len(result.time),
        "trades": len(result.trades),
    }
    written = json.dumps(head, allow_nan=False).encode()
    parts = (
        len(written).to_bytes(4, "little"),
        written,
        np.diff(result.time, prepend=0).astype("<i8").tobytes(),
        result.equity.astype("<f8", copy=False).tobytes(),
        result.trades.astype(TRADE, copy=False).tobytes(),
    )
    return zlib.compress(b"".join(parts), _LEVEL)


def decode_detail(stored: bytes) -> Detail:
    """The trades and the equity curve that `detail` wrote."""
    data = zlib.decompress(stored)
    at = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:at])
    if head["format"] != FORMAT:
        msg = f"result detail: format {head['format']} is not known here; read it with the release that wrote it."
        raise ValueError(msg)
    n = head["bars"]
    time = np.cumsum(np.frombuffer(data, "<i8", n, at))
    equity = np.frombuffer(data, "<f8", n, at + 8 * n)
    trades = np.frombuffer(data, TRADE, head["trades"], at + 16 * n)
    return Detail(head["initialCapital"], TradeTable(trades, time), time, equity)


def curve(time: NDArray[np.int64], values: NDArray[np.float64]) -> list[tuple[int, float]]:
    """[epoch ms, value] at each of the times."""
    return list(zip((time // 1_000_000).tolist(), values.tolist(), strict=True))
