from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mwparserfromhell
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg_builder.extraction.semi_structured.adapters.infobox_values import items, plain
from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]

ARTICLE = """{{Short description|Icelandic band}}
{{Infobox musical artist
| name = The Sugarcubes
| alias = Sykurmolarnir<ref>A book.</ref>
| background = group_or_band
| origin = [[Reykjavík]], Iceland
| genre = {{hlist|[[Alternative rock]]|[[post-punk]]<!-- sic -->}}
| years_active = 1986–1992<br />2006
| label = [[One Little Indian Records|One Little Indian]], [[Elektra Records|Elektra]]
| associated_acts = {{flatlist|
* [[Kukl (band)|KUKL]]
* [[Björk]]
}}
| past_members = {{Plainlist|
* [[Björk]] (vocals)
* {{nowrap|Einar Örn Benediktsson}}
}}
| website = {{URL|sugarcubes.example}}
| shoe_size = 42
}}
'''The Sugarcubes''' were a band."""


def test_an_infobox_becomes_statements(write: Write, run: Run) -> None:
    write("infoboxes/the-sugarcubes.wikitext", ARTICLE)
    found = run(kind="semi-structured", path="infoboxes/*")
    band = record(found, "src/the-sugarcubes")
    assert (band["type"], band["name"]) == ("Band", "The Sugarcubes")
    assert list(band["aliases"]) == ["Sykurmolarnir"]
    assert set(named(found)) == {
        ("The Sugarcubes", "origin", "Reykjavík"),
        ("Reykjavík", "locatedIn", "Iceland"),
        ("The Sugarcubes", "genre", "Alternative rock"),
        ("The Sugarcubes", "genre", "post-punk"),
        ("The Sugarcubes", "beginDate", "1986"),
        ("The Sugarcubes", "recordLabel", "One Little Indian"),
        ("The Sugarcubes", "recordLabel", "Elektra"),
        ("The Sugarcubes", "associatedWith", "KUKL"),
        ("The Sugarcubes", "associatedWith", "Björk"),
        ("The Sugarcubes", "hasMember", "Björk"),
        ("The Sugarcubes", "hasMember", "Einar Örn Benediktsson"),
        ("The Sugarcubes", "homepage", "http://sugarcubes.example"),
        ("Björk, member of The Sugarcubes", "member", "Björk"),
        ("Björk, member of The Sugarcubes", "group", "The Sugarcubes"),
        ("Björk, member of The Sugarcubes", "instrument", "vocals"),
    }
    assert list(record(found, "src/artist/kukl")["external_ids"]) == ["dbpedia:Kukl_(band)"]
    assert found.counts["unknown field: infobox shoe_size"] == 1
    evidence = found.statements[found.statements["predicate"] == "genre"]["evidence"]
    assert list(evidence)[1] == "infoboxes/the-sugarcubes.wikitext#/genre/1"


def test_a_person_is_born_and_does_not_begin_with_the_career(write: Write, run: Run) -> None:
    write(
        "bjork.wikitext",
        "{{Infobox musical artist|birth_name=Björk Guðmundsdóttir"
        "|birth_date={{birth date and age|1965|11|21|df=yes}}|years_active=1977–present"
        "|birth_place=[[Reykjavík]], Iceland}}",
    )
    found = run(kind="semi-structured", path="*.wikitext")
    björk = record(found, "src/bjork")
    assert (björk["type"], list(björk["aliases"])) == ("SoloArtist", ["Björk Guðmundsdóttir"])
    assert ("bjork", "beginDate", "1965-11-21") in named(found)
    assert ("bjork", "beginDate", "1977") not in named(found)


def test_an_embedded_box_is_about_the_same_topic(write: Write, run: Run) -> None:
    write(
        "b.wikitext",
        "{{Infobox person|name=Beyoncé|birth_date={{birth date|1981|9|4}}"
        "|module={{Infobox musical artist|embed=yes|genre=[[R&B]], [[Pop music|pop]]}}}}",
    )
    found = run(kind="semi-structured", path="*.wikitext")
    assert set(named(found)) == {
        ("Beyoncé", "beginDate", "1981-09-04"),
        ("Beyoncé", "genre", "R&B"),
        ("Beyoncé", "genre", "pop"),
    }


