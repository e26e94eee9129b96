"""Administrators' routes, as they are told of them."""

from typing import Any

from api.accounts import PLANS
from api.admin import answers
from api.admin.accounts import Change, Grant
from api.admin.bulk import Bulk, BulkMove
from api.admin.jobs import Moved
from api.admin.queues import Limits
from api.admin.wanted import Wanted
from api.operations import CURSOR, EVENTS, LANGUAGE, RESULT, RESULT_QUERY, TEXT, Operation, limit_up_to

ADMIN = "/api/admin"
BODY = (400, 408, 413, 415)
FAILED = {"filter": {"status": "failed", "error": "lease"}}
UUID_TEXT = {"type": "string", "format": "uuid"}
MOMENT = {"type": "string", "format": "date-time"}
ID_CURSOR = {"type": "string", "pattern": "^[0-9]{1,18}$"}


def _wanted() -> dict[str, dict[str, Any]]:
    """The filters of a search as query parameters: what may be left out is not null there."""
    properties = Wanted.model_json_schema()["properties"]
    return {
        name: next(each for each in schema["anyOf"] if each != {"type": "null"}) for name, schema in properties.items()
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", f"{ADMIN}/stats", "Counts, waits, runs and throughput", {200: answers.Stats}),
    Operation("GET", f"{ADMIN}/events", "The same as Server-Sent Events, whenever it changed", {200: EVENTS}),
    Operation("GET", f"{ADMIN}/doctor", "What the doctor finds, the gravest first", {200: answers.Findings}),
    Operation("GET", f"{ADMIN}/queues", "Every queue", {200: answers.Queues}),
    Operation(
        "PATCH", f"{ADMIN}/queues/{{queue}}", "Limit a queue", {200: answers.Queue},
        body=Limits, examples={"running": {"maxRunning": 8}, "starts": {"starts": 10, "perSeconds": 10}},
        refuses=(404, *BODY),
    ),
    Operation("POST", f"{ADMIN}/queues/{{queue}}/pause", "Start nothing more", {200: answers.Queue}, refuses=(404,)),
    Operation("POST", f"{ADMIN}/queues/{{queue}}/resume", "Start again", {200: answers.Queue}, refuses=(404,)),
    Operation("GET", f"{ADMIN}/workers", "Live workers and what their slots run", {200: answers.Workers}),
    Operation(
        "GET", f"{ADMIN}/jobs", "Look for jobs, newest first", {200: answers.FoundJobs},
        query={**_wanted(), "cursor": UUID_TEXT, "limit": limit_up_to(200)}, headers=LANGUAGE, refuses=(400,),
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/requeue", "Run many again: count first, then act, in rounds",
        {200: answers.BulkDone}, body=Bulk,
        examples={"count": {**FAILED, "dryRun": True}, "act": {**FAILED, "dryRun": False, "atMost": 20}}, refuses=BODY,
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/cancel", "Cancel many: count first, then act, in rounds",
        {200: answers.BulkDone}, body=Bulk, examples={"count": {"filter": {"symbol": "AAPL"}, "dryRun": True}},
        refuses=BODY,
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/delete", "Remove many final jobs: count first, then act, in rounds",
        {200: answers.BulkDone}, body=Bulk,
        examples={"count": {"filter": {"status": "cancelled", "until": "2022-01-01T00:00:00Z"}, "dryRun": True}},
        refuses=BODY,
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/priority", "Move many waiting jobs: count first, then act, in rounds",
        {200: answers.BulkDone}, body=BulkMove,
        examples={"count": {"filter": {"symbol": "AAPL"}, "priority": 9, "dryRun": True}}, refuses=BODY,
    ),
    Operation(
        "GET", f"{ADMIN}/jobs/{{jobId}}", "One job with its args, attempts, history and errors",
        {200: answers.JobDetail}, headers=LANGUAGE, refuses=(404,),
    ),
    Operation(
        "PATCH", f"{ADMIN}/jobs/{{jobId}}", "Move a waiting job to another priority", {200: answers.AdminJob},
        body=Moved, examples={"first": {"priority": 10}}, refuses=(404, 409, *BODY),
    ),
    Operation(
        "DELETE", f"{ADMIN}/jobs/{{jobId}}", "Remove a final job with its result", {204: None}, refuses=(404, 409)
    ),
    Operation(
        "GET", f"{ADMIN}/jobs/{{jobId}}/result", "What a completed job left behind, whoever owns it",
        {200: RESULT}, query=RESULT_QUERY, refuses=(400, 404, 409, 410),
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/{{jobId}}/requeue", "Run a final job again; its owner's quota applies",
        {200: answers.AdminJob}, refuses=(402, 404, 409),
    ),
    Operation(
        "POST", f"{ADMIN}/jobs/{{jobId}}/cancel", "Cancel a job", {200: answers.AdminJob}, refuses=(404, 409)
    ),
    Operation(
        "GET", f"{ADMIN}/accounts", "Accounts, newest first", {200: answers.Accounts},
        query={
            "userId": UUID_TEXT, "plan": {"type": "string", "enum": list(PLANS)},
            "cursor": CURSOR, "limit": limit_up_to(200),
        },
        refuses=(400,),
    ),
    Operation(
        "GET", f"{ADMIN}/accounts/{{userId}}/ledger", "Movements of an account's credits, newest first",
        {200: answers.Movements}, query={"cursor": ID_CURSOR, "limit": limit_up_to(200)}, refuses=(400, 404),
    ),
    Operation(
        "GET", f"{ADMIN}/accounts/{{userId}}", "One account and its ledger", {200: answers.AccountDetail},
        refuses=(404,),
    ),
    Operation(
        "PATCH", f"{ADMIN}/accounts/{{userId}}", "Change an account's plan or figures", {200: answers.AccountDetail},
        body=Change, examples={"plan": {"plan": "basic"}, "quota": {"perDay": 50}}, refuses=(404, *BODY),
    ),
    Operation(
        "POST", f"{ADMIN}/accounts/{{userId}}/credits", "Grant credits, or take some back",
        {200: answers.AccountDetail},
        body=Grant, examples={"grant": {"amount": 100, "note": "welcome"}}, refuses=(404, 409, *BODY),
    ),
    Operation(
        "GET", f"{ADMIN}/accounts/{{userId}}/keys", "The API keys of an account, without the keys themselves",
        {200: answers.Keys}, refuses=(404,),
    ),
    Operation(
        "DELETE", f"{ADMIN}/accounts/{{userId}}/keys/{{keyId}}", "Revoke a key and the sessions it opened",
        {200: answers.Key}, refuses=(404,),
    ),
    Operation(
        "GET", f"{ADMIN}/audit", "What administrators did, newest first", {200: answers.Audit},
        query={
            "target": TEXT, "action": TEXT, "userId": UUID_TEXT,
            "since": MOMENT, "until": MOMENT, "cursor": ID_CURSOR, "limit": limit_up_to(200),
        },
        refuses=(400,),
    ),
)  # fmt: skip
