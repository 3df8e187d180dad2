"""Flows have the parameters of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from flows.build_kg import build_kg, main
from pipeline.build import build
from pipeline.data_set_commands import build_command


def test_the_flow_and_the_command_line_build_with_the_same_parameters() -> None:
    def parameters(function: Callable[..., Any]) -> set[str]:
        return set(inspect.signature(function).parameters)

    of_flow = {"store"}  # where task runners are on other machines
    assert parameters(build_kg.fn) - of_flow == parameters(build) - {
        "on_start",
        "on_end",
        "workers",
    }
    # who works on units: processes, or a flow's task runner
    assert parameters(main) == parameters(build_kg.fn) | {"runner", "address"}
    assert parameters(build_command) == parameters(build_kg.fn) - of_flow | {"workers"}
