from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from kg_builder.tables import LINKS
from kg_builder.triples.listed_items import ItemList, listed_items

LISTED = ItemList(path="items.tsv", column="id", records="shop/bands")


def links(**entities: str):
    """Record `shop/bands/<id without its b>` is the entity."""
    return LINKS.frame(
        {
            "subject": f"shop/bands/{name.removeprefix('b')}",
            "kind": "record",
            "target": "entity",
            "object": entity,
            "score": 1.0,
            "decision": "match",
            "method": "fusion",
            "candidates": "[]",
        }
        for name, entity in entities.items()
    )


BANDS = links(b1="artist:Can", b2="artist:Neu", b3="artist:Faust", b7="artist:Can")


@pytest.fixture
def listing(tmp_path):
    def of(text: str) -> list[str]:
        (tmp_path / "items.tsv").write_text(text, encoding="utf-8")
        return listed_items(LISTED, tmp_path, BANDS)

    return of


def test_the_order_is_that_of_the_file(listing):
    assert listing("id\tnote\n3\tx\n1\ty\n2\tz\n") == ["artist:Faust", "artist:Can", "artist:Neu"]


@pytest.mark.parametrize(
    ("text", "location", "fault"),
    [
        ("id\n1\n99\n", "items.tsv#line=3", "item '99' is unknown: there is no record"),
        ("id\n1\n2\n1\n", "items.tsv#line=4", "item '1' is listed twice"),
        ("id\n1\n2\n7\n", "items.tsv#line=4", "item '7' and '1' are one thing, artist:Can"),
        ("id\tnote\n1\tx\n\ty\n", "items.tsv#line=3", "a row without an id"),
        ("id\tnote\n1\n", "items.tsv#line=2", "unreadable row"),
        ("band\n1\n", "items.tsv", "no column 'id'"),
        ("id\n", "items.tsv", "no item is listed"),
    ],
)
def test_what_cannot_be_an_item_is_an_error_with_its_place(listing, text, location, fault):
    with pytest.raises(DataError) as caught:
        listing(text)
    assert fault in str(caught.value)
    assert location in caught.value.where
