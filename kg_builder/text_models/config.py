"""Settings of the trained text models: NER (CRF, encoder) and relation extractors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.text_models.crf import CrfConfig

Classifier = Literal["light", "encoder"]
"""Classifiers of pairs of mentions: by sparse features ("light"), or by the fine-tuned encoder."""


class EncoderConfig(BaseModel):
    """Settings for fine-tuning the small pretrained encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = Field(
        3, ge=1, le=10, description="Encoders whose probabilities are averaged; each has a seed."
    )
    epochs: int = Field(6, ge=1, description="Passes over the training sentences.")
    batch_size: int = Field(16, ge=1, description="Sentences in a step.")
    rate: float = Field(2e-4, gt=0, description="Learning rate of the pretrained layers.")
    head_rate: float = Field(1e-3, gt=0, description="Learning rate of the new layer.")
    frozen_layers: int = Field(
        2, ge=0, le=6, description="Lowest layers that stay as they were pretrained."
    )
    dropout: float = Field(0.2, ge=0, lt=1, description="Share of the encoding left out at a time.")
    swaps: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Chance that a name is replaced by another of its class, in each pass.",
    )
    weight: float = Field(
        0.5, ge=0, le=1, description="Share of the encoders in the mean with the CRF."
    )


class NerConfig(BaseModel):
    """Training settings of the NER model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0, description="Seed of everything drawn.")
    crf: CrfConfig = Field(CrfConfig(), description="The conditional random field.")
    linguistics: str | None = Field(
        "en_core_web_sm",
        description="spaCy pipeline whose parts of speech and entities the CRF sees; none, or "
        "one that is not installed, does without.",
    )
    encoder: EncoderConfig | None = Field(
        None, description="The pretrained encoder; without it the CRF reads alone."
    )
    held_out: int = Field(
        5, ge=2, description="Parts into which the training sentences are cut for calibration."
    )


class LearnedConfig(BaseModel):
    """Settings of training and using a relation extractor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifiers: Annotated[
        tuple[Classifier, ...],
        Field(min_length=1, description="Classifiers of pairs; of several, the logits' mean."),
    ] = ("light",)
    model: Annotated[
        str | None,
        Field(description="spaCy pipeline whose parse and entities are features; none does too."),
    ] = "en_core_web_sm"
    inner_folds: Annotated[
        int | None,
        Field(
            ge=2,
            description="Parts of the training texts, each read by a model of the others: gives "
            "the classifier mistakes to train on, and the thresholds texts not trained on. By "
            "default three, of more than 2,000 texts two.",
        ),
    ] = None
    unstated: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Weight of 'does not hold' for pairs in texts whose annotation is not "
            "complete.",
        ),
    ] = 0.5
    stated_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Share of what a text states that an annotation which is not complete "
            "has. Confidences and thresholds are corrected by it.",
        ),
    ] = 0.5
    encoder_epochs: Annotated[int, Field(ge=1, description="Passes of fine-tuning.")] = 4
