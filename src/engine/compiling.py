"""Who waits while kernels are compiled, once after an install or an upgrade, is told of it and of how far it is."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOG_SECONDS = 5.0
FEW = 10
"""Kernels take about a second each, the largest seven."""
_WITH_SIGNATURE = re.compile(r"@njit\(\s*types\.[^@]*?\ndef (\w+)", re.DOTALL)

log = logging.getLogger(__name__)

Tell = Callable[[int, int], None]
"""Called with how many of how many are compiled: first with 0, and never when all of them are there already."""


def sentence(count: int) -> str:
    return f"compiling the engine's loops, once, {'a few seconds' if count <= FEW else 'about half a minute'}"


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """Import kernels inside: they are compiled as they are imported."""
    import numba  # noqa: PLC0415 takes half a second
    from numba.core import event  # noqa: PLC0415

    from engine import kernels  # noqa: PLC0415 imports numba, and says where its cache is

    config: Any = numba.config

    class Listener(event.Listener):
        """numba tells of what its cache does not have, and of the helpers within what it is compiling."""

        def __init__(self) -> None:
            self.depth = self.done = self.count = 0

        def on_start(self, _event: Any) -> None:
            self.depth += 1
            if not self.count:
                self.count = len(missing(kernels.SOURCES, Path(config.CACHE_DIR)))
                tell(0, self.count)

        def on_end(self, _event: Any) -> None:
            self.depth -= 1
            if not self.depth:
                self.done += 1
                tell(min(self.done, self.count), self.count)

    with event.install_listener("numba:compile", Listener()):
        yield


@contextmanager
def logged() -> Iterator[None]:
    """As told, by a line in the log now and then."""
    last = float("-inf")

    def tell(done: int, count: int) -> None:
        nonlocal last
        if done == count or time.monotonic() - last >= LOG_SECONDS:
            last = time.monotonic()
            log.info(sentence(count), extra={"done": done, "of": count})

    with told(tell):
        yield


def missing(sources: Path, cache: Path) -> list[str]:
    """Kernels with a signature of their own, as `module.name`, that numba's cache has no index of."""
    kernels = [
        f"{path.stem}.{name}"
        for path in sorted(sources.glob("*.py"))
        for name in _WITH_SIGNATURE.findall(path.read_text())
    ]
    indexed = {path.name.rpartition("-")[0] for path in cache.rglob("*.nbi")}
    return [kernel for kernel in kernels if kernel not in indexed]
