"""Registry of the six stages in their order, from extraction to triples."""

from __future__ import annotations

from typing import Final

from pipeline.stages import alignment, cleaning, extraction, fusion, inference, triples
from pipeline.stages.stage import Stage

STAGES: Final[tuple[Stage, ...]] = tuple(
    module.STAGE for module in (extraction, fusion, alignment, inference, cleaning, triples)
)
"""In the order of the construction; the names are those of the command line."""
