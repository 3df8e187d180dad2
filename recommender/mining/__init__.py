"""Fact mining: models propose facts not stated by any source, at a measured precision."""

from recommender.mining.calibrate import KINDS
from recommender.mining.mine import Measured, Mined, mine
from recommender.mining.problem import MiningProblem, Target
from recommender.mining.scorers import MODELS, USERS

__all__ = ["KINDS", "MODELS", "USERS", "Measured", "Mined", "MiningProblem", "Target", "mine"]
