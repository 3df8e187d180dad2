"""Similar artists equal those of a naive comparison of all pairs, with ties and thresholds."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from kg_builder.inference.similar import SimilarConfig, similar_artists
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS


def _described(about: dict[str, set[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    statements = STATEMENTS.frame(
        {
            "subject": artist,
            "predicate": "tag",
            "object": word,
            "object_kind": "entity",
            "source": "s",
            "method": "mapping",
            "confidence": 1.0,
            "evidence": "f#row=1",
            "inferred": False,
        }
        for artist, words in about.items()
        for word in sorted(words)
    )
    entities = ENTITIES.frame(
        {
            "entity": artist,
            "type": "Band",
            "name": artist,
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for artist in about
    )
    return statements, entities


def _naive(about: dict[str, set[str]], config: SimilarConfig) -> dict[tuple[str, str], float]:
    names = sorted(name for name, words in about.items() if len(words) >= config.shared)
    spread = Counter(word for name in names for word in about[name])
    weight = {word: math.log(1 + len(names) / count) for word, count in spread.items()}
    length = {name: math.sqrt(sum(weight[w] ** 2 for w in about[name])) for name in names}
    found = {}
    for one in names:
        near = []
        for other in names:
            both = about[one] & about[other]
            cosine = sum(weight[w] ** 2 for w in both) / length[one] / length[other]
            if other != one and len(both) >= config.shared and cosine >= config.least:
                near.append((-round(cosine, 9), other))
        for cosine, other in sorted(near)[: config.nearest]:
            found[min(one, other), max(one, other)] = round(min(-cosine, 1.0), 4)
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "config",
    [
        SimilarConfig(),
        SimilarConfig(nearest=1, shared=1, least=0.05),
        SimilarConfig(nearest=12, shared=3, least=0.55),
    ],
)
def test_nearest_are_those_of_all_pairs(seed: int, config: SimilarConfig) -> None:
    rng = np.random.default_rng(seed)
    # few words, so that many artists have the same ones and many cosines are equal
    about = {
        f"artist:{number}": {f"tag:{w}" for w in rng.zipf(1.4, size=rng.integers(1, 7)) % 15}
        for number in range(120)
    }
    statements, entities = _described(about)
    found = similar_artists(statements, entities, config, schema=load_schema())
    pairs = zip(found["subject"].tolist(), found["object"].tolist(), strict=True)
    expected = _naive(about, config)
    assert list(pairs) == sorted(expected)
    assert found["confidence"].tolist() == pytest.approx([expected[p] for p in sorted(expected)])


def test_the_evidence_names_what_is_shared_rarest_first() -> None:
    about = {
        "artist:A": {"tag:rock", "tag:sitar", "tag:80s"},
        "artist:B": {"tag:rock", "tag:sitar", "tag:90s"},
        "artist:C": {"tag:rock", "tag:80s"},
    }
    statements, entities = _described(about)
    found = similar_artists(statements, entities, SimilarConfig(), schema=load_schema())
    pairs = zip(found["subject"], found["object"], strict=True)
    assert dict(zip(pairs, found["evidence"], strict=True)) == {
        ("artist:A", "artist:B"): "both: tag:sitar, tag:rock",
        ("artist:A", "artist:C"): "both: tag:80s, tag:rock",
    }


def test_things_that_are_no_artists_or_barely_described_have_none() -> None:
    statements, entities = _described({"artist:A": {"tag:x"}, "artist:B": {"tag:x"}})
    assert similar_artists(statements, entities, SimilarConfig(), schema=load_schema()).empty
    statements, entities = _described(
        {"album:A": {"tag:x", "tag:y"}, "album:B": {"tag:x", "tag:y"}}
    )
    entities["type"] = pd.Series(["Album", "Album"], dtype=entities["type"].dtype)
    assert similar_artists(statements, entities, SimilarConfig(), schema=load_schema()).empty
