"""Run Splink on the same records in a separate environment, as a baseline."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.evaluation.song_columns import PREDICATES
from kg_builder.fusion.measures import parse_seconds, parse_year
from kg_builder.fusion.normalize import is_placeholder, name_key

SCRIPT: Final = Path(__file__).with_name("splink_script.py")
"""Script run in that environment; it imports splink and pandas, and nothing of this project."""
_ROLES: Final = ("artist", "album", "year", "length", "number", "language")


def resolve_with_splink(
    records: pd.DataFrame, *, python: Path | None = None
) -> tuple[dict[str, str], float, float]:
    """Resolve records with splink, set up as a competent user would.

    Args:
        records: table `RECORDS`; splink gets normalised cells: names in lower case without accents,
            lengths in seconds, years in four digits.
        python: interpreter of an environment that has splink; this one by default.

    Returns:
        The cluster of every record, and wall-clock and processor seconds of splink.

    Raises:
        DataError: splink cannot be started, or ends with an error.
    """
    with tempfile.TemporaryDirectory() as folder:
        table, result = Path(folder) / "records.csv", Path(folder) / "clusters.json"
        tidy_cells(records).to_csv(table, index=False)
        command = [str(python or sys.executable), str(SCRIPT), str(table), str(result)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as fault:
            raise DataError(str(fault), where="--peer-python") from None
        if done.returncode or not result.is_file():
            last = (done.stderr.strip().splitlines() or ["it wrote no result"])[-1]
            raise DataError(
                f"splink failed: {last}",
                where=str(command[0]),
                remedy="install splink in an environment of its own and name its Python:"
                " --peer-python ENV/bin/python",
            )
        found = json.loads(result.read_text(encoding="utf-8"))
    return found["clusters"], found["seconds"], found["processor_seconds"]


def tidy_cells(records: pd.DataFrame) -> pd.DataFrame:
    """Normalise records to one row each, with columns for a general tool; '' if unknown."""
    rows = []
    for key, source, name, attributes in zip(
        records["record"], records["source"], records["name"], records["attributes"], strict=True
    ):
        values_of = json.loads(attributes)
        row = {"unique_id": key, "source": source, "title": _name(name)}
        for role in _ROLES:
            values = values_of.get(PREDICATES[role], [])
            row[role] = _tidy(role, values[0]) if values else ""
        rows.append(row)
    return pd.DataFrame(rows)


def _tidy(role: str, text: str) -> str:
    if role == "year":
        year = parse_year(text)
        return "" if year is None else str(year)
    if role == "length":
        seconds = parse_seconds(text)
        return "" if seconds is None else f"{seconds:.0f}"
    if role == "number":
        return text.strip().lstrip("0")
    return _name(text)


def _name(text: str) -> str:
    return "" if is_placeholder(text) else name_key(text)
