"""The report stands alone, escapes what it is given, and says the decision first."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline_code.steps.report import render_report
from tests.mixed_tables import PROBLEMS
from tests.steps.report_documents import SECTIONS, Document, evaluated, profiled

EVIL = "<img src=//elsewhere onerror=alert(1)>"
VOID = {"meta", "br", "img", "link", "hr", "input"}
MEGABYTE = 1_000_000


class Page(HTMLParser):
    """Collect what a page refers to, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.pictures = 0
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
            if name == "id":
                self.ids.append(value or "")
            self.pictures += (name, value) == ("role", "img")

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open.pop() == tag


def first_screen(text: str) -> str:
    """Cut the header out of a page."""
    return text[text.index("<header") : text.index("</header>")]


@pytest.fixture
def document() -> Document:
    """A binary evaluation with a champion."""
    return evaluated("binary")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_page_needs_nothing_from_anywhere(problem: str) -> None:
    """It can be mailed and archived: no script, no reference, no address."""
    text = render_report(evaluated(problem), profiled(problem))
    page = Page(text)

    assert page.open == []
    assert [one for one in page.references if not one.startswith("#")] == []
    assert page.handlers == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)
    for address in ("http:", "https:", "url(", "@import"):
        assert address not in text


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_section_is_there_once_and_can_be_jumped_to(problem: str) -> None:
    """The contents name what is on the page, and only that."""
    page = Page(render_report(evaluated(problem), profiled(problem)))
    assert page.ids == list(SECTIONS)
    assert {one.removeprefix("#") for one in page.references} <= set(page.ids)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_picture_is_described(problem: str) -> None:
    """Whoever does not see it is told what it shows."""
    page = Page(render_report(evaluated(problem), profiled(problem)))
    assert page.pictures >= 15
    assert page.tags.count("desc") == page.pictures


def _poisoned(value: Any) -> Any:
    """Put markup into every text of a document but those that choose what is shown."""
    if isinstance(value, dict):
        kept = {"type", "decision", "kind", "direction", "scale"}
        return {key: one if key in kept else _poisoned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_poisoned(one) for one in value]
    return f"{value}{EVIL}" if isinstance(value, str) else value


@pytest.mark.parametrize("problem", PROBLEMS)
def test_page_escapes_all_that_it_is_given(problem: str) -> None:
    """Reasons, categories and ids quote the source's own rows: they may hold anything."""
    profile = _poisoned(profiled(problem))
    profile["quarantine_reasons"] = {EVIL: 90}
    profile["columns"][EVIL] = profile["columns"]["size"]
    poisoned = _poisoned(evaluated(problem))
    poisoned["explanation"]["examples"][0]["ids"] = {EVIL: EVIL}
    text = render_report(poisoned, profile)
    assert text.count("onerror") > 50
    assert "img" not in Page(text).tags


def test_decision_and_reason_come_first(document: Document) -> None:
    """Who approves reads no further if it is a no."""
    text = render_report(document)
    assert "The challenger may be registered" in first_screen(text)
    assert "of version 7 on the same rows" in first_screen(text)

    document["gate"]["decision"] = "keep_champion"
    document["gate"]["checks"][0]["passed"] = False
    kept = first_screen(render_report(document))
    assert "The champion stays" in kept
    assert "Version 7 remains in use" in kept
    assert "1 of 2 conditions of the gate fails" in kept
    document["champion"] = document["uplift"] = document["curves"]["champion"] = None
    document["cost"]["champion"] = None
    assert "The challenger is not registered" in first_screen(render_report(document))


def test_what_speaks_against_a_challenger_is_said_before_it_is_approved(
    document: Document,
) -> None:
    """It passed, but by chance, or dearer, or by a feature that knows too much."""
    document["uplift"] |= {"low": 0.1, "high": 0.3}
    document["cost"] |= {"champion": 100.0, "challenger": 90.0}
    document["data"]["likely_leaks"] = []
    assert "Before you approve" not in render_report(document)

    document["uplift"]["low"] = -0.1
    assert "chance alone may explain" in first_screen(render_report(document)).lower()
    document["cost"]["challenger"] = 110.0
    assert "cost more than the champion" in first_screen(render_report(document))
    document["data"]["likely_leaks"] = [{"feature": "size"}]
    assert "too good to be true" in first_screen(render_report(document))


