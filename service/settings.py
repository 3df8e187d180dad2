"""Settings of the service: the served build and runs, and the limits of a request."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LOG_FORMAT", "Settings"]

LOG_FORMAT: Final = "%(levelname)s %(name)s: %(message)s"


class Settings(BaseModel):
    """Everything that `create_app` needs; the command line fills it in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(description="processed folder")
    runs: tuple[Path, ...] = Field(
        default=(), description="run folders; by default the newest of each model below data/models"
    )
    token: str | None = Field(
        default=None, min_length=1, repr=False, description="bearer token that requests must carry"
    )
    most_runs: int = Field(default=4, ge=1, description="models that are loaded at most")
    reload_seconds: float = Field(
        default=5.0, gt=0, description="pause between looks for a new build or run"
    )
    body_bytes: int = Field(default=128 << 10, ge=1, description="largest body of a request")
    body_seconds: float = Field(default=10.0, gt=0, description="time to send headers or a body")
    request_seconds: float = Field(default=30.0, gt=0, description="time to answer a request")
    sparql_seconds: float = Field(default=10.0, gt=0, description="time for a SPARQL query")
    sparql_rows: int = Field(default=10_000, ge=1, description="rows of a SPARQL answer at most")
    sparql_workers: int = Field(default=2, ge=1, description="SPARQL queries answered at a time")
    warm: bool = Field(default=True, description="word the reasons of all listeners in advance")
