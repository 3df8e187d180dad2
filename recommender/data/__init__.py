"""Load the processed data folder: interactions, graph, names; split and sample it."""

from recommender.data.catalogue import Catalogue
from recommender.data.dataset import Dataset, load
from recommender.data.graph import KnowledgeGraph
from recommender.data.interactions import Interactions
from recommender.data.negatives import (
    FreshNegatives,
    InteractionSampler,
    NegativesPolicy,
    StaticNegatives,
    make_sampler,
)
from recommender.data.splits import HeldOut, Split, SplitKind, TrainingSplit, split

__all__ = [
    "Catalogue",
    "Dataset",
    "FreshNegatives",
    "HeldOut",
    "InteractionSampler",
    "Interactions",
    "KnowledgeGraph",
    "NegativesPolicy",
    "Split",
    "SplitKind",
    "StaticNegatives",
    "TrainingSplit",
    "load",
    "make_sampler",
    "split",
]