def test_page_has_the_figures_an_approver_asks_for(document: Document) -> None:
    """Money, counts, intervals, windows, quarantine and lineage."""
    text = render_report(document, profiled("binary"))
    (_, false_alarms), (missed, caught) = document["confusion_matrix"]
    loss = document["metrics"]["log_loss"]
    for figure in (
        f"<strong>{caught}</strong>",
        f"<strong>{missed}</strong>",
        f"{false_alarms} were false",
        f"{loss['value']:.4f}",
        f"{loss['low']:.4f} to {loss['high']:.4f}",
        "They are of 2026-01-01 to 2026-01-13.",
        "1,000 rows came in; 900 were used, 90 put into quarantine and 10 dropped",
        "sha256:1234",
        "shops-v1",
        "max_depth\N{NO-BREAK SPACE}3",
        document["model"]["weights_hash"],
    ):
        assert figure in text, figure


@pytest.mark.parametrize("problem", PROBLEMS)
def test_older_documents_still_render(problem: str) -> None:
    """Whatever key is missing or null, the rest of the page is there and well formed."""
    whole = evaluated(problem)
    for key in whole:
        for changed in ({**whole, key: None}, {k: v for k, v in whole.items() if k != key}):
            assert Page(render_report(changed)).open == [], key
    assert Page(render_report({})).open == []


@pytest.mark.parametrize("problem", PROBLEMS)
def test_profile_may_lack_anything(problem: str) -> None:
    """A profile of an earlier Prepare has no drift, no relation, no leaks."""
    whole, document = profiled(problem), evaluated(problem)
    for key in whole:
        lacking = {name: value for name, value in whole.items() if name != key}
        assert Page(render_report(document, lacking)).open == [], key
    bare = {name: {"type": "double"} for name in whole["columns"]}
    assert Page(render_report(document, {**whole, "columns": bare})).open == []


def test_page_of_the_first_version_renders() -> None:
    """One type of problem, no unit, no win share, no slices; only three thresholds known."""
    document = evaluated("binary")
    for name in ("partial_dependence", "slices", "fairness", "tuning", "confidence"):
        del document[name]
    document["problem"] = {"target": "y", "objective": ""}
    document["uplift"].pop("win_share")
    document["explanation"].pop("unit")
    document["model"] = {"algorithm": "xgboost", "best_iteration": 3, "hyperparameters": {},
                         "libraries": {}, "weights_hash": "sha256:9"}  # fmt: skip
    text = render_report(document)
    assert Page(text).open == []
    assert "4 rounds kept" in text
    assert "is by how much the challenger" in text


def test_two_hundred_columns_stay_below_two_megabytes() -> None:
    """With fifty classes: twenty columns are open, the others a click away."""
    document, profile = evaluated("multiclass"), profiled("multiclass")
    labels = [f"class {place}" for place in range(50)]
    document["classes"] = labels
    document["class_rows"] = [50 - place for place in range(50)]
    document["confusion_matrix"] = [
        [5 if at == place else 1 for at in range(50)] for place in range(50)
    ]
    bars = {
        "edges": list(range(21)),
        "counts": [50] * 20,
        "classes": [[1] * 50 for _ in range(20)],
    }
    column = {**profile["columns"]["size"], "histogram": bars}
    names = [f"a rather long name of a column {place}" for place in range(200)]
    profile["columns"] = dict.fromkeys(names, column)
    profile["drift"] = {name: {"validation": 0.1, "test": 0.2} for name in names}
    profile["correlations"] = {
        "target": dict.fromkeys(names, 0.1),
        "inputs": {name: dict.fromkeys(names[at + 1 :], 0.5) for at, name in enumerate(names)},
    }
    document["importance"] = [
        {"feature": name, "mean_abs_shap": 1.0, "gain": 0.005} for name in names
    ]
    text = render_report(document, profile)
    assert len(text.encode()) < 2 * MEGABYTE
    assert "180 more features" in text
    assert Page(text).open == []


@pytest.mark.parametrize("problem", PROBLEMS)
def test_same_documents_give_the_same_page(problem: str) -> None:
    """A report is an output like any other: its hash says whether something changed."""
    document, profile = evaluated(problem), profiled(problem)
    assert render_report(document, profile) == render_report(document, profile)


def test_rows_that_the_model_has_learned_from_are_no_proof() -> None:
    """Figures of a refitted model on the validation rows would look like a second test."""
    document = evaluated("binary")
    assert document["validation"]
    usual, known = (
        render_report({**document, "validation_in_sample": told}, profiled("binary"))
        for told in (False, True)
    )

    assert "judge it by the test rows alone" not in usual
    assert "fitted too closely" in usual
    assert "Challenger on validation rows, which it has learned from" in known
    assert "judge it by the test rows alone" in known
    assert "fitted too closely" not in known
