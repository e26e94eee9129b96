"""What Prometheus is told: facts of the whole queue, read from Postgres at a scrape, and facts of this process.

Facts of the queue are the same whichever API process is asked: `max by (…)` over processes, never `sum`. Facts of a
process (requests, streams, delivery) are its own: `sum` over processes.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterator

import psycopg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pgqueue import Distribution, Gauges, loudness

ANSWER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DELIVERY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
FRESH_SECONDS = 1.0
"""Scrapes within so long share one look at the database."""
SCRAPE_SECONDS = 3.0
REMEMBERED = 16
REMEMBERED_SECONDS = 900.0
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))

log = logging.getLogger(__name__)


class Telemetry:
    """What this process counts; one per application, so that two in one process do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = self._counter(
            "backtest_http_requests", "Answers given, by route, method and status.", ("route", "method", "status")
        )
        self.answer_seconds = Histogram(
            "backtest_http_request_duration_seconds",
            "From a request to its answer's first byte.",
            ("route", "method"),
            buckets=ANSWER_BUCKETS,
            registry=self._registry,
        )
        self.streams = Gauge("backtest_sse_connections", "Event streams open now.", registry=self._registry)
        self.streams_opened = self._counter("backtest_sse_opened", "Event streams opened.")
        self.streams_closed = self._counter("backtest_sse_closed", "Event streams that ended, and why.", ("reason",))
        self.events_sent = self._counter("backtest_sse_events_sent", "Events written to streams.")
        self.events_conflated = self._counter(
            "backtest_sse_events_conflated",
            "Changes a reader was spared, because a later one of the same job came first.",
        )
        self.delivery_seconds = Histogram(
            "backtest_notify_delivery_seconds",
            "From a change's time stamp in Postgres, taken in the transaction that commits it, to the socket's write.",
            buckets=DELIVERY_BUCKETS,
            registry=self._registry,
        )
        self.listening = Gauge(
            "backtest_listener_up", "1 while notifications are heard, 0 while rows are polled.", registry=self._registry
        )
        self.listener_switches = self._counter("backtest_listener_switches", "Times that it began or ceased to hear.")

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()


