"""Knowledge-graph recommenders: load a processed data folder, train, evaluate, recommend.

parts = split(load("data/processed/lastfm"), seed=555)
model = create_model("mmss_mkr", parts.train)
run = Trainer(out="runs/first").fit(model, parts)
print(run.metrics["test"]["auc"])
print(recommendations_for(model, parts, users=[0], top=10).to_frame())
"""

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
