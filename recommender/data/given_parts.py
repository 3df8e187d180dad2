"""Read a split of one's own: the part of each positive interaction, from `ratings_parts.tsv`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from recommender.data.interactions import Interactions
from recommender.data.tables import IntArray
from recommender.errors import DataError

__all__ = ["PARTS_FILE", "read_parts"]

PARTS_FILE: Final = "ratings_parts.tsv"
_HEADING: Final = ["user", "item", "part"]
_INTEGER: Final = r"\d{1,18}"
_PARTS: Final = {"train": 0, "valid": 1, "test": 2}


def read_parts(path: Path, interactions: Interactions) -> IntArray:
    """Read the part of each positive: a heading, then user<TAB>item<TAB>`train`, `valid` or `test`.

    Returns:
        0, 1 or 2 for each of `interactions.positives`, int64 [n].

    Raises:
        DataError: a malformed line, a pair that is no positive of the ratings or occurs twice, or a
            positive without a part.
    """
    remedy = f"write {'<TAB>'.join(_HEADING)}, with the integers of ratings_final.txt"
    if not path.is_file():
        raise DataError.at(path, None, "no such file, and --split given needs it", remedy)
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            dtype=str,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,  # lines in messages are those of the file
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError.at(path, None, " ".join(str(error).split()), remedy) from None
    if list(table.columns) != _HEADING:
        raise DataError.at(path, 1, "the heading is not user<TAB>item<TAB>part", remedy)
    part = table["part"].map(_PARTS)
    ids = [table[name] for name in ("user", "item")]
    wrong = part.isna() | ~(ids[0].str.fullmatch(_INTEGER) & ids[1].str.fullmatch(_INTEGER))
    _refuse(path, table, wrong, "no pair of integers with train, valid or test", remedy)
    pairs = pd.MultiIndex.from_arrays([column.astype(np.int64) for column in ids])
    _refuse(path, table, pairs.duplicated(), "the pair occurs earlier in the file", remedy)
    positives = pd.MultiIndex.from_arrays(interactions.positives)
    _refuse(path, table, ~pairs.isin(positives), "no positive of ratings_final.txt", remedy)
    place = pairs.get_indexer(positives)
    if (place < 0).any():
        user, item = positives[int((place < 0).argmax())]
        missing = int((place < 0).sum())
        they = "1 positive has" if missing == 1 else f"{missing:,} positives have"
        problem = f"{they} no part, such as user {user}, item {item}"
        raise DataError.at(path, None, problem, "write a line for each positive")
    return np.asarray(part.to_numpy(np.int64)[place], np.int64)


def _refuse(
    path: Path, table: pd.DataFrame, wrong: np.ndarray | pd.Series, problem: str, remedy: str
) -> None:
    if wrong.any():
        row = int(np.asarray(wrong).argmax())
        text = "<TAB>".join(table.iloc[row])[:60]
        raise DataError.at(path, row + 2, f"{text!r}: {problem}", remedy)
