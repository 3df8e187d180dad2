"""Settings of fusion: blocking, match thresholds, disambiguation, properties of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Literal["name", "alias", "sound", "typo", "similar", "text", "facts", "external"]


class BlockingConfig(BaseModel):
    """Settings of blocking: which pairs of records are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[Key, ...] = Field(
        ("name", "alias", "sound", "typo", "similar", "text", "facts", "external"),
        description="Blocking keys: equal name, a name and an alias, equal sound, short names "
        "a letter apart or half a name and a fact, nearest names by character n-grams, nearest "
        "words of all values, length and number and year of works without words, a shared "
        "external id.",
    )
    top_k: int = Field(10, ge=1, description="Nearest names per record for the key 'similar'.")
    min_similarity: float = Field(
        0.35, ge=0, le=1, description="Minimum cosine similarity of character n-grams."
    )
    ngram: int = Field(3, ge=2, le=5, description="Length of the character n-grams.")
    max_block: int = Field(
        60,
        ge=2,
        description="Maximum number of records per key; a larger block is split by the words of "
        "the other values, by facts such as the year and the country, and by the length.",
    )
    budget: int = Field(
        4000,
        ge=1,
        description="Index entries read per record in the search for nearest names and texts, "
        "rarest n-grams and words first: bounds the work per record.",
    )
    shortlist: int = Field(
        20,
        ge=1,
        description="Candidates kept per record if the keys give more: the nearest by name, "
        "values and year.",
    )


class TypeSettings(BaseModel):
    """Settings of one class that override the general ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: float | None = Field(None, ge=0, le=1, description="Minimum probability of a match.")
    unsure: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Minimum probability at which a pair is kept for human judgement.",
    )
    vocabulary: bool | None = Field(
        None, description="Records with equal names are the same entity."
    )


class DisambiguationConfig(BaseModel):
    """Settings of linking mentions in texts to entities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        True, description="Link mentions in texts by their context, not as records."
    )
    match: float = Field(0.5, ge=0, le=1, description="Minimum probability of a link.")
    unsure: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Minimum probability at which candidates are kept for human judgement.",
    )
    candidates: int = Field(30, ge=1, description="Candidates per name, most popular first.")
    train: bool = Field(
        True,
        description="Learn the weights from the texts' own unambiguous mentions; without it, "
        "or with too few of them, prior weights are used.",
    )
    least_examples: int = Field(
        50, ge=1, description="Minimum number of unambiguous mentions to learn weights from."
    )
    decoys: int = Field(
        4, ge=1, description="Entities with other names used as artificial namesakes in training."
    )


class FusionConfig(BaseModel):
    """Settings of fusion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["resolve", "identity"] = Field(
        "resolve",
        description="'identity' makes every record a separate entity, in the given order.",
    )
    scorer: Literal["unsupervised", "supervised", "rules"] = Field(
        "unsupervised", description="Method of scoring pairs."
    )
    match: float = Field(0.8, ge=0, le=1, description="Minimum probability of a match.")
    unsure: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Minimum probability at which an unmerged pair is kept with its score.",
    )
    vocabularies: tuple[str, ...] = Field(
        (
            "Genre", "Tag", "Country", "Place", "Instrument", "RecordLabel", "Role", "Award",
            "Language", "Decade",
        ),
        description="Classes whose entities are identified by name alone.",
    )  # fmt: skip
    blocking: BlockingConfig = Field(
        default_factory=BlockingConfig, description="Settings of blocking."
    )
    types: dict[str, TypeSettings] = Field(
        default_factory=dict, description="Settings per class that override the general ones."
    )
    judgements: Path | None = Field(
        None, description="TSV of human decisions: left, right, same|different|unsure."
    )
    labels: Path | None = Field(
        None, description="TSV in the same format with training pairs of the supervised scorer."
    )
    disambiguation: DisambiguationConfig = Field(
        default_factory=DisambiguationConfig, description="Settings of linking mentions in texts."
    )
    candidates_kept: int = Field(5, ge=0, description="Alternatives kept per record in the links.")
    seed: int = Field(0, description="Seed of the sampling that calibrates scores.")

    @model_validator(mode="after")
    def _bands(self) -> FusionConfig:
        if self.unsure > self.match:
            raise ValueError(f"'unsure' ({self.unsure}) lies above 'match' ({self.match})")
        if self.scorer == "supervised" and self.labels is None:
            raise ValueError("the supervised scorer needs 'labels', a TSV of judged pairs")
        return self

    def is_vocabulary(self, type_: str) -> bool:
        """Whether entities of a class are identified by name only."""
        own = self.types.get(type_)
        if own is not None and own.vocabulary is not None:
            return own.vocabulary
        return type_ in self.vocabularies

    def thresholds(self, type_: str) -> tuple[float, float]:
        """Minimum probability of a match and of an unsure pair, for a class."""
        own = self.types.get(type_, TypeSettings())
        match = self.match if own.match is None else own.match
        return match, min(match, self.unsure if own.unsure is None else own.unsure)


class SourceTraits(BaseModel):
    """Properties of a source as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clean: bool = Field(
        False, description="Has at most one record per entity (except vocabulary terms)."
    )
    trust: float = Field(
        0.9, gt=0, le=1, description="Probability that a value of this source is correct."
    )
    primary: bool = Field(
        False, description="Its names are preferred among equally trusted sources."
    )
