"""A TCP proxy before Postgres, to cut: what runs through it then hears nothing any more, not even that it was cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url


@dataclass
class Proxy:
    """Passes bytes on while it is whole. A connection from before a cut never carries anything again."""

    url: str
    host: str
    port: int
    cuts: int = 0
    is_cut: bool = False
    fatal: bytes = b""
    """Whoever sends this is cut with it: it arrives, no answer comes back."""
    passing: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """From now on both ways are silent: nothing is passed on, nothing is closed."""
        self.cuts += 1
        self.is_cut = True

    def mend(self, *, resets: bool) -> None:
        """Let new connections through. Those from before are reset, or stay open and silent for good."""
        self.is_cut = False
        if not resets:
            return
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made_at = self.cuts
        self.writers.append(writer)
        if self.is_cut:
            return
        there_reader, there_writer = await self._connect()
        self.writers.append(there_writer)
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink, made_at))
            self.passing.add(task)
            task.add_done_callback(self.passing.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.host.startswith("/"):
            return await asyncio.open_unix_connection(Path(self.host) / f".s.PGSQL.{self.port}")
        return await asyncio.open_connection(self.host, self.port)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, made_at: int) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self.cuts != made_at:
                    # What is cut swallows all it is given, like a network that drops packets after the last hop.
                    continue
                if self.fatal and self.fatal in data:
                    self.fatal = b""
                    self.cut()
                sink.write(data)
                await sink.drain()
        if self.cuts == made_at:
            sink.close()


@asynccontextmanager
async def proxy_to(database_url: str) -> AsyncIterator[Proxy]:
    """A proxy on a port of this machine; its url is that of the database through it."""
    real = conninfo_to_dict(database_url)
    proxy = Proxy("", str(real["host"]), int(real.get("port") or 5432))
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    through = make_url(database_url).set(host="127.0.0.1", port=port, query={})
    proxy.url = through.render_as_string(hide_password=False)
    try:
        yield proxy
    finally:
        listening.close()
        for task in list(proxy.passing):
            task.cancel()
        await asyncio.gather(*proxy.passing, return_exceptions=True)
        for writer in proxy.writers:
            writer.close()
