"""Imported by the forkserver before it forks its first child: warms the handlers there, once for all children.

The one module that works at import, because being imported is all a forkserver lets its preloads do.
"""

import os
import pickle
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping

from pgqueue import logs
from pgqueue.handlers import Handler

VARIABLE = "PGQUEUE_PRELOAD"

failure: BaseException | None = None
"""Why the handlers could not be warmed. Kept, and told by every child as it starts: a forkserver that raised would be
gone without a word, and its parent would wait for ever."""


def announce(handlers: Mapping[str, Handler], *, logs_as_json: bool) -> None:
    """Leave the handlers where the forkserver, which inherits this environment, will find them.

    logs_as_json: the form of the lines in which they may tell what they are doing there.
    """
    # The path goes along: before Python 3.13 a forkserver imports its preloads without it.
    announced = pickle.dumps((sys.path, logs_as_json, pickle.dumps(dict(handlers))))
    os.environ[VARIABLE] = b64encode(announced).decode()


def _warm() -> None:
    announced = os.environ.pop(VARIABLE, None)
    if announced is None:
        return
    # Our own pickle, from our own parent: multiprocessing hands over every child's arguments the same way.
    path, logs_as_json, pickled = pickle.loads(b64decode(announced))  # noqa: S301
    sys.path[:] = path
    handlers: dict[str, Handler] = pickle.loads(pickled)  # noqa: S301
    with logs.configured(as_json=logs_as_json):
        for handler in handlers.values():
            handler.warm()


try:
    _warm()
except Exception as error:  # noqa: BLE001 - whatever a handler's import or warm-up raises
    failure = error
