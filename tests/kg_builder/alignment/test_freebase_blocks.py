from __future__ import annotations

import gzip
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.alignment import FreebaseRdf
from kg_builder.alignment.dump_contents import Wanted, keys_of
from kg_builder.alignment.dump_lines import CUT_OFF, NO_TRIPLE, Faults
from kg_builder.alignment.dump_names import Spellings
from kg_builder.alignment.freebase import gather_freebase
from kg_builder.alignment.freebase_blocks import Sieve, blocks, hash_ids
from kg_builder.ontology import load_schema

NS = "http://rdf.freebase.com/ns/"
NAMES = ["The Beatles", "Beatles, The", "R.E.M.", "Guns N' Roses", "Simon & Garfunkel", "!!!",
         "P!nk", "Ke$ha", "Nirvana (UK band)", "Bowie, David", "Santana feat. Rob Thomas",
         "Sigur Rós", "Кино", "Hip-Hop Music", "Sub Pop Records", "R&B", "A.C.T", "The The",
         'Joe "King" Oliver', "X (aka Y)", "Rock 'n' Roll", "Florence + The Machine"]  # fmt: skip


def triple(subject, predicate, target):
    shown = f"<{NS}{target}>" if target.startswith(("m.", "music.")) else target
    return f"<{NS}{subject}>\t<{NS}{predicate}>\t{shown}\t.\n"


def named(mid, name, *more):
    return [triple(mid, "type.object.name", f'"{name}"@en'), *more]


def gather(path, *names, ids=(), **settings_):
    keys = {key for name in names for key in keys_of(name)}
    database = FreebaseRdf(name="freebase", path=path, **settings_)
    wanted = Wanted(keys, frozenset(ids))
    return gather_freebase(database, path, wanted, load_schema(), second_hop=frozenset())


def facts_of(gathered):
    return {(fact.subject, fact.predicate, fact.object) for fact in gathered.facts}


LINES = st.lists(
    st.sampled_from(
        [
            triple("m.01", "type.object.name", '"One"@en'),
            triple("m.01", "music.artist.genre", "m.02"),
            triple("m.0_longer", "type.object.name", '"Zwei"@de'),
            '<http://a/x>\t<http://a/p>\t"v"\t.\n',
            "no triple at all\n",
            "too\tfew\n",
            "<a>\t<b>\t<c>\t.\t<d>\n",
            "\n",
            '"s"\t<b>\t<c>\t.\n',
        ]
    ),
    max_size=60,
)


def read_line_by_line(text, name):
    """The reference result: line by line, columns by `split`."""
    found, faults = [], Faults()
    for number, line in enumerate(text.split("\n"), 1):
        columns = line.split("\t")
        if len(columns) != 4 or columns[0][:1] != "<" or columns[1][:1] != "<":
            if line:
                faults.add(NO_TRIPLE, f"{name}#line={number}", line)
        elif columns[0].startswith(f"<{NS}") and columns[1].startswith(f"<{NS}"):
            subject, predicate, target, _ = (part.replace(f"<{NS}", "<") for part in columns)
            found.append((number, subject[1:-1], predicate[1:-1], target))
    return found, faults


@given(LINES, st.integers(1, 2000))
@settings(max_examples=200, deadline=None)
def test_blocks_say_what_the_lines_say(tmp_path_factory, lines, size):
    path = tmp_path_factory.getbasetemp() / "random-dump"
    path.write_text("".join(lines))
    faults = Faults()
    found = [
        (int(block.numbers[i]), *(part.decode() for part in (block.subject(i), block.predicate(i),
                                                             block.object(i))))
        for block in blocks(path, faults, size=size)
        for i in range(len(block))
        if block.subject(i) and block.predicate(i)
    ]  # fmt: skip
    assert (found, faults) == read_line_by_line("".join(lines), path.name)


def test_a_line_that_is_no_triple_is_counted_with_its_place(tmp_path):
    path = tmp_path / "dump"
    path.write_text("".join([*named("m.1", "One"), "no triple\n", "\n", *named("m.2", "Two")]))
    faults = Faults()
    assert [
        (int(block.numbers[i]), block.subject(i), block.predicate(i), block.object(i))
        for block in blocks(path, faults)
        for i in range(len(block))
    ] == [
        (1, b"m.1", b"type.object.name", b'"One"@en'),
        (4, b"m.2", b"type.object.name", b'"Two"@en'),
    ]
    assert faults.counts == {NO_TRIPLE: 1}
    assert faults.places == {NO_TRIPLE: [("dump#line=2", "no triple")]}


@pytest.mark.parametrize("end", ["", "\n", " "])
def test_a_whole_last_line_needs_no_line_end(tmp_path, end):
    path = tmp_path / "dump"
    path.write_text("".join([*named("m.1", "One"), *named("m.2", "Two")]).rstrip("\n") + end)
    faults = Faults()
    subjects = [b.subject(i) for b in blocks(path, faults, size=30) for i in range(len(b))]
    assert subjects == [b"m.1", b"m.2"]
    assert not faults.counts


