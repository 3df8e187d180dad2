"""Fact mining: neural models propose facts not stated by any source, at a measured precision."""

from recommender.mining.mine import Measured, Mined, mine
from recommender.mining.problem import MiningProblem, Target
from recommender.mining.scorers import MODELS

__all__ = ["MODELS", "Measured", "Mined", "MiningProblem", "Target", "mine"]
