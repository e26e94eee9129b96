"""What a body asks for becomes a job: parsed, its strategy found and kept with it, refused where it can never run."""

import asyncio
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.auth import identify
from api.bodies import read_json
from api.definitions import detail, sentence
from api.known_symbols import KnownSymbols
from api.problems import Problem, invalid
from api.rates import DAILY, DAY, Limit, tell
from api.settings import ApiSettings
from api.shapes import links
from api.strategies import Strategy, find_strategy, unknown_strategy
from engine import provider, rules
from engine.errors import GridTooLarge, RequestError, StrategyError, detailed
from engine.reasons import because
from engine.request import BacktestRequest
from pgqueue import Enqueued, Estimate, IdempotencyConflict, Queue

FIRST_KIND = "backtest"
"""Its fingerprints say no kind: they were made before there were others."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job that a body can ask for.

    parse: the body, or RequestError. check: the definition and what was asked; StrategyError or GridTooLarge where that
    can never run. note: args to keep beside what was asked, out of what the check came to. is_quick: whether the check
    of that definition takes less time than handing it to a thread, which is a millisecond.
    """

    name: str
    parse: Callable[[object], BacktestRequest]
    check: Callable[[Mapping[str, Any], Any], Any]
    note: Callable[[Any], dict[str, Any]] = lambda _: {}
    is_quick: Callable[[Mapping[str, Any]], bool] = lambda _: False


async def add(request: Request, kind: Kind) -> Response:
    """Queue the job that the body asks for."""
    account = await identify(request)
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    key = idempotency_key(request)
    with a_key_once():
        return queued(request, await _add(request, account, kind, body, key))


@contextmanager
def a_key_once() -> Iterator[None]:
    """Problem 422 where a key turns out to have been another request's."""
    try:
        yield
    except IdempotencyConflict:
        detail = "This Idempotency-Key was used for another request. Use a new key for each request."
        raise Problem(422, "Idempotency key reused", detail, code="idempotency_conflict") from None


async def _add(request: Request, account: Account, kind: Kind, body: dict[str, Any], key: str | None) -> Enqueued:
    queue: Queue = request.app.state.queue
    request_hash = None
    if key is not None:
        request_hash = fingerprint(body if kind.name == FIRST_KIND else {"kind": kind.name, **body})
        # Before anything is checked: what was good then is the first answer again, whatever became of it since.
        first = await queue.find_repeat(key, request_hash, user_id=account.user_id, tier=account.tier)
        if first is not None:
            return first
    try:
        asked = kind.parse(body)
    except RequestError as error:
        raise invalid(error.details) from None
    return await queue.enqueue(
        kind.name,
        await _args(request, account, kind, asked, prefix="params." if "params" in body else ""),
        user_id=account.user_id,
        tier=account.tier,
        priority=asked.priority,
        idempotency_key=key,
        request_hash=request_hash,
        is_estimated=True,
    )


def queued(request: Request, enqueued: Enqueued) -> Response:
    """The answer to whoever asked for a job; enqueued: with its estimate.

    It tells what is left of the user's jobs of today, where the plan sets a number.
    """
    job_id, estimate, quota = enqueued.job_id, enqueued.estimate, enqueued.quota
    assert estimate is not None
    if quota is not None:
        seconds = math.ceil(quota.seconds_left)
        tell(request.scope, Limit(DAILY, quota.per_day, DAY, quota.remaining, more_in_seconds=seconds))
    own = links(job_id, request.scope.get("root_path", ""))
    headers = {"Location": own["self"], "Cache-Control": "no-store"}
    if not enqueued.created:
        headers["Idempotency-Replayed"] = "true"
    body = {"jobId": str(job_id), "status": "queued"} | standing(estimate) | {"links": own}
    return JSONResponse(body, headers=headers)


def standing(estimate: Estimate) -> dict[str, Any]:
    """Where a waiting job stands: the wait in whole seconds, null with a reason when nobody can say."""
    found: dict[str, Any] = {
        "estimatedWaitTime": None if estimate.seconds is None else math.ceil(estimate.seconds),
        "position": estimate.position,
    }
    if estimate.position_at_least is not None:
        found["positionAtLeast"] = estimate.position_at_least
    if estimate.reason is not None:
        found["reason"] = estimate.reason
    return found


async def _args(
    request: Request, account: Account, kind: Kind, asked: BacktestRequest, *, prefix: str
) -> dict[str, Any]:
    """The job's args, with a snapshot of its strategy: a run can always be repeated as it was.

    prefix: of the members that the caller wrote under `params`.
    """
    strategy = await find_strategy(request, asked.strategy_id, account)
    if strategy is None:
        raise unknown_strategy(asked.strategy_id)
    args = asked.args(strategy.definition, symbol=strategy.default_symbol)
    if args["symbol"] is None:
        raise invalid([{"path": f"{prefix}symbol", "message": "is required"}])
    known: KnownSymbols = request.app.state.symbols
    for name in ("symbol", "benchmark"):
        symbol, timeframe = args[name], args["timeframe"]
        if symbol is not None and not await known.has(symbol, timeframe) and not provider.offered(symbol, timeframe):
            message = f"{symbol} has no {timeframe} prices here. See GET /api/symbols"
            reason = because("no_prices", message, symbol=symbol, timeframe=timeframe)
            raise invalid([detailed(f"{prefix}{name}", reason)])
    checked = await _refuse_what_cannot_run(strategy, kind, asked, prefix)
    return args | {"strategyId": str(strategy.id)} | kind.note(checked)


async def _refuse_what_cannot_run(strategy: Strategy, kind: Kind, asked: BacktestRequest, prefix: str) -> Any:
    """400 at the parameter that is wrong; or at the strategy, when it cannot run with its own parameters either."""
    try:
        if kind.is_quick(strategy.definition):
            return kind.check(strategy.definition, asked)
        return await asyncio.to_thread(kind.check, strategy.definition, asked)
    except GridTooLarge as error:
        message = (
            f"is {error.count:,} combinations, the limit is {error.limit:,}; take larger steps or fewer parameters"
        )
        reason = because("too_many_combinations", message, count=error.count, limit=error.limit)
        raise invalid([detailed("grid", reason)]) from None
    except StrategyError as error:
        if error.path.startswith("strategyParams."):
            raise invalid([detail(error, path=f"{prefix}{error.path}")]) from None
        if error.path.split(".")[0] in ("grid", "where"):
            raise invalid([detail(error)]) from None
        try:
            await asyncio.to_thread(rules.check, strategy.definition)
        except StrategyError as broken:
            mend = "" if strategy.is_built_in else f"; mend it with PUT /api/strategies/{strategy.id}"
            said = f"the stored strategy cannot run: {_placed(broken)}{mend}"
            raise invalid([{"path": "strategyId", "message": said}]) from None
        message = f"with these parameters the strategy cannot run: {_placed(error)}"
        raise invalid([{"path": f"{prefix}strategyParams", "message": message}]) from None


def _placed(error: StrategyError) -> str:
    place = error.path if error.column is None else f"{error.path}, column {error.column}"
    return f"{place}: {sentence(error)}"


def idempotency_key(request: Request) -> str | None:
    """The header's, if there is one. Problem 400."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip().strip('"')
    if not 1 <= len(key) <= 255:
        raise invalid([{"path": "Idempotency-Key", "message": "must be 1 to 255 characters"}])
    return key


def fingerprint(body: dict[str, Any]) -> bytes:
    return sha256(json.dumps(body, sort_keys=True).encode()).digest()
