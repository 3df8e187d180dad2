"""How the recogniser of names is fitted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.text_models.ner.crf import CrfConfig


class EncoderConfig(BaseModel):
    """How the small pretrained encoder is fine-tuned."""

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
        0.5, ge=0, le=1, description="Share of the encoders in the mean with the field."
    )


class NerConfig(BaseModel):
    """How a recogniser of names is fitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0, description="Seed of everything drawn.")
    crf: CrfConfig = Field(CrfConfig(), description="The conditional random field.")
    linguistics: str | None = Field(
        "en_core_web_sm",
        description="spaCy pipeline whose parts of speech and entities the field sees; none, or "
        "one that is not installed, does without.",
    )
    encoder: EncoderConfig | None = Field(
        None, description="The pretrained encoder; without it the field reads alone."
    )
    held_out: int = Field(
        5, ge=2, description="Parts into which the training sentences are cut for calibration."
    )
