"""Stage 3, alignment: which third-party thing each entity is, and the facts it brings.

`freebase` and `dbpedia` gather → `candidates` → `weigh` (name, `evidence` of kind, `context`) →
`decide` → `facts`; `align` runs them database by database.
"""

from kg_builder.alignment.align import Alignment, align
from kg_builder.alignment.config import AlignmentConfig, ThirdParty
from kg_builder.alignment.dbpedia import DbpediaNt
from kg_builder.alignment.freebase import FreebaseRdf
from kg_builder.alignment.kb4rec import GivenLinks, given_links, read_links
from kg_builder.alignment.musicbrainz_dump import MusicBrainzJson
from kg_builder.alignment.overview import overview
from kg_builder.alignment.state import rename
from kg_builder.alignment.wikidata import WikidataJson

__all__ = [
    "Alignment",
    "AlignmentConfig",
    "DbpediaNt",
    "FreebaseRdf",
    "GivenLinks",
    "MusicBrainzJson",
    "ThirdParty",
    "WikidataJson",
    "align",
    "given_links",
    "overview",
    "read_links",
    "rename",
]
