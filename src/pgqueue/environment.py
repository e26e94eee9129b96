"""Variables that look like settings and are none: a slip of the pen that nothing else would ever mention."""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import entry_points

GROUP = "pgqueue.settings"
"""Entry points under which packages name the variables that they read."""
PREFIX = "PGQUEUE_"
_OF_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)(_|$)")
"""What every pod is told of a service whose name begins with ours."""

log = logging.getLogger(__name__)


def warn_of_unknown_settings(environment: Mapping[str, str] = os.environ) -> None:
    """One log line for each variable that is no setting, with the one it may stand for. Never with its value."""
    for name, near in unknown_settings(environment):
        log.warning("unknown setting, ignored", extra={"setting": name} | ({"did_you_mean": near} if near else {}))


def unknown_settings(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Names that begin as ours do and are read by nobody, each with the nearest that is."""
    ours = sorted(
        name for name, value in environment.items() if name.upper().startswith(PREFIX) and not _is_told(name, value)
    )
    known = _known() if ours else ()
    for name in ours:
        if name.upper() not in known:
            yield name, next(iter(get_close_matches(name.upper(), known, n=1)), None)


def _is_told(name: str, value: str) -> bool:
    return _OF_KUBERNETES.search(name) is not None or value.startswith(("tcp://", "udp://"))


def _known() -> Iterable[str]:
    return {name for entry in entry_points(group=GROUP) for name in entry.load()}
