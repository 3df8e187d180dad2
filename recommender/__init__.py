"""Knowledge-graph recommenders: load a processed data folder, train, score, recommend.

parts = split(load("data/processed/lastfm"), seed=555)
model = create_model("mmss_mkr", parts.train)
run = Trainer(out="runs/first").fit(model, parts)
print(run.metrics["test"]["auc"])
print(recommendations_for(model, parts, users=[0], top=10).to_frame())
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

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

# A part is imported when it is first asked for: names and tables of facts need no PyTorch.
_MODULE_OF: Final = {
    "ConfigError": "recommender.errors",
    "DataError": "recommender.errors",
    "Dataset": "recommender.data",
    "LoadedRun": "recommender.training.runs",
    "Recommendations": "recommender.recommendations",
    "Recommender": "recommender.models.base",
    "RecommenderError": "recommender.errors",
    "Run": "recommender.training.runs",
    "RunError": "recommender.errors",
    "Split": "recommender.data",
    "TrainConfig": "recommender.training.config",
    "Trainer": "recommender.training.loop",
    "TrainingSplit": "recommender.data",
    "create_model": "recommender.models.registry",
    "load": "recommender.data",
    "load_run": "recommender.training.runs",
    "model_names": "recommender.models.registry",
    "recommendations_for": "recommender.recommendations",
    "split": "recommender.data",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
