"""Recipe settings of text sources, with the trained models used beside the rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.extraction.structured.config import TypeColumn

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
    """A GLiNER model (package `gliner`): finds mentions of any given label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gliner"] = Field(description="What it is.")
    model: str = Field(description="Folder of the model, or its name on the Hugging Face hub.")
    classes: dict[str, str] = Field(
        min_length=1, description="Label to ask for → class of the data model."
    )
    least: Confidence = Field(0.5, description="Least score of a mention.")


class LlmEndpoint(BaseModel):
    """A language model behind an endpoint with OpenAI's chat completions API."""

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
    timeout: float = Field(
        45.0, gt=0, description="Seconds in which an answer must be whole; silence ends the build."
    )
    retries: int = Field(3, ge=0, description="Further tries after an answer that did not come.")
    wait: float = Field(1.0, ge=0, description="Seconds before the first retry; doubled after.")


ExternalModel = Annotated[
    TransformersModel | GlinerModel | LlmEndpoint, Field(discriminator="kind")
]


class TrainedExtractor(BaseModel):
    """An extractor trained by `python -m pipeline train-extractor`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        str, Field(description="Its folder; relative to the folder of the raw files, or absolute.")
    ]
    names: Annotated[bool, Field(description="Whether its names join those of the rules.")] = True
    relations: Annotated[
        bool, Field(description="Whether its relations join those of the patterns.")
    ] = True
    least: Annotated[
        float, Field(ge=0, le=1, description="Least confidence of a name to be taken.")
    ] = 0.5
    least_relation: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Least confidence of a relation to be taken. What training finds best for "
            "the model alone is lower, and would cost the patterns their precision.",
        ),
    ] = 0.7


class UnstructuredSource(BaseModel):
    """Texts about music, each about one topic: JSON lines, or a folder of text files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Literal["unstructured"], Field(description="How far the source is structured.")]
    name: Annotated[
        str, Field(pattern=r"^[\w.-]+$", description="Name of the source; begins every record key.")
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
            description="Class of the topic where the text does not tell it; of JSON lines it may "
            "stand in a field."
        ),
    ] = "Artist"
    model: Annotated[
        str | None,
        Field(
            description="spaCy pipeline with a parser and entity recogniser; none, or one that is "
            "not installed, leaves the rules alone (less recall, and a warning)."
        ),
    ] = "en_core_web_sm"
    trained: Annotated[
        TrainedExtractor | None,
        Field(description="An extractor trained on the graph's facts, beside the rules."),
    ] = None
    external: Annotated[
        tuple[ExternalModel, ...],
        Field(description="Other people's models that read the texts as well."),
    ] = ()
    coreference: Annotated[
        bool, Field(description="Whether pronouns, 'the band' and short names are resolved.")
    ] = True
    min_confidence: Annotated[
        float, Field(ge=0, le=1, description="Statements below it are left out and counted.")
    ] = 0.0
    batch_size: Annotated[int, Field(ge=1, description="Texts handed to spaCy at a time.")] = 64
    processes: Annotated[
        int,
        Field(
            ge=0,
            description="No longer used: `--workers` of the build says how many processes read.",
        ),
    ] = 0
    max_chars: Annotated[
        int, Field(ge=100, description="Longest text read; a longer one is a reject.")
    ] = 200_000
