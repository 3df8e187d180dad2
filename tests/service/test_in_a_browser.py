"""The pages in a real browser: search, walk, why, bench, SPARQL; without axe's violations."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.service.test_hostile_requests import _Borrowed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]
PAGES = (
    "/", "/search?q=port", "/entities/artist:Portishead", "/walk/genre:trip_hop",
    "/bench?user=u0&first=graph&second=factors", "/why?user=u0&item=artist:Lamb&run=graph",
    "/quality", "/sparql?query=SELECT+%3Fl+%7B%3Fs+rdfs%3Alabel+%3Fl%7D", "/nowhere",
)  # fmt: skip
WIDTHS = (390, 1440)


@pytest.fixture(scope="module")
def address(settings: Settings, client: TestClient) -> Iterator[str]:
    app = create_app(settings, _Borrowed(client.app.state.shelf))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, ws="none", log_level="critical"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, address):
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security" in message.text else None,
    )
    yield opened
    context.close()
    assert faults == []


@pytest.mark.parametrize(("scheme", "widths"), [("light", WIDTHS), ("dark", WIDTHS[-1:])])
def test_pages_have_no_violations_and_fit_their_width(
    browser, address, scheme: str, widths: tuple[int, ...]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    for width in widths:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 844}, color_scheme=scheme
        )
        context.set_default_timeout(60_000)
        opened = context.new_page()
        for path in PAGES:
            opened.goto(path, wait_until="networkidle")
            found = axe.Axe().run(opened).response["violations"]
            violations = [(v["id"], [n["html"][:150] for n in v["nodes"][:3]]) for v in found]
            assert violations == [], (path, width)
            assert opened.evaluate("document.documentElement.scrollWidth") <= width, path
        context.close()


def test_search_suggests_while_one_types_and_the_keyboard_takes(page) -> None:
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("portis", delay=20)
    page.get_by_role("option", name="Portishead").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/entities/artist:Portishead")
    page.get_by_text("trip hop").first.click()
    page.get_by_text("name: Portishead").wait_for()


def test_an_option_stays_marked_when_a_late_answer_replaces_the_list(page) -> None:
    page.goto("/")
    field = page.get_by_role("combobox")
    field.press_sequentially("port")
    option = page.get_by_role("option", name="Portishead")
    option.wait_for()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    old = option.element_handle()
    field.evaluate("""field => htmx.ajax("GET", "/suggest?q=portis", {
        source: field, target: "#" + field.getAttribute("aria-controls")})""")
    page.wait_for_function("old => !old.isConnected", arg=old)
    assert option.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url("**/entities/artist:Portishead")


def test_one_can_walk_from_thing_to_thing(page) -> None:
    page.goto("/walk/artist:Portishead")
    page.get_by_text("entities are shown").wait_for()
    before = page.evaluate("cy.nodes().length")
    page.locator("#graph").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "before => cy.nodes().length > before || cy.nodes('.open').length > 1", arg=before
    )
    page.get_by_label("band").first.uncheck()
    assert page.evaluate("cy.nodes('.off').length") > 0
    assert page.evaluate("cy.nodes('.off').connectedEdges('.named').length") == 0


def test_the_bench_compares_two_models_and_says_why(page) -> None:
    page.goto("/bench")
    page.get_by_label("Artists somebody likes").fill("Lamb, Tricky")
    page.get_by_label("compare with").select_option("factors")
    page.get_by_role("button", name="Recommend").click()
    page.get_by_role("region", name="List of mmss_mkr_g").wait_for()
    page.get_by_role("region", name="List of ials").wait_for()
    page.get_by_text("Why this?").first.click()
    page.get_by_role("heading", name="Sources").first.wait_for()
    assert page.locator("svg.drawing.across").first.is_visible()


def test_sparql_completes_and_answers(page) -> None:
    page.goto("/sparql")
    field = page.get_by_label("Query", exact=True)
    field.press_sequentially("SELECT ?s { ?s a mkg:Ban", delay=5)
    page.get_by_role("option", name="mkg:Band").wait_for()
    page.keyboard.press("Tab")
    field.press_sequentially("} LIMIT 3")
    page.keyboard.press("Control+Enter")
    page.get_by_text("3 rows").wait_for()


def test_the_back_button_shows_the_form_and_the_lists_before(page) -> None:
    page.goto("/bench")
    page.get_by_label("Id of a listener").fill("u0")
    page.get_by_role("button", name="Recommend").click()
    page.get_by_role("region", name="List of mmss_mkr_g").wait_for()
    page.get_by_label("compare with").select_option("factors")
    page.get_by_role("region", name="List of ials").wait_for()
    page.go_back()
    page.get_by_role("region", name="List of ials").wait_for(state="detached")
    page.get_by_role("region", name="List of mmss_mkr_g").wait_for()
    assert page.get_by_label("Id of a listener").input_value() == "u0"
    page.go_back()
    page.get_by_text("Choose a listener").wait_for()


def test_sources_that_failed_to_load_are_loaded_when_opened_again(page) -> None:
    page.goto("/entities/artist:Portishead")
    fact = page.locator("summary", has_text="trip hop")
    page.context.set_offline(True)
    fact.click()
    page.get_by_text("The service does not answer.").wait_for()
    page.context.set_offline(False)
    fact.click()
    fact.click()
    page.get_by_text("name: Portishead").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_in_the_drawing_lies_on_another_one(page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/walk/genre:trip_hop")
    page.get_by_text("entities are shown").wait_for()
    page.locator("#graph").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("() => cy.nodes('.open').length === 2")
    boxes = page.evaluate("""() => cy.nodes().map(node => {
        const { x1, y1, x2, y2 } = node.boundingBox({ includeNodes: false, includeEdges: false });
        return [x1, y1, x2, y2];
    })""")
    assert len(boxes) >= 8
    for place, (left, top, right, bottom) in enumerate(boxes):
        for x1, y1, x2, y2 in boxes[:place]:
            across = min(right, x2) - max(left, x1)
            down = min(bottom, y2) - max(top, y1)
            assert across <= 2 or down <= 6, (width, place)  # outlines may touch


def test_the_documentation_of_the_api_fits_a_phone(page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/docs")
    page.get_by_text("/api/recommend").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_buttons_and_links_are_large_enough_for_fingers(page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/search?q=port", "/entities/artist:Portishead", "/bench?user=u0"):
        page.goto(path)
        small = page.evaluate("""() => [...document.querySelectorAll(
            "nav a, .brand, button, .button, .chips a, .hits a, .go, .actions a, summary")]
            .filter(part => part.getBoundingClientRect().height < 40 && part.checkVisibility())
            .map(part => part.outerHTML)""")
        assert small == [], path


def test_completions_in_the_case_that_is_typed_come_first(page) -> None:
    page.goto("/sparql")
    page.get_by_label("Query", exact=True).press_sequentially("SELECT ?s { ?s mkg:gen", delay=5)
    options = page.get_by_role("listbox", name="Completions").get_by_role("option")
    options.first.wait_for()
    assert options.all_inner_texts()[:2] == ["mkg:genre", "mkg:Genre"]
