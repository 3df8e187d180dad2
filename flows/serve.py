"""Serve the deployments in one process, `python -m flows.serve`, so that Prefect can start them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from flows.build_kg import build_kg
from flows.faults import USER_FAULTS
from flows.recommend import recommend
from flows.refresh import refresh
from flows.train import train
from safe_io.guard import exit_status

__all__ = ["FLOWS", "deployments"]

FLOWS = (build_kg, train, recommend, refresh)


def deployments() -> list[RunnerDeployment]:
    """One deployment per flow, under the flow's own name.

    They refer to modules, not files, so that they can be served from any folder.
    """
    return [
        RunnerDeployment.from_flow(
            flow, flow.name, tags=["music-kg"], entrypoint_type=EntrypointType.MODULE_PATH
        )
        for flow in FLOWS
    ]


def main(
    limit: Annotated[int, typer.Option(min=1, help="maximum number of concurrent runs")] = 2,
    poll_seconds: Annotated[float, typer.Option(min=0.1, help="polling interval in seconds")] = 2,
) -> None:
    """Serve the deployments of all flows until interrupted."""
    serve(*deployments(), limit=limit, query_seconds=poll_seconds)


if __name__ == "__main__":
    sys.exit(exit_status(lambda: typer.run(main), faults=USER_FAULTS))
