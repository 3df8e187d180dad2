"""Stage 3, alignment: which third-party thing each entity is, and the facts it brings.

`freebase` and `dbpedia` gather → `candidates` → `weigh` (name, `evidence` of kind, `context`) →
`decide` → `facts`; `align` runs them database by database.
"""

from kg_builder.alignment.align import Alignment, align
from kg_builder.alignment.config import AlignmentConfig
from kg_builder.alignment.databases import (
    DbpediaNt,
    FreebaseRdf,
    MusicBrainzJson,
    ThirdParty,
    WikidataJson,
)
from kg_builder.alignment.kb4rec import GivenLinks, given_links, read_links
from kg_builder.alignment.overview import overview
from kg_builder.alignment.state import rename

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
