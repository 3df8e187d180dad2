"""Prefect plugin: complete `deployment run build-kg` to Prefect's `build-kg/build-kg`.

Prefect requires FLOW/DEPLOYMENT; here both have the same name. Prefect calls the hook when started
in a folder whose settings enable plugins, as in this project's pyproject.toml. The hook only
changes this one argument of this one command, and only for this project's names.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from prefect.plugins import HookContext, register_hook

from flows.names import DEPLOYMENTS

# Options of `prefect` and of `prefect deployment run` that take no value.
SWITCHES = frozenset({"--prompt", "--no-prompt", "--watch", "--no-watch", "--help", "-h"})


@register_hook
def setup_environment(*, ctx: HookContext) -> None:
    """Complete the deployment's name in the command line, if needed."""
    if is_prefect_command(sys.argv, sys.orig_argv):
        sys.argv[1:] = completed(sys.argv[1:])


def is_prefect_command(argv: Sequence[str], original: Sequence[str]) -> bool:
    """Whether this process is `prefect …` or `python -m prefect …`, not a script using Prefect."""
    if argv and argv[0] == "-m":  # before Python has located the module's file
        module = original[original.index("-m") + 1 :][:1] if "-m" in original else []
        return list(module) == ["prefect"]
    path = Path(argv[0]) if argv else Path()
    return path.stem == "prefect" or path.parts[-2:] == ("prefect", "__main__.py")


def completed(arguments: Sequence[str]) -> list[str]:
    """The arguments after `prefect`, with a bare deployment name expanded to NAME/NAME."""
    result = list(arguments)
    positions = _positional(result)
    words = [result[position] for position in positions[:3]]
    if len(words) == 3 and words[0] in ("deployment", "deployments") and words[1] == "run":
        name = words[2]
        if name in DEPLOYMENTS:
            result[positions[2]] = f"{name}/{name}"
    return result


def _positional(arguments: Sequence[str]) -> list[int]:
    """Positions of the arguments that are neither options nor values of options."""
    positions: list[int] = []
    value_follows = False
    for position, argument in enumerate(arguments):
        if value_follows:
            value_follows = False
        elif argument.startswith("-"):
            value_follows = "=" not in argument and argument not in SWITCHES
        else:
            positions.append(position)
    return positions
