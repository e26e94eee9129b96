"""Every setting of the API: name, default, unit and help in one place, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Read from variables named PGQUEUE_API_…, each with its default."""

    model_config = SettingsConfigDict(env_prefix="PGQUEUE_API_", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    https: bool = Field(False, description="Reached over https: the session cookie is then sent over https alone.")
    session_hours: float = Field(12.0, gt=0, le=720, description="How long a page's session lasts.")
    body_bytes: int = Field(256 * 1024, ge=1024, le=16 * 1024 * 1024, description="Largest request body.")
    body_seconds: float = Field(10.0, gt=0, le=300, description="How long a request body may take to arrive.")
    streams_per_user: int = Field(20, ge=1, le=1000, description="Event streams one user may hold open at a time.")
    heartbeat_seconds: float = Field(15.0, ge=0.05, le=120, description="Silence on a stream after which it is pinged.")
    reread_seconds: float = Field(
        5.0, ge=0.05, le=60, description="How often watched jobs are read again, in case a hint was lost."
    )
    poll_seconds: float = Field(2.0, ge=0.05, le=60, description="How often they are read while no hint can arrive.")
    send_seconds: float = Field(
        5.0, gt=0, le=60, description="A stream's reader that takes longer to take an event is cut."
    )
    credential_seconds: float = Field(
        60.0, ge=0.05, le=3600, description="How often open streams are held to keys and sessions that still open them."
    )
    pool_size: int = Field(8, ge=2, le=100, description="Connections for requests, besides four that feed streams.")
    pool_seconds: float = Field(5.0, gt=0, le=60, description="Wait for one of them, then the answer is 503.")
    trust_user_id_header: bool = Field(
        False, description="For local tests alone: believe x-user-id of callers on this machine. Never an admin."
    )
