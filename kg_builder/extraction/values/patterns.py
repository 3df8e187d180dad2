"""Search a value with a recipe's regular expression, under a time limit (untrusted patterns)."""

from __future__ import annotations

from typing import Final

import regex

from kg_builder.errors import DataError

SECONDS: Final = 1.0
"""Time limit per value, in seconds; a pattern without backtracking needs a millionth of it."""


def search(pattern: regex.Pattern[str], text: str, *, where: str) -> str | None:
    """The first group of the first match, or the whole match without groups; None if no match.

    Raises:
        DataError: the pattern takes over a second on the text.
    """
    try:
        found = pattern.search(text, timeout=SECONDS)
    except TimeoutError:
        raise DataError(
            f"the pattern takes over {SECONDS:g} s on one value",
            where=where,
            remedy="a repetition within a repetition, such as (a+)+, tries every way to part the "
            "value: write it with one",
        ) from None
    if not found:
        return None
    group = found[1] if found.re.groups else None
    return str(found[0] if group is None else group)
