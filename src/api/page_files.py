"""The pages' files as one release: read once, compressed once, under addresses that change when any of them does."""

import gzip
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from api.module_graph import needed

log = logging.getLogger(__name__)

# Not left to mimetypes: a machine's own table may call a module text/plain, and no browser runs that.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".LICENSE": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
LINK = re.compile(r'(?P<attribute>\b(?:href|src))="static/')
SCRIPT = re.compile(r'<script type="module" src="static/(?P<module>[^"]+)"')
DIGITS = 16


@dataclass(frozen=True, slots=True)
class PageFile:
    """compressed: by gzip; None where that would save nothing."""

    content: bytes
    media_type: str
    digest: str
    compressed: bytes | None

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "PageFile":
        # The hardest level: it is paid for once. No time stamp: the same file is the same bytes on every host.
        compressed = gzip.compress(content, compresslevel=9, mtime=0)
        saves = len(compressed) < len(content)
        return cls(content, media_type, _digest(content), compressed if saves else None)


@dataclass(frozen=True)
class Release:
    """files: by path below the directory, with slashes. What the pages say of each other is relative: see `page`."""

    files: Mapping[str, PageFile]
    _pages: dict[tuple[str, int], PageFile] = field(default_factory=dict, repr=False)

    @cached_property
    def digest(self) -> str:
        """Of all of it: a change of one module is another address for each, so that what a browser kept never mixes."""
        return _digest("".join(f"{name} {file.digest}\n" for name, file in sorted(self.files.items())).encode())

    def page(self, name: str, depth: int) -> PageFile | None:
        """An HTML file whose links lead to this release's files, all the modules it needs named ahead.

        depth: how many directories the page's own address is below the service's root: 0 for `/` and `/admin`.
        """
        if name not in self.files:
            return None
        # Bounded: pages and depths are those of routes.
        if (name, depth) not in self._pages:
            self._pages[name, depth] = PageFile.of(self._filled(name, depth).encode(), TYPES[".html"])
        return self._pages[name, depth]

    def modules(self, name: str) -> list[str]:
        """What the page needs before it can run, in the order it is found."""
        return needed((match["module"] for match in SCRIPT.finditer(self._text(name) or "")), self._text)

    def _filled(self, name: str, depth: int) -> str:
        # Relative, so that they hold behind any proxy, under whatever path it offers the service.
        base = f"{'../' * depth}static/{self.digest}/"
        html = LINK.sub(rf'\g<attribute>="{base}', self._text(name) or "")
        # Else a browser learns of a module only when it has read the one that imports it: a round trip per level.
        unsaid = [f"{base}{module}" for module in self.modules(name) if f'"{base}{module}"' not in html]
        ahead = "".join(f'  <link rel="modulepreload" href="{address}">\n' for address in unsaid)
        return html.replace("</head>", f"{ahead}</head>", 1)

    def _text(self, name: str) -> str | None:
        file = self.files.get(name)
        return None if file is None else file.content.decode()


class PageFiles:
    """The newest release of a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._marks: dict[str, tuple[int, int]] = {}
        self._release = Release({})

    def newest(self) -> Release:
        """Read anew when a file was changed, made or removed: who edits one need only load the page again."""
        try:
            marks = self._look()
            if marks != self._marks:
                self._release, self._marks = Release({name: self._read(name) for name in marks}), marks
        except FileNotFoundError:
            # Replaced while we looked: what is there then the next look finds.
            log.warning("pages changed while they were read", extra={"directory": str(self._directory)})
        return self._release

    def last(self) -> Release:
        """The one seen last, without a look at the disk."""
        return self._release if self._marks else self.newest()

    def _look(self) -> dict[str, tuple[int, int]]:
        """When each file was changed (ns), and its size: half a millisecond for a hundred files."""
        found = {}
        for directory, inner, names in os.walk(self._directory):
            # Hidden are an editor's notes, and what is being fetched.
            inner[:] = [name for name in inner if not name.startswith(".")]
            for name in names:
                path = Path(directory, name)
                if path.suffix in TYPES and not name.startswith("."):
                    status = path.stat()
                    found[path.relative_to(self._directory).as_posix()] = (status.st_mtime_ns, status.st_size)
        return found

    def _read(self, name: str) -> PageFile:
        path = self._directory / name
        return PageFile.of(path.read_bytes(), TYPES[path.suffix])


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:DIGITS]
