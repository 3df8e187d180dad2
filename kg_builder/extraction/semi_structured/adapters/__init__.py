"""The registry of adapters: one per publisher's format, asked in order, general ones last."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.semi_structured.adapters.base import Adapter, Document
from kg_builder.extraction.semi_structured.adapters.discogs import DiscogsDumps
from kg_builder.extraction.semi_structured.adapters.html import HtmlPages
from kg_builder.extraction.semi_structured.adapters.json_ld import JsonLdFiles
from kg_builder.extraction.semi_structured.adapters.json_paths import JsonFiles
from kg_builder.extraction.semi_structured.adapters.musicbrainz import MusicBrainzAnswers
from kg_builder.extraction.semi_structured.adapters.wikitext import WikitextArticles

ADAPTERS: Final[tuple[Adapter, ...]] = (
    MusicBrainzAnswers(),
    DiscogsDumps(),
    WikitextArticles(),
    JsonLdFiles(),
    JsonFiles(),
    HtmlPages(),
)


def adapter_named(name: str) -> Adapter:
    """The adapter that a recipe asks for.

    Raises:
        DataError: there is none of that name.
    """
    for adapter in ADAPTERS:
        if adapter.name == name:
            return adapter
    raise DataError(
        f"no adapter {name!r}",
        where="recipe",
        remedy=f"one of: auto, {', '.join(adapter.name for adapter in ADAPTERS)}",
    )


def adapter_for(path: Path, head: bytes) -> Adapter | None:
    """The first adapter that recognises a file."""
    return next((adapter for adapter in ADAPTERS if adapter.recognises(path, head)), None)


__all__ = ["ADAPTERS", "Adapter", "Document", "adapter_for", "adapter_named"]
