"""File names of the intermediate tables that one stage writes and a later one reads."""

from __future__ import annotations

from typing import Final

REJECTS_OF: Final = {
    name: f"stages/{name}/rejects.parquet" for name in ("extraction", "fusion", "alignment",
                                                        "cleaning")
}  # fmt: skip
BREAKS: Final = "files broken off"
"""A count of the extraction that its line shows if there are any."""

READ_COUNTS: Final = "stages/extraction/counts.json"
EXTRACTED: Final = "stages/extraction/statements.parquet"
RAW_INTERACTIONS: Final = "stages/extraction/interactions.parquet"
EXTRACTED_USER_FACTS: Final = "stages/extraction/user_facts.parquet"
FUSED: Final = "stages/fusion/statements.parquet"
FUSED_ENTITIES: Final = "stages/fusion/entities.parquet"
RECORD_LINKS: Final = "stages/fusion/links.parquet"
JUDGEMENT_COUNTS: Final = "stages/fusion/judgements.json"
ALIGNED: Final = "stages/alignment/statements.parquet"
ALIGNED_ENTITIES: Final = "stages/alignment/entities.parquet"
INFERRED: Final = "stages/inference/statements.parquet"
TYPED_ENTITIES: Final = "stages/inference/entities.parquet"
