"""Which words no two people use alike, by the votes behind the statements.

What one person alone calls things, or each of several people other things, says how they file their
music, not what it is like. Golder and Huberman, "Usage patterns of collaborative tagging systems",
Journal of Information Science 2006, tell such tags from those that a community agrees on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from recommender.data.statements import STATEMENTS_FILE, read_statements

__all__ = ["private_objects"]

_AGREEMENT: Final = 2  # votes: people who said the same of the same thing
_VOTES: Final = r"[#;]votes=(?P<votes>\d+)"


def private_objects(folder: Path) -> frozenset[str]:
    """Objects, by their names in the statements, that no two people ever linked to one subject.

    Args:
        folder: data folder whose `statements.parquet` tells in its evidence how many votes a
            statement has (`…;votes=3`). Objects of statements without votes are not among them.

    Raises:
        DataError: a damaged file.
    """
    if not (folder / STATEMENTS_FILE).is_file():
        return frozenset()
    table = read_statements(folder, ("object", "evidence"))
    found = pc.struct_field(pc.extract_regex(table["evidence"], _VOTES), "votes")
    voted = pc.is_valid(found)
    objects, votes = table["object"].filter(voted), pc.cast(found.filter(voted), "int64")
    agreed = objects.filter(pc.greater_equal(votes, _AGREEMENT))
    return frozenset(objects.to_pylist()) - frozenset(agreed.to_pylist())
