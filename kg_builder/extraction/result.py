"""What the extraction of one source gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Extraction:
    """The records and statements of one source, what was left out, and counts of both.

    Attributes:
        records: table `records`, one row per thing, in the order of first mention.
        statements: table `statements` with record keys for entities, in the order read.
        rejects: table `rejects` with stage "extraction".
        counts: how many rows, pages or sentences were read and used, unknown fields by name
            (`unknown field: <name>`), and so on, sorted by name.
    """

    records: pd.DataFrame
    statements: pd.DataFrame
    rejects: pd.DataFrame
    counts: Mapping[str, int]
