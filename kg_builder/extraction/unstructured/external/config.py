"""Other people's models that may read texts: which, and how their labels are understood."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Confidence = Annotated[float, Field(ge=0, le=1)]


class TransformersModel(BaseModel):
    """A token classifier of Hugging Face transformers (extra `encoder`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["transformers"] = Field(description="What it is.")
    model: str = Field(description="Folder of the model, or its name on the Hugging Face hub.")
    classes: dict[str, str] = Field(
        min_length=1,
        description="The model's label → class of the data model; other labels are left out.",
    )
    least: Confidence = Field(0.5, description="Least score of a mention.")
    batch_size: int = Field(16, ge=1, description="Texts read at a time.")


class GlinerModel(BaseModel):
    """A GLiNER model (package `gliner`): finds things of whatever label it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gliner"] = Field(description="What it is.")
    model: str = Field(description="Folder of the model, or its name on the Hugging Face hub.")
    classes: dict[str, str] = Field(
        min_length=1, description="Label to ask for → class of the data model."
    )
    least: Confidence = Field(0.5, description="Least score of a mention.")


class LlmEndpoint(BaseModel):
    """A language model behind an address that speaks OpenAI's chat completions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["llm"] = Field(description="What it is.")
    url: str = Field(
        pattern=r"^https?://", description="Base address: `/chat/completions` is put behind it."
    )
    model: str = Field(description="Name of the model, as the endpoint knows it.")
    key_variable: str = Field(
        "", description="Environment variable that holds the key; none sends no key."
    )
    classes: tuple[str, ...] = Field(
        ("Band", "SoloArtist", "Album", "Song", "Genre", "RecordLabel", "Instrument", "Place",
         "Award"),
        min_length=1,
        description="Classes of the data model to ask for.",
    )  # fmt: skip
    predicates: tuple[str, ...] = Field(
        ("memberOf", "performed", "genre", "recordLabel", "origin", "instrument", "award",
         "influencedBy", "associatedWith", "beginDate"),
        description="Predicates of the data model to ask for; none asks for mentions alone.",
    )  # fmt: skip
    cache: str = Field(
        "data/cache/llm",
        description="Folder that keeps answers: what was asked once is not asked again, and a "
        "build can be repeated without the endpoint.",
    )
    confidence: Confidence = Field(0.7, description="Confidence of what the model says.")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(3, ge=0, description="Further tries after an answer that did not come.")
    wait: float = Field(1.0, ge=0, description="Seconds before the first retry; doubled after.")


ExternalModel = Annotated[
    TransformersModel | GlinerModel | LlmEndpoint, Field(discriminator="kind")
]
