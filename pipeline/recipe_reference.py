"""Write a Markdown reference of all recipe keys from the pydantic models that read a recipe."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.recipe import Recipe

_HEAD: Final = """\
# Every key of a recipe

Written by `python -m pipeline recipe-keys` from the models that read recipes; a test compares them.
How the keys work together stands in [recipes.md](recipes.md) and [extraction.md](extraction.md). A
key that is not listed here is an error. "required" keys have no default.
"""
_PLAIN: Final = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path",
    type(None): "none",
}  # fmt: skip


def recipe_keys_command() -> None:
    """Print the reference of all recipe keys, as Markdown."""
    typer.echo(reference(), nl=False)


def reference() -> str:
    """Render the page: a section for each table of a recipe, in recipe order."""
    sections = [_HEAD]
    for model, places in _tables().items():
        about = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        rows = [
            f"| `{field.alias or name}` | {_cell(_kind(field.annotation))} | {_default(field)} "
            f"| {_cell(field.description or _implied(field))} |"
            for name, field in model.model_fields.items()
        ]
        sections.append(
            f"## {model.__name__}\n\n{about}\n\nIn: {', '.join(f'`{p}`' for p in places)}\n\n"
            "| key | value | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    return "\n".join(sections)


def _tables() -> dict[type[BaseModel], list[str]]:
    """Yield each model of a recipe with the paths at which it occurs; the recipe first."""
    found: dict[type[BaseModel], list[str]] = {Recipe: ["the top of the file"]}
    left: list[tuple[type[BaseModel], str]] = [(Recipe, "")]
    while left:
        model, place = left.pop(0)
        for name, field in model.model_fields.items():
            for inner, step in _models(field.annotation):
                inner_place = f"{place}.{name}{step}".lstrip(".")
                if inner not in found:
                    left.append((inner, inner_place))
                places = found.setdefault(inner, [])
                if inner_place not in places:
                    places.append(inner_place)
    return found


def _models(annotation: Any, step: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the models in a type, with the path from the key to each: `[]`, or `.NAME`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, step
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return
    if origin is dict:
        yield from _models(arguments[1], f"{step}.NAME")
        return
    for argument in arguments:
        yield from _models(argument, f"{step}[]" if origin in {tuple, list} else step)


def _kind(annotation: Any) -> str:
    """Describe a type in TOML's terms."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value!r}`".replace("'", '"') for value in arguments)
    if origin in {Union, types.UnionType}:
        shown = [_kind(argument) for argument in arguments if argument is not type(None)]
        return " or ".join(dict.fromkeys(shown))
    if origin is dict:
        return f"table: name → {_kind(arguments[1])}"
    if origin in {tuple, list}:
        if Ellipsis in arguments or origin is list:
            return f"list of {_kind(arguments[0])}"
        return f"list: {', '.join(map(_kind, arguments))}"
    if hasattr(annotation, "__metadata__"):
        return _kind(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _PLAIN.get(annotation, getattr(annotation, "__name__", "any").lower())


def _implied(field: FieldInfo) -> str:
    """Default description of a key without one."""
    if any(True for _ in _models(field.annotation)):
        return "See its section."
    return "Tells it from the others." if get_origin(field.annotation) is Literal else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value is PydanticUndefined:
        return "its own defaults"
    if value is None or value in ((), {}, ""):
        return ""
    shown = {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else ""
    if isinstance(value, tuple | list | frozenset):
        plain = sorted(value) if isinstance(value, frozenset) else value
        shown = ", ".join(repr(item) for item in plain)
    return f"`{_cell(shown or repr(value))}`".replace("'", '"')


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
