"""The pages and their files, from the package itself; headers that leave a browser nothing else to load or run."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.compression import accepts_gzip
from api.page_files import DIGITS, PageFile, PageFiles, Release

PAGES = Path(str(files("api"))) / "pages"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

REVALIDATED = "no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"
RELEASE = re.compile(f"[0-9a-f]{{{DIGITS}}}")


class SecurityHeaders:
    """On every answer, whatever gave it. Plain ASGI: a middleware that wraps bodies would hold up streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def index(request: Request) -> Response:
    """The traders' page."""
    return page(request, "index.html")


async def admin(request: Request) -> Response:
    """The operators' page; what it shows is asked for by who may see it."""
    return page(request, "admin.html")


def page(request: Request, name: str) -> Response:
    """An HTML file of the pages. Revalidated each time, by ETag: a new release is seen at once."""
    path, root = request.scope["path"], request.scope.get("root_path", "")
    depth = max(0, path.count("/") - root.count("/") - 1)
    return _answer(request.scope, files_of_pages().newest().page(name, depth), REVALIDATED)


class Assets(StaticFiles):
    """The pages' modules and styles. Under the release's digest browsers keep them: what is there never changes.

    An address without one leads to the file as it is now, and is revalidated. So does one with another's digest: a page
    asks by it that was loaded before an upgrade, or from another process during it.
    """

    def __init__(self) -> None:
        super().__init__()
        # Read and compressed before anything is served: 30 ms that no request should wait for.
        files_of_pages().newest()

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        release = files_of_pages().last()
        name = Path(path).as_posix()
        digest, _, rest = name.partition("/")
        if not RELEASE.fullmatch(digest):
            return _answer(scope, _asset(release, name), REVALIDATED)
        return _answer(scope, _asset(release, rest), IMMUTABLE if digest == release.digest else REVALIDATED)


@cache
def files_of_pages() -> PageFiles:
    return PageFiles(PAGES)


def _asset(release: Release, name: str) -> PageFile | None:
    # Pages are at their own addresses, filled in.
    return None if name.endswith(".html") else release.files.get(name)


def _answer(scope: Scope, file: PageFile | None, cache_control: str) -> Response:
    """Whole, whatever Range is asked for, compressed or not: each has a tag of its own."""
    if file is None:
        raise HTTPException(404)
    headers = {"Cache-Control": cache_control, "Content-Type": file.media_type, "Vary": "Accept-Encoding"}
    content, tag = file.content, f'"{file.digest}"'
    if file.compressed is not None and accepts_gzip(scope):
        content, tag = file.compressed, f'"{file.digest}-gzip"'
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = tag
    # A proxy that has its own hand in the encoding makes a tag weak; it is the same file.
    known = {one.strip().removeprefix("W/") for one in Headers(scope=scope).get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return NotModifiedResponse(Headers(headers))
    return Response(content, headers=headers)