class _Families:
    """A registry of one scrape: what is to be written, in order."""

    def __init__(self, *sources: Iterator[Metric]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from source


class Scraper:
    """Answers scrapes; several at once, or one soon after another, share one look at the database."""

    def __init__(self, telemetry: Telemetry, queue: str, look: Callable[[], Awaitable[Gauges]]) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._look = look
        self._looking = asyncio.Lock()
        self._seen: Gauges | None = None
        self._seen_at = -FRESH_SECONDS
        self._remembered: dict[bytes, float] = {}

    def remember(self, credential: bytes) -> None:
        """Keep a digest of a credential that was good just now, of the latest few."""
        self._remembered.pop(credential, None)
        self._remembered[credential] = time.monotonic()
        while len(self._remembered) > REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def forget(self, credential: bytes) -> None:
        """It is good no longer."""
        self._remembered.pop(credential, None)

    def remembers(self, credential: bytes) -> bool:
        """Whether it was good a while ago: enough while the database cannot be asked."""
        return time.monotonic() - self._remembered.get(credential, -REMEMBERED_SECONDS) < REMEMBERED_SECONDS

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """The exposition and its content type. A database that is away is said to be; nothing stale is shown."""
        async with self._looking:
            if time.monotonic() - self._seen_at >= FRESH_SECONDS:
                self._seen = await self._read()
                self._seen_at = time.monotonic()
        encode, content_type = exposition.choose_encoder(accept)
        return encode(_Families(families(self._queue, self._seen), self._telemetry.collect())), content_type

    async def _read(self) -> Gauges | None:
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                return await self._look()
        except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
            log.log(loudness(error), "queue not looked at for a scrape", extra={"reason": str(error).strip()})
        except Exception:
            # Whatever keeps the facts away, the scrape tells the rest.
            log.exception("queue not looked at for a scrape")
        return None


def families(queue: str, seen: Gauges | None) -> Iterator[Metric]:
    """The queue's facts; only that they are missing when they are."""
    yield _gauge("backtest_metrics_scrape_error", "1 when the database could not be asked.", float(seen is None))
    if seen is None:
        return
    counts = seen.counts
    ended = counts["completed"] + counts["failed"] + counts["cancelled"]
    # The four that dashboards have had from the beginning: gauges, no labels.
    yield _gauge("backtest_queue_waiting_count", "Jobs waiting now, counted to 100,000 ready ones.", seen.waiting)
    yield _gauge("backtest_queue_completed_count", "Jobs completed since the queue was made.", counts["completed"])
    yield _gauge("backtest_queue_failed_count", "Jobs failed since the queue was made.", counts["failed"])
    yield _gauge(
        "backtest_queue_total_count", "Jobs waiting, running and ended.", seen.waiting + seen.processing + ended
    )
    jobs = GaugeMetricFamily("backtest_jobs", "Unfinished jobs now, by state.", labels=("queue", "state"))
    for state, count in (("ready", seen.ready), ("parked", seen.parked), ("processing", seen.processing)):
        jobs.add_metric((queue, state), count)
    yield jobs
    yield _counter("backtest_jobs_enqueued", "Jobs enqueued.", queue, counts["enqueued"])
    finished = CounterMetricFamily("backtest_jobs_finished", "Jobs ended, by outcome.", labels=("queue", "outcome"))
    for outcome in ("completed", "failed", "cancelled"):
        finished.add_metric((queue, outcome), counts[outcome])
    yield finished
    yield _counter("backtest_run_failures", "Runs that raised or ran out of time.", queue, counts["failures"])
    yield _counter("backtest_run_crashes", "Runs whose child or worker died.", queue, counts["crashes"])
    yield _histogram("backtest_job_wait_seconds", "From due to started, of ended jobs' last runs.", queue, seen.waits)
    yield _histogram("backtest_job_run_seconds", "From started to ended, of ended jobs' last runs.", queue, seen.runs)
    oldest = GaugeMetricFamily(
        "backtest_queue_oldest_waiting_timestamp_seconds", "When the longest waiting job was due.", labels=("queue",)
    )
    # Nothing waits: as if one had become due this moment, so that `time() - …` is 0 and not an absence.
    oldest.add_metric((queue,), seen.now if seen.oldest_run_at is None else seen.oldest_run_at)
    yield oldest
    workers = GaugeMetricFamily("backtest_workers", "Live workers now.", labels=("queue", "status"))
    workers.add_metric((queue, "working"), seen.workers)
    workers.add_metric((queue, "draining"), seen.draining)
    yield workers
    slots = GaugeMetricFamily("backtest_worker_slots", "Slots of live workers that take jobs.", labels=("queue",))
    slots.add_metric((queue,), seen.slots)
    yield slots
    if seen.beat_at is not None:
        beat = GaugeMetricFamily(
            "backtest_worker_oldest_heartbeat_timestamp_seconds",
            "Of the live workers, the last sign of life of the most silent one.",
            labels=("queue",),
        )
        beat.add_metric((queue,), seen.beat_at)
        yield beat
    paused = GaugeMetricFamily("backtest_queue_paused", "1 while nothing is started.", labels=("queue",))
    paused.add_metric((queue,), float(seen.paused))
    yield paused
    yield _gauge(
        "backtest_notification_queue_usage_ratio", "How full Postgres's notification queue is.", seen.notifications
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _counter(name: str, text: str, queue: str, value: float) -> Metric:
    family = CounterMetricFamily(name, text, labels=("queue",))
    family.add_metric((queue,), value)
    return family


def _histogram(name: str, text: str, queue: str, spread: Distribution) -> Metric:
    family = HistogramMetricFamily(name, text, labels=("queue",))
    total, buckets = 0, []
    for bound, count in spread.buckets:
        total += count
        buckets.append(("+Inf" if math.isinf(bound) else f"{bound:g}", float(total)))
    if not buckets or buckets[-1][0] != "+Inf":
        buckets.append(("+Inf", float(total)))
    family.add_metric((queue,), buckets, spread.seconds)
    return family


class Measured:
    """Counts answers by route. Plain ASGI, so that streams pass unhindered; a path that is no route is one label."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        has_started = False

        async def watching(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                self._note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, watching)
        except Exception:
            # Of what nobody foresaw Starlette makes a 500 outside of every middleware.
            if not has_started:
                self._note(scope, 500, time.perf_counter() - began)
            raise

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = route_of(scope)
        self._telemetry.requests.labels(route, method, str(status)).inc()
        self._telemetry.answer_seconds.labels(route, method).observe(seconds)


def route_of(scope: Scope) -> str:
    """The route's path as it was declared, so that ids are no labels."""
    return getattr(scope.get("route"), "path", None) or "none"
