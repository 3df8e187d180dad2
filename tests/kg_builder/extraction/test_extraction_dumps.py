from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from kg_builder.errors import DataError
from tests.kg_builder.conftest import Run, named, reasons, record, triples

Write = Callable[[str, str | bytes], Path]

ARTISTS = """<artists>
<artist><id>6520</id><name>Bj&#246;rk (2)</name><realname>Björk Guðmundsdóttir</realname>
<profile>Singer of [a=Sugarcubes, The], on [l=One Little Indian].</profile>
<urls><url>https://en.wikipedia.org/wiki/Bj%C3%B6rk</url><url>http://bjork.com</url></urls>
<namevariations><name>Bjork</name></namevariations>
<groups><name id="7">Sugarcubes, The</name></groups></artist>
<artist><id>7</id><name>Sugarcubes, The</name><members><id>6520</id><name id="6520">Björk</name>
</members></artist>
</artists>"""

RELEASES = """<releases><release id="1" status="Accepted">
<artists><artist><id>6520</id><name>Björk</name></artist></artists><title>Post</title>
<labels><label name="One Little Indian" catno="TPLP51" id="9"/></labels>
<extraartists><artist><id>50</id><name>Nellee Hooper</name><role>Producer, Written-By [Songs],
 Guitar, Photography By</role><tracks/></artist></extraartists>
<genres><genre>Electronic</genre></genres><styles><style>Trip Hop</style></styles>
<country>UK &amp; Europe</country><released>1995-06-00</released>
<tracklist><track><position>1</position><title>Army of Me</title><duration>3:54</duration></track>
<track><position/><title>Heading</title></track></tracklist><formats/></release></releases>"""


def test_discogs_artists(write: Write, run: Run) -> None:
    write("discogs_artists.xml.gz", gzip.compress(ARTISTS.encode()))
    found = run(kind="semi-structured", path="*.xml.gz")
    björk = record(found, "src/artists/6520")
    assert (björk["type"], björk["name"]) == ("SoloArtist", "Björk")
    assert list(björk["aliases"]) == ["Bjork", "Björk Guðmundsdóttir"]
    assert list(björk["external_ids"]) == ["dbpedia:Björk", "discogs:6520"]
    assert set(named(found)) == {
        ("Björk", "homepage", "http://bjork.com"),
        ("Björk", "description", "Singer of Sugarcubes, The, on One Little Indian."),
        ("Björk", "memberOf", "The Sugarcubes"),
        ("The Sugarcubes", "hasMember", "Björk"),
    }
    assert record(found, "src/artists/7")["type"] == "Band"
    assert found.statements["evidence"][0] == "discogs_artists.xml.gz#/artists/6520/urls"


def test_discogs_releases(write: Write, run: Run) -> None:
    write("r.xml", RELEASES)
    found = run(kind="semi-structured", path="*.xml")
    assert set(named(found)) == {
        ("Post", "performer", "Björk"),
        ("Post", "genre", "Electronic"),
        ("Post", "genre", "Trip Hop"),
        ("Post", "releaseDate", "1995-06"),
        ("Post", "country", "United Kingdom"),
        ("Post", "recordLabel", "One Little Indian"),
        ("Post", "producer", "Nellee Hooper"),
        ("Post", "writer", "Nellee Hooper"),
        ("Nellee Hooper", "instrument", "guitar"),
        ("Army of Me", "onAlbum", "Post"),
        ("Army of Me", "trackNumber", "1"),
        ("Army of Me", "duration", "PT3M54S"),
        ("Army of Me", "performer", "Björk"),
    }
    assert found.counts["no country: Europe"] == 1
    assert found.counts["unknown role: Photography By"] == 1
    assert found.counts["unknown field: discogs release/formats"] == 1


MUSICBRAINZ = """<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://musicbrainz.org/ns/mmd-2.0#"><artist type="Group" id="exo">
<name>EXO</name><country>KR</country><begin-area id="seoul"><name>Seoul</name></begin-area>
<life-span><begin>2011-12-23</begin></life-span><isni-list/>
<relation-list target-type="artist"><relation type="member of band"><target>tao</target>
<direction>backward</direction><begin>2012-04</begin><end>2015</end><attribute-list>
<attribute>rap</attribute><attribute>original</attribute></attribute-list>
<artist id="tao"><name>TAO</name></artist></relation></relation-list>
<relation-list target-type="url"><relation type="wikidata">
<target>https://www.wikidata.org/wiki/Q1</target></relation></relation-list>
</artist></metadata>"""


