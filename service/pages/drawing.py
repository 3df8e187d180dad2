"""Lay out an explanation's paths as a drawing: liked items, entities between, recommended item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from recommender.explanation.relations import fill, wording_of
from service.answers import Path

__all__ = ["Arrow", "Box", "Drawing", "draw", "sources_of"]

_ACROSS: Final = (190, 44, 118, 20)  # box width, height, gap between levels, gap within one
_DOWN: Final = (116, 48, 64, 16)
_LETTER: Final = (7.4, 8.4)  # approximate pixels of a letter in a box: width, height
_LABEL: Final = (6.2, 7.2)  # of a letter beside an arrow
_LABEL_HEIGHT: Final = 20
_LABEL_ROOM: Final = 56  # of an arrow, beside its label
_NEAR: Final = 0.3  # position of a label between two levels
_MARGIN: Final = 6


@dataclass(frozen=True)
class Box:
    """An entity.

    Attributes:
        id: CURIE or IRI, for the link to its card; may be empty.
        name: full name; `lines`: wrapped to fit the box.
        role: `liked`, `between` or `recommended`.
        x, y, width, height: in pixels of the drawing.
    """

    id: str
    name: str
    lines: tuple[str, ...]
    role: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """A fact, drawn in the graph's direction.

    Attributes:
        points: (x, y) from end to end; a fact that crosses a level bends at a reserved position.
        label: text of the fact; `label_x`, `label_y`: its centre.
    """

    points: tuple[tuple[float, float], ...]
    label: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Drawing:
    """The whole drawing, with its size and a text alternative."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    words: str


def draw(paths: Sequence[Path], *, down: bool = False) -> Drawing:
    """Draw paths that end at the same item.

    Args:
        paths: of one reason.
        down: from top to bottom, for narrow screens, instead of from left to right.
    """
    levels, names, facts = _levels(paths)
    width, height, between, beside = _DOWN if down else _ACROSS
    abreast = _abreast(levels, facts)
    if down:  # labels between two levels are stacked
        between = max(between, (max(map(len, abreast), default=0) + 1) * _LABEL_HEIGHT)
    else:
        longest = max((len(text) for _, _, text in facts), default=0)
        between = max(between, round(longest * _LABEL[down]) + _LABEL_ROOM)
    breadth, depth = (width, height) if down else (height, width)
    rows = max((len(level) for level in levels), default=1)
    extent = rows * breadth + (rows - 1) * beside
    boxes: dict[int, Box] = {}
    bends: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for number, level in enumerate(levels):
        used = len(level) * breadth + (len(level) - 1) * beside
        for place, entity in enumerate(level):
            along = number * (depth + between) + _MARGIN
            across = (extent - used) / 2 + place * (breadth + beside) + _MARGIN
            x, y = (across, along) if down else (along, across)
            if isinstance(entity, tuple):
                bends.setdefault(entity, []).append((x + width / 2, y + height / 2))
                continue
            role = "liked" if number == 0 else "between"
            role = "recommended" if number == len(levels) - 1 else role
            name, iri = names[entity]
            lines = _lines(name, int((width - 12) / _LETTER[down]))
            boxes[entity] = Box(iri, name, lines, role, x, y, width, height)
    share_of = {
        fact: (place + 1) / (len(gap) + 1) if down else _beside(gap, fact, boxes, between)
        for gap in abreast
        for place, fact in enumerate(gap)
    }
    arrows = [
        _arrow(boxes[a], boxes[b], text, bends.get((a, b), []), share_of.get((a, b, text)), down)
        for a, b, text in facts
    ]
    total = len(levels) * depth + (len(levels) - 1) * between + 2 * _MARGIN
    size = (extent + 2 * _MARGIN, total) if down else (total, extent + 2 * _MARGIN)
    return Drawing(*size, tuple(boxes.values()), tuple(arrows), _words(names, facts))


