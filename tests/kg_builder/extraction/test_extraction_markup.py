from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg_builder.extraction import Extraction
from kg_builder.extraction.semi_structured.markup.json_ld import BrokenJsonLdError, parse_json_ld
from tests.kg_builder.conftest import Run, named, reasons, record, triples

Write = Callable[[str, str | bytes], Path]


def page(*blocks: object, body: str = "") -> str:
    scripts = "".join(
        '<script type="application/ld+json">'
        + (block if isinstance(block, str) else json.dumps(block, ensure_ascii=False))
        + "</script>"
        for block in blocks
    )
    return f'<html><head><meta charset="utf-8">{scripts}</head><body>{body}</body></html>'


BJÖRK = {
    "@context": "https://schema.org",
    "@type": "Person",
    "name": "Björk",
    "alternateName": "Björk Guðmundsdóttir",
    "birthDate": "1965-11-21",
    "birthPlace": {
        "@type": "City",
        "name": "Reykjavík",
        "address": {"@type": "PostalAddress", "addressCountry": "IS"},
    },
    "genre": ["Art pop", "Electronic, Experimental"],
    "memberOf": {"@type": "MusicGroup", "name": "The Sugarcubes"},
    "album": {"@type": "MusicAlbum", "name": "Debut", "datePublished": "1993"},
    "sameAs": ["http://dbpedia.org/resource/Bj%C3%B6rk", "https://bjork.com"],
    "height": "1.63 m",
}


def test_a_page_becomes_records_with_json_pointers(write: Write, run: Run) -> None:
    write("pages/bjork.html", page({"@type": "WebSite", "name": "Shop"}, BJÖRK))
    found = run(kind="semi-structured", path="pages/*.html")
    key = "src/pages/bjork.html#/1"
    björk = record(found, key)
    assert (björk["type"], list(björk["aliases"])) == ("SoloArtist", ["Björk Guðmundsdóttir"])
    assert list(björk["external_ids"]) == ["dbpedia:Björk"]
    assert set(named(found)) == {
        ("Björk", "beginDate", "1965-11-21"),
        ("Björk", "birthPlace", "Reykjavík"),
        ("Reykjavík", "locatedIn", "Iceland"),
        ("Björk", "genre", "Art pop"),
        ("Björk", "genre", "Electronic"),
        ("Björk", "genre", "Experimental"),
        ("Björk", "memberOf", "The Sugarcubes"),
        ("Björk", "performed", "Debut"),
        ("Debut", "releaseDate", "1993"),
    }
    genres = found.statements[found.statements["predicate"] == "genre"]
    assert next(iter(genres["evidence"])) == "pages/bjork.html#/1/genre/0"
    assert set(found.statements["method"]) == {"json-ld"}
    assert found.counts["unknown field: schema:height"] == 1
    assert found.counts["pages used"] == 1


def test_graphs_references_lists_and_prefixes(write: Write, run: Run) -> None:
    write(
        "a.jsonld",
        json.dumps(
            {
                "@context": {"s": "http://schema.org/"},
                "@graph": [
                    {
                        "@id": "#band",
                        "@type": "s:MusicGroup",
                        "s:name": "Can",
                        "s:member": {"@list": [{"@id": "#holger"}]},
                        "s:track": {
                            "@type": "s:ItemList",
                            "s:itemListElement": [
                                {
                                    "@type": "s:ListItem",
                                    "s:item": {"@type": "s:MusicRecording", "s:name": "Vitamin C"},
                                }
                            ],
                        },
                    },
                    {"@id": "#holger", "@type": "s:Person", "s:name": {"@value": "Holger Czukay"}},
                ],
            }
        ),
    )
    found = run(kind="semi-structured", path="*.jsonld")
    assert triples(found) == [
        ("src/a.jsonld#band", "hasMember", "src/a.jsonld#holger"),
        ("src/a.jsonld#band", "performed", "src/song/a.jsonld#band/vitamin c"),
    ]
    assert record(found, "src/a.jsonld#band")["type"] == "Band"


