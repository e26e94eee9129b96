"""Every route as callers are told of it: what it takes, what it answers, what it refuses with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api import account_answers, answers, price_answers, result_answers, rule_answers
from engine.charts import MOST_BUCKETS
from engine.metrics import SWEPT
from engine.request import BacktestRequest, body_schema
from engine.sweep_request import MOST_BEST, SweepRequest
from engine.timeframes import TIMEFRAMES

JSON, CSV, EVENTS = "application/json", "text/csv", "text/event-stream"
TEXT_FORMAT, OPENMETRICS = "text/plain", "application/openmetrics-text"
QUEUE = "/api/backtest/queue"
JOB = f"{QUEUE}/{{jobId}}"
CALLER = (401, 403, 429, 503)
"""What any route that asks who is calling may refuse with."""


@dataclass(frozen=True, slots=True)
class Operation:
    """gives: by status, a type, a media type, or None for an empty answer; several are any of them.

    query, headers: JSON Schemas by name, of what may be sent. answers_with: headers of the first status given.
    refuses: statuses besides CALLER's; is_public: those do not apply. examples: bodies, by name. needs_body: if any.
    """

    method: str
    path: str
    summary: str
    gives: Mapping[int, Any]
    query: Mapping[str, dict[str, Any]] | None = None
    headers: Mapping[str, dict[str, Any]] | None = None
    body: Any = None
    examples: Mapping[str, Any] | None = None
    refuses: tuple[int, ...] = ()
    answers_with: tuple[str, ...] = ()
    is_public: bool = False
    needs_body: bool = True


SMA = "123e4567-e89b-12d3-a456-426614174000"
DAYS = {"startDate": "2020-01-01", "endDate": "2022-12-28"}
RUN = {"strategyId": SMA, "params": {"symbol": "AAPL", **DAYS, "initialCapital": 10000}, "priority": 5}
FLAT = {"strategyId": "sma-cross", "symbol": "AAPL", "timeframe": "1d", **DAYS}
SWEEP = {**RUN, "grid": {"fast": [5, 10], "slow": {"from": 20, "to": 60, "step": 20}}, "where": "fast < slow"}
DEFINITION = {
    "version": 1,
    "name": "Above its mean",
    "params": {"n": {"type": "int", "default": 50, "min": 5, "max": 200}},
    "entryLong": "close > sma(close, n)",
    "exitLong": "close < sma(close, n)",
}

TEXT = {"type": "string", "minLength": 1, "maxLength": 100}
WHOLE = {"type": "integer", "minimum": 0, "maximum": 10**9}
CURSOR = {"type": "string", "description": "From a list's `next`."}
TAG = {"If-None-Match": {"type": "string", "description": "ETags one has: 304 when it is still that."}}
LANGUAGE = {"Accept-Language": {"type": "string", "description": "Steps are worded in `en` or `ko`."}}
KEY = {
    "Idempotency-Key": {
        **TEXT,
        "maxLength": 255,
        "pattern": r"^[!#-~]+$",
        "description": "The same key and body give the first answer again.",
    }
}
ADDED = ("Location", "RateLimit", "RateLimit-Policy")
REVISIONS = {"If-Match": {"type": "string", "description": "ETags of the revisions that may be changed."}}


DAY = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}


def limit_up_to(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most}


RESULT = (result_answers.Result, result_answers.SweepResult, result_answers.HeatMap, CSV)
RESULT_QUERY: dict[str, dict[str, Any]] = {
    "format": {"type": "string", "enum": ["json", "csv"]},
    "equity": {"type": "string", "enum": ["sampled", "full"]},
    "of": {"type": "string", "enum": ["trades", "equity"], "description": "What a run's CSV is of."},
    "offset": WHOLE,
    "limit": limit_up_to(1000),
    "sort": {**TEXT, "description": "A member of trades; of a sweep a parameter or metric."},
    "order": {"type": "string", "enum": ["asc", "desc"]},
    "heatmap": {**TEXT, "description": "Of a sweep: one parameter, or two with a comma between."},
    "metric": {"type": "string", "enum": list(SWEPT), "description": "Of a heat map."},
    "reduce": {"type": "string", "enum": ["max", "min"], "description": "Over the other parameters."},
    "best": {**limit_up_to(MOST_BEST), "description": "Of a sweep: the run of that rank, like any other run."},
}


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", QUEUE, "Queue a backtest", {200: answers.Queued},
        headers=KEY, body=body_schema(BacktestRequest), examples={"run": RUN, "flat": FLAT},
        refuses=(400, 402, 404, 408, 413, 415, 422), answers_with=ADDED,
    ),
    Operation(
        "POST", "/api/backtest/sweeps", "Queue a strategy over a grid of its parameters, as one job",
        {200: answers.Queued}, headers=KEY, body=body_schema(SweepRequest), examples={"sweep": SWEEP},
        refuses=(400, 402, 404, 408, 413, 415, 422), answers_with=ADDED,
    ),
    Operation(
        "GET", QUEUE, "The totals; with jobId that job", {200: (answers.Totals, answers.Job), 304: None},
        query={"jobId": {"type": "string", "format": "uuid"}}, headers=TAG | LANGUAGE, refuses=(404,),
    ),
    Operation(
        "GET", JOB, "One job", {200: answers.Job, 304: None},
        headers=TAG | LANGUAGE, refuses=(404,), answers_with=("ETag", "Content-Language"),
    ),
    Operation("DELETE", JOB, "Cancel a job; again is fine", {200: answers.Job}, refuses=(404, 409)),
    Operation(
        "POST", f"{JOB}/requeue", "Run a final job again, as a new one", {200: answers.Queued},
        headers=KEY, refuses=(400, 402, 404, 409, 422), answers_with=ADDED,
    ),
    Operation(
        "GET", f"{JOB}/result", "What a completed run or sweep left behind",
        {200: RESULT}, query=RESULT_QUERY, refuses=(400, 404, 409, 410),
    ),
    Operation(
        "GET", f"{JOB}/events", "One job's changes as Server-Sent Events, to its end", {200: EVENTS, 204: None},
        headers={"Last-Event-ID": {"type": "string"}} | LANGUAGE, refuses=(404,),
    ),
    Operation(
        "GET", "/api/backtest/events", "Changes of all of the caller's jobs, or of those named",
        {200: EVENTS, 204: None},
        query={"jobs": {"type": "string", "description": "Ids, with commas between them."}},
        headers={"Last-Event-ID": {"type": "string"}} | LANGUAGE, refuses=(400, 404),
    ),
    Operation(
        "GET", "/api/backtest/jobs", "The caller's jobs, newest first", {200: answers.Jobs},
        query={
            "status": {
                "type": "string", "pattern": "^(waiting|processing|completed|failed|cancelled)"
                "(,(waiting|processing|completed|failed|cancelled))*$",
                "description": "One, or several with commas between them.",
            },
            "symbol": TEXT, "strategyId": TEXT, "kind": TEXT,
            "since": {**MOMENT, "description": "Created then or later."},
            "until": {**MOMENT, "description": "Created before."},
            "q": {**TEXT, "description": "Part of the strategy's name, in any case."},
            "standing": {"type": "boolean", "description": "Say where waiting jobs stand."},
            "cursor": CURSOR, "limit": limit_up_to(200),
        },
        headers=LANGUAGE, refuses=(400,),
    ),
    Operation(
        "GET", "/api/strategies", "The built-in strategies, then the caller's own", {200: answers.Strategies},
        query={"cursor": CURSOR, "limit": limit_up_to(250)}, refuses=(400,),
    ),
    Operation(
        "POST", "/api/strategies", "Keep a strategy", {201: answers.Strategy},
        body=answers.StrategyBody, examples={"definition": {"definition": DEFINITION}},
        refuses=(400, 404, 408, 409, 413, 415), answers_with=("Location", "ETag"),
    ),
    Operation(
        "POST", "/api/strategies/check", "What a definition comes to, or where it is wrong", {200: answers.Checked},
        body=answers.CheckBody, examples={
            "right": {"definition": DEFINITION},
            "wrong": {"definition": {**DEFINITION, "entryLong": "close > smaa(close, n)"}},
        },
        refuses=(400, 408, 413, 415),
    ),
    Operation(
        "GET", "/api/strategies/functions", "The rule language: every word, how it is written, what it means",
        {200: rule_answers.RuleReference, 304: None}, headers=TAG, answers_with=("ETag",),
    ),
    Operation(
        "GET", "/api/strategies/{strategyId}", "A built-in strategy or one's own, whole",
        {200: answers.Strategy, 304: None}, headers=TAG, refuses=(404,),
    ),
    Operation(
        "PUT", "/api/strategies/{strategyId}", "Replace one's own strategy", {200: answers.Strategy},
        headers=REVISIONS, body=answers.StrategyBody, examples={"definition": {"definition": DEFINITION}},
        refuses=(400, 404, 408, 409, 412, 413, 415), answers_with=("ETag",),
    ),
    Operation(
        "DELETE", "/api/strategies/{strategyId}", "Forget one's own strategy; runs keep their snapshots", {204: None},
        headers=REVISIONS, refuses=(404, 412),
    ),
    Operation("GET", "/api/symbols", "What can be tested, from when to when", {200: price_answers.Symbols}),
    Operation(
        "GET", "/api/symbols/{symbol}/bars", "Prices to draw: at most 2,000 buckets of whole bars",
        {200: price_answers.Bars, 304: None},
        query={
            "timeframe": {"type": "string", "enum": list(TIMEFRAMES), "default": "1d"},
            "start": {**DAY, "description": "Of the symbol's session, inclusive."},
            "end": {**DAY, "description": "Of the symbol's session, inclusive."},
            "limit": limit_up_to(MOST_BUCKETS),
        },
        headers=TAG, refuses=(400, 404), answers_with=("ETag",),
    ),
    Operation(
        "GET", "/api/account", "What the caller's plan allows, and how much of it is used",
        {200: account_answers.Allowance},
    ),
    Operation("GET", "/api/session", "Who is logged in, and until when", {200: answers.Session}),
    Operation(
        "POST", "/api/session", "A cookie for a key or a login code", {200: answers.Session},
        body=answers.SessionBody, refuses=(400, *CALLER, 408, 413, 415), is_public=True, needs_body=False,
    ),
    Operation("DELETE", "/api/session", "Log out", {204: None}, refuses=(403, 503), is_public=True),
    Operation("GET", "/livez", "Whether the process lives", {200: answers.Probe}, is_public=True),
    Operation(
        "GET", "/readyz", "Whether it can serve", {200: answers.Probe, 503: answers.Probe}, is_public=True
    ),
    Operation("GET", "/metrics", "Figures for Prometheus", {200: (TEXT_FORMAT, OPENMETRICS)}),
    Operation("GET", "/openapi.json", "This document", {200: dict, 304: None}, headers=TAG, is_public=True),
)  # fmt: skip

PATH_PARAMETERS = {
    "jobId": {"type": "string", "format": "uuid"},
    "strategyId": {**TEXT, "pattern": r"^[A-Za-z0-9-]+$"},
    "userId": {"type": "string", "format": "uuid"},
    "keyId": {"type": "string", "format": "uuid"},
    "symbol": {"type": "string", "pattern": r"^[A-Za-z0-9.^=_-]{1,10}$"},
    "queue": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": r"^[A-Za-z0-9_-]+$"},
}
