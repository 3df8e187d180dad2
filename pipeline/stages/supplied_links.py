"""The link files of a recipe, as links of the entities that its items have become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from kg_builder.alignment import given_links, read_links
from kg_builder.alignment.kb4rec import Given
from kg_builder.tables import REJECTS
from pipeline.stages.stage import Job


def read_given(job: Job, interactions: pd.DataFrame, record_links: pd.DataFrame) -> Given:
    """Read a recipe's link files.

    Args:
        job: the recipe, and the folder that its paths start from.
        interactions: table `INTERACTIONS` of entities, with the publisher's ids of items.
        record_links: table `LINKS`, which record is which entity.

    Raises:
        DataError: a file is missing, or a line does not hold two ids.
    """
    found = Given()
    for file in job.recipe.given_links:
        owners = (
            _of_records(record_links, file.records)
            if file.records is not None
            else _pairs(interactions["raw_item"], interactions["item"])
        )
        read = given_links(read_links(job.raw / file.path, file.database), owners)
        for entity, external in read.links.items():
            if found.links.setdefault(entity, external) != external:
                detail = f"{entity}: {external}, earlier {found.links[entity]}"
                reason = "given links contradict each other"
                found.rejects.append((reason, str(file.path), detail))
        found.rejects += read.rejects
    return found


def rejects_of(given: Given) -> pd.DataFrame:
    """Lines of link files that are not used, as rows of `REJECTS`."""
    return REJECTS.frame(
        {
            "stage": "alignment",
            "source": "given links",
            "reason": reason,
            "evidence": place,
            "detail": detail,
        }
        for reason, place, detail in given.rejects
    )


def _of_records(links: pd.DataFrame, start: str) -> Mapping[str, Sequence[str]]:
    own = links[links["subject"].str.startswith(start + "/") & links["object"].notna()]
    return _pairs(own["subject"].str.removeprefix(start + "/"), own["object"])


def _pairs(raw: pd.Series, entities: pd.Series) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one, entity in sorted(set(zip(raw.tolist(), entities.tolist(), strict=True))):
        found[one].append(entity)
    return found
