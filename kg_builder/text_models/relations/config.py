"""Settings of the trained extractor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Classifier = Literal["light", "encoder"]


class LearnedConfig(BaseModel):
    """How a joint entity-and-relation extractor is trained and used."""

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
            "the classifier mistakes to learn from, and the thresholds texts not learnt from. By "
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
            "tells. Confidences and thresholds are corrected by it.",
        ),
    ] = 0.5
    encoder_epochs: Annotated[int, Field(ge=1, description="Passes of fine-tuning.")] = 4
