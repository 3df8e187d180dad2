"""Settings of MMSS_MKR-G, the propagating variant of MMSS_MKR, with their defaults."""

from __future__ import annotations

from pydantic import Field

from recommender.data.associations import AssociationsPolicy
from recommender.data.pairs import PairSource
from recommender.layers.activations import PredictionMixture, TripleMixture
from recommender.layers.cross_compress import UnitName
from recommender.models.base import ModelConfig
from recommender.models.mkr_config import Activation, Reduction

__all__ = ["GraphMKRConfig"]


class GraphMKRConfig(ModelConfig):
    """Settings of MMSS_MKR-G; chosen on Last.FM, see docs/recommender.md."""

    dim: int = Field(128, ge=1, description="d: length of every embedding")
    layers: int = Field(3, ge=0, description="K: propagation steps")
    init_scale: float = Field(0.1, gt=0, description="standard deviation of the initial embeddings")
    knowledge_weight: float = Field(
        1.5, ge=0, description="weight of an edge between an item and an entity; user-item: 1"
    )
    social_weight: float = Field(
        1.0, ge=0, description="weight of an edge between users, or a user and an attribute"
    )
    text_embeddings: bool = Field(
        False,
        description="add a projection of the entity name's embedding by a pretrained encoder "
        "(extra `encoder`)",
    )
    path_features: bool = Field(
        True, description="use counts of paths between history and item as features of the head"
    )
    nearest: int = Field(100, ge=1, description="items most similar by facts, per item")
    hidden: int = Field(8, ge=0, description="hidden units of the head; 0: a linear head")
    unit: UnitName = Field(
        "cross_compress",
        description="C: unit that connects collaborative and knowledge view (Eq. 16-19)",
    )
    low_layers: int = Field(
        0, ge=0, description="L: units between the views, and layers over relation and tail"
    )
    prediction: PredictionMixture = Field(
        "plain", description="activations averaged in Eq. 3, as `mmss_mkr`; `plain`: sigmoid(f)"
    )
    pairs: PairSource = Field(
        "uniform",
        description="negatives of a positive: uniform items without a positive of the user in "
        "train, or the run's own rows",
    )
    n_negatives: int = Field(16, ge=1, description="negatives per positive")
    row_loss: float = Field(
        0.5, ge=0, description="weight of Eq. 20's cross-entropy relative to the softmax over "
        "a pair's negatives",
    )  # fmt: skip
    contrast: float = Field(
        0.3, ge=0, description="weight of the contrast between the batch's users and items"
    )
    temperature: float = Field(0.2, gt=0, description="temperature of the contrast's cosines")
    lr: float = Field(5e-3, gt=0, description="initial learning rate")
    schedule: int = Field(
        8,
        ge=1,
        description="epochs of the cosine decay of the learning rate to 0; training ends then",
    )
    batch_size: int = Field(
        1600,
        ge=1,
        description="maximum number of positives per step, with at least 8 steps per epoch; "
        "their edges are excluded from the propagation",
    )
    kge_interval: int = Field(
        0, ge=0, description="epochs between trainings of the KG task (Eq. 7-15); 0: never"
    )
    high_layers: int = Field(1, ge=1, description="H (K in Eq. 9): layers of the tail's prediction")
    triple_score: TripleMixture = Field(
        "S1+T+S2+S3", description="activations averaged in Eq. 10, as `mmss_mkr`"
    )
    false_triples: bool = Field(True, description="Eq. 20's second sum, as `mmss_mkr`")
    relation_mlp: bool = Field(True, description="Eq. 8, as `mmss_mkr`")
    associated: AssociationsPolicy = Field("own", description="S(h), as `mmss_mkr`")
    activation: Activation = Field("relu", description="sigma of the KG task's layers")
    tail_activation: Activation = Field("sigmoid", description="sigma of Eq. 9's last layer")
    lambda1: float = Field(1.0, ge=0, description="lambda_1 of Eq. 20: weight of the KG loss")
    lambda2: float = Field(0.0, ge=0, description="lambda_2 of Eq. 20, for the KG task")
    kg_reduction: Reduction = Field(
        "mean", description="reduction of a batch's triple scores in Eq. 20"
    )
    lr_kge: float = Field(2e-4, gt=0, description="learning rate of the KG task")
    kge_batch_size: int = Field(4096, ge=1, description="triples per step of the KG task")