def test_musicbrainz_answers(write: Write, run: Run) -> None:
    write("exo.xml", MUSICBRAINZ)
    found = run(kind="semi-structured", path="*.xml")
    exo = record(found, "src/artists/exo")
    assert (exo["type"], list(exo["external_ids"])) == ("Band", ["musicbrainz:exo", "wikidata:Q1"])
    assert set(named(found)) == {
        ("EXO", "country", "South Korea"),
        ("EXO", "origin", "Seoul"),
        ("EXO", "beginDate", "2011-12-23"),
        ("TAO", "memberOf", "EXO"),
        ("TAO, member of EXO (2012-04–2015)", "member", "TAO"),
        ("TAO, member of EXO (2012-04–2015)", "group", "EXO"),
        ("TAO, member of EXO (2012-04–2015)", "beginDate", "2012-04"),
        ("TAO, member of EXO (2012-04–2015)", "endDate", "2015"),
        ("TAO, member of EXO (2012-04–2015)", "instrument", "rap"),
    }
    assert found.counts["unknown field: musicbrainz artist/isni-list"] == 1


BOMB = """<?xml version="1.0"?><!DOCTYPE artists [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<artists><artist><id>1</id><name>&c;</name></artist></artists>"""


@pytest.mark.parametrize("format_", ["discogs", "musicbrainz"])
def test_entities_are_never_expanded(write: Write, run: Run, format_: str) -> None:
    write("bomb.xml", BOMB)
    with pytest.raises(DataError, match="declares a document type or entities"):
        run(kind="semi-structured", path="bomb.xml", format=format_)


