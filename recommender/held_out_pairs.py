"""Command to write a split's held-out positives to a file, for `build --without-pairs`.

    python -m recommender.held_out_pairs --data data/processed/lastfm-built --split-seed 555 \\
        --out held-out-555.tsv
    python -m pipeline build --dataset lastfm-built --without-pairs held-out-555.tsv --out DIR

The graph is then built without the users' actions on these items, such as tagging, so that it
cannot leak test pairs to a model.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from recommender.cli import DEFAULT_DATA, OneLineParser, main_guard
from recommender.data import Split, load, split
from recommender.data.splits import RATIOS, SplitKind
from recommender.errors import DataError
from safe_io.atomic import write_atomically

__all__ = ["held_out_pairs", "main", "write_pairs"]


def held_out_pairs(parts: Split, *, negatives: bool = False) -> Iterator[tuple[str, str]]:
    """The pairs of validation and test as (user, item) with the publisher's ids.

    They are in the order of the integer ids. An item with several publisher's ids gives a pair for
    each.

    Args:
        parts: the split.
        negatives: also the pairs of sampled negatives. If only positives were left out, the
            presence of a user's statement about an item would reveal the label.

    Raises:
        DataError: the data folder lacks the publisher's ids.
    """
    folder, names = parts.dataset.folder, parts.dataset.catalogue
    for file in ("users.tsv", "items.tsv"):
        if not (folder / file).is_file():
            remedy = "it has the publisher's ids; build the data set with `python -m pipeline`"
            raise DataError.at(folder / file, None, "no such file", remedy)
    pairs = {
        (int(user), int(item))
        for part in (parts.valid, parts.test)
        for user, item, label in zip(part.users, part.items, part.labels, strict=True)
        if label or negatives
    }
    for user, item in sorted(pairs):
        for raw in names.item_raw_id(item).split("|"):
            yield names.user_raw_id(user), raw


def write_pairs(pairs: Iterable[tuple[str, str]], path: Path) -> int:
    """Write a heading and user<TAB>item lines; return the number of pairs.

    Raises:
        OSError: the file cannot be written.
    """
    lines = ["user\titem", *("\t".join(pair) for pair in pairs)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "\n".join(lines) + "\n")
    return len(lines) - 1


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments, split, write."""
    flags = _parser().parse_args(argv)
    parts = split(load(flags.data), flags.split_seed, tuple(flags.ratios), flags.split)
    count = write_pairs(held_out_pairs(parts), flags.out)
    kind = "" if flags.split == "random" else f"--split {flags.split}, "
    found = f"{count:,} held-out pairs of {kind}split seed {flags.split_seed} in {flags.out}\n"
    sys.stdout.write(found)
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="python -m recommender.held_out_pairs",
        description="Write the positive pairs of a split's validation and test rows, in the "
        "publisher's ids, for `python -m pipeline build --without-pairs FILE`.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DEFAULT_DATA,
        metavar="DIR",
        help=f"data folder (default: {DEFAULT_DATA})",
    )
    parser.add_argument(
        "--split",
        choices=[kind for kind in get_args(SplitKind) if kind != "all"],
        default="random",
        help="how the rows are split (default: random)",
    )
    parser.add_argument(
        "--split-seed", type=int, default=555, metavar="N", help="seed of the split (default: 555)"
    )
    parser.add_argument(
        "--ratios",
        type=float,
        nargs=3,
        default=RATIOS,
        metavar="X",
        help="train, validation and test parts (default: 0.6 0.2 0.2)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="file to write: user<TAB>item"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main_guard(main))
