"""The built-in sample is consistent: references resolve, offsets fit, files are reproducible."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import mwparserfromhell
import pyoxigraph
import pytest

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "raw" / "sample"
MID = re.compile(r"m\.0[0-9a-z_]{2,7}")
GOLD_PREDICATES = {
    "biographies": {
        "associatedWith", "award", "birthDate", "birthPlace", "foundingDate", "genre",
        "influencedBy", "instrument", "memberOf", "origin", "recordLabel", "released",
    },
    "album_notes": {
        "award", "birthPlace", "composer", "genre", "instrument", "memberOf", "onAlbum", "origin",
        "performer", "previousWork", "producer", "recordLabel", "recordedIn", "releaseDate",
        "writer",
    },
}  # fmt: skip
BROKEN_PAGE = "my-bloody-valentine.html"


def table(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, quoting=quoting))


def json_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLE / name).read_text("utf-8").splitlines()]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"sample_{name}", SAMPLE / "making" / f"{name}.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def artists() -> dict[str, dict[str, str]]:
    rows = table("catalogue.csv")
    by_id = {row["artist_id"]: row for row in rows}
    assert len(by_id) == len(rows)
    return by_id


def test_sample_is_small_enough_to_commit() -> None:
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size < 1_500_000


def test_readme_names_every_file_and_nothing_else_lies_there() -> None:
    readme = (SAMPLE / "README.md").read_text("utf-8")
    kept = {p.name for p in SAMPLE.iterdir() if not p.name.startswith((".", "__"))}
    files = {"README.md", "album_notes.jsonl", "albums.csv", "biographies.jsonl", "catalogue.csv",
             "dbpedia-excerpt.nt", "freebase-excerpt.gz", "listeners.tsv", "second_catalogue.tsv",
             "simulate_listeners.py"}  # fmt: skip
    folders = {"infoboxes", "making", "pages", "truth"}
    assert kept == files | folders
    assert all(f"`{name}" in readme for name in kept - {"README.md"})
    assert "simulated" in readme


class TestCatalogue:
    def test_counts_and_kinds(self, artists: dict[str, dict[str, str]]) -> None:
        assert len(artists) >= 160
        assert {row["type"] for row in artists.values()} == {"band", "person"}
        assert len({row["country"] for row in artists.values()}) >= 30
        assert sum(not row["name"].isascii() for row in artists.values()) >= 25

    def test_every_row_is_whole(self, artists: dict[str, dict[str, str]]) -> None:
        for row in artists.values():
            assert None not in row and None not in row.values(), row
            assert all(value == value.strip() for value in row.values()), row
            assert row["name"] and row["country"] and row["genres"], row
            for column in ("genres", "labels", "members", "instruments"):
                values = row[column].split(";")
                assert len(set(values)) == len(values), row
                assert values == [""] or all(values), row
            assert not (row["members"] and row["type"] == "person"), row
            assert not (row["instruments"] and row["type"] == "band"), row

    def test_years_are_in_order(self, artists: dict[str, dict[str, str]]) -> None:
        for row in artists.values():
            begin, end = row["formed_or_born"], row["disbanded_or_died"]
            for year in filter(None, (begin, end)):
                assert 1880 <= int(year) <= 2025, row
            assert not (begin and end) or int(begin) <= int(end), row

    def test_only_nirvana_is_the_name_of_two(self, artists: dict[str, dict[str, str]]) -> None:
        names = Counter(row["name"] for row in artists.values())
        assert {name for name, n in names.items() if n > 1} == {"Nirvana"}

    def test_soloists_are_found_among_the_members(self, artists: dict[str, dict[str, str]]) -> None:
        people = {row["name"] for row in artists.values() if row["type"] == "person"}
        members = {name for row in artists.values() for name in row["members"].split(";")}
        assert {"Björk", "Beyoncé", "Thom Yorke", "Natacha Atlas", "椎名林檎"} <= people & members
        assert len(people & members) >= 50

    def test_albums_belong_to_artists(self, artists: dict[str, dict[str, str]]) -> None:
        albums = table("albums.csv")
        assert len(albums) >= 250
        assert len({row["album_id"] for row in albums}) == len(albums)
        known = {label for row in artists.values() for label in row["labels"].split(";")}
        for row in albums:
            artist = artists[row["artist_id"]]
            assert row["title"] and row["label"] in known, row
            begin = int(artist["formed_or_born"] or 1880)
            assert begin <= int(row["year"]) <= 2025, row
        keys = Counter((row["artist_id"], row["title"]) for row in albums)
        assert max(keys.values()) == 1


class TestSecondCatalogue:
    def test_truth_covers_every_row(self, artists: dict[str, dict[str, str]]) -> None:
        refs = [row["ref"] for row in table("second_catalogue.tsv", "\t")]
        truth = table("truth/second_catalogue_matches.tsv", "\t")
        assert len(set(refs)) == len(refs)
        assert [row["second_id"] for row in truth] == refs
        matched = [row["artist_id"] for row in truth if row["artist_id"]]
        assert set(matched) <= set(artists)
        assert len(set(matched)) == len(matched) >= 120
        assert len(refs) - len(matched) >= 15

    def test_spellings_differ_and_facts_agree(self, artists: dict[str, dict[str, str]]) -> None:
        rows = table("second_catalogue.tsv", "\t")
        truth = {row["second_id"]: row["artist_id"] for row in
                 table("truth/second_catalogue_matches.tsv", "\t")}  # fmt: skip
        pairs = [(row, artists[truth[row["ref"]]]) for row in rows if truth[row["ref"]]]
        differing = sum(row["artist"] != artist["name"] for row, artist in pairs)
        assert differing / len(pairs) > 0.7
        years = [
            abs(int(row["begin"]) - int(artist["formed_or_born"]))
            for row, artist in pairs
            if row["begin"] and artist["formed_or_born"]
        ]
        assert max(years) <= 2  # two publishers may date a band's first rehearsals differently


class TestListeners:
    def test_rows_refer_to_artists(self, artists: dict[str, dict[str, str]]) -> None:
        rows = table("listeners.tsv", "\t")
        assert len(rows) >= 8000
        assert len({row["user_id"] for row in rows}) == 400
        assert {row["artist_id"] for row in rows} <= set(artists)
        assert min(int(row["plays"]) for row in rows) >= 1
        assert max(Counter((r["user_id"], r["artist_id"]) for r in rows).values()) == 1

    def test_generator_reproduces_the_file(self, tmp_path: Path) -> None:
        out = tmp_path / "listeners.tsv"
        command = [sys.executable, str(SAMPLE / "simulate_listeners.py"), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        assert out.read_bytes() == (SAMPLE / "listeners.tsv").read_bytes()

    def test_taste_follows_genres(self, artists: dict[str, dict[str, str]]) -> None:
        """Two artists of one listener share a genre far more often than two random artists."""
        users: dict[str, list[set[str]]] = {}
        for row in table("listeners.tsv", "\t"):
            genres = set(artists[row["artist_id"]]["genres"].split(";"))
            users.setdefault(row["user_id"], []).append(genres)
        everybody = [genres for user in users.values() for genres in user]

        def shared(rows: list[set[str]], step: int) -> float:
            pairs = list(zip(rows, rows[step:], strict=False))
            return sum(bool(a & b) for a, b in pairs) / len(pairs)

        own = sum(shared(user, 2) for user in users.values()) / len(users)
        assert own > 1.5 * shared(everybody, 1000)


class TestSemiStructured:
    def test_pages_hold_what_the_readme_promises(self) -> None:
        pages = sorted((SAMPLE / "pages").glob("*.html"))
        assert len(pages) >= 30
        without, broken = [], []
        for page in pages:
            text = page.read_text("utf-8")
            blocks = re.findall(r"<script type=.application/ld\+json.>(.*?)</script>", text, re.S)
            if not blocks:
                without.append(page.name)
            for block in blocks:
                stripped = re.sub(r"^\s*//(<!\[CDATA\[|\]\]>)\s*$", "", block, flags=re.M)
                stripped = stripped.replace("//<![CDATA[", "")
                try:
                    json.loads(stripped)
                except json.JSONDecodeError:
                    broken.append(page.name)
        assert without == ["miriam-makeba.html", "the-cure.html"]
        assert broken == [BROKEN_PAGE]
        assert 'itemtype="https://schema.org/MusicGroup"' in (
            SAMPLE / "pages/the-cure.html"
        ).read_text("utf-8")

    def test_infoboxes_parse(self) -> None:
        files = sorted((SAMPLE / "infoboxes").glob("*.wikitext"))
        assert len(files) >= 30
        for file in files:
            boxes = [
                template
                for template in mwparserfromhell.parse(file.read_text("utf-8")).filter_templates()
                if template.name.strip() == "Infobox musical artist"
            ]
            assert len(boxes) == 1, file.name
            names = {parameter.name.strip().lower() for parameter in boxes[0].params}
            assert "genre" in names, file.name


class TestBiographies:
    def test_titles_are_catalogue_names(self, artists: dict[str, dict[str, str]]) -> None:
        entries = json_lines("biographies.jsonl")
        assert len(entries) >= 120
        assert len({entry["id"] for entry in entries}) == len(entries)
        names = {row["name"] for row in artists.values()} | {"Nirvana (UK)"}
        titles = [entry["title"] for entry in entries]
        assert set(titles) <= names and len(set(titles)) == len(titles)
        assert all(
            100 < len(entry["text"]) < 900 and "[[" not in entry["text"] for entry in entries
        )


class TestAlbumNotes:
    def test_titles_are_albums_that_no_other_album_is_called(self) -> None:
        entries = json_lines("album_notes.jsonl")
        assert len(entries) >= 44
        assert [entry["id"] for entry in entries] == [f"N{n + 1:03d}" for n in range(len(entries))]
        albums = Counter(row["title"] for row in table("albums.csv"))
        titles = [entry["title"] for entry in entries]
        assert all(albums[title] == 1 for title in titles) and len(set(titles)) == len(titles)
        for entry in entries:
            assert 100 < len(entry["text"]) < 900 and "[[" not in entry["text"], entry

    def test_every_note_is_about_another_artist(self) -> None:
        by_title = {row["title"]: row for row in table("albums.csv")}
        rows = [by_title[entry["title"]] for entry in json_lines("album_notes.jsonl")]
        assert len({row["artist_id"] for row in rows}) == len(rows)

    def test_the_first_thirty_six_are_annotated(self) -> None:
        gold = json_lines("truth/album_notes_annotations.jsonl")
        assert [record["id"] for record in gold] == [f"N{n:03d}" for n in range(1, 37)]

    def test_dates_agree_with_the_albums(self) -> None:
        """A date has the precision of its sentence and the year of `albums.csv`."""
        years = {row["title"]: row["year"] for row in table("albums.csv")}
        triples = [
            triple
            for record in json_lines("truth/album_notes_annotations.jsonl")
            for triple in record["triples"]
            if triple["predicate"] == "releaseDate"
        ]
        assert len(triples) >= 36
        for triple in triples:
            assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", triple["object"]), triple
            assert triple["object"][:4] == years.get(triple["subject"], triple["object"][:4]), (
                triple
            )

    def test_genres_stand_in_their_sentences(self) -> None:
        texts = {entry["id"]: entry["text"] for entry in json_lines("album_notes.jsonl")}
        for record in json_lines("truth/album_notes_annotations.jsonl"):
            for triple in record["triples"]:
                span = record["sentences"][triple["sentence"]]
                sentence = texts[record["id"]][span["start"] : span["end"]]
                if triple["predicate"] == "genre":
                    assert triple["object"] in sentence.lower(), triple

    def test_a_triple_is_given_once(self) -> None:
        for record in json_lines("truth/album_notes_annotations.jsonl"):
            facts = Counter((t["subject"], t["predicate"], t["object"]) for t in record["triples"])
            assert max(facts.values()) == 1, record["id"]


@pytest.mark.parametrize("name", sorted(GOLD_PREDICATES))
class TestMarkedUpTexts:
    def test_gold_spans_fit_the_texts(self, name: str) -> None:
        texts = {entry["id"]: entry["text"] for entry in json_lines(f"{name}.jsonl")}
        gold = json_lines(f"truth/{name}_annotations.jsonl")
        assert len(gold) >= 25
        for record in gold:
            text = texts[record["id"]]
            spans = [(s["start"], s["end"]) for s in record["sentences"]]
            assert " ".join(text[start:end] for start, end in spans) == text
            for chain in record["chains"]:
                for mention in chain["mentions"]:
                    start, end = mention["start"], mention["end"]
                    assert text[start:end] == mention["text"]
                    assert sum(a <= start and end <= b for a, b in spans) == 1

    def test_gold_triples_are_about_mentioned_things(self, name: str) -> None:
        literal = {"birthDate", "foundingDate", "genre", "instrument", "releaseDate"}
        for record in json_lines(f"truth/{name}_annotations.jsonl"):
            entities = {chain["entity"] for chain in record["chains"]}
            for triple in record["triples"]:
                assert triple["predicate"] in GOLD_PREDICATES[name], triple
                assert triple["subject"] in entities, triple
                assert triple["predicate"] in literal or triple["object"] in entities, triple
                assert 0 <= triple["sentence"] < len(record["sentences"]), triple

    def test_every_predicate_is_used(self, name: str) -> None:
        gold = json_lines(f"truth/{name}_annotations.jsonl")
        used = {triple["predicate"] for record in gold for triple in record["triples"]}
        assert used == GOLD_PREDICATES[name]

    def test_both_files_come_from_the_marked_up_text(self, name: str) -> None:
        plain, gold = script("texts").render(name)
        assert plain == (SAMPLE / f"{name}.jsonl").read_text("utf-8")
        assert gold == (SAMPLE / f"truth/{name}_annotations.jsonl").read_text("utf-8")


class TestExcerpts:
    def test_freebase_lines_have_the_layout_of_the_dump(self) -> None:
        resource = r"<http://(?:rdf\.freebase\.com/ns|www\.w3\.org)/[^<>\s]+>"
        literal = r'"(?:[^"\\]|\\.)*"(?:@en|\^\^<[^<>\s]+>)'
        line = re.compile(rf"{resource}\t{resource}\t(?:{resource}|{literal})\t\.")
        text = gzip.decompress((SAMPLE / "freebase-excerpt.gz").read_bytes()).decode("utf-8")
        assert all(line.fullmatch(row) for row in text.splitlines())
        assert text == "".join(script("freebase").lines())

    def test_archive_carries_no_time_stamp(self) -> None:
        assert (SAMPLE / "freebase-excerpt.gz").read_bytes()[4:8] == bytes(4)

    def test_mids_are_well_shaped_unique_and_described(
        self, artists: dict[str, dict[str, str]]
    ) -> None:
        links = table("truth/freebase_ids.tsv", "\t")
        mids = [row["mid"] for row in links]
        assert len(set(mids)) == len(mids) >= 80
        assert {row["artist_id"] for row in links} <= set(artists)
        topics = table("making/freebase_topics.tsv", "\t")
        known = {topic["mid"] for topic in topics}
        assert len(known) == len(topics)
        assert all(MID.fullmatch(mid) for mid in known)
        assert set(mids) <= known
        for fact in table("making/freebase_facts.tsv", "\t"):
            assert fact["subject"] in known, fact
            assert fact["object"] in known or fact["object"].isdigit(), fact

    def test_dbpedia_excerpt_parses_and_covers_its_links(
        self, artists: dict[str, dict[str, str]]
    ) -> None:
        links = table("truth/dbpedia_ids.tsv", "\t")
        resources = [row["resource"] for row in links]
        assert len(set(resources)) == len(resources) >= 100
        assert {row["artist_id"] for row in links} <= set(artists)
        data = (SAMPLE / "dbpedia-excerpt.nt").read_bytes()
        quads = list(pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.N_TRIPLES))
        assert len(set(quads)) == len(quads) == len(data.splitlines())
        described = {
            quad.subject.value
            for quad in quads
            if quad.predicate.value == "http://www.w3.org/2000/01/rdf-schema#label"
            and isinstance(quad.subject, pyoxigraph.NamedNode)
        }
        assert set(resources) <= described
