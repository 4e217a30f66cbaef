"""In a real browser the report is quiet, fits the screen, and can be read in light and dark."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.steps.report import render_report
from tests.mixed_tables import PROBLEMS
from tests.steps.report_documents import SECTIONS, Document, evaluated, profiled

BROWSER_VARIABLE = "ACEQUIA_TEST_BROWSER"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
READABLE = 4.5
"""Contrast of text; large text needs 3. Source: WCAG 2.2, success criterion 1.4.3."""
SMALLEST_TEXT = 9.5
LONG_NAME = "mean_of_the_amounts_of_all_transactions_of_the_last_thirty_days_in_euros"

# Every text's contrast against the nearest background behind it. Source: WCAG 2.2, relative
# luminance and contrast ratio. Text in pictures takes its colour from `fill`.
FAINT_TEXTS = """
() => {
  const channel = value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const found = numbers(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    if (["title", "desc", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const ink = numbers(element.ownerSVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < LIMIT) faint.push([walker.currentNode.data.trim(), contrast.toFixed(2)]);
  }
  return faint;
}
"""

# How large each text of a picture is on the screen, in pixels.
SMALLEST_LETTERS = """
() => Math.min(...[...document.querySelectorAll("svg[role=img] text")]
  .filter(text => text.getClientRects().length)
  .map(text => parseFloat(getComputedStyle(text).fontSize)
       * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b)))
"""

# Labels of axes whose digits lie over each other: a fifth of a line above and below is empty.
COLLISIONS = """
() => [...document.querySelectorAll("svg[role=img]")].flatMap(picture => {
  const ticks = [...picture.querySelectorAll("text.tick")].filter(t => t.getClientRects().length);
  const boxes = ticks.map(t => [t.textContent, t.getBoundingClientRect()]);
  return boxes.flatMap(([text, a], at) => boxes.slice(at + 1)
    .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1
                    && a.top + a.height / 5 < b.bottom - b.height / 5
                    && b.top + b.height / 5 < a.bottom - a.height / 5)
    .map(([other]) => `${picture.getAttribute("aria-label")}: ${text} | ${other}`));
})
"""


def find_browser() -> str | None:
    """Find Chromium: where a variable says, or where systems put it."""
    given = os.environ.get(BROWSER_VARIABLE)
    if given:
        return given
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests, started without a display and without the network."""
    path = find_browser()
    if path is None:
        pytest.skip(f"no Chromium on this machine; install it, or name it in {BROWSER_VARIABLE}")
    api = pytest.importorskip("playwright.sync_api", reason="the browser's driver is not installed")
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each type of problem."""
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for problem in PROBLEMS:
        written[problem] = folder / f"{problem}.html"
        page = render_report(_named(evaluated(problem)), _named(profiled(problem)))
        written[problem].write_text(page, encoding="utf-8")
    return written


def _named(document: Document) -> Document:
    """Give a feature and a category names that no line of a telephone holds."""
    text = json.dumps(document).replace('"size"', f'"{LONG_NAME}"').replace('"b"', f'"{LONG_NAME}"')
    named: Document = json.loads(text)
    return named


@pytest.fixture(scope="module", params=PROBLEMS)
def page(request: pytest.FixtureRequest, browser: Any, reports: dict[str, Path]) -> Iterator[Any]:
    """A report that is open, with all that it asked for and complained of in ``heard``."""
    opened = browser.new_page()
    opened.heard = []
    opened.on("console", lambda message: opened.heard.append(message.text))
    opened.on("pageerror", lambda error: opened.heard.append(str(error)))
    opened.on("request", lambda asked: opened.heard.append(asked.url))
    opened.address = reports[request.param].as_uri()
    opened.goto(opened.address)
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield opened
    opened.close()


def test_page_asks_for_itself_only_and_complains_of_nothing(page: Any) -> None:
    """It is archived for years: whatever it asked for would be gone."""
    assert page.heard == [page.address]


def test_page_never_scrolls_sideways(page: Any) -> None:
    """On a telephone wide tables scroll by themselves, the page does not."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_headings_are_in_order_and_every_section_is_seen(page: Any) -> None:
    """A screen reader goes from heading to heading; none is skipped."""
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(one => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(page.locator(f"#{section}").is_visible() for section in SECTIONS)


def test_every_text_can_be_read_in_light_and_dark(page: Any) -> None:
    """Whatever lies behind it, with every part opened."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(FAINT_TEXTS.replace("LIMIT", str(READABLE))) == [], scheme


def test_dark_page_is_dark_and_its_print_is_light(page: Any) -> None:
    """Nobody is blinded at night, and no printer is emptied by day."""
    colour = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark", media="screen")
    assert page.evaluate(colour) == "rgb(17, 23, 29)"
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"


def test_labels_of_pictures_are_legible_and_apart(page: Any) -> None:
    """At every width, where a picture is a third as wide as drawn or larger than it."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(SMALLEST_LETTERS) >= SMALLEST_TEXT, width
        assert page.evaluate(COLLISIONS) == [], width


def test_tables_say_what_their_cells_are(page: Any) -> None:
    """Every table has a caption, and every heading of it says what it heads."""
    assert page.evaluate("[...document.querySelectorAll('table')].every(one => one.caption)")
    assert page.evaluate("[...document.querySelectorAll('th')].every(one => one.scope)")


def test_parts_that_scroll_can_be_reached_by_keyboard(page: Any) -> None:
    """They take the focus, and have a name to be announced by."""
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".every(one => one.tabIndex === 0 && one.getAttribute('aria-label'))"
    )
