"""Every setting of the queue: name, default, unit and help in one place, read from the environment."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pgqueue.errors import PgQueueError


class InvalidSettings(PgQueueError):
    """All wrong settings at once. Wrong usage, so the command line ends with 2."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("settings: " + "; ".join(problems) + ". Correct the environment and start again.")


def default_data_dir() -> Path:
    """Where the embedded server keeps its data: the user's own data directory; root's is the system's."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/pgqueue")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pgqueue"


class Settings(BaseSettings):
    """Read from variables named PGQUEUE_…, except DATABASE_URL."""

    model_config = SettingsConfigDict(env_prefix="PGQUEUE_", frozen=True, populate_by_name=True)

    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        repr=False,  # it may hold a password
        description="Address of the PostgreSQL (15 to 18) to use. Not set: the embedded one.",
    )
    data_dir: Path = Field(default_factory=default_data_dir, description="Directory of the embedded server.")
    queue: str = Field("backtest", min_length=1, max_length=63, description="Queue that is worked on and added to.")
    slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=1024,
        description="Jobs a worker runs at a time, one child process each. Default: one per core.",
    )
    lease_seconds: float = Field(
        10.0, ge=1, le=3600, description="A worker silent for so long is dead: its jobs are given to others."
    )
    poll_seconds: float = Field(1.0, ge=0.05, le=60, description="How often a worker looks for jobs it got no hint of.")
    progress_seconds: float = Field(
        0.1, ge=0.005, le=10, description="Least time between two writes of a worker's progress."
    )
    drain_seconds: float = Field(
        30.0, ge=0, le=86_400, description="How long a stopping worker lets its jobs run before it gives them back."
    )
    cancel_grace_seconds: float = Field(
        5.0, ge=0, le=600, description="How long a cancelled run may take to stop by itself."
    )
    max_wait_seconds: float = Field(
        600.0, ge=1, le=604_800, description="A job that has waited so long goes before all ranks: nobody starves."
    )
    keep_days: int = Field(
        30, ge=1, le=3650, description="Ended jobs are removed after so many days, with their results and attempts."
    )
    keep_details_days: int = Field(
        30, ge=1, le=3650, description="Results lose their details (trades, whole curves) then, and keep their summary."
    )
    keep_attempts_days: int = Field(
        14, ge=1, le=3650, description="Of a job that ended so long ago only the last attempt is kept."
    )
    keep_events_days: int = Field(
        365, ge=1, le=3650, description="How long it is known who cancelled, paused, granted or deleted what."
    )
    child_max_jobs: int = Field(
        10_000, ge=1, le=1_000_000, description="A child process is replaced after so many jobs."
    )
    child_memory_mb: int = Field(
        2048, ge=64, le=1_048_576, description="A run whose child process holds more memory is stopped (on Linux)."
    )
    worker_host: str = Field("127.0.0.1", min_length=1, description="Address a worker's health port listens on.")
    worker_port: int | None = Field(
        None, ge=0, le=65535, description="Port of a worker's /livez, /readyz and /metrics; 0 takes a free one."
    )

    log_format: Literal["text", "json"] = Field("text", description="Log lines for people, or one JSON object each.")

    @field_validator("database_url")
    @classmethod
    def _is_an_address(cls, given: str | None) -> str | None:
        if given and not given.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be like postgresql://user:password@host:5432/database")
        return given or None


VARIABLES = (
    "DATABASE_URL",
    "PGQUEUE_ACTOR",
    "PGQUEUE_PRELOAD",
    *(f"PGQUEUE_{name.upper()}" for name in Settings.model_fields),
)
"""All that this package reads: also whom the history names, and what a worker leaves for the children it forks."""


def load_settings(**chosen: Any) -> Settings:
    """The settings of the environment, with `chosen` before them; InvalidSettings names everything that is wrong."""
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise InvalidSettings([_problem(detail) for detail in error.errors()]) from None


def _problem(detail: Any) -> str:
    name = str(detail["loc"][0])
    said = str(detail["msg"]).removeprefix("Value error, ")
    said = said[0].lower() + said[1:]
    if name.lower() == "database_url":
        # Not quoted: what is wrong with it may stand beside a password.
        return f"DATABASE_URL {said}"
    return f"PGQUEUE_{name.upper()}={detail['input']!r}: {said}"
