from __future__ import annotations

import bz2
import lzma

import pytest

from kg_builder.alignment import DbpediaNt
from kg_builder.alignment.dbpedia import gather_dbpedia
from kg_builder.alignment.dump_contents import Wanted, keys_of
from kg_builder.ontology import load_schema

DBR, DBO = "http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"
SAME = "http://www.w3.org/2002/07/owl#sameAs"
DUMP = f"""\
<{DBR}Radiohead> <{DBO}genre> <{DBR}Alternative_rock> .
<{DBR}Radiohead> <{SAME}> <http://www.wikidata.org/entity/Q44190> .
<{DBR}Radiohead> <{SAME}> <http://rdf.freebase.com/ns/m.06mj4> .
<{DBR}Radiohead> <{SAME}> <http://musicbrainz.org/artist/a74b1b7f-71a5-4011-9441-d0b5e4122711> .
<{DBR}Radiohead> <{SAME}> <http://de.dbpedia.org/resource/Radiohead> .
<{DBR}Blur_(band)> <{DBO}genre> <{DBR}Britpop> .
"""


def gather(path, *names, ids=(), **settings):
    wanted = Wanted({key for name in names for key in keys_of(name)}, frozenset(ids))
    database = DbpediaNt(name="dbpedia", path=path, **settings)
    return gather_dbpedia(database, path, wanted, load_schema())


@pytest.mark.parametrize("pack", [str.encode, lambda s: bz2.compress(s.encode()),
                                  lambda s: lzma.compress(s.encode())])  # fmt: skip
def test_a_thing_with_its_ids_elsewhere(tmp_path, pack):
    path = tmp_path / "dbpedia"
    path.write_bytes(pack(DUMP))
    gathered = gather(path, "Radiohead")
    assert gathered.candidates == {"dbpedia:Radiohead"}
    assert gathered.things["dbpedia:Radiohead"].same_as == (
        "wikidata:Q44190",
        "freebase:m.06mj4",
        "musicbrainz:a74b1b7f-71a5-4011-9441-d0b5e4122711",
    )
    assert [(f.subject, f.predicate, f.object) for f in gathered.facts] == [
        ("dbpedia:Radiohead", "genre", "dbpedia:Alternative_rock")
    ]


def test_a_thing_whose_id_is_known_needs_no_name_of_ours(tmp_path):
    path = tmp_path / "dbpedia"
    path.write_text(DUMP)
    gathered = gather(path, "Seymour", ids=["dbpedia:Blur_(band)"])
    assert gathered.candidates == {"dbpedia:Blur_(band)"}


def test_the_edition_of_another_language(tmp_path):
    path = tmp_path / "dbpedia"
    path.write_text(DUMP.replace("//dbpedia.org/resource", "//de.dbpedia.org/resource"))
    gathered = gather(path, "Radiohead", namespace="http://de.dbpedia.org/resource/")
    assert len(gathered.facts) == 1
