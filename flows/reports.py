"""Show a stage's progress as log lines and its counts as Markdown artifacts in Prefect's UI."""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact

# An underscore within a word is not markup.
_MARKUP = re.compile(r"[\\`*\[\]|~#!@]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.I)

__all__ = ["LoggedProgress", "artifact_key", "plain", "publish_facts", "publish_table", "table"]


class LoggedProgress:
    """Progress callback that writes log lines, at most one every `interval` seconds.

    Args:
        log: receives the lines.
        what: description of the work.
        interval: seconds between two lines.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
        what: str,
        *,
        interval: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._what, self._interval, self._clock = log, what, interval, clock
        self._last = clock()

    def __call__(self, done: int, total: int | None = None, note: str = "") -> None:
        """Log the progress, if the interval has passed."""
        now = self._clock()
        if now - self._last < self._interval:
            return
        self._last = now
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        self._log.info("%s: %s%s%s", self._what, f"{done:,}", share, f", {note}" if note else "")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; numbers are right-aligned, and vertical bars in cells are escaped."""
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        _row(head),
        _row(["---:" if right else "---" for right in numeric], escape=False),
        *(_row([_cell(value) for value in row]) for row in rows),
    ]
    return "\n".join(lines)


def publish_table(key: str, title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Show a table under `key` in Prefect's list of artifacts; an empty one says so."""
    shown = table(head, rows) if rows else "Nothing."
    create_markdown_artifact(
        f"## {plain(title)}\n\n{shown}\n", key=artifact_key(key), description=title
    )


def publish_facts(key: str, title: str, facts: Mapping[str, Any]) -> None:
    """Show names and values under `key` in Prefect's list of artifacts."""
    publish_table(key, title, ("", ""), list(facts.items()))


def plain(text: str) -> str:
    """Escape a text for Markdown: no links, images, HTML, emphasis or table bars.

    >>> plain("<b>AC|DC</b>")
    '&lt;b&gt;AC\\\\|DC&lt;/b&gt;'
    """
    line = " ".join(text.split())
    return html.escape(_MARKUP.sub(r"\\\g<0>", line), quote=False)


def artifact_key(text: str) -> str:
    """Convert `text` to a valid artifact key: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    shown = [plain(cell) if escape else cell for cell in cells]
    return "| " + " | ".join(shown) + " |"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
