"""Read a recipe's link files (item id → database id), and attach the ids to entities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from kg_builder.alignment import read_links, supplied_links
from kg_builder.alignment.link_files import SuppliedLinks
from kg_builder.tables import REJECTS
from pipeline.stages.stage import Job


def read_supplied_links(
    job: Job, interactions: pd.DataFrame, record_links: pd.DataFrame
) -> SuppliedLinks:
    """Read a recipe's link files.

    Args:
        job: the recipe, and the folder of its relative paths.
        interactions: columns `item`, an entity, and `raw_item`, the publisher's id of it.
        record_links: table `LINKS`, from records to entities.

    Raises:
        DataError: a file is missing, or a line does not hold two ids.
    """
    merged = SuppliedLinks()
    for file in job.recipe.given_links:
        owners = (
            _of_records(record_links, file.records)
            if file.records is not None
            else _pairs(interactions["raw_item"], interactions["item"])
        )
        of_file = supplied_links(read_links(job.raw / file.path, file.database), owners)
        for entity, external in of_file.links.items():
            if merged.links.setdefault(entity, external) != external:
                detail = f"{entity}: {external}, earlier {merged.links[entity]}"
                reason = "given links contradict each other"
                merged.rejects.append((reason, str(file.path), detail))
        merged.rejects += of_file.rejects
    return merged


def rejects_of(supplied: SuppliedLinks) -> pd.DataFrame:
    """Convert unused lines of link files to rows of `REJECTS`."""
    return REJECTS.frame(
        {
            "stage": "alignment",
            "source": "given links",
            "reason": reason,
            "evidence": evidence,
            "detail": detail,
        }
        for reason, evidence, detail in supplied.rejects
    )


def _of_records(links: pd.DataFrame, start: str) -> Mapping[str, Sequence[str]]:
    own = links[links["subject"].str.startswith(start + "/") & links["object"].notna()]
    return _pairs(own["subject"].str.removeprefix(start + "/"), own["object"])


def _pairs(raw: pd.Series, entities: pd.Series) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    distinct = pd.DataFrame({"raw": raw, "entity": entities}).drop_duplicates()
    for one, entity in sorted(distinct.itertuples(index=False, name=None)):
        found[one].append(entity)
    return found
