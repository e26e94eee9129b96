"""The pages over the wire: compressed once, kept by browsers for as long as they are right, and no longer."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request

from api import static
from api_scene import calling, running_app

pytestmark = pytest.mark.anyio

GZIP = {"Accept-Encoding": "gzip"}
IDENTITY = {"Accept-Encoding": "identity"}


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running_app(database_url) as app, calling(app) as client:
        yield client


def of_this_release(name: str) -> str:
    return f"/static/{static.files_of_pages().newest().digest}/{name}"


async def test_the_page_leads_to_addresses_that_browsers_keep(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    links = re.findall(r'(?:href|src)="(static/[^"]+)"', page.text)
    answers = [await client.get(f"/{link}") for link in links]

    assert page.headers["cache-control"] == "no-cache"
    assert len(links) > 10
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["cache-control"] for answer in answers} == {"public, max-age=31536000, immutable"}


@pytest.mark.parametrize("name", ["trader/main.js", "0123456789abcdef/trader/main.js"])
async def test_an_address_of_no_release_or_another_leads_to_the_file_of_now_and_is_not_kept(
    client: httpx.AsyncClient, name: str
) -> None:
    kept = await client.get(of_this_release("trader/main.js"))
    asked = await client.get(f"/static/{name}")

    assert asked.content == kept.content
    assert asked.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/static/trader/main.js"])
async def test_each_encoding_has_a_tag_of_its_own_by_which_it_is_asked_for_again(
    client: httpx.AsyncClient, path: str
) -> None:
    plain = await client.get(path, headers=IDENTITY)
    short = await client.get(path, headers=GZIP)

    assert plain.content == short.content
    assert "content-encoding" not in plain.headers
    assert short.headers["content-encoding"] == "gzip"
    assert int(short.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.headers["etag"] != short.headers["etag"]
    for first, asked in ((plain, IDENTITY), (short, GZIP)):
        assert first.headers["vary"] == "Accept-Encoding"
        for tag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
            again = await client.get(path, headers=asked | {"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
            for name in ("etag", "vary", "cache-control"):
                assert again.headers[name] == first.headers[name]
    other = await client.get(path, headers=GZIP | {"If-None-Match": plain.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize("accepted", ["gzip;q=0", "br, gzip; q=0.0", "deflate", ""])
async def test_who_does_not_accept_gzip_gets_none(client: httpx.AsyncClient, accepted: str) -> None:
    for path in ("/", "/static/trader/main.js", "/openapi.json"):
        answer = await client.get(path, headers={"Accept-Encoding": accepted})
        assert (answer.status_code, answer.headers.get("content-encoding")) == (200, None)


async def test_head_tells_what_get_would(client: httpx.AsyncClient) -> None:
    for path in ("/", "/static/trader/main.js"):
        told, got = await client.head(path, headers=GZIP), await client.get(path, headers=GZIP)
        assert told.status_code == 200
        assert told.headers == got.headers


@pytest.mark.parametrize("accepted", [GZIP, IDENTITY])
async def test_who_asks_for_a_part_gets_the_whole(client: httpx.AsyncClient, accepted: dict[str, str]) -> None:
    """As HTTP allows: no part of one encoding is ever glued to a part of another."""
    whole = await client.get("/static/trader/main.js", headers=accepted)
    part = await client.get("/static/trader/main.js", headers=accepted | {"Range": "bytes=0-9"})

    assert (part.status_code, part.content) == (200, whole.content)


async def test_modules_are_what_browsers_run_whatever_the_machine_thinks_of_them(client: httpx.AsyncClient) -> None:
    types = {
        name: (await client.get(f"/static/{name}")).headers["content-type"]
        for name in ("trader/main.js", "vendor/lightweight-charts.js", "css/base.css", "icon.svg")
    }

    assert types == {
        "trader/main.js": "text/javascript; charset=utf-8",
        "vendor/lightweight-charts.js": "text/javascript; charset=utf-8",
        "css/base.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }


async def test_third_party_code_is_served_with_its_licence(client: httpx.AsyncClient) -> None:
    licence = await client.get("/static/vendor/lightweight-charts.LICENSE")

    assert "Apache License" in licence.text


@pytest.mark.parametrize("name", ["index.html", "vendor/lock.sha256", "vendor", "%2e%2e/app.py"])
async def test_what_is_no_file_for_browsers_is_404_in_every_release(client: httpx.AsyncClient, name: str) -> None:
    for path in (f"/static/{name}", of_this_release(name)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_what_is_sent_is_what_was_compressed_once(client: httpx.AsyncClient) -> None:
    file = static.files_of_pages().newest().files["trader/main.js"]

    async with client.stream("GET", "/static/trader/main.js", headers=GZIP) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert raw == file.compressed
    assert gzip.decompress(raw) == file.content


async def test_under_a_prefix_and_at_deeper_addresses_links_still_find_their_files(client: httpx.AsyncClient) -> None:
    def first_link(path: str, root_path: str = "") -> str:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": root_path, "headers": []}
        body = bytes(static.page(Request(scope), "index.html").body).decode()
        link = re.findall(r'rel="stylesheet" href="([^"]+)"', body)[0]
        return str(httpx.URL(f"http://here{path}").join(link).path)

    style = of_this_release("css/base.css")
    assert first_link("/") == first_link("/admin") == first_link("/admin/") == first_link("/jobs/7/result") == style
    assert first_link("/a/b/", "/a/b") == first_link("/a/b/admin/", "/a/b") == f"/a/b{style}"