def _levels(
    paths: Sequence[Path],
) -> tuple[
    list[list[int | tuple[int, int]]], dict[int, tuple[str, str]], list[tuple[int, int, str]]
]:
    """Entities by distance from the liked items, their names, and the facts between them.

    Levels crossed by a fact (head, tail) have a position reserved for it, so that no box hides it
    (Sugiyama, Tagawa & Toda 1981).
    """
    names: dict[int, tuple[str, str]] = {}
    level_of: dict[int, int] = {}
    facts: dict[tuple[int, int, str], None] = {}
    last = max((len(path.steps) for path in paths), default=0)
    for path in paths:
        near = path.start["id"]
        for entity in (path.start, path.end):
            names[entity["id"]] = (entity["name"], entity["iri"])
        level_of.setdefault(near, 0)
        for number, step in enumerate(path.steps, start=1):
            head, tail = step["head"], step["tail"]
            for entity in (head, tail):
                names.setdefault(entity["id"], (entity["name"], entity["iri"]))
            near = tail["id"] if step["along"] else head["id"]
            level_of.setdefault(near, number)
            facts[head["id"], tail["id"], _plain(step["relation"])] = None
    if paths:
        level_of[paths[0].end["id"]] = last
    levels: list[list[int | tuple[int, int]]] = [[] for _ in range(last + 1)]
    for known, number in level_of.items():
        levels[number].append(known)
    levels = [level for level in levels if level]
    number_of = {entity: number for number, level in enumerate(levels) for entity in level}
    for head, tail in dict.fromkeys((head, tail) for head, tail, _ in facts):
        first, second = sorted((head, tail), key=number_of.__getitem__)
        for passed in range(number_of[first] + 1, number_of[second]):
            levels[passed].insert(levels[number_of[first]].index(first), (head, tail))
    return levels, names, list(facts)


def _abreast(
    levels: Sequence[Sequence[int | tuple[int, int]]], facts: Sequence[tuple[int, int, str]]
) -> list[list[tuple[int, int, str]]]:
    """The facts between each level and the next."""
    number_of = {entity: number for number, level in enumerate(levels) for entity in level}
    gaps: list[list[tuple[int, int, str]]] = [[] for _ in levels]
    for fact in facts:
        first, second = sorted(number_of[end] for end in fact[:2])
        if second == first + 1:
            gaps[first].append(fact)
    return gaps


def _beside(
    gap: Sequence[tuple[int, int, str]],
    fact: tuple[int, int, str],
    boxes: dict[int, Box],
    width: float,
) -> float:
    """Relative position of a label from left to right, near the side with more boxes.

    In the middle arrows cross, and where few boxes are, many arrows meet.
    """
    ends = [sorted(link[:2], key=lambda end: boxes[end].x) for link in gap]
    left, right = ({end[side] for end in ends} for side in (0, 1))
    share = max(_NEAR, (len(fact[2]) * _LABEL[0] / 2 + _MARGIN) / width)
    return share if len(left) >= len(right) else 1 - share


def _plain(relation: str) -> str:
    """Short wording of a relation: *plays*, *is a member of*; `{}` is the position of a name."""
    return wording_of(relation).link.replace("{}", "…")


def _words(names: dict[int, tuple[str, str]], facts: Sequence[tuple[int, int, str]]) -> str:
    sentences = (
        f"{names[a][0]} {fill(text.replace('…', '{}'), names[b][0])}" for a, b, text in facts
    )
    return "; ".join(sentences)


def _arrow(
    a: Box,
    b: Box,
    label: str,
    bends: Sequence[tuple[float, float]],
    share: float | None,
    down: bool,
) -> Arrow:
    """Create an arrow between the facing sides of two boxes.

    Args:
        a, b: the boxes of head and tail.
        label: text of the fact.
        bends: intermediate points, from the liked side.
        share: relative position of the label, for an arrow between adjacent levels.
        down: whether levels are arranged vertically.
    """
    if down:
        ahead = a.y <= b.y
        x1, x2 = a.x + a.width / 2, b.x + b.width / 2
        y1, y2 = (a.y + a.height, b.y) if ahead else (a.y, b.y + b.height)
    else:
        ahead = a.x <= b.x
        y1, y2 = a.y + a.height / 2, b.y + b.height / 2
        x1, x2 = (a.x + a.width, b.x) if ahead else (a.x, b.x + b.width)
    if bends:
        ordered = bends if ahead else bends[::-1]
        return Arrow(((x1, y1), *ordered, (x2, y2)), label, *bends[len(bends) // 2])
    share = 0.5 if share is None else share if ahead else 1 - share
    return Arrow(((x1, y1), (x2, y2)), label, x1 + share * (x2 - x1), y1 + share * (y2 - y1))


def _lines(name: str, most: int) -> tuple[str, ...]:
    """Wrap a name to at most two lines of limited length."""
    if len(name) <= most:
        return (name,)
    cut = name.rfind(" ", 0, most + 1)
    first, rest = (name[:cut], name[cut + 1 :]) if cut > 0 else (name[:most], name[most:])
    return first, rest if len(rest) <= most else rest[: most - 1] + "…"


def sources_of(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The distinct facts on the paths, with their sources."""
    found: dict[tuple[int, str, int], dict[str, Any]] = {}
    for path in paths:
        for step in path.steps:
            found.setdefault((step["head"]["id"], step["relation"], step["tail"]["id"]), step)
    return list(found.values())
