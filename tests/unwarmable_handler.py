"""A handler that no worker can be started with."""

from handlers_for_tests import Echo


class Unwarmable(Echo):
    def warm(self) -> None:
        raise RuntimeError("the kernels cannot be compiled here")
