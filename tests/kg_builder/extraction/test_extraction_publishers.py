"""Output for each publisher's files: counts, and ten facts of each.

The facts were checked manually against the files named in their evidence.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import pytest

from kg_builder.extraction.semi_structured.reader import adapter_for
from kg_builder.packed_files import matching_files
from tests.kg_builder.conftest import Run

pytestmark = pytest.mark.real_data

Fact = tuple[str, str, str, str]
"""(subject, predicate, object, end of the evidence)"""


class Family(NamedTuple):
    """Files of one kind, with counts of records by class and statements by predicate."""

    pattern: str
    adapters: set[str]
    records: dict[str, int]
    statements: dict[str, int]
    facts: list[Fact]


FAMILIES = {
    "Discogs artists": Family(
        "discogs/*_artists.xml.gz",
        {"discogs"},
        {"Artist": 1189, "SoloArtist": 387, "Band": 323},
        {
            "associatedWith": 548,
            "memberOf": 308,
            "hasMember": 218,
            "description": 207,
            "homepage": 131,
        },
        [
            ("The Persuader", "associatedWith", "Jesper Dahlbäck", "/artists/1/aliases"),
            ("Mr. James Barth & A.D.", "hasMember", "Alexi Delano", "/artists/2/members"),
            ("Mr. James Barth & A.D.", "hasMember", "Cari Lekebusch", "/artists/2/members"),
            ("Mr. James Barth & A.D.", "associatedWith", "Puente Latino", "/artists/2/aliases"),
            ("Josh Wink", "homepage", "http://www.joshwink.com/", "/artists/3/urls"),
            ("Josh Wink", "memberOf", "E-Culture", "/artists/3/groups"),
            ("Fredrik Stark", "memberOf", "City Dreams", "/artists/92/groups"),
            ("Fredrik Stark", "associatedWith", "Popeye", "/artists/92/aliases"),
            ("The Suspicions", "hasMember", "David Toop", "/artists/912625/members"),
            ("The Suspicions", "associatedWith", "The Flying Lizards", "/artists/912625/aliases"),
        ],
    ),
    "Discogs labels": Family(
        "discogs/*_labels.xml.gz",
        {"discogs"},
        {"RecordLabel": 1070},
        {"description": 242, "homepage": 143, "parentLabel": 83},
        [
            ("Planet E", "homepage", "http://planet-e.net", "/labels/1/urls"),
            ("Ruffhouse Records", "parentLabel", "Columbia", "/labels/6/parentLabel"),
            ("F-111 Records", "parentLabel", "Warner Bros. Records", "/labels/7/parentLabel"),
            ("Axis", "parentLabel", "Axis Records", "/labels/43/parentLabel"),
            ("Purpose Maker", "parentLabel", "Axis", "/labels/46/parentLabel"),
            ("Tresor", "homepage", "http://www.tresorberlin.com", "/labels/59/urls"),
            ("Svek", "parentLabel", "Goldhead Music", "/labels/5/parentLabel"),
            ("Flatlife Wired", "parentLabel", "Flatlife Records", "/labels/193966/parentLabel"),
            ("Flatlife Wired", "homepage", "http://www.flatliferecords.com", "/193966/urls"),
            ("Music City", "description", "Recording location in UK.", "/labels/387291/profile"),
        ],
    ),
    "Discogs masters": Family(
        "discogs/*_masters.xml.gz",
        {"discogs"},
        {"Album": 1000, "Artist": 911, "Genre": 281},
        {"genre": 3020, "performer": 1094, "releaseDate": 962},
        [
            ("Moments In Time", "performer", "Vince Watson", "/masters/113/artists"),
            ("Moments In Time", "genre", "Electronic", "/masters/113/genres"),
            ("Moments In Time", "genre", "Techno", "/masters/113/styles"),
            ("Moments In Time", "genre", "Tech House", "/masters/113/styles"),
            ("Moments In Time", "releaseDate", "2002", "/masters/113/year"),
            ('"That\'s Nat" Adderley', "genre", "Bop", "/masters/517064/styles"),
            ("Everything", "performer", "After The Fall", "/masters/646218/artists"),
            ("Everything", "genre", "Rock", "/masters/646218/genres"),
            ("Everything", "genre", "Punk", "/masters/646218/styles"),
            ("Everything", "releaseDate", "2005", "/masters/646218/year"),
        ],
    ),
    "Discogs releases": Family(
        "discogs/*_releases.xml.gz",
        {"discogs"},
        {
            "Song": 8947,
            "Artist": 4885,
            "Album": 1000,
            "RecordLabel": 703,
            "Genre": 258,
            "Place": 162,
            "Instrument": 71,
            "Country": 58,
        },
        {
            "performer": 13965,
            "onAlbum": 9184,
            "trackNumber": 9184,
            "duration": 4748,
            "genre": 2798,
            "writer": 2553,
            "instrument": 1716,
            "recordLabel": 1082,
            "producer": 951,
            "country": 942,
            "releaseDate": 881,
            "composer": 520,
            "recordedIn": 186,
            "locatedIn": 1,
        },
        [
            ("Stockholm", "performer", "The Persuader", "/releases/1/artists"),
            ("Stockholm", "composer", "Jesper Dahlbäck", "/releases/1/extraartists"),
            ("Stockholm", "releaseDate", "1999-03", "/releases/1/released"),
            ("Stockholm", "recordLabel", "Svek", "/releases/1/labels"),
            ("Stockholm", "recordedIn", "The Globe Studios", "/releases/1/companies"),
            ("Gamla Stan", "trackNumber", "6", "/releases/1/tracklist/6"),
            ("Albergo A Ore", "duration", "PT3M43S", "/releases/7698006/tracklist/2"),
            ("Albergo A Ore", "writer", "Marguerite Monnot", "/tracklist/2/extraartists"),
            ("David Boonshoft", "instrument", "bass", "/releases/9/tracklist/2/extraartists"),
            (
                "Robbery On The Overland Express",
                "producer",
                "Randy Thornton",
                "/releases/6084155/extraartists",
            ),
        ],
    ),
    "MusicBrainz": Family(
        "musicbrainz-ws2/**/*.xml",
        {"musicbrainz"},
        {
            "Song": 401,
            "Album": 99,
            "Artist": 86,
            "Venue": 43,
            "Instrument": 28,
            "Membership": 12,
            "Country": 17,
            "Place": 15,
            "Band": 13,
            "RecordLabel": 11,
            "Tag": 7,
            "Language": 6,
            "Event": 6,
            "SoloArtist": 3,
        },
        {
            "onAlbum": 372,
            "duration": 324,
            "trackNumber": 316,
            "performer": 100,
            "country": 96,
            "releaseDate": 84,
            "language": 59,
            "composer": 31,
            "description": 20,
            "locatedIn": 15,
            "writer": 13,
            "memberOf": 12,
            "recordLabel": 11,
            "beginDate": 20,
            "member": 12,
            "group": 12,
            "tag": 7,
            "eventDate": 5,
            "endDate": 5,
            "venue": 2,
            "producer": 2,
            "origin": 1,
            "instrument": 3,
        },
        [
            ("Сергей Сергеевич Прокофьев", "beginDate", "1891-04-27", "/life-span/begin"),
            ("Сергей Сергеевич Прокофьев", "endDate", "1953-03-05", "/life-span/end"),
            ("Сергей Сергеевич Прокофьев", "country", "Russia", "-55f971a023e1/country"),
            ("EXO", "origin", "Seoul", "/artist/b3785a55-2cf6-497d-b8e3-cfa21a36f997/begin-area"),
            ("EXO", "country", "South Korea", "b3785a55-2cf6-497d-b8e3-cfa21a36f997/country"),
            ("EXO", "beginDate", "2011-12-23", "/life-span/begin"),
            ("Shades of Gray", "producer", "Tom Jung", "/relation-list/relation"),
            ("Shades of Gray", "duration", "PT4M20S", "-71994ea611e3/length"),
            ("Billy Barber", "instrument", "piano", "/relation-list/relation"),
            ("Waysafe", "country", "New Zealand", "460743585f16/country"),
        ],
    ),
    "Songkick": Family(
        "songkick-jsonld/**/*.*",
        {"html", "json-ld", "json"},
        {
            "Artist": 364,
            "Event": 146,
            "Venue": 61,
            "Place": 50,
            "Country": 10,
            "Song": 2,
            "Album": 2,
        },
        {
            "performer": 1064,
            "locatedIn": 288,
            "homepage": 150,
            "venue": 146,
            "eventDate": 146,
            "image": 6,
            "duration": 2,
            "onAlbum": 2,
            "performed": 2,
            "description": 2,
        },
        [
            ("Standon Calling 2014", "performer", "Charli XCX", "/items/20/0/performer/0"),
            ("Standon Calling 2014", "performer", "Public Enemy", "/items/20/0/performer/1"),
            ("Standon Calling 2014", "eventDate", "2014-08-01", "/items/20/0/startDate"),
            ("Standon Calling 2014", "venue", "Standon Lordship", "/items/20/0/location"),
            ("Standon", "locatedIn", "United Kingdom", "/items/20/0/location/address"),
            ("Deichbrand Festival 2014", "performer", "The Hives", "/items/21/0/performer/1"),
            ("Cuxhaven", "locatedIn", "Germany", "/items/21/0/location/address"),
            ("Elysian Fields", "venue", "The Owl Music Parlor", "31 Oct 2015.html#/0/0/location"),
            ("Rope", "duration", "PT4M5S", "001.html#microdata/0/track/duration"),
            ("FedExForum", "eventDate", "2011-05-20", "001.html#microdata/0/event/startDate"),
        ],
    ),
    "schema.org": Family(
        "schema.org/*.txt",
        {"html"},
        {
            "Person": 14,
            "Event": 12,
            "Song": 17,
            "Artist": 16,
            "Album": 12,
            "Place": 5,
            "Agent": 5,
            "Venue": 4,
            "Movie": 3,
            "Work": 3,
            "Genre": 3,
            "Book": 2,
            "Role": 1,
            "Instrument": 4,
            "Membership": 5,
            "Language": 1,
            "SoloArtist": 1,
            "Country": 1,
            "Band": 1,
            "RecordLabel": 2,
        },
        {
            "onAlbum": 15,
            "eventDate": 9,
            "performer": 14,
            "venue": 8,
            "locatedIn": 7,
            "duration": 11,
            "trackNumber": 6,
            "writer": 5,
            "hasMember": 5,
            "genre": 4,
            "releaseDate": 3,
            "language": 3,
            "performed": 3,
            "producer": 3,
            "homepage": 2,
            "description": 2,
            "image": 2,
            "composer": 2,
            "score": 2,
            "medium": 1,
            "role": 1,
            "instrument": 7,
            "member": 5,
            "group": 5,
            "catalogueNumber": 1,
            "origin": 1,
            "beginDate": 6,
            "endDate": 5,
            "recordLabel": 2,
        },
        [
            ("Let It Be", "genre", "rock", "sdo-music-examples.txt#/0/genre"),
            ("Let It Be", "performer", "The Beatles", "sdo-music-examples.txt#/0/byArtist"),
            ("Two Of Us", "onAlbum", "Let It Be", "#/0/track/itemListElement/0/item"),
            ("Dig a Pony", "onAlbum", "Let It Be", "#/0/track/itemListElement/1/item"),
            ("A Day in the Life", "composer", "John Lennon", "examples.txt#/1/composer/0"),
            ("A Day in the Life", "composer", "Paul McCartney", "examples.txt#/1/composer/1"),
            ("A Day in the Life", "releaseDate", "1967", "examples.txt#/1/datePublished"),
            ("The Beatles", "origin", "Liverpool", "examples.txt#/2/foundingLocation"),
            ("The Beatles", "beginDate", "1957", "examples.txt#/2/foundingDate"),
            ("The Beatles", "recordLabel", "Apple Records", "examples.txt#/4/recordLabel"),
        ],
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_how_much_of_everything_and_ten_facts(real_data: Path, run: Run, name: str) -> None:
    family = FAMILIES[name]
    found = run(real_data / "semi-structured", kind="semi-structured", path=family.pattern)
    assert found.records["type"].value_counts().to_dict() == family.records
    assert found.statements["predicate"].value_counts().to_dict() == family.statements
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    table = found.statements
    columns = (table["subject"], table["predicate"], table["object"], table["evidence"])
    facts = [(names[s], p, names.get(o, o), where) for s, p, o, where in zip(*columns, strict=True)]
    for subject, predicate, object_, suffix in family.facts:
        places = [where for *fact, where in facts if fact == [subject, predicate, object_]]
        assert any(where.endswith(suffix) for where in places), (subject, predicate, places)


def test_every_file_has_its_adapter(real_data: Path) -> None:
    root = real_data / "semi-structured"
    read = set()
    for family in FAMILIES.values():
        for path in matching_files(root, family.pattern):
            content = path.read_bytes()
            head = gzip.decompress(content) if path.suffix == ".gz" else content
            adapter = adapter_for(path, head[:8192])
            assert adapter is not None and adapter.name in family.adapters, path
            read.add(path)
    unread = {path.name for path in root.rglob("*") if path.is_file()} - {p.name for p in read}
    assert unread == {"LICENSE"}


def test_unknown_fields_are_counted(real_data: Path, run: Run) -> None:
    found = run(real_data / "semi-structured", kind="semi-structured", path="discogs/*.gz")
    unknown = {key: n for key, n in found.counts.items() if key.startswith("unknown field")}
    assert unknown == {
        "unknown field: discogs label/contactinfo": 127,
        "unknown field: discogs master/notes": 40,
        "unknown field: discogs release/formats": 1000,
        "unknown field: discogs release/identifiers": 1000,
        "unknown field: discogs release/notes": 640,
    }
