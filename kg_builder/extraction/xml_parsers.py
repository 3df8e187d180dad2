"""Create XML parsers that expand no entities and fetch nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

SAFE: Final[Mapping[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Settings of every parser here: no entities, no network access, bounded size."""


def safe_parser(target: Any = None) -> etree.XMLParser:
    """Create a parser that expands no entities and fetches nothing."""
    return etree.XMLParser(target=target, **SAFE)


def safe_pull_parser() -> etree.XMLPullParser:
    """Create a pull parser of start and end events that expands and fetches nothing."""
    return etree.XMLPullParser(events=("start", "end"), **SAFE)
