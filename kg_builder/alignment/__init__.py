"""Stage 3, alignment: link entities to external databases and import facts about them.

A dump reader (`freebase`, `dbpedia`, `wikidata`, `musicbrainz_dump`) → `candidates` → `score`
(name, `type_evidence`, `context`) → `select` → `imported_facts`; `align` runs them database by
database.
"""

from kg_builder.alignment.align import Alignment, align
from kg_builder.alignment.alignment_table import alignment_table
from kg_builder.alignment.config import AlignmentConfig, ThirdParty
from kg_builder.alignment.dbpedia import DbpediaNt
from kg_builder.alignment.freebase import FreebaseRdf
from kg_builder.alignment.link_files import LinkFile, read_links, supplied_links
from kg_builder.alignment.musicbrainz_dump import MusicBrainzJson
from kg_builder.alignment.state import rename
from kg_builder.alignment.wikidata import WikidataJson

__all__ = [
    "Alignment",
    "AlignmentConfig",
    "DbpediaNt",
    "FreebaseRdf",
    "LinkFile",
    "MusicBrainzJson",
    "ThirdParty",
    "WikidataJson",
    "align",
    "alignment_table",
    "read_links",
    "rename",
    "supplied_links",
]
