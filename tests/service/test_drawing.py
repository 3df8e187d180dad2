"""Explanations are drawn without overlaps."""

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
SINGER, OTHER_SINGER, LIKED = (
    entity(n, name) for n, name in enumerate(("A Singer", "B Singer", "A Song"), start=4)
)
OF_MAKERS = path(
    LIKED,
    step(LIKED, "performer", SINGER, along=True),
    step(SINGER, "genre", GENRE, along=True),
    step(OTHER_SINGER, "genre", GENRE, along=False),
    step(ITEM, "performer", OTHER_SINGER, along=False),
)


def crosses(point, box):
    x, y = point
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize(
    "paths",
    [[DIRECT, SHARED], [SHARED, DIRECT], [DIRECT], [SHARED], [OF_MAKERS], [OF_MAKERS, SHARED]],
)
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


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize(
    ("liked", "n_between", "relation"),
    [([PIANIST], 3, "associatedWith"), ([PIANIST, BAND], 2, "genre")],
)
def test_labels_hide_neither_boxes_nor_each_other(liked, n_between, relation, down):
    shared = [
        path(
            start,
            step(start, relation, between, along=True),
            step(ITEM, relation, between, along=False),
        )
        for start in liked
        for between in (entity(10 + n, f"Artist {n}") for n in range(n_between))
    ]
    drawing = draw(shared, down=down)
    letter, height = (7.2, 14) if down else (6.2, 12)
    spans = [
        (
            arrow.label_x - len(arrow.label) * letter / 2,
            arrow.label_x + len(arrow.label) * letter / 2,
            arrow.label_y - height / 2,
            arrow.label_y + height / 2,
        )
        for arrow in drawing.arrows
    ]
    boxes = [(box.x, box.x + box.width, box.y, box.y + box.height) for box in drawing.boxes]
    for number, one in enumerate(spans):
        for other in boxes + spans[:number]:
            beside = one[1] <= other[0] or other[1] <= one[0]
            assert beside or one[3] <= other[2] or other[3] <= one[2], (one, other)