def test_the_tracks_of_an_album_are_on_it(write: Write, run: Run) -> None:
    album = {
        "@context": "http://schema.org",
        "@type": "MusicAlbum",
        "name": "Post",
        "byArtist": {"@type": "MusicGroup", "name": "Björk"},
        "track": [{"@type": "MusicRecording", "name": "Hyperballad", "duration": "PT5M21S"}],
    }
    write("p.html", page(album))
    assert set(named(run(kind="semi-structured", path="*.html"))) == {
        ("Post", "performer", "Björk"),
        ("Hyperballad", "onAlbum", "Post"),
        ("Hyperballad", "duration", "PT5M21S"),
    }


def test_broken_json_ld_is_a_reject_and_the_rest_is_read(write: Write, run: Run) -> None:
    write("p.html", page('{"@type": "Person", "name": ', BJÖRK))
    found = run(kind="semi-structured", path="*.html")
    assert reasons(found) == ["broken JSON-LD"]
    assert found.rejects["evidence"][0] == "p.html#/0"
    assert "Björk" in set(found.records["name"])


def test_wrapped_and_untidy_json_ld_is_forgiven(write: Write, run: Run) -> None:
    block = '\ufeff<!-- {"@type": "MusicGroup", "name": "AC\\/DC\n", "genre": "rock"} -->'
    write("p.html", page(block))
    assert named(run(kind="semi-structured", path="*.html")) == [("AC/DC", "genre", "rock")]


MICRODATA = """
<div itemscope itemtype="https://schema.org/MusicGroup" itemref="more">
 <h1 itemprop="name">The Cure</h1>
 <span itemprop="foundingLocation" itemscope itemtype="https://schema.org/City">
  <span itemprop="name">Crawley</span></span>
 <a itemprop="genre" href="/genres/goth">Gothic rock</a>
 <div itemprop="album" itemscope itemtype="https://schema.org/MusicAlbum"><b itemprop="name">Faith
 </b><time itemprop="datePublished" datetime="1981-04-14">14 April</time></div>
 <link itemprop="sameAs" href="http://dbpedia.org/resource/The_Cure">
</div><p id="more"><span itemprop="member" itemscope itemtype="https://schema.org/Person">
<i itemprop="name">Robert Smith</i></span></p>
"""
RDFA = """
<div vocab="http://schema.org/" typeof="MusicGroup"><h1 property="name">The Cure</h1>
 <span property="foundingLocation" typeof="City"><span property="name">Crawley</span></span>
 <a property="genre" href="/genres/goth">Gothic rock</a>
 <div property="album" typeof="MusicAlbum"><b property="name">Faith</b>
 <time property="datePublished" datetime="1981-04-14">14 April</time></div>
 <span property="member" typeof="Person"><i property="name">Robert Smith</i></span>
 <link property="sameAs" href="http://dbpedia.org/resource/The_Cure"></div>
"""


@pytest.mark.parametrize(("body", "method"), [(MICRODATA, "microdata"), (RDFA, "rdfa")])
def test_microdata_and_rdfa_say_the_same(write: Write, run: Run, body: str, method: str) -> None:
    write("p.html", page(body=body))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("The Cure", "origin", "Crawley"),
        ("The Cure", "genre", "Gothic rock"),
        ("The Cure", "performed", "Faith"),
        ("Faith", "releaseDate", "1981-04-14"),
        ("The Cure", "hasMember", "Robert Smith"),
    }
    assert set(found.statements["method"]) == {method}
    cure = found.records[found.records["name"] == "The Cure"].iloc[0]
    assert (cure["type"], list(cure["external_ids"])) == ("Band", ["dbpedia:The_Cure"])


def test_open_graph_is_the_last_resort(write: Write, run: Run) -> None:
    tags = (
        '<meta property="og:type" content="music.album"><meta property="og:title" content="Post">'
        '<meta property="music:release_date" content="1995-06-13">'
        '<meta property="music:musician" content="Björk">'
    )
    write("p.html", page(body=tags))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("Post", "releaseDate", "1995-06-13"),
        ("Post", "performer", "Björk"),
    }


