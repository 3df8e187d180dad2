"""Read interaction files (who rated, read or played what, when) into `tables.INTERACTIONS`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import regex
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.databases import address_id
from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.collector import plain_id
from kg_builder.extraction.row_units import frame_units, joined_frames, read_frame
from kg_builder.extraction.tabular import RowsConfig, read_rows
from kg_builder.extraction.values.amounts import as_number, parse_amount
from kg_builder.extraction.values.moments import parse_moment
from kg_builder.extraction.values.numbers import DecimalSign, decimal_sign, parse_number
from kg_builder.extraction.values.patterns import search
from kg_builder.progress import Progress, silent
from kg_builder.tables import INTERACTIONS, REJECTS, recoded
from kg_builder.units import Unit

TimeColumns = str | Annotated[tuple[str, ...], Field(min_length=3, max_length=6)]
"""One column, or those of year, month, day and so on, in this order."""


def columns_of(time: TimeColumns | None) -> list[str]:
    """Names of the columns that hold the time."""
    if time is None:
        return []
    return [time] if isinstance(time, str) else list(time)


def read_numbers(cells: pd.Series, decimal: DecimalSign | None = None) -> pd.Series:
    """Parse numbers in any notation (4.5, 4,5, 1.234,5); NaN if unparsable.

    Without `decimal`, "1.234" next to "1.234,5" is 1234: the column's other numbers tell it.
    """
    if decimal is None:
        decimal = decimal_sign(cells.dropna().unique())
    found = pd.to_numeric(cells, errors="coerce").astype("float64")
    written = cells.notna() & (found.isna() if decimal is None else True)
    if written.any():
        texts = cells[written]
        number = {text: as_number(text, decimal) for text in texts.unique()}
        found[written] = texts.map(number).astype("float64")
    return found


def read_times(cells: pd.DataFrame, day_first: bool | None = None) -> pd.Series:
    """Parse the time of each row as `Int64`, missing if the cells hold none.

    One column holds numbers, kept in the publisher's own unit (a fraction is cut off), or dates
    and times in ISO 8601 or the notations of `parse_moment`, which become seconds since 1970-01-01
    (UTC if no zone is given). Of a column with both, or with Unix times in seconds and in
    milliseconds, Unix times become seconds, and other numbers ("-1") are left out; if most are
    other numbers, the dates are. Several columns are year, month, day and so on, as integers.

    Args:
        cells: texts, one column or three to six.
        day_first: whether the day is before the month where both orders are possible.
    """
    return _read_times(cells, day_first)[0]


def _read_times(cells: pd.DataFrame, day_first: bool | None) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The times, and which rows have one in another notation than those that are read."""
    if cells.shape[1] == 1:
        texts = cells.iloc[:, 0]
        numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    else:
        texts = _iso_8601(cells)
        numbers = pd.Series(np.nan, index=cells.index)
    dates = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    dates = dates.mask(numbers.notna() & ~texts.str.fullmatch(_YEAR_OR_DAY).astype("boolean"))
    seconds = dates.dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype("float64")
    of_dates = pd.Series(seconds, index=cells.index).where(dates.notna())
    other = dates.isna() & numbers.isna() & texts.notna()
    if cells.shape[1] == 1 and other.any():
        written = {text: parse_moment(text, day_first) for text in texts[other].unique()}
        of_dates[other] = texts[other].map(written).astype("float64")
    found = numbers if numbers.notna().sum() >= of_dates.notna().sum() else of_dates
    if (numbers.notna() ^ of_dates.notna()).any() and of_dates.notna().any():
        both = of_dates.fillna(_unix_seconds(numbers))
        found = both if both.notna().sum() > found.notna().sum() else found
    elif len(np.unique(_unix_unit(numbers).dropna())) > 1:
        found = _unix_seconds(numbers)
    usable = found.abs() < 2**53  # beyond, neighbouring integers are indistinguishable
    time = pd.Series(np.floor(found.where(usable)), index=cells.index).astype("Int64")
    return time, (found.isna() & (numbers.notna() | of_dates.notna())).to_numpy()


