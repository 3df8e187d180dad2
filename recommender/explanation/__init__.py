"""Explain recommendations by paths in the knowledge graph and by co-listening."""

from recommender.explanation.evidence import Evidence, Kind, Reason, Step
from recommender.explanation.explainer import Explainer
from recommender.explanation.paths import ReasonPaths
from recommender.explanation.provenance import fact_lines
from recommender.explanation.sentences import Narrator
from recommender.explanation.vocabulary import Vocabulary
from recommender.explanation.weights import contributions_of

__all__ = [
    "Evidence",
    "Explainer",
    "Kind",
    "Narrator",
    "Reason",
    "ReasonPaths",
    "Step",
    "Vocabulary",
    "contributions_of",
    "fact_lines",
]
