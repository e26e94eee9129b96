"""Bodies sent by accident or on purpose, over a real connection: the right status, one sentence, a service unharmed."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import BODY, Person, Server, know_aapl, person, serving

pytestmark = pytest.mark.anyio
LIMIT = 256 * 1024


@dataclass
class Service:
    server: Server
    me: Person

    async def send(self, *pieces: bytes, headers: str = "", ends: bool = True) -> tuple[int, dict[str, object]]:
        """Status and JSON of a POST of those bytes, sent as they are; ends: say afterwards that nothing more comes."""
        reader, writer = await asyncio.open_connection(*self.server.address, limit=1 << 22)
        try:
            fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {self.me.key}\r\n{headers}"
            writer.write(f"POST /api/backtest/queue HTTP/1.1\r\n{fields}\r\n".encode())
            for piece in pieces:
                writer.write(piece)
            if ends:
                writer.write_eof()
            async with asyncio.timeout(30):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length: ")[1].split("\r\n")[0])
                content = await reader.readexactly(length)
            return int(head.split(" ")[1]), json.loads(content)
        finally:
            writer.close()

    async def post(self, content: bytes, content_type: str = "application/json") -> tuple[int, dict[str, object]]:
        headers = f"Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
        return await self.send(content, headers=headers, ends=False)


@pytest.fixture
async def service(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Service]:
    await know_aapl(pool)
    async with serving(database_url, body_seconds=1.0) as (server, _):
        one = Service(server, await person(pool))
        yield one
        # Whatever was sent: the next caller is served as ever.
        status, answer = await one.post(json.dumps(BODY).encode())
        assert (status, answer["status"]) == (200, "queued")


GOOD = json.dumps(BODY).encode()
HOSTILE = {
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, 400),
    "UTF-16": (GOOD.decode().encode("utf-16"), 400),
    "no UTF-8": (b'{"a": "\xc3\x28"}', 400),
    "NUL outside": (b"\0" + GOOD, 400),
    "NUL in a text": (b'{"strategyId": "a\\u0000b", "startDate": "2020-01-01", "endDate": "2021-01-01"}', 404),
    "NUL in a symbol": (GOOD.replace(b"AAPL", b"AA\\u0000L"), 400),
    "a number of 5,000 digits": (b'{"priority": ' + b"9" * 5_000 + b"}", 400),
    "a number beyond all": (GOOD.replace(b"10000", b"1e999"), 400),
    "a large whole number": (GOOD.replace(b"10000", b"9" * 300), 400),
    "minus zero and fractions": (GOOD.replace(b": 5", b": -0.0"), 400),
    "a text of 200,000": (b'{"strategyId": "' + b"x" * 200_000 + b'"}', 400),
    "NaN": (GOOD.replace(b"10000", b"NaN"), 400),
    "Infinity": (GOOD.replace(b"10000", b"-Infinity"), 400),
    "a member twice": (b'{"strategyId": 1, "strategyId": 2}', 400),
    "a member twice, deep down": (b'{"params": {"symbol": "A", "symbol": "B"}}', 400),
    "33 deep": (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", 400),
    "200,000 deep": (b"[" * 200_000, 400),
    "200,000 objects deep": (b'{"a":' * 40_000, 400),
    "half a surrogate pair": (b'{"a": "\\ud800"}', 400),
    "two objects": (GOOD + GOOD, 400),
    "a comment": (b"/* hello */" + GOOD, 400),
    "an array": (b"[1]", 400),
    "a text": (b'"run"', 400),
    "null": (b"null", 400),
    "nothing": (b"", 400),
    "20,000 members": (b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}", 400),
    "__proto__": (b'{"__proto__": {"strategyId": "sma-cross"}, "constructor": 1}', 400),
    "one byte too many": (b'{"a": "' + b"x" * (LIMIT - 8) + b'"}', 413),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_body_that_is_no_request_is_refused_in_one_sentence(service: Service, name: str) -> None:
    content, expected = HOSTILE[name]

    status, answer = await service.post(content)

    said = str(answer["detail"])
    assert (status, answer["status"]) == (expected, expected)
    assert said.endswith(".")
    assert len(json.dumps(answer)) < 1_500
    for leak in ("Traceback", 'File "', "sys.", "utf-8-sig", "codec", "pydantic", "psycopg", "0x"):
        assert leak not in json.dumps(answer), leak


@pytest.mark.parametrize(
    "content_type",
    [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
        "application/json; charset=utf-16", "application/json; charset=latin-1", "json", "application/xml", ";;;",
    ],
)  # fmt: skip
async def test_what_is_not_said_to_be_json_in_utf_8_is_415(service: Service, content_type: str) -> None:
    status, answer = await service.post(GOOD, content_type)

    assert (status, answer["error"]) == (415, "Unsupported media type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=UTF-8", "APPLICATION/JSON", "application/vnd.run+json"]
)
async def test_json_by_any_of_its_names_is_taken(service: Service, content_type: str) -> None:
    assert (await service.post(GOOD, content_type))[0] == 200


async def test_a_body_of_exactly_the_limit_is_read(service: Service) -> None:
    padded = GOOD[:-1] + b', "pad": "' + b"x" * (LIMIT - len(GOOD) - len(b', "pad": ""')) + b'"}'
    assert len(padded) == LIMIT

    assert (await service.post(padded))[0] == 200


async def test_a_body_that_does_not_come_is_408(service: Service) -> None:
    headers = "Content-Type: application/json\r\nContent-Length: 1000\r\n"

    status, answer = await service.send(b'{"a"', headers=headers, ends=False)

    assert (status, answer["code"]) == (408, "body_too_slow")


async def test_chunks_without_end_are_413_once_they_are_too_many_and_408_when_they_stop_coming(
    service: Service,
) -> None:
    headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    many = await service.send(*[piece] * 5, headers=headers, ends=False)
    few = await service.send(piece, headers=headers, ends=False)

    assert (many[0], many[1]["code"]) == (413, "body_too_large")
    assert (few[0], few[1]["code"]) == (408, "body_too_slow")


async def test_a_body_said_to_be_too_large_is_refused_before_it_has_come(service: Service) -> None:
    headers = f"Content-Type: application/json\r\nContent-Length: {10**12}\r\n"

    status, answer = await service.send(b"{", headers=headers, ends=False)

    assert (status, answer["code"]) == (413, "body_too_large")


async def test_many_callers_who_send_nothing_keep_nobody_waiting(service: Service) -> None:
    headers = "Content-Type: application/json\r\nContent-Length: 1000\r\n"
    slow = [asyncio.create_task(service.send(b"{", headers=headers, ends=False)) for _ in range(50)]
    await asyncio.sleep(0)

    status, _ = await service.post(GOOD)

    assert status == 200
    assert {answer[0] for answer in await asyncio.gather(*slow)} == {408}
