"""Knowledge-graph recommenders: load a processed data folder, train, evaluate, recommend.

parts = split(load("data/processed/lastfm"), seed=555)
model = create_model("mmss_mkr", parts.train)
run = Trainer(out="runs/first").fit(model, parts)
print(run.metrics["test"]["auc"])
print(recommendations_for(model, parts, users=[0], top=10).to_frame())
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender.data import Dataset, Split, TrainingSplit, load, split
    from recommender.errors import ConfigError, DataError, RecommenderError, RunError
    from recommender.models.base import Recommender
    from recommender.models.registry import create_model, model_names
    from recommender.recommendations import Recommendations, recommendations_for
    from recommender.training.config import TrainConfig
    from recommender.training.loop import Trainer
    from recommender.training.runs import LoadedRun, Run, load_run

__all__ = [
    "ConfigError",
    "DataError",
    "Dataset",
    "LoadedRun",
    "Recommendations",
    "Recommender",
    "RecommenderError",
    "Run",
    "RunError",
    "Split",
    "TrainConfig",
    "Trainer",
    "TrainingSplit",
    "create_model",
    "load",
    "load_run",
    "model_names",
    "recommendations_for",
    "split",
]

_MODULE_OF = {
    name: module
    for module, names in {
        "data": ("Dataset", "Split", "TrainingSplit", "load", "split"),
        "errors": ("ConfigError", "DataError", "RecommenderError", "RunError"),
        "models.base": ("Recommender",),
        "models.registry": ("create_model", "model_names"),
        "recommendations": ("Recommendations", "recommendations_for"),
        "training.config": ("TrainConfig",),
        "training.loop": ("Trainer",),
        "training.runs": ("LoadedRun", "Run", "load_run"),
    }.items()
    for name in names
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a name of this package when it is first used: torch takes seconds to load."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
