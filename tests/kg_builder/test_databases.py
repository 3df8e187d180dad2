from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.alignment import ThirdParty
from kg_builder.databases import (
    ALIGNED,
    DATABASES,
    NO_ID,
    OTHER_KIND,
    NoIdError,
    check_prefix,
    column_id,
    dbpedia_id,
    external_id,
    identify,
)
from kg_builder.errors import DataError
from kg_builder.ontology import curie, expand, load_schema

MBID = "a74b1b7f-71a5-4011-9441-d0b5e4122711"
IDS = st.sampled_from(list(DATABASES.values())).flatmap(
    lambda database: st.from_regex(database.ids, fullmatch=True).map(
        lambda key: f"{database.name}:{key}"
    )
)


SCHEMA = load_schema()


def of_column(prefix: str, text: str, column: str = "id", type_: str = "Artist") -> str:
    """The id, or the reason why it is none."""
    try:
        return column_id(prefix, text, column=column, type_=type_, classes=SCHEMA)
    except NoIdError as fault:
        return str(fault)


@given(IDS)
def test_parsing_what_was_written_gives_the_same_id(short):
    assert external_id(expand(short)) == short
    assert identify(f"<{expand(short)}>") == short
    assert identify(short) == short
    database, _, key = short.partition(":")
    assert identify(key, database) == short
    assert of_column(database, key) == short


@given(st.text(max_size=30))
def test_no_text_is_taken_for_an_id_that_is_none(text):
    for found in (external_id(text), identify(text), *(identify(text, name) for name in DATABASES)):
        if found is not None:
            database, _, key = found.partition(":")
            assert DATABASES[database].ids.fullmatch(key)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="#:/<>"), min_size=1))
def test_a_title_and_its_address_are_one_id(title):
    if title.split():
        assert identify(expand(dbpedia_id(title))) == dbpedia_id(title)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://rdf.freebase.com/ns/m.0jg77", "freebase:m.0jg77"),
        ("http://rdf.freebase.com/ns/g.11x", "freebase:g.11x"),
        ("https://www.freebase.com/m/0jg77", "freebase:m.0jg77"),
        ("http://www.freebase.com/g/11x", "freebase:g.11x"),
        ("http://rdf.freebase.com/ns/music.genre", None),
        ("http://dbpedia.org/resource/AC/DC", "dbpedia:AC/DC"),
        ("https://dbpedia.org/page/The_Who", "dbpedia:The_Who"),
        ("http://dbpedia.org/resource/Who%3F", "dbpedia:Who%3F"),
        ("https://en.wikipedia.org/wiki/Sigur_R%C3%B3s?action=edit", "dbpedia:Sigur_Rós"),
        ("https://en.m.wikipedia.org/wiki/Who%3F", "dbpedia:Who%3F"),
        ("http://fr.dbpedia.org/resource/Air_(groupe)", None),
        ("https://de.wikipedia.org/wiki/Bj%C3%B6rk", None),
        ("https://www.wikidata.org/wiki/Q42455", "wikidata:Q42455"),
        ("https://www.wikidata.org/wiki/Special:EntityData/Q42455.json", "wikidata:Q42455"),
        ("https://www.wikidata.org/wiki/Q42x", None),
        (f"https://musicbrainz.org/artist/{MBID}", f"musicbrainz:{MBID}"),
        (f"http://beta.musicbrainz.org/artist/{MBID.upper()}/works", f"musicbrainz:{MBID}"),
        (f"http://musicbrainz.org/artist/{MBID}.html", f"musicbrainz:{MBID}"),
        (f"https://musicbrainz.org/recording/{MBID}", None),
        ("https://www.discogs.com/artist/6520-Bj%C3%B6rk", "discogs:6520"),
        ("https://www.discogs.com/de/artist/6520", "discogs:6520"),
        ("https://bjork.com", None),
        ("Q42455", None),
    ],
)
def test_addresses_become_ids(text, expected):
    assert external_id(text) == expected


@pytest.mark.parametrize(
    ("text", "database", "expected"),
    [
        ("m.0c_jw", "", "freebase:m.0c_jw"),
        ("/m/0c_jw", "", "freebase:m.0c_jw"),
        ("/g/11x", "freebase", "freebase:g.11x"),
        ("fb:m.0c_jw", "", "freebase:m.0c_jw"),
        ("dbr:The Who", "", "dbpedia:The_Who"),
        ("dbr:", "", None),
        ("The Who", "", None),
        ("The Who", "dbpedia", "dbpedia:The_Who"),
        ("http://fr.dbpedia.org/resource/Air", "dbpedia", None),
        ("http://www.wikidata.org/entity/Q5", "dbpedia", None),
        ("wd:Q5", "", "wikidata:Q5"),
        ("Q5", "", "wikidata:Q5"),
        ("Q5", "freebase", None),
        ("Q05", "", None),
        (MBID.upper(), "", f"musicbrainz:{MBID}"),
        (f"mbid:{MBID}", "musicbrainz", f"musicbrainz:{MBID}"),
        ("6520", "", None),
        ("6520", "discogs", "discogs:6520"),
    ],
)
def test_other_spellings_are_understood(text, database, expected):
    assert identify(text, database) == expected


def test_a_column_keeps_what_it_does_not_know():
    assert of_column("musicbrainz", MBID.upper()) == f"musicbrainz:{MBID}"
    assert of_column("musicbrainz", "12") == NO_ID
    assert of_column("isni", "0000 0001") == "isni:0000 0001"
    assert of_column("", f"https://musicbrainz.org/artist/{MBID}") == f"musicbrainz:{MBID}"
    assert of_column("", "https://bjork.com") == NO_ID


