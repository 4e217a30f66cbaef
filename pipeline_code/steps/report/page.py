"""Render an evaluation as one HTML page for the person who approves the model.

The page needs no network, no script and no file beside it; it can be mailed, archived and
printed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.steps.report.binary import decisions
from pipeline_code.steps.report.card import confidence
from pipeline_code.steps.report.data import data
from pipeline_code.steps.report.formats import FILTERS
from pipeline_code.steps.report.lineage import lineage
from pipeline_code.steps.report.money import money
from pipeline_code.steps.report.multiclass import classes
from pipeline_code.steps.report.reading import Found, number_at, part, problem_type
from pipeline_code.steps.report.reasons import reasons
from pipeline_code.steps.report.regression import errors
from pipeline_code.steps.report.rivals import check_rows, metric_rows
from pipeline_code.steps.report.slices import slices
from pipeline_code.steps.report.summary import decision, tested
from pipeline_code.steps.report.sureness import sureness
from pipeline_code.steps.report.tuning import tuning

_TEMPLATES: Final = Path(__file__).parents[1] / "templates" / "report"
_TEMPLATE: Final = "page.html.j2"
_KINDS: Final = {BINARY: decisions, MULTICLASS: classes, REGRESSION: errors}


def render_report(document: Found, profile: Found | None = None) -> str:
    """Turn an evaluation into an HTML page.

    Args:
        document: the content of ``evaluation.json``, of this or of an earlier version.
        profile: the content of ``profile.json``; without it the page says of the data what the
            evaluation repeats.
    """
    page = _environment().get_template(_TEMPLATE).render(_content(document, profile or {}))
    return page if page.endswith("\n") else f"{page}\n"


@functools.cache
def _environment() -> Environment:
    """Read the templates once, for compiling them takes longer than a page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


def _content(document: Found, profile: Found) -> Mapping[str, Any]:
    kind, champion = problem_type(document), part(document, "champion")
    return {
        "usecase": document.get("usecase", ""),
        "kind": kind,
        "problem": {"target": "the target", "objective": "", **part(document, "problem")},
        "champion": champion,
        # Only a champion that could be measured has a line in the pictures.
        "rival": champion if champion.get("metrics") else None,
        "confidence": confidence(document),
        "rows": number_at(document, "rows") or 0,
        "decision": decision(document),
        "cards": [
            (id_, title, card)
            for id_, title, card in (
                ("money", "In money", money(document)),
                ("sure", "How sure that is", sureness(document)),
                ("tested", "What it was tested on", tested(document)),
            )
            if card is not None
        ],
        "checks": check_rows(document),
        "metrics": metric_rows(document),
        "in_sample": bool(document.get("validation_in_sample")),
        "of_kind": _KINDS[kind](document) if kind in _KINDS else None,
        "reasons": reasons(document),
        "slices": slices(document),
        "tuning": tuning(document),
        "data": data(document, profile),
        "lineage": lineage(document, profile),
    }
