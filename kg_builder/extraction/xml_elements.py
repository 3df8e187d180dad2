"""Stream an XML file's elements at a path, as values like those of JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, cast

from lxml import etree

from kg_builder.extraction.xml_safety import checked_blocks, safe_pull_parser
from kg_builder.packed_files import Stream

TEXT: Final = "#text"
"""Key of the text of an element that has attributes or children."""

_DEEPEST: Final = 100
_SHOWN: Final = 20


def value_of(element: etree._Element, depth: int = 0) -> Any:
    """Convert an element to JSON-like values.

    Attributes are keys with '@', children keys by their local names (a list if repeated), text
    beside them is '#text'. A `dict` of a property list becomes an object with its keys.
    """
    children = [child for child in element if isinstance(child.tag, str)]
    if depth > _DEEPEST:
        return None
    if children and children[0].tag == "key":
        pairs = zip(children[::2], children[1::2], strict=False)
        return {(key.text or "").strip(): value_of(value, depth + 1) for key, value in pairs}
    if element.tag == "array":
        return [value_of(child, depth + 1) for child in children]
    text = " ".join("".join([element.text or "", *(c.tail or "" for c in element)]).split())
    if not children and not element.attrib:
        if element.tag in {"true", "false"} and not text:
            return element.tag == "true"
        return text
    found: dict[str, Any] = {
        f"@{_local(str(name))}": value for name, value in element.attrib.items()
    }
    for child in children:
        found.setdefault(_local(child.tag), []).append(value_of(child, depth + 1))
    if text:
        found[TEXT] = text
    return found


def elements_at(
    stream: Stream,
    path: Sequence[str],
    complain: Callable[[str, int, str], None],
    seen: dict[str, None],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (location, value) of each element at a path; other elements are freed.

    Args:
        stream: the file.
        path: names from the root element on; `*` stands for any.
        complain: called with the reason, the line and the fault where the XML is malformed; the
            elements before it have been yielded.
        seen: receives the first paths of the file, for messages.

    Raises:
        DataError: the file declares entities.
    """
    names: list[str] = []
    number = 0
    parser = safe_pull_parser()
    for block in chain(checked_blocks(stream, stream.where, abbreviations=True), (None,)):
        fault: etree.XMLSyntaxError | None = None
        try:
            if block is None:
                parser.close()
            else:
                parser.feed(block)
        except etree.XMLSyntaxError as broken:
            fault = broken
        for event, element in cast(Iterator[tuple[str, etree._Element]], parser.read_events()):
            if event == "start":
                names.append(_local(str(element.tag)))
                if len(names) <= len(path) + 1 and len(seen) < _SHOWN:
                    seen[".".join(names)] = None
                continue
            if _fits(names, path):
                value = value_of(element)
                value = {TEXT: value} if isinstance(value, str) else value
                if isinstance(value, dict):
                    number += 1
                    yield f"/{'/'.join(names)}/{number}", value
            if len(names) <= len(path):
                _forget(element)
            names.pop()
        if fault is not None:
            complain("broken XML", fault.lineno or 0, str(fault.msg))
            return


def _fits(names: Sequence[str], path: Sequence[str]) -> bool:
    return len(names) == len(path) and all(
        wanted in {"*", name} for name, wanted in zip(names, path, strict=True)
    )


def _forget(element: etree._Element) -> None:
    """Free an element and its preceding siblings."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def _local(name: str) -> str:
    return name.rpartition("}")[2]


@dataclass
class Elements:
    """The elements at one path: their number, and names of leaves (and attributes) below them.

    Attributes:
        number: how many there are.
        leaves: how often each name occurs.
    """

    number: int = 0
    leaves: Counter[str] = field(default_factory=Counter)


def leaves_by_path(stream: Stream, *, most: int) -> dict[str, Elements]:
    """The elements at each path of a file.

    Args:
        stream: the file; if it is malformed, what is before the error counts.
        most: number of elements to look at.
    """
    found: dict[str, Elements] = {}
    path: list[str] = []
    parser = safe_pull_parser()
    for block in checked_blocks(stream, stream.where, abbreviations=True):
        is_whole = True
        try:
            parser.feed(block)
        except etree.XMLSyntaxError:
            is_whole = False
        for event, element in cast(Iterator[tuple[str, etree._Element]], parser.read_events()):
            if event == "start":
                path.append(_local(str(element.tag)))
                found.setdefault(".".join(path), Elements()).number += 1
                continue
            leaves = found[".".join(path)].leaves
            leaves.update(f"@{_local(str(name))}" for name in element.attrib)
            name = path.pop()
            if not len(element) and path:
                keyed = name if name != "key" else (element.text or "").strip()
                found[".".join(path)].leaves[keyed] += 1
            most -= 1
            _forget_children(element)
        if most < 0 or not is_whole:
            return found
    return found


def _forget_children(element: etree._Element) -> None:
    for child in list(element):
        child.clear()
