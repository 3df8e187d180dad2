"""Settings of all flows from `MUSIC_KG_…` environment variables: task runner, retries, delay."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.faults import FlowError

__all__ = ["FlowSettings", "Runner", "load_settings"]


class Runner(StrEnum):
    """Task runners of a flow."""

    THREADS = "threads"
    PROCESSES = "processes"
    DASK = "dask"
    RAY = "ray"


class FlowSettings(BaseSettings):
    """Settings common to all flows."""

    model_config = SettingsConfigDict(
        env_prefix="MUSIC_KG_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    task_runner: Runner = Field(
        Runner.THREADS, description="task runner: threads, processes, dask, or ray"
    )
    address: str | None = Field(
        None, description="address of a running Dask or Ray cluster for the tasks"
    )
    store: str | None = Field(
        None, description="object store or folder for the files of units, such as s3://bucket/kg"
    )
    retries: int = Field(2, ge=0, description="retries of a task after a transient failure")
    retry_delay_seconds: float = Field(5.0, ge=0, description="delay before each retry")


def load_settings() -> FlowSettings:
    """Load the settings of this process.

    Raises:
        FlowError: a variable has an invalid value.
    """
    try:
        return FlowSettings()
    except ValidationError as fault:
        wrong = "; ".join(
            f"MUSIC_KG_{str(error['loc'][0]).upper()}: {error['msg']}, not {error['input']!r}"
            for error in fault.errors()
        )
        raise FlowError(f"environment variable {wrong}") from None
