"""Settings of the trained text models: NER (CRF, encoder) and relation extractors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.text_models.crf import CrfConfig

Classifier = Literal["light", "encoder"]
"""Classifiers of pairs of mentions: by sparse features ("light"), or by the fine-tuned encoder."""

Target = Literal["stated", "annotated"]
"""Triples that an extractor trained on incomplete annotation is to give."""


class EncoderConfig(BaseModel):
    """Settings for fine-tuning the small pretrained encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = Field(
        3, ge=1, le=10, description="Number of averaged encoders, each with its own seed."
    )
    epochs: int = Field(6, ge=1, description="Epochs over the training sentences.")
    batch_size: int = Field(16, ge=1, description="Sentences per batch.")
    rate: float = Field(2e-4, gt=0, description="Learning rate of the pretrained layers.")
    head_rate: float = Field(1e-3, gt=0, description="Learning rate of the new layer.")
    frozen_layers: int = Field(2, ge=0, le=6, description="Number of lowest layers kept frozen.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout of the encoding.")
    swaps: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Probability per epoch that a name is replaced by another of its class.",
    )
    weight: float = Field(
        0.5, ge=0, le=1, description="Weight of the encoders in the mean with the CRF."
    )


class NerConfig(BaseModel):
    """Training settings of the NER model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0, description="Random seed.")
    crf: CrfConfig = Field(CrfConfig(), description="The conditional random field.")
    linguistics: str | None = Field(
        "en_core_web_sm",
        description="spaCy pipeline whose parts of speech and entities are features of the "
        "CRF; if empty or not installed, they are omitted.",
    )
    encoder: EncoderConfig | None = Field(
        None, description="The pretrained encoder; without it only the CRF is used."
    )
    held_out: int = Field(5, ge=2, description="Folds of the training sentences for calibration.")


class LearnedConfig(BaseModel):
    """Settings of training and using a relation extractor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifiers: Annotated[
        tuple[Classifier, ...],
        Field(min_length=1, description="Pair classifiers; of several, the logits are averaged."),
    ] = ("light",)
    model: Annotated[
        str | None,
        Field(description="spaCy pipeline whose parse and entities are features; optional."),
    ] = "en_core_web_sm"
    inner_folds: Annotated[
        int | None,
        Field(
            ge=2,
            description="Folds of the training texts, each processed by a model trained on the "
            "others: gives the classifier realistic errors to train on, and the thresholds "
            "held-out texts. By default three, or two for more than 2,000 texts.",
        ),
    ] = None
    unstated: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Weight of negatives from texts with incomplete annotation.",
        ),
    ] = 0.5
    stated_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Annotated share of the stated triples in incomplete annotation. "
            "Confidences and thresholds are corrected by it.",
        ),
    ] = 0.5
    target: Annotated[
        Target,
        Field(
            description="In incomplete annotation, what confidences are probabilities of and "
            "thresholds are chosen for: stated, that a text states a triple; annotated, that it "
            "is also annotated, which is what a score against the annotation counts."
        ),
    ] = "stated"
    encoder_epochs: Annotated[int, Field(ge=1, description="Epochs of fine-tuning.")] = 4
