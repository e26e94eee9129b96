"""A worker's figures as Prometheus reads them: taken when asked for, so that running jobs pays nothing for them."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pgqueue.job import Outcome
from pgqueue.vitals import Vitals

PREFIX = "pgqueue_worker"


class WorkerCollector(Collector):
    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        now = self._read()
        ended = CounterMetricFamily(
            f"{PREFIX}_attempts_ended", "Attempts by how they ended.", labels=["queue", "outcome"]
        )
        for outcome in Outcome:
            ended.add_metric([now.queue, outcome.value], now.ended.get(outcome.value, 0))
        yield ended
        for name, help_, count in (
            ("claims_failed", "Claims the database did not answer.", now.claims_failed),
            (
                "children_started",
                "Child processes started; beyond the slots these are replacements.",
                now.children_started,
            ),
        ):
            yield CounterMetricFamily(f"{PREFIX}_{name}", help_, value=count)
        for name, help_, figure in (
            ("slots", "Jobs it may run at a time.", now.slots),
            ("running", "Jobs it holds now.", now.running),
            ("draining", "1 while it claims nothing more.", int(now.draining)),
            ("ready", "1 while it may be given jobs.", int(not now.ailments())),
            ("lease_age_seconds", "Since the lease was last renewed; NaN when it is not held.", now.lease_age_seconds),
            ("children_memory_bytes", "What the children hold together.", now.child_bytes),
        ):
            yield GaugeMetricFamily(f"{PREFIX}_{name}", help_, value=float("nan") if figure is None else figure)


def registry(read: Callable[[], Vitals]) -> CollectorRegistry:
    """The worker's figures, and its process's."""
    made = CollectorRegistry()
    made.register(WorkerCollector(read))
    ProcessCollector(registry=made)
    return made


def exposition(made: CollectorRegistry) -> bytes:
    """Prometheus text format 0.0.4."""
    return generate_latest(made)