def test_tables_and_definition_lists_without_markup(write: Write, run: Run) -> None:
    table = (
        "<h1>The Cure</h1><table><tr><th>Origin:</th><td>Crawley, England</td></tr>"
        "<tr><th>Genres</th><td>Post-punk, <a>gothic rock</a></td></tr>"
        "<tr><th>Formed</th><td>1978</td></tr><tr><th>Price</th><td>9.99</td></tr></table>"
        "<dl><dt>Members</dt><dd><ul><li>Robert Smith</li><li>Simon Gallup</li></ul></dd></dl>"
    )
    write("p.html", page(body=table))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("The Cure", "origin", "Crawley"),
        ("Crawley", "locatedIn", "United Kingdom"),
        ("The Cure", "genre", "Post-punk"),
        ("The Cure", "genre", "gothic rock"),
        ("The Cure", "beginDate", "1978"),
        ("The Cure", "hasMember", "Robert Smith"),
        ("The Cure", "hasMember", "Simon Gallup"),
    }
    assert record(found, "src/p.html#topic")["type"] == "Band"
    assert set(found.statements["method"]) == {"table"}


def test_a_table_about_something_else_is_left_alone(write: Write, run: Run) -> None:
    write("p.html", page(body="<h1>Tickets</h1><table><tr><td>From</td><td>9.99</td></tr></table>"))
    assert reasons(run(kind="semi-structured", path="*.html")) == ["page without usable markup"]


def test_a_page_without_markup_is_counted(write: Write, run: Run) -> None:
    write("p.html", page(body="<h1>Miriam Makeba</h1>"))
    write("q.html", "")
    found = run(kind="semi-structured", path="*.html", format="html")
    assert reasons(found) == ["page without usable markup", "not a readable page"]
    assert found.rejects["detail"].tolist() == ["", "the file is empty"]
    assert found.counts["files read"] == 2


def test_pages_in_declared_and_undeclared_encodings(write: Write, run: Run) -> None:
    body = '<div itemscope itemtype="http://schema.org/Person"><b itemprop="name">Björk</b></div>'
    write("a.html", f'<meta charset="iso-8859-1">{body}'.encode("latin-1"))
    write("b.html", body.encode("cp1252"))
    write("c.html", body.encode("utf-16"))
    found = run(kind="semi-structured", path="*.html")
    assert list(found.records["name"]) == ["Björk"] * 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "@type",
                        "@id",
                        "@graph",
                        "@value",
                        "@list",
                        "name",
                        "genre",
                        "album",
                        "member",
                        "@context",
                        "MusicGroup",
                    ]
                ),
                inner | st.just("MusicGroup"),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_reader(write: Write, run: Run, value: object) -> None:
    write("h.html", page({"@type": "MusicGroup", "name": "X", "member": value}, value))
    found = run(kind="semi-structured", path="h.html")
    assert "X" in set(found.records["name"])


def test_json_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(BrokenJsonLdError):
        parse_json_ld('{"@type":"Person","knows":' * 3000 + "1" + "}" * 3000, "")
    with pytest.raises(BrokenJsonLdError, match="deeper"):
        parse_json_ld('{"@type":"Person","knows":' * 100 + "1" + "}" * 100, "")


@pytest.mark.parametrize(
    "content",
    [
        "<div>" * 100_000,
        "<table>" + "<tr><th>Genre</th><td>x</td></tr>" * 5_000,
        page('{"@type": "MusicGroup", "name": "X", "genre": "' + "a" * 2_000_000 + '"}'),
        "\0".join("<html itemscope>"),
        '<div typeof="Person" vocab="http://schema.org/">' * 5_000,
        '<div itemscope itemtype="https://schema.org/Person">' * 2_000,
        "\u202eRTL \u0645\u0631\u062d\u0628\u0627 <b itemscope itemtype=x:y itemref='a a a' id=a>",
    ],
    ids=["deep", "long table", "long value", "null bytes", "rdfa deep", "microdata deep", "rtl"],
)
def test_hostile_pages_end_in_counts(write: Write, run: Run, content: str) -> None:
    write("p.html", content)
    found = run(kind="semi-structured", path="p.html", format="html")
    assert found.counts["files read"] == 1
    assert len(found.records) + len(found.rejects) >= 1


