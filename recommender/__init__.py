"""Knowledge-graph recommenders: load a processed data folder, train, score, recommend.

from recommender import Trainer, create_model, load, split

dataset = load("data/processed/lastfm")
parts = split(dataset, seed=555)
model = create_model("mmss_mkr", parts.train)
run = Trainer(epochs=50).fit(model, parts)
print(run.metrics["test"]["auc"], model.predict_pairs([0, 0], [12, 99]))
"""

from recommender.data import Dataset, Split, TrainingSplit, load, split
from recommender.errors import ConfigError, DataError, RecommenderError, RunError
from recommender.models.base import Recommender
from recommender.models.registry import create_model, model_names
from recommender.training.config import TrainConfig
from recommender.training.loop import Trainer
from recommender.training.runs import LoadedRun, Run, load_run

__all__ = [
    "ConfigError",
    "DataError",
    "Dataset",
    "LoadedRun",
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
    "split",
]
