"""Settings of the flows that are no parameters of a run: read once, from `MUSIC_KG_…` variables."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["FlowSettings", "Runner"]


class Runner(StrEnum):
    """Where the tasks of a flow run."""

    THREADS = "threads"
    PROCESSES = "processes"
    DASK = "dask"
    RAY = "ray"


class FlowSettings(BaseSettings):
    """How flows run, whatever they do."""

    model_config = SettingsConfigDict(env_prefix="MUSIC_KG_", frozen=True, extra="ignore")

    task_runner: Runner = Field(
        Runner.THREADS, description="where tasks run: threads, processes, dask, or ray"
    )
    retries: int = Field(
        2, ge=0, description="how often a task is tried again after a fault that may pass"
    )
    retry_delay_seconds: float = Field(5.0, ge=0, description="pause before each further attempt")