@pytest.mark.parametrize("pack", ["plain", "gzip"])
def test_a_dump_that_is_cut_off_keeps_every_whole_line_before_the_cut(tmp_path, pack):
    rng = random.Random(0)
    whole = "".join(line for i in range(2000) for line in named(f"m.{i}", f"{rng.random()}"))
    packed = gzip.compress(whole.encode()) if pack == "gzip" else whole.encode()
    path = tmp_path / "dump"
    path.write_bytes(packed[: len(packed) // 2])
    faults = Faults()
    read = list(blocks(path, faults, size=5000))
    subjects = [block.subject(i) for block in read for i in range(len(block))]
    assert 100 < len(subjects) < 2000
    assert subjects == [f"m.{i}".encode() for i in range(len(subjects))]
    ((reason, places),) = faults.places.items()
    assert (reason, places[0][0]) == (CUT_OFF, f"dump#line={len(subjects) + 1}")


@given(LINES, st.integers(1, 300))
@settings(max_examples=100, deadline=None)
def test_a_block_ends_where_a_subject_ends(tmp_path_factory, lines, size):
    path = tmp_path_factory.getbasetemp() / "whole-subjects"
    path.write_text("".join(line for line in lines if line.startswith("<http")))
    ends = [(b.subject(0), b.subject(len(b) - 1)) for b in blocks(path, Faults(), size=size)]
    assert all(one[1] != two[0] or one[1] is None for one, two in pairwise(ends))


def test_a_hash_in_a_block_is_the_hash_of_the_id(tmp_path):
    path = tmp_path / "dump"
    path.write_text(triple("m.0c_jw", "music.artist.genre", "m.06by7"))
    (block,) = blocks(path, Faults())
    assert block.subjects[0] == hash_ids(["m.0c_jw"])[0]
    assert block.predicates[0] == hash_ids(["music.artist.genre"])[0]
    assert block.objects[0] == hash_ids(["m.06by7"])[0]


@given(st.sets(st.from_regex(r"m\.0[a-z0-9_]{1,7}", fullmatch=True)))
@settings(deadline=None)
def test_a_sieve_never_holds_back_what_is_in_it(ids):
    sieve = Sieve()
    sieve.add(ids)
    assert sieve.bits(hash_ids(sorted(ids))).all()


@given(
    st.lists(st.sampled_from(NAMES) | st.text(max_size=20), min_size=1, max_size=5),
    st.sampled_from(NAMES) | st.text(max_size=20),
    st.sampled_from(["{}", "The {}", "{} Records", "{} (band)", "{}, The", "({}) x", "{} music"]),
)
def test_the_quick_look_at_a_name_never_holds_back_one_of_ours(ours, name, shape):
    name = shape.format(name)
    keys = {key for one in ours for key in keys_of(one)}
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    if keys.intersection(keys_of(name)):
        shown = escaped.encode("utf-8", "ignore")
        assert Spellings(keys).may_be_ours(shown)
        assert 1 in Spellings(keys).perhaps_ours([b"a (b), c", shown, b"x & y"])


def test_the_quick_look_sees_that_most_names_are_not_ours():
    spellings = Spellings({key for name in NAMES for key in keys_of(name)})
    strangers = ["Abbey Road (Remastered)", "Live at Leeds", "Smith, John", "Home, Sweet Home"]
    assert not any(spellings.may_be_ours(name.encode()) for name in strangers)
    assert not spellings.perhaps_ours([name.encode() for name in strangers])


@pytest.mark.parametrize("way", ["plain", "in a subject of several blocks"])
def test_names_and_facts_may_stand_in_any_order(tmp_path, monkeypatch, way):
    if way != "plain":
        monkeypatch.setattr("kg_builder.alignment.freebase_blocks.LONGEST", 200)
        monkeypatch.setattr("kg_builder.alignment.freebase_blocks.BLOCK", 100)
        monkeypatch.setattr(blocks, "__kwdefaults__", {"size": 100})
    dump = [
        *named("m.02", "indie rock"),
        triple("m.cvt", "music.group_membership.group", "m.rh"),
        *named("m.rh", "Radiohead"),
        *(triple("m.rock", "music.genre.albums", f"m.1{i}") for i in range(20)),
        triple("m.rock", "music.genre.artists", "m.rh"),
        triple("m.rock", "type.object.name", '"rock"@en'),
        triple("m.ty", "music.artist.genre", "m.02"),
        triple("m.ty", "music.group_member.membership", "m.cvt"),
        *named("m.ty", "Thom Yorke"),
    ]
    path = tmp_path / "dump"
    path.write_text("".join(dump))
    names = ("Thom Yorke", "Radiohead") if way == "plain" else ("Thom Yorke", "Radiohead", "rock")
    assert facts_of(gather(path, *names)) == {
        ("freebase:m.rh", "genre", "freebase:m.rock"),
        ("freebase:m.ty", "genre", "freebase:m.02"),
        ("freebase:m.ty", "memberOf", "freebase:m.rh"),
    }


def test_the_members_band_need_not_have_one_of_our_names(tmp_path):
    """The band comes first, then the nameless node, then the member that alone is ours."""
    dump = [
        *named("m.rh", "Radiohead"),
        triple("m.cvt", "music.group_membership.group", "m.rh"),
        *named("m.ty", "Thom Yorke", triple("m.ty", "music.group_member.membership", "m.cvt")),
    ]
    path = tmp_path / "dump"
    path.write_text("".join(dump))
    assert facts_of(gather(path, "Thom Yorke")) == {("freebase:m.ty", "memberOf", "freebase:m.rh")}


@pytest.mark.parametrize("size", [100, 1 << 20])
@pytest.mark.parametrize("names_first", [True, False])
def test_lines_of_a_subject_need_not_stand_together(tmp_path, monkeypatch, names_first, size):
    monkeypatch.setattr(blocks, "__kwdefaults__", {"size": size})
    bearers = {"m.02": "indie rock", "m.rh": "Radiohead", "m.sp": "Parlophone", "m.uk": "England"}
    names = [line for key, name in {**bearers, "m.ty": "Thom Yorke"}.items()
             for line in named(key, name)]  # fmt: skip
    facts = [
        triple("m.rh", "music.artist.genre", "m.02"),
        triple("m.sp", "music.record_label.artist", "m.rh"),
        triple("m.ty", "people.person.nationality", "m.uk"),
        triple("m.ty", "influence.influence_node.influenced_by", "m.rh"),
    ]
    path = tmp_path / "dump"
    path.write_text("".join(names + facts if names_first else facts + names))
    assert facts_of(gather(path, "Radiohead")) == {
        ("freebase:m.rh", "genre", "freebase:m.02"),
        ("freebase:m.rh", "recordLabel", "freebase:m.sp"),
        ("freebase:m.ty", "influencedBy", "freebase:m.rh"),
    }


def test_of_too_many_namesakes_the_best_described_are_kept(tmp_path):
    dump = []
    for number in range(9):
        facts = [triple(f"m.0{number}", "music.artist.genre", f"m.g{i}") for i in range(number % 5)]
        dump += named(f"m.0{number}", "Home", *facts)
    path = tmp_path / "dump"
    path.write_text("".join(dump))
    gathered = gather(path, "Home", max_namesakes=2)
    assert gathered.candidates == {"freebase:m.04", "freebase:m.03"}
    assert gathered.faults.counts == {"too many namesakes": 7}


def test_a_thing_whose_id_is_stated_needs_no_name_of_ours(tmp_path):
    path = tmp_path / "dump"
    path.write_text("".join(named("m.sc", "Sean Combs") + named("m.x", "Somebody Else")))
    gathered = gather(path, "P. Diddy", ids=["freebase:m.sc", "dbpedia:Sean_Combs"])
    assert gathered.candidates == {"freebase:m.sc"}


def test_a_key_of_wikipedia_is_the_id_in_dbpedia(tmp_path):
    keys = ["/en/the_police", "/wikipedia/en_title/What_Is_This$003F", "/wikipedia/de/Q"]
    facts = [triple("m.p", "type.object.key", f'"{key}"') for key in keys]
    path = tmp_path / "dump"
    path.write_text("".join(named("m.p", "What Is This?", *facts)))
    thing = gather(path, "What Is This?").things["freebase:m.p"]
    assert thing.same_as == ("dbpedia:What_Is_This%3F",)


def test_a_truncated_gzip_dump_brings_the_facts_before_the_cut(tmp_path):
    rng = random.Random(0)
    dump = [*named("m.rh", "Radiohead", triple("m.rh", "music.artist.genre", "m.02")),
            *named("m.02", "indie rock")]  # fmt: skip
    dump += [line for i in range(3000) for line in named(f"m.1{i}", f"N{rng.random()}")]
    packed = gzip.compress("".join(dump).encode())
    path = tmp_path / "dump.gz"
    path.write_bytes(packed[: len(packed) // 2])
    gathered = gather(path, "Radiohead")
    assert facts_of(gathered) == {("freebase:m.rh", "genre", "freebase:m.02")}
    assert Counter(gathered.faults.counts) == {
        "the dump is cut off; everything before the cut is used": 1
    }
    ((location, why),) = gathered.faults.places[next(iter(gathered.faults.counts))]
    assert location == f"dump.gz#line={gathered.lines + 1}"
    assert why


@pytest.mark.parametrize("tail", ["<http://rdf.freebase.com/ns/m.9>\t<http://rdf", "<ht"])
def test_a_plain_dump_cut_in_mid_line_names_the_line(tmp_path, tail):
    path = tmp_path / "dump"
    path.write_text("".join(named("m.rh", "Radiohead")) + tail)
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {"freebase:m.rh"}
    (places,) = gathered.faults.places.values()
    assert places == [("dump#line=2", tail)]


@pytest.mark.real_data
def test_the_genuine_head_passes_as_blocks_to_the_last_line(real_data):
    faults = Faults()
    read = list(blocks(real_data / "freebase" / "freebase-rdf-head100.gz", faults, size=512))
    assert sum(map(len, read)) == 100
    assert int(read[-1].numbers[-1]) == 100
    assert not faults.counts
