"""Pages of encyclopaedias: wikitext with comments, infoboxes in HTML; and shops' JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    "box",
    [
        "{{Infobox album <!-- See a page -->\n| name = Leaf\n| artist = Ida\n}}",
        "{{<!-- a -->Infobox<!-- b --> album| name <!-- c --> = <!-- d -->Leaf | artist = Ida}}",
        "<!--\n{{Infobox song | name = No}}\n-->{{infobox_album|name=Leaf<!-- | -->|artist=Ida}}",
        "{{Infobox album|name=Leaf|artist=Ida}}<!-- not closed {{Infobox song|name=No}}",
    ],
)
def test_a_comment_in_wikitext_is_nothing(write: Write, run: Run, box: str) -> None:
    write("leaf.wikitext", box)
    found = run(kind="semi-structured", path="*.wikitext")
    assert named(found) == [("Leaf", "performer", "Ida")]
    assert record(found, "src/leaf")["type"] == "Album"


def test_a_linked_title_gets_the_id_that_dbpedia_writes(write: Write, run: Run) -> None:
    write("m.wikitext", '{{Infobox band|name=M|past_members=[["Fast" Eddie Clarke]]}}')
    found = run(kind="semi-structured", path="*.wikitext")
    ids = [one for ids in found.records["external_ids"] for one in ids]
    assert ids == ["dbpedia:%22Fast%22_Eddie_Clarke"]


def wiki_page(rows: str, *, language: str = "en", title: str = "Ida Oak", above: str = "") -> str:
    return (
        f'<html><head><link rel="canonical" href="https://{language}.wikipedia.org/wiki/'
        f'{title.replace(" ", "_")}"></head><body><h1>{title}</h1><table class="infobox">'
        f"{above}{rows}</table></body></html>"
    )


def row(label: str, value: str) -> str:
    return f'<tr><th scope="row">{label}</th><td>{value}</td></tr>'


def test_footnotes_styles_and_hidden_text_are_no_values(write: Write, run: Run) -> None:
    note = '<sup class="reference" id="cite_ref-1"><a href="#c">[1]</a></sup>'
    write(
        "a.html",
        wiki_page(
            row("Genres", f"<ul><li>dub{note}</li><li>ska<sup>[note 2]</sup></li></ul>")
            + row("Origin", "<style>.x{color:red}</style>Leeds<span style='display: none'>?</span>")
            + row("Labels", '<a href="/wiki/E">Earth, Wind &amp; Co</a>, <a href="/w">4AD</a>')
        ),
    )
    assert set(named(run(kind="semi-structured", path="*.html"))) == {
        ("Ida Oak", "genre", "dub"),
        ("Ida Oak", "genre", "ska"),
        ("Ida Oak", "origin", "Leeds"),
        ("Ida Oak", "recordLabel", "Earth, Wind & Co"),
        ("Ida Oak", "recordLabel", "4AD"),
    }


def test_a_website_is_its_link(write: Write, run: Run) -> None:
    shown = "oak<wbr>.example<wbr>.org"
    write(
        "a.html",
        wiki_page(
            row("Website", f'<a href="https://oak.example.org/">{shown}</a>')
            + row("Origin", "Oslo")
        ),
    )
    write("b.html", wiki_page(row("Official website", shown) + row("Origin", "Oslo")))
    homepages = [
        o for _, p, o in named(run(kind="semi-structured", path="*.html")) if p == "homepage"
    ]
    assert homepages == ["https://oak.example.org/", "http://oak.example.org"]


def test_years_of_activity_and_other_names_of_a_band(write: Write, run: Run) -> None:
    write(
        "a.html",
        wiki_page(
            row("Also known as", "Oak UK<br>The Oaks")
            + row("Years active", "1978–1984<br>1999–present")
            + row("Members", "<ul><li>Ann</li><li>Bob (drums)</li></ul>")
        ),
    )
    found = run(kind="semi-structured", path="*.html")
    topic = found.records.iloc[0]
    assert (topic["type"], list(topic["aliases"])) == ("Band", ["Oak UK", "The Oaks"])
    assert set(named(found)) == {
        ("Ida Oak", "beginDate", "1978"),
        ("Ida Oak", "hasMember", "Ann"),
        ("Ida Oak", "hasMember", "Bob"),
    }


def test_born_holds_a_name_a_date_and_a_place(write: Write, run: Run) -> None:
    born = (
        '<div class="nickname">Ida Marie Oak</div><span style="display:none">(<span class="bday">'
        "1965-11-21</span>)</span> 21 November 1965<span> (age 59)</span><br>"
        '<div class="birthplace">Bergen, <a href="/wiki/Norway">Norway</a></div>'
    )
    write(
        "a.html",
        wiki_page(
            row("Born", born)
            + row("Died", "March 2, 2001 (aged 35)<br>Oslo")
            + row("Years active", "1980–2001")
        ),
    )
    found = run(kind="semi-structured", path="*.html")
    assert found.records.iloc[0]["type"] == "SoloArtist"
    assert set(named(found)) == {
        ("Ida Oak", "beginDate", "1965-11-21"),
        ("Ida Oak", "birthPlace", "Bergen"),
        ("Bergen", "locatedIn", "Norway"),
        ("Ida Oak", "endDate", "2001-03-02"),
        ("Ida Oak", "deathPlace", "Oslo"),
    }


def test_the_page_of_an_album(write: Write, run: Run) -> None:
    above = (
        '<tr><th colspan="2">Leaf</th></tr><tr><td colspan="2">Studio album by Ida Oak</td></tr>'
    )
    rows = row("Released", "3 March 2019") + row("Length", "41:02") + row("Label", "Fine, 4AD")
    write("a.html", wiki_page(rows, title="Leaf (album)", above=above))
    found = run(kind="semi-structured", path="*.html")
    assert found.records.iloc[0][["type", "name"]].tolist() == ["Album", "Leaf"]
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida Oak"),
        ("Leaf", "releaseDate", "2019-03-03"),
        ("Leaf", "duration", "PT41M2S"),
        ("Leaf", "recordLabel", "Fine"),
        ("Leaf", "recordLabel", "4AD"),
    }


@pytest.mark.parametrize(("language", "ids"), [("en", ["dbpedia:Ida_Oak"]), ("fr", []), ("de", [])])
def test_only_the_english_edition_names_dbpedias_things(
    write: Write, run: Run, language: str, ids: list[str]
) -> None:
    rows = row("Origin", "Oslo") + row("Genre", "dub")
    write("a.html", wiki_page(rows, language=language))
    found = run(kind="semi-structured", path="*.html")
    assert list(found.records.iloc[0]["external_ids"]) == ids


def shop_page(thing: dict[str, object]) -> str:
    head = '<link rel="canonical" href="https://ida.example.org/album/leaf">'
    script = f'<script type="application/ld+json">{json.dumps(thing)}</script>'
    return f"<html><head>{head}{script}</head><body></body></html>"


ALBUM: dict[str, object] = {
    "@context": "https://schema.org",
    "@type": "MusicAlbum",
    "@id": "/album/leaf",
    "name": "Leaf",
    "url": "../album/leaf",
    "image": "//img.example.org/1.jpg",
    "byArtist": {"@type": "MusicGroup", "name": "Ida", "@id": "https://ida.example.org"},
}


def test_addresses_are_those_of_the_page(write: Write, run: Run) -> None:
    write("a.html", shop_page(ALBUM))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida"),
        ("Leaf", "homepage", "https://ida.example.org/album/leaf"),
        ("Leaf", "image", "https://img.example.org/1.jpg"),
    }
    assert record(found, "src/https://ida.example.org/album/leaf")["name"] == "Leaf"


def test_the_label_of_an_albums_release(write: Write, run: Run) -> None:
    label = {"@type": "MusicGroup", "name": "Fine Records", "@id": "https://fine.example.org"}
    release = {"@type": ["MusicRelease", "Product"], "name": "Leaf", "recordLabel": label}
    write("a.html", shop_page(ALBUM | {"publisher": label, "albumRelease": [release]}))
    found = run(kind="semi-structured", path="*.html")
    assert ("Leaf", "recordLabel", "Fine Records") in named(found)
    assert list(found.records[found.records["name"] == "Fine Records"]["type"]) == ["RecordLabel"]
    assert reasons(found) == []


def test_an_artist_that_publishes_itself_is_no_label(write: Write, run: Run) -> None:
    write("a.html", shop_page(ALBUM | {"publisher": {"@type": "MusicGroup", "name": "Ida"}}))
    found = run(kind="semi-structured", path="*.html")
    assert not [p for _, p, _ in named(found) if p == "recordLabel"]
    assert found.counts["published by the artist: no record label"] == 1


def heading(text: str) -> str:
    return f'<tr><th colspan="2">{text}</th></tr>'


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            "de",
            row("Gründung", "1989")
            + row("Genre(s)", "<a>Punk</a>, <a>Ska</a>")
            + heading("Aktuelle Besetzung")
            + "<tr><td>Gesang, Gitarre</td><td><a>Eva Eiche</a></td></tr>"
            + heading("Ehemalige Mitglieder")
            + "<tr><td colspan='2'>Otto Ulme</td></tr>"
            + heading("Sonstiges")
            + "<tr><td>Bass</td><td>niemand von hier</td></tr>",
        ),
        (
            "fr",
            row("Genre musical", "<ul><li>Punk</li><li>Ska</li></ul>")
            + row("Années actives", "Depuis 1989")
            + heading("Composition du groupe")
            + row("Membres", "Eva Eiche")
            + row("Anciens membres", "Otto Ulme"),
        ),
        (
            "es",
            row("Género(s)", "Punk, Ska")
            + row("Período de actividad", "1989-presente")
            + heading("Miembros")
            + "<tr><td colspan='2'>Eva Eiche</td></tr>"
            + heading("Antiguos miembros")
            + "<tr><td colspan='2'>Otto Ulme</td></tr>",
        ),
        (
            "ja",
            row("ジャンル", "Punk、Ska")
            + row("活動期間", "1989年 -")
            + row("メンバー", "Eva Eiche")
            + row("旧メンバー", "Otto Ulme"),
        ),
    ],
)
def test_infoboxes_of_other_editions(write: Write, run: Run, language: str, rows: str) -> None:
    write("a.html", wiki_page(rows, language=language, title="Die Hölzer"))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("Die Hölzer", "beginDate", "1989"),
        ("Die Hölzer", "genre", "Punk"),
        ("Die Hölzer", "genre", "Ska"),
        ("Die Hölzer", "hasMember", "Eva Eiche"),
        ("Die Hölzer", "hasMember", "Otto Ulme"),
    }


@pytest.mark.parametrize(
    ("box", "began"),
    [
        (
            "{{Infobox Band|Name=Die Hölzer|Genre=[[Punk]]|Gründung=1989|Besetzung1a=Eva Eiche"
            "|Besetzung1b=Gesang}}",
            True,
        ),
        (
            "{{Ficha de grupo musical|nombre=Die Hölzer|estilo=Punk|tiempo=1989-"
            "|miembros=Eva Eiche}}",
            True,
        ),
        (
            "{{Infobox Musique (artiste)|nom=Die Hölzer|genre=Punk|années actives=1989-"
            "|membres actuels=Eva Eiche}}",
            True,
        ),
        ("{{Info/Música/artista|nome=Die Hölzer|gênero=Punk|integrantes=Eva Eiche}}", False),
    ],
)  # fmt: skip
def test_wikitext_of_other_editions(write: Write, run: Run, box: str, began: bool) -> None:
    write("h.wikitext", box)
    found = run(kind="semi-structured", path="*.wikitext", language="de")
    assert set(named(found)) == {
        ("Die Hölzer", "genre", "Punk"),
        ("Die Hölzer", "hasMember", "Eva Eiche"),
        *([("Die Hölzer", "beginDate", "1989")] if began else []),
    }
    assert record(found, "src/h")["type"] == "Band"
