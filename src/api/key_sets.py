"""An issuer's public keys (JWKS), fetched when they are needed, kept for a while, and never asked for in a hurry."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping

import httpx
import jwt

from api.problems import Problem

FRESH_SECONDS = 600.0
"""Keys are fetched again after so long: one that the issuer withdrew is refused from then on."""
STALE_SECONDS = 3600.0
"""How long the last keys serve while the issuer does not answer."""
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
"""Between fetches for keys that are unknown, or while none answers: doubled each time. Anyone can make up a key id."""
FETCH_SECONDS = 5.0
MOST_BYTES = 64 * 1024
MOST_KEYS = 100

ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
"""The one algorithm that a key of a type is for. A shared secret among public keys is no key."""

log = logging.getLogger(__name__)


class KeySet:
    """The keys at that address, by their ids."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._transport = transport
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_at = -float("inf")
        self._next_at = -float("inf")
        self._pause = FIRST_PAUSE_SECONDS
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of that id; None when the issuer has none. Raises 503 while it cannot be asked and was not lately."""
        is_usable = key_id in self._keys and self._age() <= STALE_SECONDS
        # One request asks the issuer; whoever has a usable key need not wait for the answer.
        if (self._age() > FRESH_SECONDS or not is_usable) and not (is_usable and self._fetching.locked()):
            await self._refresh(key_id)
        if self._age() > STALE_SECONDS:
            detail = "The keys that tokens are checked with cannot be fetched at the moment. Try again shortly."
            raise Problem(503, "Service unavailable", detail, code="keys_away", headers={"Retry-After": "5"})
        return self._keys.get(key_id)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self, key_id: str | None) -> None:
        """Fetch, unless another request just did, or it is too early to ask again."""
        async with self._fetching:
            wanted = self._age() > FRESH_SECONDS or key_id not in self._keys
            if not wanted or self._clock() < self._next_at:
                return
            try:
                self._keys = await self._fetch()
                self._fetched_at = self._clock()
            except (httpx.HTTPError, ValueError, RecursionError, TimeoutError) as error:
                log.warning("keys of the issuer not fetched", extra={"reason": str(error)[:200]})
            self._pause = FIRST_PAUSE_SECONDS if key_id in self._keys else min(self._pause * 2, LONGEST_PAUSE_SECONDS)
            self._next_at = self._clock() + self._pause

    async def _fetch(self) -> Mapping[str | None, jwt.PyJWK]:
        body = bytearray()
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient(transport=self._transport, trust_env=False) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"status {response.status_code}")
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise ValueError(f"more than {MOST_BYTES:,} bytes")
        return read_keys(bytes(body))


def read_keys(body: bytes) -> Mapping[str | None, jwt.PyJWK]:
    """The usable keys of a JWKS, by id. Raises ValueError for what is none, or holds more than MOST_KEYS."""
    listed = json.loads(body).get("keys") if body.lstrip().startswith(b"{") else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"no list of at most {MOST_KEYS} keys")
    keys: dict[str | None, jwt.PyJWK] = {}
    for one in listed:
        if not isinstance(one, dict) or not _is_public_and_ours(one):
            continue
        try:
            keys[one.get("kid")] = jwt.PyJWK(one, ALGORITHMS[one["kty"]])
        except (jwt.PyJWTError, ValueError, TypeError):
            log.warning("a key of the issuer cannot be used", extra={"kid": str(one.get("kid"))[:100]})
    return keys


def _is_public_and_ours(one: Mapping[str, object]) -> bool:
    algorithm = ALGORITHMS.get(str(one.get("kty")))
    return (
        algorithm is not None
        and one.get("alg", algorithm) == algorithm
        and one.get("use", "sig") == "sig"
        and (algorithm != "ES256" or one.get("crv") == "P-256")
        and isinstance(one.get("kid"), str | None)
        and "d" not in one
    )