def _unordered(cells: pd.Series, time: pd.Series) -> NDArray[np.bool_]:
    """Rows whose time could be read if the order of day and month were known."""
    unread = time.isna() & cells.notna()
    texts = cells[unread].astype("string[pyarrow]")
    could = {text: parse_moment(text, day_first=True) is not None for text in texts.unique()}
    found = np.zeros(len(cells), np.bool_)
    found[unread.to_numpy()] = texts.map(could).to_numpy(dtype=bool)
    return found


_YEAR_OR_DAY: Final = r"\d{4}|\d{8}"


def _unix_unit(numbers: pd.Series) -> pd.Series:
    """Units per second of numbers that can be Unix times (1973 to 5138): 1, thousand or million."""
    found = pd.Series(np.nan, index=numbers.index)
    for unit in (1.0, 1e3, 1e6):
        found = found.mask((numbers >= 1e8 * unit) & (numbers < 1e11 * unit), unit)
    return found


def _unix_seconds(numbers: pd.Series) -> pd.Series:
    """Numbers that can be Unix times, in seconds."""
    return numbers / _unix_unit(numbers)


def _iso_8601(cells: pd.DataFrame) -> pd.Series:
    """Join year, month, day and so on into ISO 8601 texts."""
    text = cells.iloc[:, 0].str.strip().str.zfill(4)
    for part, mark in zip(cells.columns[1:], "--T::", strict=False):
        text = text + mark + cells[part].str.strip().str.zfill(2)
    return text + ":00" if cells.shape[1] == 4 else text  # an hour alone is not valid ISO 8601


COUNT: Final = "@count"

_MANY: Final = 0.1
"""Share of rejected rows above which a warning is given."""

_COMPARED: Final = 20_000
"""Maximum number of record keys searched for a similar one."""


