"""Render an evaluation as one HTML page for the person who approves the model.

The page needs no network, no script and no file beside it; it can be mailed, archived and
printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline_code import contract
from pipeline_code.core.metric_words import MEANINGS, TITLES
from pipeline_code.core.metrics import METRICS_OF, SMALLER_IS_BETTER
from pipeline_code.core.problem_types import BINARY
from pipeline_code.steps.report_charts import draw

_TEMPLATES: Final = Path(__file__).parent / "templates"
_TEMPLATE: Final = "report.html.jinja"
_PLAIN_TEMPLATE: Final = "report_plain.html.jinja"
_FINE: Final = ("accuracy", "log_loss", "brier", "calibration_error")
"""Metrics that lie so near 0 or 1 for rare events that three digits show nothing."""


def render_report(document: Mapping[str, Any]) -> str:
    """Turn the content of ``evaluation.json`` into an HTML page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, share=_share, cell=_cell)
    is_binary = document["problem"]["type"] == BINARY
    page = environment.get_template(_TEMPLATE if is_binary else _PLAIN_TEMPLATE).render(
        evaluation=document,
        is_better=document["gate"]["decision"] == contract.REGISTER_DECISION,
        metrics=_metric_rows(document),
        **(_of_decisions(document) if is_binary else {}),
    )
    return page if page.endswith("\n") else f"{page}\n"


def _of_decisions(document: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what only a binary problem has."""
    return {
        "counts": _counts(document),
        "charts": draw(document),
        "examples": document["explanation"]["examples"],
        "importance": {one["feature"]: one for one in document["importance"]},
    }


def _metric_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    champion = document["champion"]
    theirs = (champion and champion["metrics"]) or {}
    validation = document["validation"] or {}
    return [
        {
            "title": TITLES[name],
            "meaning": MEANINGS[name],
            "is_gate": name == document["uplift_metric"],
            "challenger": document["metrics"][name],
            "champion": theirs.get(name),
            # Money grows with the number of rows, so it does not compare between samples.
            "validation": None if name == "cost" else validation.get(name),
            "digits": 0 if name == "cost" else 4 if name in _FINE else 3,
            "is_better": _is_better(name, document["metrics"][name], theirs.get(name)),
        }
        for name in METRICS_OF[document["problem"]["type"]]
        if name in document["metrics"]
    ]


def _is_better(name: str, ours: Mapping[str, float], theirs: Mapping[str, float] | None) -> bool:
    if theirs is None or ours["value"] == theirs["value"]:
        return False
    return (ours["value"] < theirs["value"]) == (name in SMALLER_IS_BETTER)


def _counts(document: Mapping[str, Any]) -> dict[str, int]:
    (right_quiet, false_alarms), (missed, caught) = document["confusion_matrix"]
    return {
        "right_quiet": right_quiet,
        "false_alarms": false_alarms,
        "missed": missed,
        "caught": caught,
        "alarms": caught + false_alarms,
    }


def _number(value: float | None, digits: int = 0) -> str:
    return "n/a" if value is None else f"{value:,.{digits}f}"


def _share(part: float, whole: float) -> str:
    if not whole:
        return "0%"
    return f"{part / whole:.1%}".replace(".0%", "%")


def _cell(value: object) -> str:
    """Write a cell of a table as people read it: no needless digits, no lists in brackets."""
    if value is None:
        return "missing"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
