"""Recipe settings of text sources, with the trained models used beside the rules."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kg_builder.extraction.structured.config import TypeColumn

Confidence = Annotated[float, Field(ge=0, le=1)]


class TransformersModel(BaseModel):
    """A token classifier of Hugging Face transformers (extra `encoder`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["transformers"] = Field(description="Kind of model.")
    model: str = Field(description="Folder of the model, or its name on the Hugging Face hub.")
    classes: dict[str, str] = Field(
        min_length=1,
        description="The model's label → class of the data model; other labels are ignored.",
    )
    least: Confidence = Field(0.5, description="Minimum score of a mention.")
    batch_size: int = Field(16, ge=1, description="Texts per batch.")


class GlinerModel(BaseModel):
    """A GLiNER model (package `gliner`): finds mentions of any given label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gliner"] = Field(description="Kind of model.")
    model: str = Field(description="Folder of the model, or its name on the Hugging Face hub.")
    classes: dict[str, str] = Field(
        min_length=1, description="Label in the prompt → class of the data model."
    )
    least: Confidence = Field(0.5, description="Minimum score of a mention.")


class LlmEndpoint(BaseModel):
    """A language model behind an endpoint with OpenAI's chat completions API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["llm"] = Field(description="Kind of model.")
    url: str = Field(
        pattern=r"^https?://", description="Base URL; `/chat/completions` is appended."
    )
    model: str = Field(description="Name of the model at the endpoint.")
    key_variable: str = Field(
        "", description="Environment variable with the API key; without it no key is sent."
    )
    classes: tuple[str, ...] = Field(
        ("Band", "SoloArtist", "Album", "Song", "Genre", "RecordLabel", "Instrument", "Place",
         "Award"),
        min_length=1,
        description="Classes of the data model to extract.",
    )  # fmt: skip
    predicates: tuple[str, ...] = Field(
        ("memberOf", "performed", "genre", "recordLabel", "origin", "instrument", "award",
         "influencedBy", "associatedWith", "beginDate"),
        description="Predicates of the data model to extract; if empty, only mentions.",
    )  # fmt: skip
    cache: str = Field(
        "data/cache/llm",
        description="Folder of cached answers: no request is sent twice, and a build can be "
        "repeated without the endpoint.",
    )
    confidence: Confidence = Field(0.7, description="Confidence of the model's statements.")
    timeout: float = Field(
        45.0,
        gt=0,
        description="Timeout in seconds for a complete answer; exceeding it ends the build.",
    )
    retries: int = Field(3, ge=0, description="Retries after a failed request.")
    wait: float = Field(
        1.0, ge=0, description="Delay in seconds before the first retry; doubled after each."
    )


ExternalModel = Annotated[
    TransformersModel | GlinerModel | LlmEndpoint, Field(discriminator="kind")
]


class TrainedExtractor(BaseModel):
    """An extractor trained by `python -m pipeline train-extractor`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        str,
        Field(
            description="Folder of the extractor; relative to the folder of the raw "
            "files, or absolute."
        ),
    ]
    names: Annotated[
        bool, Field(description="Use its names in addition to those of the rules.")
    ] = True
    relations: Annotated[
        bool, Field(description="Use its relations in addition to those of the patterns.")
    ] = True
    least: Annotated[float, Field(ge=0, le=1, description="Minimum confidence of a name.")] = 0.5
    least_relation: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Minimum confidence of a relation. The best threshold of the model "
            "alone is lower, but would reduce the precision of the patterns.",
        ),
    ] = 0.7


_TOPICS: Final = ("Artist", "Band", "SoloArtist", "Person", "Work", "Album", "Song")
"""Classes that a field may name by themselves, without a mapping of its values."""


class UnstructuredSource(BaseModel):
    """Texts about music, each about one topic: JSON lines, or a folder of text files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Literal["unstructured"], Field(description="Kind of source.")]
    name: Annotated[
        str,
        Field(pattern=r"^[\w.-]+$", description="Name of the source; prefix of its record keys."),
    ]
    path: Annotated[
        str,
        Field(description="A .jsonl file, or a pattern of text files such as 'texts/*.txt'."),
    ]
    id: Annotated[str, Field(description="Field with the document's id.")] = "id"
    title: Annotated[str, Field(description="Field with the topic's name.")] = "title"
    text: Annotated[str, Field(description="Field with the text.")] = "text"
    topic_type: Annotated[
        str | TypeColumn,
        Field(
            description="Class of the topic if the text does not state it; for JSON lines it may "
            "be in a field, whose `values` may be left out if they are names of classes."
        ),
    ] = "Artist"
    model: Annotated[
        str | None,
        Field(
            description="spaCy pipeline with a parser and entity recogniser; if empty or not "
            "installed, only rules are used (with lower recall, and a warning)."
        ),
    ] = "en_core_web_sm"
    trained: Annotated[
        TrainedExtractor | None,
        Field(description="An extractor trained on the graph's facts, in addition to the rules."),
    ] = None
    external: Annotated[
        tuple[ExternalModel, ...],
        Field(description="Third-party models that also read the texts."),
    ] = ()
    coreference: Annotated[
        bool, Field(description="Resolve pronouns, 'the band' and short names.")
    ] = True
    min_confidence: Annotated[
        float, Field(ge=0, le=1, description="Statements below it are dropped and counted.")
    ] = 0.0
    batch_size: Annotated[int, Field(ge=1, description="Texts per spaCy batch.")] = 64
    processes: Annotated[
        int,
        Field(
            ge=0,
            description="No longer used: the build's `--workers` sets the number of processes.",
        ),
    ] = 0
    max_chars: Annotated[
        int,
        Field(
            ge=100, description="Maximum length of a text in characters; a longer one is a reject."
        ),
    ] = 200_000

    @field_validator("topic_type", mode="before")
    @classmethod
    def _names_of_classes(cls, given: Any) -> Any:
        """Without `values`, the field contains names of classes."""
        if isinstance(given, dict) and "values" not in given:
            return {**given, "values": {name: name for name in _TOPICS}}
        return given
