"""Imported by the forkserver before it forks its first child: warms the handlers there, once for all children.

The one module that works at import, because being imported is all a forkserver lets its preloads do.
"""

import os
import pickle
from base64 import b64decode, b64encode
from collections.abc import Mapping

from pgqueue.handlers import Handler

VARIABLE = "PGQUEUE_PRELOAD"


def announce(handlers: Mapping[str, Handler]) -> None:
    """Leave the handlers where the forkserver, which inherits this environment, will find them."""
    os.environ[VARIABLE] = b64encode(pickle.dumps(dict(handlers))).decode()


def _warm() -> None:
    announced = os.environ.pop(VARIABLE, None)
    if announced is None:
        return
    # Our own pickle, from our own parent: multiprocessing hands over every child's arguments the same way.
    handlers: dict[str, Handler] = pickle.loads(b64decode(announced))  # noqa: S301
    for handler in handlers.values():
        handler.warm()


_warm()
