"""Small training sets with regularities for NER."""

from __future__ import annotations

import random

import pytest

from kg_builder.text_models.ner.bio_tags import Span, TaggedWords

_SYLLABLES = [
    "ra",
    "dio",
    "mog",
    "wai",
    "por",
    "tis",
    "kra",
    "ter",
    "zu",
    "lem",
    "bo",
    "nik",
    "sha",
]
_FRAMES = [
    "songs like {work} by {artist}",
    "anything similar to {artist}",
    "looking for more music like {artist} and {artist}",
    "{artist} {work}",
    "need sad songs for a rainy day",
    "what are some good albums to run to",
    "i love {work} what else is there",
]


@pytest.fixture(scope="session")
def queries() -> list[TaggedWords]:
    draw = random.Random(7)
    return [_query(draw.choice(_FRAMES), draw) for _ in range(160)]


def _query(frame: str, draw: random.Random) -> TaggedWords:
    words: list[str] = []
    spans: list[Span] = []
    for word in frame.split():
        label = {"{artist}": "Artist", "{work}": "WoA"}.get(word)
        name = _name(draw) if label else [word]
        if label:
            spans.append(Span(len(words), len(words) + len(name), label))
        words += name
    return TaggedWords(tuple(words), tuple(spans))


def _name(draw: random.Random) -> list[str]:
    """A unique name of one to three made-up words."""
    return [
        "".join(draw.choices(_SYLLABLES, k=draw.randint(2, 3))) for _ in range(draw.randint(1, 3))
    ]