def test_no_file_outside_is_read(write: Write, run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET", encoding="utf-8")
    write(
        "x.xml",
        f'<!DOCTYPE artists [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'
        "<artists><artist><id>1</id><name>&s;</name></artist></artists>",
    )
    with pytest.raises(DataError):
        run(kind="semi-structured", path="x.xml", format="discogs")


def test_xml_that_breaks_off_keeps_what_came_before(write: Write, run: Run) -> None:
    write("cut.xml", ARTISTS[: ARTISTS.index("<artist><id>7</id>") + 25])
    found = run(kind="semi-structured", path="cut.xml", format="discogs")
    assert reasons(found) == ["broken XML"]
    assert "src/artists/6520" in set(found.records["record"])


def test_compression_that_breaks_off_is_an_error(write: Write, run: Run) -> None:
    packed = gzip.compress(ARTISTS.encode() * 50)
    write("cut.xml.gz", packed[:-200])
    with pytest.raises(DataError, match="cut short"):
        run(kind="semi-structured", path="cut.xml.gz", format="discogs")


def test_nested_json_by_paths(write: Write, run: Run) -> None:
    write(
        "api.json",
        json.dumps(
            {
                "response": {
                    "items": [
                        {
                            "artist": {"id": 5, "names": ["Björk", "Bjork"]},
                            "tags": [{"name": "art pop"}],
                            "born": "1965",
                            "links": ["https://www.wikidata.org/wiki/Q42455"],
                        },
                        {"artist": {"id": 6, "names": []}},
                    ]
                }
            }
        ),
    )
    found = run(
        kind="semi-structured",
        path="api.json",
        mapping={
            "records": "response.items",
            "type": "Artist",
            "id": "artist.id",
            "name": "artist.names",
            "aliases": ["artist.names"],
            "external_ids": {"links": ""},
            "paths": {"tags.name": {"predicate": "genre"}, "born": {"predicate": "beginDate"}},
        },
    )
    björk = record(found, "src/5")
    assert (björk["name"], list(björk["aliases"])) == ("Björk", ["Bjork"])
    assert list(björk["external_ids"]) == ["wikidata:Q42455"]
    assert triples(found) == [
        ("src/5", "genre", "src/genre/art pop"),
        ("src/5", "beginDate", "1965"),
    ]
    assert found.statements["evidence"][0] == "api.json#/response/items/0/tags/0/name"
    assert reasons(found) == ["empty name"]


def test_unknown_formats_and_adapters(write: Write, run: Run) -> None:
    write("a.bin", bytes(range(1, 200)))
    assert reasons(run(kind="semi-structured", path="a.bin")) == ["unknown format"]
    with pytest.raises(DataError, match="no adapter 'spotify'"):
        run(kind="semi-structured", path="a.bin", format="spotify")
    with pytest.raises(DataError, match="no file matches"):
        run(kind="semi-structured", path="none/*.html")


def _count(root: Path, pattern: str, path: str, keep: Callable[[Element], bool] = bool) -> int:
    """How many elements of the published files are at a path, counted without our code."""
    found = 0
    for file in sorted(root.glob(pattern)):
        data = file.read_bytes()
        tree = fromstring(gzip.decompress(data) if file.suffix == ".gz" else data)
        found += sum(keep(element) for element in tree.iterfind(path))
    return found


def _filled(element: Element) -> bool:
    return bool((element.text or "").strip())


def _somebody(element: Element) -> bool:
    return element.findtext("id") not in {"194", "355", "118760", "151641", "967691"}


def _on_label(element: Element) -> bool:
    return not element.get("name", "").casefold().startswith("not on label")


def _heard(element: Element) -> bool:
    return bool(element.findtext("position"))


@pytest.mark.real_data
def test_every_field_of_the_discogs_dumps_is_there(real_data: Path, run: Run) -> None:
    root = real_data / "semi-structured" / "discogs"

    def counts(kind: str) -> tuple[dict[str, int], list[str]]:
        found = run(root=root, kind="semi-structured", path=f"*_{kind}.xml.gz")
        assert found.counts[f"{kind} read"] == 1_000
        return found.statements["predicate"].value_counts().to_dict(), reasons(found)

    def expected(kind: str, path: str, keep: Callable[[Element], bool] = _filled) -> int:
        return _count(root, f"*_{kind}.xml.gz", path, keep)

    artists, wrong = counts("artists")
    assert artists["memberOf"] == expected("artists", "artist/groups/name")
    assert artists["hasMember"] == expected("artists", "artist/members/name")
    assert artists["associatedWith"] == expected("artists", "artist/aliases/name")
    assert set(wrong) == {"not a anyURI"}

    labels, _ = counts("labels")
    assert labels["parentLabel"] == expected("labels", "label/parentLabel")

    masters, wrong = counts("masters")
    tags = expected("masters", "master/genres/genre") + expected("masters", "master/styles/style")
    assert masters["genre"] == tags
    assert masters["performer"] == expected("masters", "master/artists/artist", _somebody)
    assert wrong == []

    releases, wrong = counts("releases")
    tracks = expected("releases", "release/tracklist/track", _heard)
    tracks += expected("releases", "release/tracklist/track/sub_tracks/track", _heard)
    assert releases["onAlbum"] == releases["trackNumber"] == tracks
    assert releases["recordLabel"] == expected("releases", "release/labels/label", _on_label)
    assert releases["releaseDate"] == expected("releases", "release/released") - 1
    assert wrong == ["not a date"]


@pytest.mark.real_data
def test_every_field_of_the_musicbrainz_answers_is_there(real_data: Path, run: Run) -> None:
    root = real_data / "semi-structured" / "musicbrainz-ws2"
    found = run(root=root, kind="semi-structured", path="**/*.xml")
    counts = found.statements["predicate"].value_counts().to_dict()

    def expected(path: str) -> int:
        space = "{http://musicbrainz.org/ns/mmd-2.0#}"
        return _count(root, "**/*.xml", path.replace("ws:", space), lambda _: True)

    assert found.counts["documents used"] == found.counts["files read"] == 47
    assert counts["memberOf"] == expected(".//ws:relation[@type='member of band']")
    assert counts["composer"] == expected(".//ws:relation[@type='composer']")
    assert counts["writer"] == expected(".//ws:relation[@type='lyricist']") + expected(
        ".//ws:relation[@type='writer']"
    )
    assert counts["venue"] == expected(".//ws:relation[@type='held at']")
    assert counts["recordLabel"] == expected(".//ws:label-info/ws:label") - 1  # "[no label]"
    nobody = found.rejects["detail"].value_counts().to_dict()
    assert nobody == {"Various Artists": 19, "[no label]": 1, "[unknown]": 1}


@pytest.mark.real_data
def test_every_event_of_the_songkick_pages_is_there(real_data: Path, run: Run) -> None:
    root = real_data / "semi-structured" / "songkick-jsonld"
    found = run(root=root, kind="semi-structured", path="songkick/*.html")
    pages = [path.read_text(encoding="utf-8") for path in (root / "songkick").glob("*.html")]
    events = sum(len(re.findall(r'"@type":\s*"MusicEvent"', page)) for page in pages)
    counts = found.statements["predicate"].value_counts().to_dict()
    assert counts["venue"] == counts["eventDate"] == events
    assert reasons(found) == ["page without usable markup"]  # a page of recipes


@pytest.mark.real_data
def test_the_examples_of_schema_org_are_read(real_data: Path, run: Run) -> None:
    found = run(root=real_data / "semi-structured", kind="semi-structured", path="schema.org/*.txt")
    facts = set(named(found))
    assert {
        ("Let It Be", "performer", "The Beatles"),
        ("Let It Be", "genre", "rock"),
        ("Two Of Us", "onAlbum", "Let It Be"),
        ("A Day in the Life", "composer", "John Lennon"),
        ("The Beatles", "hasMember", "Ringo Starr"),
        ("The Beatles", "origin", "Liverpool"),
        ("The Beatles", "beginDate", "1957"),
    } <= facts
    assert set(reasons(found)) <= {"not a anyURI", "thing without a name"}