@pytest.mark.parametrize(
    ("type_", "prefix", "column", "text", "expected"),
    [
        ("Song", "musicbrainz", "mbid", MBID, f"musicbrainz-recording:{MBID}"),
        ("Song", "musicbrainz", "track.recording_mbid", MBID, f"musicbrainz-recording:{MBID}"),
        ("Song", "musicbrainz", "MUSICBRAINZ_RELEASETRACKID", MBID, f"musicbrainz-track:{MBID}"),
        ("Album", "musicbrainz", "release_group_mbid", MBID, f"musicbrainz-release-group:{MBID}"),
        ("Album", "musicbrainz", "musicbrainz_albumid", MBID, f"musicbrainz-release:{MBID}"),
        ("Album", "musicbrainz", "mbid", MBID, f"musicbrainz-id:{MBID}"),
        ("RecordLabel", "musicbrainz", "mbid", MBID, f"musicbrainz-label:{MBID}"),
        ("Band", "musicbrainz", "musicbrainz_albumartistid", MBID, f"musicbrainz:{MBID}"),
        ("Band", "musicbrainz", "release.artist.mbid", MBID, f"musicbrainz:{MBID}"),
        ("Artist", "musicbrainz", "album_mbid", MBID, OTHER_KIND),
        ("Artist", "musicbrainz", "recording_mbids", MBID, OTHER_KIND),
        ("Song", "musicbrainz", "artist_mbid", MBID, OTHER_KIND),
        (
            "Artist",
            "musicbrainz",
            "musicbrainz",
            f"https://musicbrainz.org/release-group/{MBID}",
            OTHER_KIND,
        ),
        ("Artist", "", "url", f"https://musicbrainz.org/label/{MBID}", OTHER_KIND),
        (
            "Album",
            "",
            "url",
            f"https://musicbrainz.org/release/{MBID}",
            f"musicbrainz-release:{MBID}",
        ),
        ("Album", "discogs", "discogs", "r42", "discogs-release:42"),
        ("Album", "discogs", "master_id", "42", "discogs-master:42"),
        ("Album", "discogs", "discogs", "42", "discogs-id:42"),
        ("Album", "discogs-master", "discogs", "42", "discogs-master:42"),
        ("Album", "discogs-master", "discogs", "r42", OTHER_KIND),
        ("Album", "", "url", "https://www.discogs.com/master/42-Ann-Leaf", "discogs-master:42"),
        ("RecordLabel", "discogs", "id", "42", "discogs-label:42"),
        ("Artist", "discogs", "id", "[m=42]", OTHER_KIND),
        ("Artist", "discogs", "release_id", "42", OTHER_KIND),
        ("Song", "spotify", "uri", f"spotify:track:{22 * 'a'}", f"spotify-track:{22 * 'a'}"),
        ("Artist", "spotify", "uri", f"spotify:album:{22 * 'a'}", OTHER_KIND),
        ("Artist", "spotify", "uri", f"spotify:show:{22 * 'a'}", NO_ID),
        ("Album", "spotify", "id", 22 * "a", f"spotify-album:{22 * 'a'}"),
        (
            "Artist",
            "",
            "url",
            f"https://open.spotify.com/intl-de/artist/{22 * 'a'}?si=1",
            f"spotify-artist:{22 * 'a'}",
        ),
        ("Song", "isrc", "isrc", "us-rc1-76-07839", "isrc:USRC17607839"),
        ("Artist", "isrc", "isrc", "USRC17607839", OTHER_KIND),
        ("Song", "isrc", "isrc", "12", NO_ID),
        ("Artist", "wikidata", "album", "Q44", "wikidata:Q44"),
    ],
)
def test_ids_of_albums_and_songs_are_none_of_artists(type_, prefix, column, text, expected):
    assert of_column(prefix, text, column, type_) == expected


def test_an_id_of_a_kind_has_its_address_in_the_graph():
    assert expand(f"musicbrainz-recording:{MBID}") == f"https://musicbrainz.org/recording/{MBID}"
    assert curie(f"https://open.spotify.com/track/{22 * 'a'}") == f"spotify-track:{22 * 'a'}"
    assert expand("discogs-id:42").startswith("https://w3id.org/musickg/")


@pytest.mark.parametrize("database", DATABASES.values(), ids=DATABASES)
def test_an_entry_of_the_registry_is_consistent(database):
    short = f"{database.name}:{database.example}"
    assert database.curie(database.example) == short
    assert curie(database.namespace + database.example) == short
    assert database.in_dump.groups == (1 if database.dump_format else 0)


def test_each_database_with_a_dump_has_a_reader():
    readers = get_args(get_args(ThirdParty)[0])
    formats = {reader.model_fields["format"].default: reader for reader in readers}
    assert list(formats) == [DATABASES[name].dump_format for name in ALIGNED]
    for name in ALIGNED:
        reader = formats[DATABASES[name].dump_format]
        assert reader(name="x", path="dump").prefix == name


def test_a_misspelt_database_is_an_error_and_an_unknown_one_is_not():
    with pytest.raises(DataError, match="did you mean 'musicbrainz'"):
        check_prefix("musicbranz", "table 't'")
    for prefix in ("musicbrainz", "discogs-master", "amg", "isni", ""):
        check_prefix(prefix, "table 't'")
