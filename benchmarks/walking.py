"""Walk to 500 entities in a browser and measure the time between frames while the drawing moves.

    python -m service --data data/processed/lastfm &
    python benchmarks/walking.py --entity artist:Radiohead

Needs Chromium (`apt-get install chromium`) and the extra `dev`. A screen shows a frame every
16.7 ms; without a GPU the browser draws by the CPU, which a reader's own computer does not.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

_PANS, _ZOOMS = 120, 40
_OPEN_THE_BEST_CONNECTED = """() => {
    const closed = cy.nodes().filter((node) => !node.hasClass("open"));
    const best = closed.max((node) => node.degree()).ele;
    best.emit("tap");
    best.emit("tap");
}"""
_RECORD_FRAMES = """() => {
    window.frameTimes = [];
    let last = performance.now();
    const frame = (now) => {
        window.frameTimes.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def grow(page: Page, nodes: int) -> tuple[int, int]:
    """Walk on from the best connected entities; the numbers of nodes and edges shown."""
    for _ in range(100):
        shown = page.evaluate("cy.nodes().length")
        if shown >= nodes:
            break
        opened = page.evaluate("cy.nodes('.open').length")
        page.evaluate(_OPEN_THE_BEST_CONNECTED)
        # As a function: the service's content security policy forbids to evaluate text.
        page.wait_for_function("opened => cy.nodes('.open').length > opened", arg=opened)
    page.wait_for_timeout(500)  # the last animation ends
    return page.evaluate("cy.nodes().length"), page.evaluate("cy.edges().length")


def pan(page: Page) -> None:
    """Drag the drawing across the window."""
    box = page.locator("#graph").bounding_box() or {"x": 0, "y": 0}
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    for step in range(_PANS):
        page.mouse.move(box["x"] + 30 + 3 * step, box["y"] + 30 + 2 * step)
        page.wait_for_timeout(12)
    page.mouse.up()


def zoom(page: Page) -> None:
    """Zoom in, and out again."""
    box = page.locator("#graph").bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for step in range(_ZOOMS):
        page.mouse.wheel(0, -60 if step < _ZOOMS / 2 else 60)
        page.wait_for_timeout(30)


def measure(page: Page, act: Callable[[Page], None]) -> str:
    """The times between frames during an action, in ms."""
    page.evaluate("window.frameTimes.length = 0")
    act(page)
    times = page.evaluate("window.frameTimes")
    percentiles = statistics.quantiles(times, n=100)
    return f"median {percentiles[49]:5.1f}   p95 {percentiles[94]:5.1f}   max {max(times):5.1f}"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--entity", default="artist:Radiohead")
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--screenshot", help="PNG file")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("no Chromium here: apt-get install chromium")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{arguments.address}/walk/{quote(arguments.entity, safe=':')}")
        page.wait_for_function("() => window.cy && cy.nodes().length > 0")
        nodes, edges = grow(page, arguments.nodes)
        print(f"{nodes} entities, {edges} links; ms between frames")
        page.evaluate(_RECORD_FRAMES)
        print("panning   ", measure(page, pan))
        print("zooming   ", measure(page, zoom))
        if arguments.screenshot:
            page.screenshot(path=arguments.screenshot)
        browser.close()


if __name__ == "__main__":
    main()