def test_a_page_too_large_is_a_reject(write: Write, run: Run) -> None:
    write("p.html", "x" * 5_000)
    found = run(kind="semi-structured", path="p.html", format="html", max_bytes=4_096)
    assert reasons(found) == ["file too large"]


def graph(
    write: Write, run: Run, *things: object, context: object = "https://schema.org"
) -> Extraction:
    """What is extracted from a JSON-LD file with the given objects."""
    write("a.jsonld", json.dumps({"@context": context, "@graph": things}))
    return run(kind="semi-structured", path="*.jsonld")


def test_the_place_in_an_albums_list_is_the_track_number(write: Write, run: Run) -> None:
    tracks = [
        {"@type": "ListItem", "position": 1, "item": {"@type": "MusicRecording", "name": "One"}},
        {"@type": "ListItem", "position": "2", "item": "#two"},
        {"@type": "ListItem", "position": 3, "name": "Three"},
        {
            "@type": "ListItem",
            "position": 9,
            "item": {"@type": "MusicRecording", "name": "Four", "position": 4},
        },
        {"@type": "ListItem", "position": 5, "item": "Five"},
    ]
    album = {
        "@type": "MusicAlbum",
        "name": "Leaf",
        "track": {"@type": "ItemList", "itemListElement": tracks},
    }
    found = graph(write, run, album, {"@type": "MusicRecording", "@id": "#two", "name": "Two"})
    numbers = [row for row in named(found) if row[1] == "trackNumber"]
    assert sorted((name, number) for name, _, number in numbers) == [
        ("Five", "5"),
        ("Four", "4"),
        ("One", "1"),
        ("Three", "3"),
        ("Two", "2"),
    ]
    assert {row for row in named(found) if row[1] == "onAlbum"} == {
        (name, "onAlbum", "Leaf") for name in ("One", "Two", "Three", "Four", "Five")
    }


def test_the_place_in_a_playlist_or_chart_is_no_track_number(write: Write, run: Run) -> None:
    song = {"@type": "MusicRecording", "name": "One", "byArtist": ["Ida", "Ben"]}
    items = [{"@type": "ListItem", "position": 7, "item": song}]
    for list_ in (
        {"@type": "MusicPlaylist", "name": "Mine", "track": items},
        {"@type": "ItemList", "name": "Charts", "itemListElement": items},
    ):
        assert set(named(graph(write, run, list_))) == {
            ("One", "performer", "Ida"),
            ("One", "performer", "Ben"),
        }


def test_tracks_given_as_texts_are_songs_of_the_album(write: Write, run: Run) -> None:
    found = graph(write, run, {"@type": "MusicAlbum", "name": "Leaf", "track": ["One", "Two"]})
    assert set(named(found)) == {("One", "onAlbum", "Leaf"), ("Two", "onAlbum", "Leaf")}


def test_the_most_specific_of_several_types_counts(write: Write, run: Run) -> None:
    song = {"@type": ["CreativeWork", "MusicRecording", "Product"], "@id": "http://e.org/s"}
    found = graph(write, run, {**song, "name": "One"})
    assert record(found, "src/http://e.org/s")["type"] == "Song"


def test_values_are_objects_names_or_addresses(write: Write, run: Run) -> None:
    found = graph(
        write,
        run,
        {"@type": "MusicGroup", "@id": "http://e.org/ida", "name": "Ida"},
        {"@type": "MusicAlbum", "@id": "http://e.org/77", "name": "Leaf"},
        {
            "@type": "MusicRecording",
            "name": "One",
            "byArtist": [
                "http://e.org/ida",
                "http://e.org/artist/Ben_Roe",
                {"@id": "http://e.org/artist/cy-dee"},
                "Eve feat. Flo",
                {"@type": "MusicGroup", "name": "Gil"},
                f"https://musicbrainz.org/artist/{'a' * 8}-aaaa-4aaa-8aaa-{'a' * 12}",
                {"@id": "http://e.org/artist/123"},
            ],
            "inAlbum": "http://e.org/77",
            "genre": "Rock, R&amp;B; Soul",
        },
    )
    assert set(named(found)) == {
        *(("One", "performer", name) for name in ("Ida", "Ben Roe", "cy dee", "Eve", "Flo", "Gil")),
        ("One", "onAlbum", "Leaf"),
        *(("One", "genre", name) for name in ("Rock", "R&B", "Soul")),
    }
    assert reasons(found) == ["thing without a name"] * 2


