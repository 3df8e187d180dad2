"""Load the texts of a recipe's text sources, keyed by file and line as evidence names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg_builder.extraction import UnstructuredSource

if TYPE_CHECKING:  # types only: a stage must not depend on the code that reads recipes
    from pipeline.recipe import Recipe


def text_sources(recipe: Recipe) -> list[UnstructuredSource]:
    """The recipe's sources of running text."""
    return [source for source in recipe.sources if isinstance(source, UnstructuredSource)]


def raw_texts(recipe: Recipe, raw: Path) -> dict[str, str]:
    """Load the texts by location (evidence without offsets), as the files have them.

    Raises:
        DataError: a file is missing or damaged.
    """
    sources = text_sources(recipe)
    if not sources:
        return {}
    # Lazy import: it needs spaCy, which is only required for texts.
    from kg_builder.extraction.text.documents import read_documents

    return {
        document.place: document.original or document.text
        for source in sources
        for document in read_documents(source, raw)
    }