def test_an_album_box(write: Write, run: Run) -> None:
    write(
        "post.wikitext",
        "{{Infobox album|name=Post|artist=[[Björk]]|released={{start date|1995|6|13|df=y}}"
        "|length={{duration|m=46|s=5}}|producer={{ubl|Björk|[[Nellee Hooper]]}}}}",
    )
    assert set(named(run(kind="semi-structured", path="*.wikitext"))) == {
        ("Post", "performer", "Björk"),
        ("Post", "releaseDate", "1995-06-13"),
        ("Post", "duration", "PT46M5S"),
        ("Post", "producer", "Björk"),
        ("Post", "producer", "Nellee Hooper"),
    }


def test_articles_without_a_known_box_are_counted(write: Write, run: Run) -> None:
    write("a.wikitext", "'''Air''' is a mixture of gases.")
    write("b.wikitext", "{{Infobox chemical|name=Air}}")
    found = run(kind="semi-structured", path="*.wikitext")
    assert reasons(found) == ["article without a known infobox"] * 2
    assert found.counts["unknown infobox: chemical"] == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{hlist|a|[[b]]|[[c|d]]}}", ["a", "b", "d"]),
        ("a<br>b<br/>c", ["a", "b", "c"]),
        ("\n* a\n* b (1990–1992)\n", ["a", "b"]),
        ("[[a]], [[b]]{{efn|note}}, c<ref name=x/>", ["a", "b", "c"]),
        ("a • b · c", ["a", "b", "c"]),
        ("{{ubl|{{nowrap|a b}}|{{lang|ja|椎名林檎}}}}", ["a b", "椎名林檎"]),
        ("Earth, Wind & Fire", ["Earth", "Wind & Fire"]),
        ("[[Earth, Wind & Fire]]", ["Earth, Wind & Fire"]),
        ("R&amp;B", ["R&B"]),
        ("", []),
    ],
)
def test_lists_in_every_notation(value: str, expected: list[str]) -> None:
    assert [item.text for item in items(mwparserfromhell.parse(value), commas=True)] == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(st.sampled_from("{}[]|=<>'\n*&;abÖ, "), max_size=60))
def test_no_wikitext_breaks_the_reader(value: str) -> None:
    code = mwparserfromhell.parse(value)
    plain(code)
    assert all(item.text == item.text.strip() != "" for item in items(code, commas=True))


@pytest.mark.parametrize("year", ["\u00b2", "9" * 5000, "\u0661\u0669\u0668\u0665"])
def test_a_date_template_with_other_signs_than_digits(write: Write, run: Run, year: str) -> None:
    write(
        "a.wikitext",
        f"{{{{Infobox musical artist|name=A|birth_date={{{{birth date|{year}|1|2}}}}}}}}",
    )
    found = run(kind="semi-structured", path="a.wikitext")
    assert list(found.records["name"]) == ["A"]


@pytest.mark.parametrize(
    ("link", "keys", "ids"),
    [
        ("[[Kukl (band)|KUKL]]", {}, ["dbpedia:Kukl_(band)"]),
        ("[[:fr:Kukl (groupe)|KUKL]]", {}, []),
        ("[[is:Kukl|KUKL]]", {}, []),
        ("[[:en:Kukl (band)|KUKL]]", {"language": "nl"}, ["dbpedia:Kukl_(band)"]),
        ("[[Kukl (band)|KUKL]]", {"language": "nl"}, []),
    ],
)
def test_links_of_other_editions_are_no_english_ids(
    write: Write, run: Run, link: str, keys: dict[str, str], ids: list[str]
) -> None:
    write("a.wikitext", "{{Infobox musical artist|name=Björk|associated_acts=" + link + "}}")
    found = run(kind="semi-structured", format="wikitext", path="a.wikitext", **keys)
    assert list(record(found, "src/artist/kukl")["external_ids"]) == ids