def test_a_release_is_its_album(write: Write, run: Run) -> None:
    release = {
        "@type": "MusicRelease",
        "name": "Leaf (LP)",
        "recordLabel": ["Fine", {"@type": "Organization", "name": "Nice"}],
        "datePublished": "2019-03",
        "track": [{"@type": "MusicRecording", "name": "One"}],
    }
    album = {"@type": "MusicAlbum", "name": "Leaf", "byArtist": "Ida"}
    expected = {
        ("Leaf", "performer", "Ida"),
        ("Leaf", "recordLabel", "Fine"),
        ("Leaf", "recordLabel", "Nice"),
        ("Leaf", "releaseDate", "2019-03"),
    }
    found = graph(write, run, {**release, "releaseOf": album})
    assert set(named(found)) == {*expected, ("One", "onAlbum", "Leaf")}
    named_there = [{**release, "@id": "#r"}, {**album, "albumRelease": {"@id": "#r"}}]
    assert set(named(graph(write, run, *named_there))) == {*expected, ("One", "onAlbum", "Leaf")}


def test_what_a_release_and_a_recording_tell_is_told_of_album_and_song(
    write: Write, run: Run
) -> None:
    release = {
        "@type": "MusicRelease",
        "musicReleaseFormat": "https://schema.org/VinylFormat",
        "catalogNumber": "X1",
        "creditedTo": {"@type": "MusicGroup", "name": "Ida"},
        "gtin13": "0123456789012",
        "releaseOf": {"@id": "#a"},
    }
    album = {
        "@type": "MusicAlbum",
        "@id": "#a",
        "name": "Leaf",
        "countryOfOrigin": {"@type": "Country", "name": "Iceland"},
        "hasPart": {"@type": "MusicRecording", "name": "One"},
        "albumRelease": release,
    }
    song = {"@type": "MusicRecording", "name": "Two", "isPartOf": {"@id": "#a"}}
    found = graph(write, run, album, song)
    assert set(named(found)) == {
        ("Leaf", "medium", "Vinyl"),
        ("Leaf", "catalogueNumber", "X1"),
        ("Leaf", "performer", "Ida"),
        ("Leaf", "country", "Iceland"),
        ("One", "onAlbum", "Leaf"),
        ("Two", "onAlbum", "Leaf"),
    }
    unknown = {name for name in found.counts if name.startswith("unknown")}
    assert unknown == {"unknown field: schema:gtin13"}


@pytest.mark.parametrize(
    ("award", "name", "years"),
    [
        ("Fine Prize (2009)", "Fine Prize", {"2009"}),
        ("Fine Prize 2009", "Fine Prize", {"2009"}),
        ("Fine Prize, 2009", "Fine Prize", {"2009"}),
        ("Fine Prize – 2009", "Fine Prize", {"2009"}),
        ("Fine Prize (2009, 2011)", "Fine Prize", {"2009", "2011"}),
        ("2013 Nice Award", "Nice Award", {"2013"}),
        ("2013: Nice Award", "Nice Award", {"2013"}),
        ("Rich Medal", "Rich Medal", set()),
        ("Best Album of 2012", "Best Album of 2012", set()),
        ({"@type": "Thing", "name": "Fine Prize 2009"}, "Fine Prize", {"2009"}),
        ({"@type": "Role", "award": "Fine Prize", "startDate": "2009"}, "Fine Prize", {"2009"}),
    ],
)
def test_the_year_of_an_award_is_that_of_the_honour(
    write: Write, run: Run, award: object, name: str, years: set[str]
) -> None:
    found = named(graph(write, run, {"@type": "Person", "name": "Ida", "award": award}))
    assert {object_ for what, told, object_ in found if told == "award"} == {name}
    honours = {(what, told, object_) for what, told, object_ in found if told == "eventDate"}
    assert honours == {(f"Ida, award {name} ({year})", "eventDate", year) for year in years}