class DerivedUser(BaseModel):
    """A user without a column: a constant, or part of a cell or path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Annotated[str | None, Field(min_length=1, description="The only user's id.")] = None
    column: Annotated[
        str | None, Field(description="Column in which 'pattern' is searched for the user's id.")
    ] = None
    pattern: Annotated[
        str,
        Field(
            description="Regular expression, searched in the cell or, without 'column', in the "
            "file's path; its first group (or the whole match) is the user's id."
        ),
    ] = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.value is None) == (not self.pattern):
            raise ValueError("give 'value', or 'pattern' (and the 'column' that it is for)")
        if self.value is not None and self.column is not None:
            raise ValueError("'column' has no effect with 'value'")
        try:
            regex.compile(self.pattern)
        except regex.error as fault:
            raise ValueError(f"bad pattern {self.pattern!r}: {fault}") from None
        return self

    def of(self, texts: Iterable[str | None]) -> list[str | None]:
        """The user of each cell or path; missing if the pattern does not match."""
        if self.value is not None:
            return [self.value for _ in texts]
        pattern = regex.compile(self.pattern)
        return [search(pattern, text or "", where="user of [[interactions]]") for text in texts]


class InteractionTable(RowsConfig):
    """A file with one interaction per row."""

    user: Annotated[
        str | DerivedUser,
        Field(description="Column with the user's id, or another way to determine the user."),
    ]
    item: Annotated[
        str,
        Field(
            description="Column with the item's id; each of several ids in a cell is an "
            "interaction."
        ),
    ]
    weight: Annotated[
        str | None,
        Field(
            description="Column with plays or stars; by default every row has weight 1. "
            "'@count': the number of rows with the same user and item."
        ),
    ] = None
    threshold: Annotated[float, Field(description="Minimum weight of a positive interaction.")] = (
        0.0
    )
    time: Annotated[
        TimeColumns | None,
        Field(
            description="Column with the time, a number or a date in any usual notation; or the "
            "columns of year, month, day and so on."
        ),
    ] = None
    records: Annotated[
        str,
        Field(description="Record keys of the items are `<records>/<item id>`."),
    ]


@dataclass(frozen=True)
class Interactions:
    """`tables.INTERACTIONS` with record keys as items, rejects, and counts."""

    interactions: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]


def interaction_units(table: InteractionTable, root: Path) -> list[Unit]:
    """Units that read the rows of interaction files, for `read_interactions`.

    Raises:
        DataError: no such file.
    """
    return frame_units(table, root, _columns(table), table.item)


def _columns(table: InteractionTable) -> tuple[str, ...]:
    named = table.user.column if isinstance(table.user, DerivedUser) else table.user
    wanted = [table.item, named, table.weight if table.weight != COUNT else None]
    wanted += [*columns_of(table.time), *(condition.column for condition in table.where)]
    return tuple(dict.fromkeys(filter(None, wanted)))


def read_interactions(
    table: InteractionTable,
    root: Path,
    *,
    record_keys: frozenset[str] | None = None,
    folders: Iterable[Path] | None = None,
    progress: Progress = silent,
) -> Interactions:
    """Read an interaction file, or all files that match its pattern.

    Args:
        table: the file and its columns.
        root: raw folder.
        record_keys: existing record keys; rows of other items become rejects. No check if `None`.
        folders: results of `interaction_units`; by default the files are read here.
        progress: called with the bytes read and the file's size.

    Raises:
        DataError: the file or a column is missing, or no row can be used: the error shows the first
            row, the expected and the actual values.
    """
    if folders is None:
        reader = read_rows(table, root, columns=_columns(table), progress=progress)
        frame = read_frame(reader, table.item)
    else:
        frame = joined_frames(folders)
    rows = frame.rows
    cells = _parsed(table, rows, record_keys)
    usable, rejects = _rejected(cells)
    if not usable.any():
        raise _nothing_usable(table, root, cells, frame.rejects, record_keys)
    for name, texts in rejects.items():
        texts += [getattr(one, name) for one in frame.rejects]
    count = len(rejects["reason"])
    read = frame.counts["rows read"]
    _warn_of_many(rejects, read)
    weight = cells.weight
    if table.weight == COUNT:  # of what is used
        pairs = pd.DataFrame(
            {"user": cells.user.cat.codes, "record": cells.record.cat.codes, "n": usable * 1.0}
        )
        weight = pairs.groupby(["user", "record"])["n"].transform("sum").to_numpy()
    used = pd.DataFrame(
        {
            "user": cells.user,
            "item": cells.record,
            "raw_item": cells.item,
            "weight": weight,
            "liked": weight >= table.threshold,
            "time": _no_times(len(rows)) if cells.time is None else cells.time,
            "evidence": cells.evidence,
        }
    )
    outside = frame.counts.get("rows outside the filter", 0)
    return Interactions(
        interactions=INTERACTIONS.check(used if usable.all() else used[usable]),
        rejects=REJECTS.frame(
            {
                "stage": ["extraction"] * count,
                "source": [INTERACTIONS.name] * count,
                **rejects,
            }
        ),
        counts={
            "interaction rows read": read,
            **({"interaction rows outside the filter": outside} if outside else {}),
            "interaction rows used": int(usable.sum()),
            "interaction rows rejected": count,
        },
    )


@dataclass(frozen=True, eq=False)
class _Parsed:
    """The cells of all rows, one value per row.

    Attributes:
        user, item: ids as the publisher writes them; NaN if the cell is empty.
        record: key of the item's record.
        weight: NaN if no number; 1 without a column.
        time: seconds since 1970; None without a column.
        evidence: where the row is.
        stated: the cells of the weight and of the time, for messages.
        faults: reason → the rows that have it; of several, the first counts.
    """

    user: pd.Series
    item: pd.Series
    record: pd.Series
    weight: NDArray[np.float64]
    time: pd.Series | None
    evidence: pd.Series
    stated: dict[str, pd.Series]
    faults: dict[str, NDArray[np.bool_]]


def _parsed(
    table: InteractionTable, rows: pd.DataFrame, record_keys: frozenset[str] | None
) -> _Parsed:
    of_time = columns_of(table.time)
    weighed = table.weight if table.weight != COUNT else None
    items = recoded(rows[table.item], lambda ids: [plain_id(text) for text in ids])
    user = _users(table, rows, rows["evidence"])
    record = _records(items, table.records, record_keys)
    faults = {"empty user or item": (user.isna() | items.isna()).to_numpy()}
    stated: dict[str, pd.Series] = {}
    weight, time = np.ones(len(rows)), None
    if weighed:
        stated["weight"] = rows[weighed]
        weight = _weights(rows[weighed], table.decimal)
        faults["weight is no number"] = ~np.isfinite(weight)
        faults["weight on another scale than most"] = _on_another_scale(
            rows[weighed], table.decimal
        )
    if of_time:
        stated["time"] = rows[of_time[0]]
        time, otherwise = _read_times(rows[of_time].astype("string[pyarrow]"), table.day_first)
        faults["time in another notation than most"] = otherwise
        if table.day_first is None and len(of_time) == 1:
            faults["time whose day may be its month (day_first tells)"] = _unordered(
                rows[of_time[0]], time
            )
        faults["time is no number or date"] = time.isna().to_numpy()
    if record_keys is not None:
        faults["interaction with an unknown record"] = ~record.isin(record_keys).to_numpy()
    return _Parsed(user, items, record, weight, time, rows["evidence"], stated, faults)


def _rejected(cells: _Parsed) -> tuple[NDArray[np.bool_], dict[str, list[str]]]:
    """Which rows can be used; reason (the first fault), evidence and detail of the others."""
    usable = np.ones(len(cells.evidence), np.bool_)
    rejects: dict[str, list[str]] = {"reason": [], "evidence": [], "detail": []}
    for reason, fault in cells.faults.items():
        bad = usable & fault
        usable &= ~bad
        details = _texts(cells.user[bad]) + " " + _texts(cells.item[bad])
        column = cells.stated.get(reason.partition(" ")[0])
        if column is not None:
            details = details + f": {column.name}=" + _texts(column[bad])
        rejects["reason"] += [reason] * int(bad.sum())
        rejects["evidence"] += cells.evidence[bad].tolist()
        rejects["detail"] += details.tolist()
    return usable, rejects


def _warn_of_many(rejects: dict[str, list[str]], read: int) -> None:
    """Warn with the most frequent reason and its first row, if more than a tenth is rejected."""
    count = len(rejects["reason"])
    if count <= _MANY * read:
        return
    reasons = Counter(rejects["reason"])
    most = min(reasons, key=lambda name: (-reasons[name], name))
    first = rejects["reason"].index(most)
    warnings.warn(
        f"{count:,} of {read:,} interactions are rejected, most as {most} "
        f"({rejects['evidence'][first]}: {rejects['detail'][first]})",
        stacklevel=3,
    )


def _users(table: InteractionTable, rows: pd.DataFrame, evidence: pd.Series) -> pd.Series:
    if isinstance(table.user, str):
        return rows[table.user]
    if table.user.column is None:
        texts = evidence.str.partition("#")[0].astype("category")
    else:
        texts = rows[table.user.column]
    return recoded(texts, table.user.of)


def _records(items: pd.Series, records: str, record_keys: frozenset[str] | None) -> pd.Series:
    """Record keys of the items; a web address is converted to its id."""
    known = record_keys or ()

    def key_of(item: str) -> str:
        key = f"{records}/{item}"
        curie = address_id(item) if key not in known else None
        return f"{records}/{curie}" if curie else key

    return recoded(items, lambda ids: [key_of(item) for item in ids])


def _weights(cells: pd.Series, decimal: DecimalSign | None) -> NDArray[np.float64]:
    numbers = read_numbers(pd.Series(cells.cat.categories), decimal).to_numpy()
    of_cells: NDArray[np.float64] = np.append(numbers, np.nan)[cells.cat.codes]
    return of_cells


def _on_another_scale(cells: pd.Series, decimal: DecimalSign | None) -> NDArray[np.bool_]:
    """Rows whose rating states another scale than most ratings do: 8/10 among 4/5."""
    amounts = [parse_amount(text, decimal) for text in cells.cat.categories]
    scales = np.array([(amount and amount.scale) or 0 for amount in amounts] + [0])[cells.cat.codes]
    stated, rows = np.unique(scales[scales > 0], return_counts=True)
    if len(stated) < 2:
        return np.zeros(len(cells), np.bool_)
    other: NDArray[np.bool_] = (scales > 0) & (scales != stated[rows.argmax()])
    return other


def _no_times(size: int) -> pd.arrays.ArrowExtensionArray:
    return pd.arrays.ArrowExtensionArray(pa.nulls(size, pa.int64()))


def _texts(column: pd.Series) -> pd.Series:
    return column.astype("string[pyarrow]").fillna("")


def _nothing_usable(
    table: InteractionTable,
    root: Path,
    cells: _Parsed,
    rejects: Sequence[Reject],
    record_keys: frozenset[str] | None,
) -> DataError:
    """Build the error for a file without a usable row, from its first row."""
    path = root / table.path
    if not len(cells.evidence):
        first = next(iter(rejects), None)
        if first is None:
            return DataError("there is no row", where=str(path), remedy="is it the right file?")
        return DataError(
            f"no row can be read: {len(rejects):,} rejects, the first: {first.evidence}: "
            f"{first.reason} {first.detail}",
            where=str(path),
            remedy="correct the file, or how [[interactions]] reads it",
        )
    reason = next(name for name, fault in cells.faults.items() if fault[0])
    named = {"user": cells.user, "item": cells.item, "record": cells.record, **cells.stated}
    row = {
        name: "" if pd.isna(column.iloc[0]) else column.iloc[0] for name, column in named.items()
    }
    problem, remedy = reason, "correct the file, or how [[interactions]] reads it"
    if reason == "weight is no number":
        problem = f"weight {row['weight']!r} in column {table.weight!r} is no number"
        remedy = "name a column of numbers, or leave 'weight' out: every row then counts"
        if parse_number(str(row["weight"]), "."):
            remedy = 'set decimal = "." or "," in [[interactions]], the decimal separator'
    elif reason.startswith("time"):
        problem = f"time {row['time']!r} is no number or date"
    elif reason == "interaction with an unknown record":
        problem = f"there is no record {row['record']!r}"
        remedy = _known_keys(str(row["item"]), table.records, record_keys or frozenset())
    elif isinstance(table.user, DerivedUser) and not row["user"]:
        problem = f"the pattern {table.user.pattern!r} finds no user"
    else:
        problem = f"no user or no item (user {row['user']!r}, item {row['item']!r})"
    return DataError(
        f"none of the {len(cells.evidence):,} interactions can be used, the first: "
        f"{cells.evidence.iloc[0]}: "
        f"{problem}",
        where=str(path),
        remedy=remedy,
    )


def _known_keys(item: str, records: str, record_keys: frozenset[str]) -> str:
    """Suggest a correction for an unknown prefix of record keys or an unknown id."""
    fitting = sorted(key for key in record_keys if key.endswith(f"/{item}"))
    if fitting:
        return f'set records = "{fitting[0].removesuffix(f"/{item}")}": there is {fitting[0]!r}'
    own = sorted(key for key in record_keys if key.startswith(f"{records}/"))
    if own:
        near = get_close_matches(f"{records}/{item}", own[:_COMPARED], n=1, cutoff=0.8)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{hint}the keys there look like {', '.join(own[:3])}"
    prefixes = sorted({key.rpartition("/")[0] for key in record_keys})
    shown = get_close_matches(records, prefixes, n=3, cutoff=0.0)
    return f"'records' is the item id's prefix; keys begin with: {', '.join(shown) or 'nothing'}"
