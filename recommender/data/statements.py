"""Read `statements.parquet`: the facts of a built graph with their sources and rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from recommender.errors import DataError

__all__ = ["REMEDY", "STATEMENTS_FILE", "curie", "read_statements"]

STATEMENTS_FILE: Final = "statements.parquet"
REMEDY: Final = "build the data set again"

_RESOURCE: Final = "https://w3id.org/musickg/"


def read_statements(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Read some columns of a data folder's statements.

    Raises:
        DataError: no such file, or a damaged one.
    """
    path = folder / STATEMENTS_FILE
    if not path.is_file():
        raise DataError.at(path, None, "no such file", REMEDY)
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise DataError.at(path, None, " ".join(str(error).split()), REMEDY) from None


def curie(iri: str) -> str:
    """Convert an IRI to the CURIE used in statements: `artist:Radiohead`.

    For an IRI outside the project's namespace, the last two path segments: `…/artist/Radiohead`.
    """
    if iri.startswith(_RESOURCE):
        return iri.removeprefix(_RESOURCE).replace("/", ":", 1)
    found = re.search(r"([^/#]+)[/#]([^/#]+)$", iri)
    return f"{found[1]}:{found[2]}" if found else iri