def test_composers_of_the_recorded_work_are_the_songs(write: Write, run: Run) -> None:
    work = {"@type": "MusicComposition", "name": "One", "composer": "Ida", "lyricist": "Ben"}
    found = graph(write, run, {"@type": "MusicRecording", "name": "One", "recordingOf": work})
    assert set(named(found)) == {("One", "composer", "Ida"), ("One", "writer", "Ben")}


def test_roles_lead_to_the_person(write: Write, run: Run) -> None:
    found = graph(
        write,
        run,
        {
            "@type": "MusicGroup",
            "name": "Leaves",
            "member": [
                {
                    "@type": "OrganizationRole",
                    "member": "Ida",
                    "startDate": "1990",
                    "endDate": "1994",
                    "roleName": ["drummer", "lead vocals", "manager"],
                },
                {"@type": "Role", "musicGroupMember": {"@type": "Person", "name": "Ben"}},
            ],
        },
    )
    membership = "Ida, member of Leaves (1990–1994)"
    assert set(named(found)) == {
        ("Leaves", "hasMember", "Ida"),
        ("Leaves", "hasMember", "Ben"),
        (membership, "member", "Ida"),
        (membership, "group", "Leaves"),
        (membership, "beginDate", "1990"),
        (membership, "endDate", "1994"),
        (membership, "instrument", "drums"),
        (membership, "instrument", "vocals"),
        (membership, "role", "manager"),
    }
    assert not [name for name in found.counts if "role" in name]


def test_a_context_may_rename_terms_and_keywords(write: Write, run: Run) -> None:
    context = {"@vocab": "http://schema.org/", "by": "byArtist", "t": "@type", "s": "schema:genre"}
    found = graph(
        write, run, {"t": "MusicAlbum", "name": "L", "by": "I", "s": "pop"}, context=context
    )
    assert set(named(found)) == {("L", "performer", "I"), ("L", "genre", "pop")}
    found = graph(write, run, {"type": "MusicAlbum", "id": "http://e.org/l", "name": "L"})
    assert record(found, "src/http://e.org/l")["type"] == "Album"


def test_names_in_other_languages_are_aliases(write: Write, run: Run) -> None:
    names = [{"@value": "Blatt", "@language": "de"}, {"@value": "Leaf", "@language": "en"}]
    found = graph(write, run, {"@type": "MusicAlbum", "@id": "http://e.org/l", "name": names})
    album = record(found, "src/http://e.org/l")
    assert (album["name"], list(album["aliases"])) == ("Blatt", ["Leaf"])


def test_isrcs_are_ids_of_songs(write: Write, run: Run) -> None:
    song = {"@type": "MusicRecording", "@id": "http://e.org/s", "name": "One"}
    found = graph(write, run, {**song, "isrcCode": ["US-RC1-76-07839", "12"]})
    assert list(record(found, "src/http://e.org/s")["external_ids"]) == ["isrc:USRC17607839"]
    assert reasons(found) == ["not a known external id"]


def test_the_music_ontology_in_json_ld(write: Write, run: Run) -> None:
    context = {
        "mo": "http://purl.org/ontology/mo/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "owl": "http://www.w3.org/2002/07/owl#",
    }
    track = {"@type": "mo:Track", "dc:title": "One", "mo:track_number": 1, "mo:duration": 215000}
    artist = {
        "@id": "http://e.org/ida",
        "@type": "mo:MusicArtist",
        "foaf:name": "Ida",
        "owl:sameAs": {"@id": "http://dbpedia.org/resource/Ida"},
        "foaf:made": {"@type": "mo:Record", "dc:title": "Leaf", "mo:track": [track]},
    }
    found = graph(write, run, artist, context=context)
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida"),
        ("One", "onAlbum", "Leaf"),
        ("One", "trackNumber", "1"),
        ("One", "duration", "PT3M35S"),
    }
    assert list(record(found, "src/http://e.org/ida")["external_ids"]) == ["dbpedia:Ida"]
