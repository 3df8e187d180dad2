"""Stage 2, fusion: resolve which records are the same entity, and fuse their data.

`normalize` → `block` → `compare` → `score` → `cluster` → `fuse` → `naming`; `resolve` runs them,
`rewrite` carries statements and interactions over to the entities.
"""

from kg_builder.fusion.config import BlockingConfig, FusionConfig, SourceTraits, TypeSettings
from kg_builder.fusion.explain import Explanation, explain
from kg_builder.fusion.judgements import read_judgements, write_judgements
from kg_builder.fusion.matching import Matching, match_records
from kg_builder.fusion.resolve import Fusion, resolve
from kg_builder.fusion.rewrite import (
    Rewriting,
    entity_of,
    rewrite,
    rewrite_interactions,
    unknown_interactions,
)

__all__ = [
    "BlockingConfig",
    "Explanation",
    "Fusion",
    "FusionConfig",
    "Matching",
    "Rewriting",
    "SourceTraits",
    "TypeSettings",
    "entity_of",
    "explain",
    "match_records",
    "read_judgements",
    "resolve",
    "rewrite",
    "rewrite_interactions",
    "unknown_interactions",
    "write_judgements",
]
