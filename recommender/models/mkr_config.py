"""Settings of MKR and MMSS_MKR, each with its symbol in the MMSS_MKR paper."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from recommender.data.associations import AssociationsPolicy
from recommender.layers.activations import PredictionMixture, TripleMixture
from recommender.layers.cross_compress import UnitName
from recommender.models.base import ModelConfig

__all__ = ["PRESETS", "MKRConfig"]

Activation = Literal["relu", "sigmoid", "tanh", "linear"]
Reduction = Literal["mean", "sum"]


class MKRConfig(ModelConfig):
    """Settings of MKR and its descendants; the defaults are MMSS_MKR's.

    Where the paper is ambiguous, the default is the reading that reproduces its figures.
    """

    dim: int = Field(128, ge=1, description="d: length of every embedding")
    embedding_gain: float = Field(
        2.0,
        gt=0,
        description="scale of the initial embeddings relative to Glorot's (not in the paper)",
    )
    low_layers: int = Field(
        1, ge=0, description="L: layers of the user and tail MLPs, and cross & compress units"
    )
    high_layers: int = Field(
        1, ge=1, description="H (K in Eq. 9): layers of the tail's prediction, and of the f_RS MLP"
    )
    unit: UnitName = Field(
        "cross_compress",
        description="C: unit that connects the two tasks (Eq. 16-19, or MKR's variants)",
    )
    associated: AssociationsPolicy = Field(
        "own", description="S(v), S(h): the item's own entity, or a sampled neighbour in G"
    )
    f_rs: Literal["dot", "mlp"] = Field(
        "dot", description="f_RS of Eq. 3: inner product of u_L and v_L, or an MLP over both"
    )
    prediction: PredictionMixture = Field(
        "S1+T+S2",
        description="activations averaged in Eq. 3, any of S1 (sigmoid), T (tanh), S2 (softsign) "
        "joined by +; `plain`: y_hat = sigmoid(f_RS), as MKR",
    )
    rs_loss: Literal["probability", "score"] = Field(
        "probability",
        description="J of Eq. 20 on y_hat of Eq. 3, or on sigmoid(f_RS), with y_hat only as output",
    )
    triple_score: TripleMixture = Field(
        "S1+T+S2+S3",
        description="activations averaged in Eq. 10, any of S1, T, S2, S3 (softplus)",
    )
    false_triples: bool = Field(
        True, description="Eq. 20's second sum: one corrupted tail per triple, never in G"
    )
    relation_mlp: bool = Field(
        True, description="Eq. 8: pass the relation through an MLP (not in MKR's code)"
    )
    activation: Activation = Field("relu", description="sigma of M(x) = sigma(Wx + b), Eq. 1, 8, 9")
    tail_activation: Activation = Field(
        "sigmoid", description="sigma of Eq. 9's last layer, which gives t_hat"
    )
    lambda1: float = Field(1.0, ge=0, description="lambda_1 of Eq. 20: weight of the KG loss")
    lambda2: float = Field(
        5e-7, ge=0, description="lambda_2 of Eq. 20 (l2_weight): weight of the L2 penalty"
    )
    rs_reduction: Reduction = Field(
        "mean", description="reduction of a batch's cross-entropies in Eq. 20 (MKR's code: mean)"
    )
    kg_reduction: Reduction = Field(
        "sum", description="reduction of a batch's triple scores in Eq. 20 (MKR's code: sum)"
    )
    kge_interval: int = Field(
        2, ge=0, description="kge_interval: epochs between trainings of the KG task; 0: never"
    )
    lr_rs: float = Field(1.5e-4, gt=0, description="Lr_rs: learning rate, recommendation")
    lr_kge: float = Field(2e-4, gt=0, description="Lr_kge: learning rate, knowledge graph")
    batch_size: int = Field(256, ge=1, description="Batch_size of both tasks")


_MKR: dict[str, Any] = {
    "prediction": "plain",
    "triple_score": "S1",
    "false_triples": False,
    "relation_mlp": False,
}

# Table 9's rows: each an addition to MKR (SM: Eq. 3; MS: Eq. 10; SS: Eq. 10 and 20; MMSS: all), and
# the variants of the MKR paper.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "mmss_mkr": ("MMSS_MKR: Eq. 3, Eq. 10 and Eq. 20 together", {}),
    "mkr": ("MKR: plain sigmoid, sigmoid score of true triples only", _MKR),
    "sm_mkr": ("MKR with the multiple prediction of Eq. 3", {**_MKR, "prediction": "S1+T+S2"}),
    "ms_mkr": ("MKR with the multiple score of Eq. 10", {**_MKR, "triple_score": "S1+T+S2+S3"}),
    "ss_mkr": (
        "MKR with the multiple score of Eq. 10 and the loss of Eq. 20",
        {**_MKR, "triple_score": "S1+T+S2+S3", "false_triples": True},
    ),
    "mkr_1l": ("MKR-1L: one layer of cross & compress", {**_MKR, "low_layers": 1}),
    "mkr_dcn": (
        "MKR-DCN: cross layers of Deep & Cross Networks join the tasks",
        {**_MKR, "unit": "deep_cross"},
    ),
    "mkr_stitch": (
        "MKR-stitch: cross-stitch units, four numbers, join the tasks",
        {**_MKR, "unit": "cross_stitch"},
    ),
}
