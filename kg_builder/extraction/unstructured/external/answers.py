"""What a language model is asked, and what of its answer can be trusted: only what it quotes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from kg_builder.extraction.unstructured.external.config import LlmEndpoint
from kg_builder.extraction.unstructured.text_models import (
    ModelMention,
    ModelReading,
    ModelRelation,
    Stretch,
)

_TASK: Final = """\
You read a text about music and list what it names and what it states. Answer with JSON only.
"mentions": each stretch of the text that names a thing, with "text" (the stretch, copied letter \
by letter), "start" and "end" (its offsets in characters, from 0, end exclusive) and "class", one \
of: {classes}.
"relations": each statement between two mentions, with "subject" and "object" (numbers of the \
mentions, from 0) and "predicate", one of: {predicates}.
State only what this text says. Leave out what you know from elsewhere."""


def request(text: str, config: LlmEndpoint) -> dict[str, Any]:
    """Body of the request that asks about a text."""
    task = _TASK.format(
        classes=", ".join(config.classes), predicates=", ".join(config.predicates) or "(none)"
    )
    return {
        "model": config.model,
        "temperature": 0,
        "seed": 0,
        "messages": [{"role": "system", "content": task}, {"role": "user", "content": text}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reading", "strict": True, "schema": _schema(config)},
        },
    }


def understand(
    answer: str, text: str, config: LlmEndpoint, refused: Counter[str]
) -> ModelReading | None:
    """What an answer says of a text; None where it is not of the structure asked for.

    A mention counts only where its words stand in the text: at its offsets, or, since models count
    badly, in the one place where the text has them. What is refused is counted by its reason.
    """
    try:
        told = json.loads(answer)
        mentions, relations = told["mentions"], told.get("relations", [])
        places = [_place(item, text, config, refused) for item in mentions]
        found = [_relation(item, places, config, refused) for item in relations]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return ModelReading(
        tuple(
            ModelMention(place, item["class"], config.confidence)
            for item, place in zip(mentions, places, strict=True)
            if place is not None
        ),
        tuple(relation for relation in found if relation is not None),
    )


def _place(
    item: dict[str, Any], text: str, config: LlmEndpoint, refused: Counter[str]
) -> Stretch | None:
    quoted, start, end = str(item["text"]), item.get("start"), item.get("end")
    if item["class"] not in config.classes:
        refused["mention of a class that was not asked for"] += 1
    elif not quoted.strip() or quoted not in text:
        refused["mention that is not in the text"] += 1
    elif isinstance(start, int) and isinstance(end, int) and start >= 0:
        if text[start:end] == quoted:
            return Stretch(start, end)
        if text.count(quoted) == 1:
            return _first(text, quoted)
        refused["mention whose place is not told"] += 1
    elif text.count(quoted) == 1:
        return _first(text, quoted)
    else:
        refused["mention whose place is not told"] += 1
    return None


def _first(text: str, quoted: str) -> Stretch:
    start = text.index(quoted)
    return Stretch(start, start + len(quoted))


def _relation(
    item: dict[str, Any],
    places: Sequence[Stretch | None],
    config: LlmEndpoint,
    refused: Counter[str],
) -> ModelRelation | None:
    sides = []
    for side in (item["subject"], item["object"]):
        known = isinstance(side, int) and 0 <= side < len(places)
        sides.append(places[side] if known else None)
    subject, object_ = sides
    if item["predicate"] not in config.predicates:
        refused["relation that was not asked for"] += 1
    elif subject is None or object_ is None:
        refused["relation between what is not in the text"] += 1
    else:
        return ModelRelation(subject, item["predicate"], object_, config.confidence)
    return None


def _schema(config: LlmEndpoint) -> dict[str, Any]:
    def record(**fields: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }

    number, words = {"type": "integer"}, {"type": "string"}
    mention = record(
        text=words, start=number, end=number, **{"class": {**words, "enum": list(config.classes)}}
    )
    relation = record(
        subject=number, predicate={**words, "enum": list(config.predicates)}, object=number
    )
    wanted = {"mentions": {"type": "array", "items": mention}}
    if config.predicates:
        wanted["relations"] = {"type": "array", "items": relation}
    return record(**wanted)
