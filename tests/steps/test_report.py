"""The report stands alone, escapes what it is given, and says the decision first."""

from __future__ import annotations

import copy
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate import Champion, evaluate
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.report import render_report
from pipeline_code.steps.train import train

MakeRows = Callable[..., Columns]
EVIL = "<img src=//elsewhere onerror=alert(1)>"
WINDOW = {"rows": 400, "positives": 60, "from": "2026-01-01", "to": "2026-01-04"}
PROFILE = {
    "data_hash": "sha256:1234",
    "feature_versions": "cards-v1",
    "rows": {"in": 1300, "out": 1200, "quarantined": 90, "deduplicated": 10},
    "split": {
        "train": WINDOW,
        "validation": {"rows": 0, "positives": 0, "from": None, "to": None},
        "test": WINDOW,
    },
    "quarantine_reasons": {EVIL: 90},
}
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """Collect what a page refers to, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "action", "data", "srcset", "poster"}:
                self.references.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open.pop() == tag


@pytest.fixture
def document(small_usecase: UseCase, make_rows: MakeRows) -> dict[str, Any]:
    """An evaluation with a champion."""
    usecase = small_usecase.with_settings({"training.n_estimators": "2"})
    champion = Champion(7, train(make_rows(seed=5), make_rows(seed=1), usecase).model)
    challenger = train(make_rows(), make_rows(seed=1), small_usecase).model
    found = evaluate(make_rows(seed=2), make_rows(seed=1), challenger, champion, small_usecase)
    return evaluation_document(found, PROFILE)


def test_page_needs_nothing_from_anywhere(document: dict[str, Any]) -> None:
    """It can be mailed and archived: no script, no reference, no address."""
    text = render_report(document)
    page = Page(text)

    assert page.open == []
    assert [one for one in page.references if not one.startswith("#")] == []
    assert page.handlers == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)
    for address in ("http:", "https:", "url(", "@import"):
        assert address not in text


def test_page_escapes_all_that_it_is_given(document: dict[str, Any]) -> None:
    """A quarantine reason quotes the source's own rows: it may hold anything."""
    evil = copy.deepcopy(document)
    evil["usecase"] = evil["data"]["feature_versions"] = EVIL
    evil["gate"]["reason"] = evil["gate"]["checks"][0]["detail"] = EVIL
    evil["importance"][0]["feature"] = evil["explanation"]["dots"][0]["feature"] = EVIL
    evil["explanation"]["examples"][0]["ids"] = {EVIL: EVIL}
    evil["cost"]["currency"] = EVIL
    page = Page(render_report(evil))
    assert "img" not in page.tags
    assert "img" not in Page(render_report(document)).tags


def test_decision_and_reason_come_first(document: dict[str, Any]) -> None:
    """Who approves reads no further if it is a no."""
    text = render_report(document)
    assert "The challenger may be registered" in text[: text.index("<main>")]
    assert "of version 7 on the same rows" in text[: text.index("<main>")]

    document["gate"]["decision"] = "keep_champion"
    assert "The champion stays" in render_report(document)
    document["champion"] = document["uplift"] = document["curves"]["champion"] = None
    document["cost"]["champion"] = None
    assert "The challenger is not registered" in render_report(document)


def test_page_has_the_figures_an_approver_asks_for(document: dict[str, Any]) -> None:
    """Money, counts, intervals, windows, quarantine and lineage."""
    text = render_report(document)
    (_, false_alarms), (missed, caught) = document["confusion_matrix"]
    for figure in (
        f"{document['cost']['challenger']:,.0f}",
        f"{document['cost']['without_model']:,.0f}",
        f"<strong>{caught}</strong>",
        f"<strong>{missed}</strong>",
        f"{false_alarms} were false",
        f"{document['metrics']['average_precision']['value']:.3f}",
        f"{document['metrics']['average_precision']['low']:.3f} to",
        "2026-01-01 to 2026-01-04",
        "1,300 rows came in; 1,200 were used, 90 put into quarantine and 10 dropped",
        "sha256:1234",
        "cards-v1",
        "max_depth\N{NO-BREAK SPACE}3",
        document["model"]["weights_hash"],
    ):
        assert figure in text, figure


def test_every_chart_is_there_and_described(document: dict[str, Any]) -> None:
    """Six pictures, each with a title and a description."""
    page = Page(render_report(document))
    assert page.tags.count("svg") >= 6


def test_page_bears_what_may_be_missing(document: dict[str, Any]) -> None:
    """No profile, no validation rows, no champion, no examples, unknown ends of intervals."""
    document["data"] = {}
    document["validation"] = document["champion"] = document["uplift"] = None
    document["curves"]["champion"] = document["cost"]["champion"] = None
    document["explanation"]["examples"] = []
    document["metrics"]["auc_roc"]["low"] = document["metrics"]["auc_roc"]["high"] = None
    document["model"]["best_iteration"] = None
    for one in document["importance"]:
        one["gain"] = None
    assert Page(render_report(document)).open == []
