"""The queue as callers see it: enqueue, read, cancel, requeue, and how long it will take."""

import asyncio
from typing import Self

from pgqueue.control import Control
from pgqueue.reading import Reading
from pgqueue.steering import Steering


class Queue(Control, Reading, Steering):
    """One database's jobs. Enter it as a context: it owns the tasks that send hints and count after commits.

    actor: whom the history names for what is cancelled, changed or deleted; None: the user a verb is for, or else the
    database's role. Any verb may name another. user_role: what is asked for one user (with user_id) is asked as that
    role, behind row-level security.
    """

    async def __aenter__(self) -> Self:
        self._background = [
            asyncio.create_task(self._hints.run(), name="pgqueue hints"),
            asyncio.create_task(self._waiting.run(), name="pgqueue waiting"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hints.close()
        self._waiting.close()
        await asyncio.gather(*self._background)
