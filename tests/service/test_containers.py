"""The container files reference existing files; tested without Docker."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import yaml

from service.__main__ import serve
from tests.conftest import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))


def _commands() -> list[list[str]]:
    found = [json.loads(text) for text in re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)]
    return found + [service["command"] for service in COMPOSE["services"].values()]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = line.split()
        for source in sources:
            assert (REPOSITORY / source).exists(), source
            assert source not in ignored


def test_every_package_is_copied() -> None:
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.MULTILINE))
    assert packages - {"tests", "benchmarks"} <= copied


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_commands_run_modules_and_options_that_there_are(command: list[str]) -> None:
    if command[0] != "python":
        assert command[:3] == ["prefect", "server", "start"]
        return
    assert find_spec(command[2]) is not None
    if command[2] == "service":
        app = typer.Typer()
        app.command()(serve)
        typer.main.get_command(app).make_context("service", command[3:])


def test_ports_are_bound_to_this_machine_and_users_are_not_root() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)


def test_volumes_that_are_used_are_declared() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            name = volume.partition(":")[0]
            assert name in COMPOSE["volumes"] or Path(REPOSITORY / name).is_dir()
