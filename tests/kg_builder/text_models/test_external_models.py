"""Third-party models, each replaced by a stub with the same interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import (
    GlinerModel,
    LlmEndpoint,
    TransformersModel,
)
from kg_builder.extraction.text.model_interface import (
    CharSpan,
    ModelMention,
    ModelReading,
    ModelRelation,
)
from kg_builder.text_models.adapters import Gliner, TokenClassifier
from kg_builder.text_models.llm import LanguageModel

_TEXT = "Air are a duo from Versailles. Moon Safari came out in 1998."
_ANSWER: dict[str, Any] = {
    "mentions": [
        {"text": "Air", "start": 0, "end": 3, "class": "Band"},
        {"text": "Versailles", "start": 19, "end": 29, "class": "Place"},
        {"text": "Moon Safari", "start": 30, "end": 41, "class": "Album"},
    ],
    "relations": [{"subject": 0, "predicate": "origin", "object": 1}],
}


def test_a_transformers_pipeline_names_things() -> None:
    def pipeline(inputs: list[str], *, batch_size: int) -> list[list[dict[str, Any]]]:
        assert inputs == [_TEXT, "x"]
        assert batch_size == 16
        return [
            [
                {"entity_group": "ORG", "score": 0.9, "word": "Air", "start": 0, "end": 3},
                {"entity_group": "LOC", "score": 0.4, "word": "Versailles", "start": 19, "end": 29},
                {"entity_group": "MISC", "score": 0.9, "word": "Moon", "start": 31, "end": 35},
            ],
            [],
        ]

    config = TransformersModel(
        kind="transformers", model="m", classes={"ORG": "Band", "LOC": "Place"}
    )
    assert TokenClassifier(pipeline, config).read([_TEXT, "x"]) == [
        ModelReading((ModelMention(CharSpan(0, 3), "Band", 0.9),)),
        ModelReading(),
    ]


def test_gliner_reads_sentence_by_sentence_and_gives_offsets_of_the_text() -> None:
    class StandIn:
        def predict_entities(
            self, text: str, labels: list[str], *, threshold: float
        ) -> list[dict[str, Any]]:
            assert (labels, threshold) == (["album"], 0.5)
            start = text.find("Moon Safari")
            found = {"start": start, "end": start + 11, "label": "album", "score": 0.8}
            return [found] if start >= 0 else []

    config = GlinerModel(kind="gliner", model="m", classes={"album": "Album"})
    (reading,) = Gliner(StandIn(), config).read([_TEXT])
    (mention,) = reading.mentions
    assert _TEXT[mention.span.start : mention.span.end] == "Moon Safari"
    assert (mention.type, mention.confidence) == ("Album", 0.8)


def _llm(
    tmp_path: Path, handler: Callable[[httpx.Request], httpx.Response], **settings: Any
) -> tuple[LanguageModel, list[float]]:
    config = LlmEndpoint(
        kind="llm", url="http://llm.test/v1/", model="m", cache=str(tmp_path / "c"), **settings
    )
    waited: list[float] = []
    client = httpx.Client(transport=httpx.MockTransport(handler))
    return LanguageModel(client, config, sleep=waited.append), waited


def _says(answer: object) -> httpx.Response:
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return httpx.Response(200, json={"choices": [{"message": {"content": content}}]})


def test_a_language_model_gives_mentions_and_relations(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://llm.test/v1/chat/completions"
        asked.append(json.loads(request.content))
        return _says(_ANSWER)

    model, _ = _llm(tmp_path, handler)
    (reading,) = model.read([_TEXT])
    assert [_TEXT[item.span.start : item.span.end] for item in reading.mentions] == [
        "Air", "Versailles", "Moon Safari",
    ]  # fmt: skip
    assert reading.relations == (ModelRelation(CharSpan(0, 3), "origin", CharSpan(19, 29), 0.7),)
    assert asked[0]["temperature"] == 0
    assert asked[0]["messages"][-1] == {"role": "user", "content": _TEXT}
    # Moon Safari stands at 31, not at 30: the only place that has these words is taken.
    assert reading.mentions[2].span == CharSpan(31, 42)


@pytest.mark.parametrize("content", [b"\xb5", b"[]", b'{"answer'])
def test_a_damaged_answer_in_the_cache_is_asked_for_again(tmp_path: Path, content: bytes) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return _says(_ANSWER)

    model, _ = _llm(tmp_path, handler)
    readings = model.read([_TEXT])
    [cached] = (tmp_path / "c").rglob("*.json")
    cached.write_bytes(content)
    assert model.read([_TEXT]) == readings
    assert len(asked) == 2
    assert model.read([_TEXT]) == readings
    assert len(asked) == 2


def test_what_the_text_does_not_say_is_refused_and_counted(tmp_path: Path) -> None:
    answer = {
        "mentions": [
            {"text": "Air", "start": 0, "end": 3, "class": "Band"},
            {"text": "Daft Punk", "start": 0, "end": 9, "class": "Band"},
            {"text": "a", "start": 40, "end": 41, "class": "Band"},
            {"text": "Versailles", "start": 19, "end": 29, "class": "Palace"},
        ],
        "relations": [
            {"subject": 0, "predicate": "associatedWith", "object": 1},
            {"subject": 0, "predicate": "marriedTo", "object": 0},
            {"subject": 0, "predicate": "origin", "object": 9},
        ],
    }
    model, _ = _llm(tmp_path, lambda _: _says(answer))
    (reading,) = model.read([_TEXT])
    assert reading == ModelReading((ModelMention(CharSpan(0, 3), "Band", 0.7),))
    assert model.refused == {
        "mention that is not in the text": 1,
        "mention whose place is not told": 1,
        "mention of a class that was not asked for": 1,
        "relation between what is not in the text": 2,
        "relation that was not asked for": 1,
    }


def test_an_answer_is_asked_for_once_and_then_kept(tmp_path: Path) -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return _says(_ANSWER)

    first, _ = _llm(tmp_path, handler)
    reading = first.read([_TEXT, _TEXT])

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    second, _ = _llm(tmp_path, unreachable)
    assert second.read([_TEXT, _TEXT]) == reading
    assert len(asked) == 1


def test_a_busy_endpoint_is_asked_again_later_and_later(tmp_path: Path) -> None:
    answers = iter([httpx.Response(429), httpx.Response(503), _says("no JSON"), _says(_ANSWER)])
    model, waited = _llm(tmp_path, lambda _: next(answers))
    assert len(model.read([_TEXT])[0].mentions) == 3
    assert waited == [1.0, 2.0, 4.0]
    assert not model.refused


def test_answers_that_are_never_of_the_structure_are_counted_not_fatal(tmp_path: Path) -> None:
    model, _ = _llm(tmp_path, lambda _: _says('{"mentions": 3}'), retries=1)
    assert model.read([_TEXT]) == [ModelReading()]
    assert model.refused == {"answer that is not of the structure asked for": 1}
    again, _ = _llm(tmp_path, lambda _: httpx.Response(500), retries=1)
    assert again.read([_TEXT]) == [ModelReading()]


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.Response(401, text="bad key"), "answers 401: bad key"),
        (httpx.Response(500, text="broken"), "answers 500: broken"),
        (httpx.Response(200, json={"hello": 1}), "does not answer as chat completions do"),
    ],
)
def test_an_endpoint_that_refuses_is_reported(
    tmp_path: Path, response: httpx.Response, message: str
) -> None:
    model, _ = _llm(tmp_path, lambda _: response, retries=2)
    with pytest.raises(DataError, match=message):
        model.read([_TEXT])


def test_an_endpoint_that_stays_silent_is_asked_once(tmp_path: Path) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    model, waited = _llm(tmp_path, slow, retries=2)
    with pytest.raises(DataError, match="has not answered in 45 s"):
        model.read([_TEXT])
    assert waited == []


def test_an_endpoint_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    def absent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    model, waited = _llm(tmp_path, absent, retries=2)
    with pytest.raises(DataError, match="cannot be reached: no route"):
        model.read([_TEXT])
    assert waited == [1.0, 2.0]


def test_a_key_that_is_not_set_is_reported_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MUSIC_LLM_KEY", raising=False)
    config = LlmEndpoint(kind="llm", url="http://x", model="m", key_variable="MUSIC_LLM_KEY")
    with pytest.raises(DataError, match="MUSIC_LLM_KEY is not set"):
        LanguageModel.open(config)
