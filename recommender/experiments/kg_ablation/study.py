"""Read the ablation's design from TOML: data folders, models and graphs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.errors import ConfigError, explain
from recommender.experiments.rows import FOLDER, Row, read_row

__all__ = ["STUDY_FILE", "AblationStudy", "read_models", "read_study"]

STUDY_FILE = Path(__file__).with_name("study.toml")


class AblationStudy(BaseModel):
    """Settings of a study; the project's are in `study.toml` beside this module."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stock: str = Field(description="data folder with the published graph")
    ours: str = Field(description="data folder with the same items and rows and the graph built")
    models: tuple[str, ...] = Field(min_length=1, description="rows: TABLE/NAME of their files")
    lead: str = Field(description="the model whose figures are plotted by graph")
    needs_graph: tuple[str, ...] = Field((), description="models that need a graph")
    corruption: tuple[float, ...] = Field((), description="shares of the triples to corrupt")
    without: Mapping[str, str] = Field(
        {}, description="source → command that builds `ours` without that source"
    )


def read_study(path: Path = STUDY_FILE) -> AblationStudy:
    """Read a study.

    Raises:
        ConfigError: no such file, invalid TOML, or an invalid setting.
    """
    try:
        study = AblationStudy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a TOML file") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from None
    wrong = [share for share in study.corruption if not 0 < share <= 1]
    if wrong:
        raise ConfigError(f"{path}: corruption {wrong[0]} is no share; give more than 0, up to 1")
    return study


def read_models(study: AblationStudy, folder: Path = FOLDER) -> list[Row]:
    """The rows of the study's models, in its order.

    Args:
        study: the study, which names them.
        folder: parent of the folders of rows.

    Raises:
        ConfigError: a missing or invalid file, or a model named twice.
    """
    rows = [read_row(folder / f"{name}.toml", "kg_ablation") for name in study.models]
    names = [row.model for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"model {name} has several rows; the page tells models by their name")
    return rows
