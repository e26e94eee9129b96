"""Jobs as callers read them: the same members in an answer, in a list and in an event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api.wording import current_step
from pgqueue import JobSnapshot

QUEUE_PATH = "/api/backtest/queue"
OF_REQUESTS = (
    *("symbol", "timeframe", "startDate", "endDate", "initialCapital", "strategyParams", "costs", "benchmark"),
    *("lot", "closeAtEnd", "riskFreeRate", "outOfSampleFrom"),
)
OF_SWEEPS = ("grid", "where", "rankBy", "top")


def job_shape(job: JobSnapshot, language: str, root: str = "") -> dict[str, Any]:
    """The members the contract names, and beside them what a page shows of a job. root: the path before ours."""
    args = job.args
    shape: dict[str, Any] = {
        "jobId": str(job.id),
        "kind": job.kind,
        "userId": str(job.user_id),
        "status": job.status,
        "progress": job.percent,
        "currentStep": current_step(job, language),
        "stepCode": job.step,
        "estimatedTimeRemaining": remaining(job),
        "attempt": job.attempt,
        "seq": job.seq,
        "createdAt": iso(job.created_at),
        "updatedAt": iso(job.updated_at),
        "runAt": iso(job.run_at),
        "startedAt": iso(job.started_at),
        "finishedAt": iso(job.finished_at),
        "cancelRequested": job.cancel_requested,
        "priority": job.priority,
        "symbol": args.get("symbol"),
        "timeframe": args.get("timeframe"),
        "startDate": args.get("startDate"),
        "endDate": args.get("endDate"),
        "initialCapital": args.get("initialCapital"),
        "strategyId": args.get("strategyId"),
        "strategyName": strategy_name(args),
        "requeuedFrom": str(job.requeued_from) if job.requeued_from else None,
        "links": links(job.id, root),
    }
    if "combinations" in args:
        shape["combinations"] = args["combinations"]
    if job.status == "completed":
        summary = job.summary or {}
        shape |= {name: summary.get(name) for name in ("metrics", "metricNotes", "coverage", "warnings")}
    if job.error is not None and job.status in ("failed", "waiting"):
        shape["error"] = job.error.get("message")
        shape |= {"errorType": job.error.get("type"), "errorFigures": job.error.get("figures") or {}}
    return shape


def request_shape(job: JobSnapshot) -> dict[str, Any]:
    """The body that asks for the job once more, for those who change it first."""
    args = job.args
    body = {name: args[name] for name in OF_SWEEPS if name in args}
    params = {name: args[name] for name in OF_REQUESTS if name in args}
    return {"strategyId": args.get("strategyId"), "params": params, **body, "priority": job.priority}


def strategy_name(args: Mapping[str, Any]) -> str | None:
    strategy = args.get("strategy")
    name = strategy.get("name") if isinstance(strategy, Mapping) else strategy
    return str(name) if name is not None else None


def remaining(job: JobSnapshot) -> int | None:
    """Whole seconds until the job's run should be done."""
    return whole_seconds(job.remaining_seconds)


def whole_seconds(seconds: float | None) -> int | None:
    """Rounded up: a bar that says 0 s and goes on looks broken."""
    return None if seconds is None else int(-(-seconds // 1))


def links(job_id: UUID, root: str) -> dict[str, str]:
    own = f"{root}{QUEUE_PATH}/{job_id}"
    return {"self": own, "events": f"{own}/events", "result": f"{own}/result", "cancel": own}


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parameters(args: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy's parameters as the job runs them: what was asked for over the defaults of its snapshot."""
    strategy, overrides = args.get("strategy"), args.get("strategyParams")
    declared = strategy.get("params") if isinstance(strategy, Mapping) else None
    defaults = declared if isinstance(declared, Mapping) else {}
    found = {name: each.get("default") for name, each in defaults.items() if isinstance(each, Mapping)}
    return found | (overrides if isinstance(overrides, dict) else {})
