"""Read and write a TSV file of human verdicts on record pairs, which override the scorer."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, cast

from kg_builder.errors import DataError
from safe_io.atomic import replacing, write_atomically
from safe_io.locks import file_lock

Verdict = Literal["same", "different", "unsure"]
VERDICTS: Final = ("same", "different", "unsure")
Judgements = Mapping[tuple[str, str], Verdict]
"""Sorted pair of record keys (or of entity and external CURIE) → a person's verdict."""
Labels = Callable[[str, str], Verdict | None]
"""Looks up the verdict on two record keys, in any order; None if there is none."""


def pair(left: str, right: str) -> tuple[str, str]:
    """Sort the two keys: a judgement has no direction."""
    return (left, right) if left <= right else (right, left)


def read_judgements(path: Path) -> dict[tuple[str, str], Verdict]:
    """Read a TSV with the columns left, right, verdict; '#' starts a comment line.

    A later line overrules an earlier one about the same pair.

    Raises:
        DataError: the file is missing, or a line has too few columns or an unknown verdict.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError("no such file of judgements", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None
    found: dict[tuple[str, str], Verdict] = {}
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or line.startswith("#") or cells[:3] == ["left", "right", "verdict"]:
            continue
        if len(cells) < 3 or cells[2] not in VERDICTS or not cells[0] or not cells[1]:
            raise DataError(
                f"not a judgement: {line!r}",
                where=f"{path}:{number}",
                remedy="three columns with tabs between: left, right, " + " | ".join(VERDICTS),
            )
        found[pair(cells[0], cells[1])] = cast(Verdict, cells[2])
    return found


def append_judgement(path: Path, left: str, right: str, verdict: Verdict) -> None:
    """Append a line to a file of judgements, creating the file if it is missing.

    Existing lines and comments are kept; the new line overrules earlier ones.

    Raises:
        DataError: a key holds a tab or a line break, or the file is not a judgements file.
        InUseError: another line is being added at this moment.
    """
    for key in (left, right):
        if not key or set(key) & set("\t\r\n") or key.startswith("#"):
            raise DataError(f"cannot be judged: {key!r}", remedy="give a key without tabs")
    with file_lock(path, "command"):  # two concurrent appends must not lose a line
        before = ""
        if path.is_file():
            read_judgements(path)
            before = path.read_bytes().decode()
        start = before or "left\tright\tverdict\n"
        joint = "" if start.endswith("\n") else "\n"
        write_atomically(path, f"{start}{joint}{left}\t{right}\t{verdict}\n")


def write_judgements(path: Path, judgements: Judgements) -> None:
    """Write judgements, sorted, in the format of `read_judgements`."""
    rows: Iterable[tuple[str, str, str]] = (
        (left, right, verdict) for (left, right), verdict in sorted(judgements.items())
    )
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
        writer.writerow(("left", "right", "verdict"))
        writer.writerows(rows)
