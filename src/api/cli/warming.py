"""What the worker says in its log of loops that are being compiled, for whoever waits for its start."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LOOK_SECONDS = 0.25
_LINE = re.compile(r'(compiling [^"=]+?)[",\s]+done\W+(\d+)\W+of\W+(\d+)')
"""Of either form of the log."""

Tell = Callable[[str, int, int], None]
"""Called with the sentence, and how many of how many are done."""


@contextmanager
def followed(log: Path | None, tell: Tell) -> Iterator[None]:
    """Tell inside of every such line as it is written. None: nothing is followed."""
    if log is None:
        yield
        return
    over = Event()
    reader = Thread(target=_follow, args=(log, tell, over), name="worker log", daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def _follow(log: Path, tell: Tell, over: Event) -> None:
    with log.open(errors="replace") as lines:
        is_over = False
        while not is_over:
            is_over = over.wait(LOOK_SECONDS)
            for line in lines:
                if found := _LINE.search(line):
                    tell(found[1], int(found[2]), int(found[3]))


class CompilingBar:
    """On a terminal a bar, elsewhere the sentence, once; nothing as long as nothing is compiled."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()

    def tell(self, sentence: str, done: int, count: int) -> None:
        if self._progress is None:
            self._console.print(f"  {sentence} …", highlight=False)
            columns = (TextColumn("  "), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._progress = Progress(
                *columns, console=self._console, transient=True, disable=not self._console.is_terminal
            )
            self._progress.start()
            self._progress.add_task("")
        (task,) = self._progress.task_ids
        self._progress.update(task, completed=done, total=count)
        if done == count:
            self._progress.stop()
