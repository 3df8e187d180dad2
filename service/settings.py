"""Settings of the service: the served build and runs, and the limits of a request."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LOG_FORMAT", "Settings"]

LOG_FORMAT: Final = "%(levelname)s %(name)s: %(message)s"


class Settings(BaseModel):
    """Settings of `create_app`, filled in by the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(description="processed folder")
    runs: tuple[Path, ...] = Field(
        default=(), description="run folders; by default the newest of each model below data/models"
    )
    token: str | None = Field(
        default=None, min_length=1, repr=False, description="bearer token that requests must carry"
    )
    most_runs: int = Field(default=4, ge=1, description="maximum number of loaded models")
    reload_seconds: float = Field(
        default=5.0, gt=0, description="polling interval for a new build or run"
    )
    body_bytes: int = Field(default=128 << 10, ge=1, description="maximum size of a request body")
    body_seconds: float = Field(default=10.0, gt=0, description="time to send headers or a body")
    request_seconds: float = Field(default=30.0, gt=0, description="time to answer a request")
    sparql_seconds: float = Field(default=10.0, gt=0, description="time for a SPARQL query")
    sparql_rows: int = Field(
        default=10_000, ge=1, description="maximum number of rows of a SPARQL result"
    )
    sparql_workers: int = Field(
        default=2, ge=1, description="maximum number of concurrent SPARQL queries"
    )
    warm: bool = Field(default=True, description="compute the reasons of all listeners in advance")
