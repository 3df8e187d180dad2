"""Register commands whose modules are imported only when run, so that help is fast."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

_ADDRESS: Final = "address"


class LazyGroup(TyperGroup):
    """A group of commands added with `add_lazily`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Import the command named by the arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        address = getattr(getattr(command, "callback", None), _ADDRESS, None)
        return name, _imported(address) if address else command, rest


def add_lazily(app: typer.Typer, name: str, address: str, help_text: str) -> None:
    """Add a command to an application of class `LazyGroup`.

    Args:
        app: the application.
        name: name of the command.
        address: `module:function`; the function may also be a `typer.Typer`.
        help_text: the command's help line, the first line of the function's docstring.
    """

    def later() -> None:
        """Placeholder of the command until it is called."""

    setattr(later, _ADDRESS, address)
    app.command(name, help=help_text)(later)


def _imported(address: str) -> Any:
    module, _, name = address.partition(":")
    found: typer.Typer | Callable[..., Any] = getattr(import_module(module), name)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(found)
    return typer.main.get_command(alone)
