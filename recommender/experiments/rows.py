"""Read table rows to reproduce from TOML: model, settings, and the published figures.

A row's file is also a settings file of `python -m recommender.train --config`, with an additional
table `[experiment]` for the row's identity and the paper's figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.cli import read_toml
from recommender.errors import ConfigError, explain

__all__ = ["FOLDER", "TABLES", "TITLES", "CountRow", "Row", "read_counts", "read_row", "read_rows"]

FOLDER = Path(__file__).parent
TITLES = {
    "table3": "Table 3: the data sets",
    "table5": "Table 5: all systems on Last.FM",
    "table6": "Table 6: books and movies",
    "table7": "Table 7: prediction methods",
    "table8": "Table 8: layers L and H",
    "table9": "Table 9: ablation",
}
TABLES = tuple(TITLES)


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="the row's name in the table")
    dataset: str = Field("", description="name of the data folder; none: in every table")
    order: int = Field(description="position in the table")
    note: str = Field("", description="notes on the settings")


class CountRow(_Figures):
    """A row of Table 3; None if not in the paper."""

    users: int | None = Field(None, description="the paper's number of users")
    items: int | None = Field(None, description="the paper's number of items")
    interactions: int | None = Field(None, description="the paper's number of rows")
    triples: int | None = Field(None, description="the paper's number of KG triples")


class Row(_Figures):
    """A row of Tables 5 to 9: a model with its settings, and the paper's figures for it."""

    auc: float | None = Field(None, description="the paper's AUC; none for a control")
    acc: float | None = Field(None, description="the paper's ACC; none for a control")
    kind: Literal["paper", "ours", "control"] = Field(
        "paper",
        description="a row of the paper; ours: one of its models with the other sampling, or a "
        "model of this project; or a control that is not in the paper",
    )
    reference: bool = Field(False, description="the reference row of the tests")
    seconds: float = Field(
        60,
        gt=0,
        description="approximate seconds of one training on one core, for the first estimate",
    )
    table: str = Field(description="table of the row")
    file: Path = Field(description="path of its file")
    model: str = Field(description="name in the registry")
    settings: dict[str, Any] = Field(
        {}, description="settings of the model that override its preset"
    )
    training: dict[str, Any] = Field(
        {}, description="settings of the training that override the defaults"
    )

    @property
    def name(self) -> str:
        """Unique name: table, data set and file."""
        return f"{self.table}/{self.dataset}/{self.file.stem}"


def read_rows(table: str, folder: Path = FOLDER) -> list[Row]:
    """Read the rows of a table in order, with the controls for each data set.

    Raises:
        ConfigError: an invalid file, or no rows.
    """
    rows = [read_row(path, table) for path in _files(table, folder)]
    for row in rows:
        if not row.dataset:
            raise ConfigError(f"{row.file}: [experiment] has no `dataset`; name the data folder")
    controls = [read_row(path, table) for path in sorted((folder / "controls").glob("*.toml"))]
    rows += [
        control.model_copy(update={"dataset": dataset})
        for dataset in sorted({row.dataset for row in rows})
        for control in controls
    ]
    return sorted(rows, key=lambda row: (row.dataset, row.order))


def read_counts(folder: Path = FOLDER) -> list[CountRow]:
    """Read the rows of Table 3 in order.

    Raises:
        ConfigError: an invalid file, or no rows.
    """
    rows = [
        _parse(CountRow, path, read_toml(path).get("experiment", {}))
        for path in _files("table3", folder)
    ]
    return sorted(rows, key=lambda row: row.order)


def read_row(path: Path, table: str) -> Row:
    """Read the row in a file.

    Raises:
        ConfigError: a missing or invalid file.
    """
    content = read_toml(path)
    if "model" not in content:
        raise ConfigError(f"{path}: no `model`; name the model of this row")
    row: Row = _parse(Row, path, {**content.pop("experiment", {}), **content}, table)
    return row


def _files(table: str, folder: Path) -> Sequence[Path]:
    files = sorted((folder / table).glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder / table}: no row there; expected one TOML per row")
    return files


def _parse(kind: type[Any], path: Path, content: dict[str, Any], table: str = "") -> Any:
    extra = {"table": table, "file": path} if table else {}
    try:
        return kind.model_validate({**content, **extra})
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from None
