"""Explanations are drawn so that nothing hides a fact."""

from __future__ import annotations

import pytest

from service.answers import Path
from service.pages.drawing import draw


def entity(number, name):
    return {"id": number, "name": name, "iri": f"artist:{number}"}


BAND, PIANIST, GENRE, ITEM = (
    entity(n, name) for n, name in enumerate(("The Band", "A Pianist", "ambient", "The Item"))
)


def step(head, relation, tail, *, along):
    return {"head": head, "relation": relation, "tail": tail, "along": along}


def path(start, *steps):
    return Path(kind="link", weight=1.0, basis="model", start=start, end=ITEM, steps=list(steps))


DIRECT = path(BAND, step(ITEM, "memberOf", BAND, along=False))
SHARED = path(
    PIANIST,
    step(PIANIST, "genre", GENRE, along=True),
    step(ITEM, "genre", GENRE, along=False),
)


def crosses(point, box):
    x, y = point
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("paths", [[DIRECT, SHARED], [SHARED, DIRECT], [DIRECT], [SHARED]])
def test_no_arrow_runs_behind_a_box(paths, down):
    drawing = draw(paths, down=down)
    facts = {(s["head"]["id"], s["tail"]["id"]) for one in paths for s in one.steps}
    assert len(drawing.arrows) == len(facts)
    for arrow in drawing.arrows:
        for (x1, y1), (x2, y2) in zip(arrow.points, arrow.points[1:], strict=False):
            between = [(x1 + n / 50 * (x2 - x1), y1 + n / 50 * (y2 - y1)) for n in range(1, 50)]
            assert not any(crosses(point, box) for point in between for box in drawing.boxes)
        assert not any(crosses((arrow.label_x, arrow.label_y), box) for box in drawing.boxes)


def test_arrows_run_from_head_to_tail():
    drawing = draw([DIRECT, SHARED])
    boxes = {box.name: box for box in drawing.boxes}
    (arrow,) = [one for one in drawing.arrows if len(one.points) == 3]
    assert arrow.points[0][0] == boxes["The Item"].x
    assert arrow.points[-1][0] == boxes["The Band"].x + boxes["The Band"].width
