"""Where the API listens: taken at once and kept, so that nobody comes in between."""

import errno
import os
import socket
from contextlib import ExitStack
from typing import Any

from pgqueue import PgQueueError

BACKLOG = 2048
"""Connections that wait to be accepted, as uvicorn has it."""


class CannotListen(PgQueueError):
    def __init__(self, host: str, port: int, error: OSError) -> None:
        self.errno = error.errno
        address = f"{f'[{host}]' if ':' in host else host}:{port}"
        if error.errno == errno.EADDRINUSE:
            said = f"{address} is taken. End what listens there, or choose another with --port or PGQUEUE_API_PORT."
        else:
            reason = (error.strerror or str(error)).lower()
            said = (
                f"cannot listen on {address}: {reason}. See --host and --port, PGQUEUE_API_HOST and PGQUEUE_API_PORT."
            )
        super().__init__(f"serve: {said}")


def listen(host: str, port: int, *, or_any: bool = False) -> list[socket.socket]:
    """A listening socket for each address of the host; raises CannotListen. or_any: a free port where it is taken.

    Listening, not only bound: two sockets may be bound to one port, and one of them would fail later.
    """
    try:
        return _listen(host, port)
    except CannotListen as error:
        if not (or_any and error.errno == errno.EADDRINUSE):
            raise
    return _listen(host, 0)


def _listen(host: str, port: int) -> list[socket.socket]:
    with ExitStack() as on_failure:
        sockets = []
        try:
            for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                one = on_failure.enter_context(socket.socket(family, kind, protocol))
                sockets.append(one)
                _listen_on(one, address)
        except OSError as error:
            raise CannotListen(host, port, error) from error
        on_failure.pop_all()
        return sockets


def _listen_on(one: socket.socket, address: tuple[Any, ...]) -> None:
    if os.name == "posix":
        # After a restart, while connections of the one before are still being put away.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if one.family == socket.AF_INET6:
        # Else [::] would take the port of 0.0.0.0 as well.
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind(address)
    one.listen(BACKLOG)
