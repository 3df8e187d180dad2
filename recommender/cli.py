"""Build command-line parsers from pydantic settings (a flag per field), with TOML defaults."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import tomllib
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

from pydantic import BaseModel

from recommender.errors import ConfigError, RecommenderError
from safe_io.guard import exit_status, explained

__all__ = [
    "DEFAULT_DATA",
    "OneLineParser",
    "add_settings",
    "check_table",
    "is_first_process",
    "main_guard",
    "make_folder",
    "positive",
    "read_toml",
    "settings_of",
]

DEFAULT_DATA = Path("data/processed/sample")
_MEMORY_REMEDY = "take less, such as a smaller --dim or --batch-size"
_PATIENCE = 15.0
"""Seconds under torchrun in which the first process may report an error that all have."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser with one-line error messages and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit."""
        line = f"{message}; see {self.prog} --help"
        _before_report(line, _PATIENCE)
        self.exit(2, f"error: {line}\n")


def add_settings(
    parser: argparse.ArgumentParser,
    model: type[BaseModel],
    *,
    title: str,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Add a flag for every field of `model`, as an argument group.

    A flag that is not given is absent from the parsed namespace, so that a file's or a preset's
    value is kept. `defaults` replace the model's own in the help. Tables (dict fields) are only for
    settings files and get no flag.
    """
    group = parser.add_argument_group(title)
    for name, field in model.model_fields.items():
        default = (defaults or {}).get(name, field.default)
        flag = "--" + name.replace("_", "-")
        text = f"{field.description} (default: {default})".replace("%", "%%")
        kind = _kind(field.annotation)
        if get_origin(kind) is dict:
            continue
        if kind is bool:
            group.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text
            )
        elif get_origin(kind) is Literal:
            choices = get_args(kind)
            group.add_argument(
                flag,
                type=type(choices[0]),
                choices=choices,
                default=argparse.SUPPRESS,
                help=text,
            )
        elif get_origin(kind) is tuple:  # tuple[int, ...]: several values after one flag
            group.add_argument(
                flag,
                nargs="+",
                type=get_args(kind)[0],
                metavar="N",
                default=argparse.SUPPRESS,
                help=text,
            )
        else:
            group.add_argument(
                flag,
                type=kind if kind in (int, float) else str,
                metavar={int: "N", float: "X"}.get(kind, "TEXT"),
                default=argparse.SUPPRESS,
                help=text,
            )


def settings_of(arguments: argparse.Namespace, model: type[BaseModel]) -> dict[str, Any]:
    """The fields of `model` given on the command line."""
    return {
        name: getattr(arguments, name) for name in model.model_fields if hasattr(arguments, name)
    }


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file: `model = "…"` and the tables `[settings]` and `[training]`.

    `[experiment]`, in the files of published rows, is for `recommender.experiments`.

    Raises:
        ConfigError: missing file, invalid TOML, or an unknown top-level key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a TOML file") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, numbers without end
        raise ConfigError(f"{path}: not TOML: {error}") from None
    for name, value in content.items():
        if name not in ("model", "settings", "training", "experiment"):
            allowed = "model, [settings], [training], [experiment]"
            raise ConfigError(f"{path}: {name!r} is not one of {allowed}")
        if not isinstance(value, str if name == "model" else dict):
            raise ConfigError(
                f"{path}: {name!r} must be a {'name' if name == 'model' else 'table'}"
            )
    return content


def check_table(path: Path, content: Mapping[str, Any], table: str, model: type[BaseModel]) -> None:
    """Check that all keys of `[table]` are fields of `model`.

    Raises:
        ConfigError: for the first unknown key.
    """
    for name in content.get(table, {}):
        if name not in model.model_fields:
            allowed = ", ".join(model.model_fields)
            raise ConfigError(f"{path}: [{table}] has no setting {name!r}; there are {allowed}")


def main_guard(main: Callable[[list[str] | None], int], argv: list[str] | None = None) -> int:
    """Run an entry point; user errors become one line on stderr and exit status 2.

    Under torchrun one process reports an error that all have.
    """

    def command() -> int:
        try:
            return main(argv)
        except Exception as fault:
            expected = isinstance(fault, RecommenderError)
            line = str(fault) if expected else explained(fault, _MEMORY_REMEDY)
            if line is None:  # perhaps only that another process has ended, which will say why
                _before_report(repr(fault), 2 * _PATIENCE, first_too=True)
            else:
                _before_report(line, _PATIENCE)
            raise

    try:
        return exit_status(command, faults=[RecommenderError], memory_remedy=_MEMORY_REMEDY)
    except KeyboardInterrupt:
        if is_first_process():
            sys.stderr.write("stopped; continue with --resume\n")
        return 130


def is_first_process() -> bool:
    """Whether this is the process that prints; torchrun starts several on a machine."""
    return os.environ.get("LOCAL_RANK", "") in ("", "0")


def _before_report(line: str, patience: float, *, first_too: bool = False) -> None:
    """Under torchrun, leave the report of an error to the process that is the first to have it.

    When a process ends, torchrun stops the others. It shows the line at the end of its own report,
    if it finds it in a file.
    """
    if int(os.environ.get("LOCAL_WORLD_SIZE") or 1) > 1 and (first_too or not is_first_process()):
        time.sleep(patience)
    path = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if path:
        extra = {"timestamp": str(int(time.time()))}
        content = {"message": {"message": f"error: {line}", "extraInfo": extra}}
        Path(path).write_text(json.dumps(content), encoding="utf-8")


def positive(text: str) -> int:
    """Parse an integer of at least 1; for an argument's `type`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def make_folder(path: Path) -> None:
    """Create a folder for results before the work starts.

    Raises:
        ConfigError: the folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; name a folder that can be written to"
        ) from None


def _kind(annotation: Any) -> Any:
    """Unwrap the type in Annotated[…] and … | None."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _kind(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation
