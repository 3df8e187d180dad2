"""Error classes for user errors: bad data, settings or run folders.

Messages state what is wrong, where, and how to fix it; entry points print them as one line and exit
with a non-zero status.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["ConfigError", "DataError", "RecommenderError", "RunError", "explain"]


class RecommenderError(Exception):
    """Base class of the errors below."""


class DataError(RecommenderError):
    """The data folder is missing, incomplete or malformed."""

    @classmethod
    def at(cls, path: Path, line: int | None, problem: str, remedy: str) -> DataError:
        """Build an error in a file: `path`, `line` (from 1), what is wrong, how to fix it."""
        where = str(path) if line is None else f"{path}:{line}"
        return cls(f"{where}: {problem}; {remedy}")


class ConfigError(RecommenderError):
    """A setting is unknown, out of range, or contradicts another one."""


class RunError(RecommenderError):
    """A run folder is missing, unfinished, damaged, or does not fit its data."""


def explain(error: ValidationError) -> str:
    """Format all errors of a validation on one line."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'settings'}: "
        + item["msg"].removeprefix("Value error, ")
        + (f" (got {item['input']!r})" if item["loc"] and item["type"] != "missing" else "")
        for item in error.errors()
    )
