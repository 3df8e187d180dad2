"""Locating the names of a text's triples in the text."""

from __future__ import annotations

import pytest

from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.relations.labelling import Aligner
from kg_builder.text_models.relations.parsed_text import ParsedText, parse_texts


def _parse(text: str) -> ParsedText:
    return next(iter(parse_texts([text], None)))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Aleksandra_Kovač", "Aleksandra Kovac sings.", ["Aleksandra Kovac"]),
        ("Zamba_(artform)", "He plays zamba.", ["zamba"]),
        ("Rock_music", "She likes rock a lot.", ["rock"]),
        ("United_States", "An American band.", ["American"]),
        ("1982-07-23", "Born on July 23, 1982.", ["July 23, 1982"]),
        ("Isis_(band)", "Isis toured; then Isis split.", ["Isis", "Isis"]),
        ("Fruits_de_Mer_Records", "Signed to Fruit de Mer Records.", ["Fruit de Mer Records"]),
        ("If It's Lovin' that You Want", "If It 's Lovin ' that You Want was a hit.",
         ["If It 's Lovin ' that You Want"]),
        ("Art", "Start the party.", []),
        ("Echo (You and I)", "He sang Echo ( You and I ) there.", ["Echo ( You and I )"]),
        ("Mira Holt", "Mira Anna Jane Holt was born.", ["Mira Anna Jane Holt"]),
        ("Mira Holt", "Mira has never met Holt.", []),
        ("Twilight_(band)", "Twilight (a band) split.", ["Twilight"]),
    ],
)  # fmt: skip
def test_a_name_is_found_as_the_text_writes_it(name: str, text: str, expected: list[str]) -> None:
    parsed = _parse(text)
    found = [parsed.span_text(*span) for span in Aligner().find(name, parsed)]
    assert [piece.rstrip(" '") for piece in found] == [piece.rstrip(" '") for piece in expected]


def test_a_name_within_a_longer_one_is_left_to_it() -> None:
    text = AnnotatedText(
        "1", "Ska punk grew out of punk.", (Triple("Ska_punk", "stylisticOrigin", "Punk"),)
    )
    found = Aligner().align(text, _parse(text.text))
    assert found.spans["Ska_punk"] == ((0, 2),)
    assert found.spans["Punk"] == ((5, 6),)


def test_an_alias_is_learnt_from_what_recurs_with_a_name() -> None:
    texts = [
        AnnotatedText(str(n), f"{who} is a vocalist.", (Triple(who, "occupation", "Singing"),), who)
        for n, who in enumerate(["Ada", "Bea", "Cleo", "Dora"])
    ] + [
        AnnotatedText(f"x{n}", f"{who} is a painter.", (Triple(who, "name", who),), who)
        for n, who in enumerate(["Eve", "Fay", "Gil", "Hal", "Ida", "Jon"])
    ]
    parsed = [_parse(text.text) for text in texts]
    aligner = Aligner()
    aligner.learn_aliases(texts, parsed)
    assert aligner.aliases["singing"] == ("vocalist",)
    assert parsed[0].span_text(*aligner.find("Singing", parsed[0])[0]) == "vocalist"


def test_annotated_mentions_are_taken() -> None:
    text = AnnotatedText(
        "1",
        "She was born in Lund.",
        (Triple("Mira Holt", "birthPlace", "Lund"),),
        mentions=(("Mira Holt", 0, 3), ("Lund", 16, 20)),
    )
    found = Aligner().align(text, _parse(text.text))
    assert found.spans == {"Lund": ((4, 5),), "Mira Holt": ((0, 1),)}
