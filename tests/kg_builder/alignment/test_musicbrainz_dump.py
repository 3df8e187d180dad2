from __future__ import annotations

import io
import json
import lzma
import tarfile

import pytest

from kg_builder.alignment import MusicBrainzJson
from kg_builder.alignment.dump_contents import Wanted, keys_of
from kg_builder.alignment.musicbrainz_dump import gather_musicbrainz
from kg_builder.ontology import load_schema

RADIOHEAD = {
    "id": "a74b1b7f-71a5-4011-9441-d0b5e4122711",
    "name": "Radiohead",
    "sort-name": "Radiohead",
    "type": "Group",
    "type-id": "e431f5f6-b5d2-343d-8b36-72607fffb74b",
    "disambiguation": "",
    "country": "GB",
    "area": {"id": "8a754a16-0027-3a29-b6d7-2b40ea0481ed", "name": "United Kingdom",
             "sort-name": "United Kingdom", "iso-3166-1-codes": ["GB"]},
    "begin-area": {"id": "dd9d4b4f-6f6e-4c1a-8b0f-9cf2b5a6b9a1", "name": "Abingdon-on-Thames",
                   "sort-name": "Abingdon-on-Thames"},
    "end-area": None,
    "life-span": {"begin": "1991", "end": None, "ended": False},
    "aliases": [{"name": "On a Friday", "sort-name": "On a Friday", "type": "Artist name"}],
    "genres": [{"id": "ceeaa283-5d7b-4202-8d1d-e25d116b2a18", "name": "alternative rock",
                "count": 24}],
    "tags": [{"name": "alternative rock", "count": 24}, {"name": "oxford", "count": 2},
             {"name": "seen live", "count": -1}],
    "relations": [
        {"type": "member of band", "direction": "backward", "target-type": "artist",
         "artist": {"id": "8ed2e0b3-aa4c-4e13-bec3-dc7393ed4d6b", "name": "Thom Yorke",
                    "type": "Person"}, "begin": "1991", "end": None, "ended": False},
        {"type": "wikidata", "direction": "forward", "target-type": "url",
         "url": {"id": "u1", "resource": "https://www.wikidata.org/wiki/Q44190"}},
        {"type": "discogs", "direction": "forward", "target-type": "url",
         "url": {"id": "u2", "resource": "https://www.discogs.com/artist/3840"}},
        {"type": "wikipedia", "direction": "forward", "target-type": "url",
         "url": {"id": "u3", "resource": "https://en.wikipedia.org/wiki/Radiohead"}},
        {"type": "official homepage", "direction": "forward", "target-type": "url",
         "url": {"id": "u4", "resource": "https://www.radiohead.com/"}},
    ],
}  # fmt: skip
YORKE = {
    "id": "8ed2e0b3-aa4c-4e13-bec3-dc7393ed4d6b",
    "name": "Thom Yorke",
    "sort-name": "Yorke, Thom",
    "type": "Person",
    "begin_area": {"id": "a1", "name": "Wellingborough"},
    "life-span": {"begin": "1968-10-07"},
}
US, THEM = f"musicbrainz:{RADIOHEAD['id']}", f"musicbrainz:{YORKE['id']}"


def written(path, documents, *, archived=False):
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents).encode()
    if not archived:
        path.write_bytes(lines)
        return path
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in (("TIMESTAMP", b"2026-01-01"), ("mbdump/artist", lines)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(lzma.compress(raw.getvalue()))
    return path


def gather(path, *names, ids=(), **settings):
    wanted = Wanted({key for name in names for key in keys_of(name)}, frozenset(ids))
    database = MusicBrainzJson(name="musicbrainz", path=path, **settings)
    return gather_musicbrainz(database, path, wanted, load_schema())


@pytest.mark.parametrize("archived", [False, True])
def test_an_artist_with_what_its_line_says(tmp_path, archived):
    path = written(tmp_path / "artist.tar.xz", [YORKE, RADIOHEAD], archived=archived)
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {US}
    area = "https://musicbrainz.org/area/"
    assert {(f.subject, f.predicate, f.object) for f in gathered.facts} == {
        (US, "country", f"{area}8a754a16-0027-3a29-b6d7-2b40ea0481ed"),
        (US, "origin", f"{area}dd9d4b4f-6f6e-4c1a-8b0f-9cf2b5a6b9a1"),
        (US, "beginDate", "1991"),
        (US, "genre", "musicbrainz-genre:ceeaa283-5d7b-4202-8d1d-e25d116b2a18"),
        (US, "tag", "https://musicbrainz.org/tag/oxford"),
        (US, "hasMember", THEM),
        (US, "homepage", "https://www.radiohead.com/"),
    }
    assert {fact.line for fact in gathered.facts} == {2}
    thing = gathered.things[US]
    assert thing.same_as == ("wikidata:Q44190", "discogs:3840", "dbpedia:Radiohead")
    assert (thing.aliases, thing.classes) == ({"On a Friday"}, {"Artist", "Band"})
    assert gathered.things[THEM].name == "Thom Yorke"


def test_a_person_is_born_where_it_begins(tmp_path):
    gathered = gather(written(tmp_path / "artist", [YORKE]), "Thom Yorke")
    facts = {(f.predicate, f.object) for f in gathered.facts}
    born = ("birthPlace", "https://musicbrainz.org/area/a1")
    assert facts == {born, ("beginDate", "1968-10-07")}


@pytest.mark.parametrize("known", ["wikidata:Q44190", "discogs:3840", US, "dbpedia:Radiohead"])
def test_an_artist_is_found_by_an_id_that_is_known(tmp_path, known):
    path = written(tmp_path / "artist", [YORKE, RADIOHEAD])
    assert gather(path, "Another Name", ids=[known]).candidates == {US}


def test_the_artists_with_most_relations_are_kept_of_namesakes(tmp_path):
    namesakes = [{"id": f"{n:036d}", "name": "Home"} for n in range(5)]
    known = {**namesakes[3], "relations": [{"type": "tribute"}]}
    path = written(tmp_path / "artist", [*namesakes[:3], known, namesakes[4]])
    gathered = gather(path, "Home", max_namesakes=1)
    assert gathered.candidates == {f"musicbrainz:{3:036d}"}
    assert gathered.faults.counts == {"too many namesakes": 4}


@pytest.mark.parametrize("archived", [False, True])
def test_a_cut_archive_keeps_the_artists_before_the_cut(tmp_path, archived):
    others = [{"id": f"{n:036d}", "name": f"Band {n * 7919}"} for n in range(4000)]
    path = written(tmp_path / "artist.tar.xz", [RADIOHEAD, *others], archived=archived)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {US}
    assert gathered.faults.counts == {"the dump is cut off; everything before the cut is used": 1}


def test_a_line_that_is_no_artist_is_counted(tmp_path):
    path = tmp_path / "artist"
    path.write_text('{"name": "Radiohead"}\n{"name": "Radiohead"\n')
    gathered = gather(path, "Radiohead")
    places = [location for location, _ in gathered.faults.places["line is no JSON object"]]
    assert places == ["artist#line=1", "artist#line=2"]
