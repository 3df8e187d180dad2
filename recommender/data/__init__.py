"""Load the processed data folder: interactions, graph, names; split and sample it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

# Lazy imports: names and tables of facts do not need PyTorch.
_MODULE_OF: Final = {
    "Catalogue": "recommender.data.catalogue",
    "Dataset": "recommender.data.dataset",
    "FreshNegatives": "recommender.data.negatives",
    "HeldOut": "recommender.data.splits",
    "InteractionSampler": "recommender.data.negatives",
    "Interactions": "recommender.data.interactions",
    "KnowledgeGraph": "recommender.data.graph",
    "NegativesPolicy": "recommender.data.negatives",
    "Split": "recommender.data.splits",
    "SplitKind": "recommender.data.splits",
    "StaticNegatives": "recommender.data.negatives",
    "TrainingSplit": "recommender.data.splits",
    "load": "recommender.data.dataset",
    "make_sampler": "recommender.data.negatives",
    "split": "recommender.data.splits",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
