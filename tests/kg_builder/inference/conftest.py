"""Run inference on tables in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from kg_builder.inference import InferenceConfig, infer
from kg_builder.ontology import load_schema


@dataclass(frozen=True)
class Inferred:
    """The tables that inference writes."""

    statements: pd.DataFrame
    entities: pd.DataFrame


@pytest.fixture(scope="session")
def infer_from(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Inferred]:
    """Infer from two tables."""

    def run(
        statements: pd.DataFrame, entities: pd.DataFrame, config: InferenceConfig, **settings: Any
    ) -> Inferred:
        folder = tmp_path_factory.mktemp("inference")
        names = ("statements", "entities", "all-statements", "all-entities")
        paths = [folder / f"{name}.parquet" for name in names]
        statements.to_parquet(paths[0], index=False)
        entities.to_parquet(paths[1], index=False)
        infer(
            *paths[:2],
            config,
            schema=load_schema(),
            out=(paths[2], paths[3]),
            folder=folder / "spilled",
            **settings,
        )
        return Inferred(*(pd.read_parquet(one, dtype_backend="pyarrow") for one in paths[2:]))

    return run
