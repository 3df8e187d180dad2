from __future__ import annotations

import json

from kg_builder.alignment import alignment_table
from kg_builder.tables import ENTITIES, LINKS


def entity(curie, name, *external):
    return {
        "entity": curie,
        "type": "Artist",
        "name": name,
        "aliases": [],
        "external_ids": list(external),
        "attributes": "{}",
        "records": 1,
    }


def link(curie, target, decision, score=0.0, thing=None, *, best=None):
    candidates = [{"id": thing or "x:1", "name": "X", "score": best}] if best else []
    return {
        "subject": curie,
        "kind": "external",
        "target": target,
        "object": thing,
        "score": score,
        "decision": decision,
        "method": "identical",
        "candidates": json.dumps(candidates),
    }


def test_every_item_has_a_row_and_ids_as_their_databases_write_them():
    entities = ENTITIES.frame(
        [
            entity("artist:Radiohead", "Radiohead", "dbpedia:Radiohead", "freebase:m.09jm8"),
            entity("artist:Iris", "Iris"),
            entity("artist:Nobody", "Nobody"),
            entity("artist:Muse", "Muse", "musicbrainz:9c9f", "wikidata:Q1", "wikidata:Q22151"),
        ]
    )
    links = LINKS.frame(
        [
            link("artist:Radiohead", "dbpedia", "match", 0.99, "dbpedia:Radiohead", best=0.99),
            link("artist:Radiohead", "freebase", "match", 0.91, "freebase:m.09jm8", best=0.91),
            link("artist:Iris", "dbpedia", "unsure", best=0.5),
            link("artist:Iris", "freebase", "no_match"),
            link("artist:Nobody", "freebase", "no_match", best=0.02),
        ]
    )
    items = [
        ("artist:Radiohead", "10"),
        ("artist:Iris", "9"),
        ("artist:Nobody", "x"),
        ("artist:Muse", "9b"),
        ("artist:Iris", "11"),
    ]
    table = alignment_table(items, entities, links).astype(str)
    assert table["raw_id"].tolist() == ["9", "10", "11", "9b", "x"]
    rows = table.set_index("raw_id")
    assert rows.loc["10"].tolist() == [
        "https://w3id.org/musickg/artist/Radiohead",
        "Radiohead",
        "m.09jm8",
        "http://dbpedia.org/resource/Radiohead",
        "",
        "",
        "0.91",
        "match",
    ]
    assert rows.loc["9", ["score", "decision"]].tolist() == ["0.5", "unsure"]
    assert rows.loc["x", ["score", "decision"]].tolist() == ["0.02", "no_match"]
    stated = rows.loc["9b", ["wikidata", "musicbrainz", "score", "decision"]].tolist()
    assert stated == ["Q1|Q22151", "9c9f", "1.0", "match"]
