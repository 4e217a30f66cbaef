"""Challenger against champion: every metric with its interval, and the conditions of the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline_code.core.metric_names import COST, METRICS_OF, SMALLER_IS_BETTER
from pipeline_code.core.metric_words import MEANINGS, TITLES
from pipeline_code.steps.report.formats import digits_of, number, sentence, signed, title
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type

_DIRECTION: Final = "; smaller is better"
_HEADINGS: Final = {
    "guardrail": "Guardrail",
    "uplift": "Better than the champion",
    "win share": "Better often enough",
    "slices": "No group of rows worse off",
}


@dataclass(frozen=True)
class Value:
    """A metric of one model: its value, and the interval in words."""

    text: str
    interval: str


@dataclass(frozen=True)
class MetricRow:
    """One metric of both models; ``verdict`` says in a word which is better."""

    title: str
    meaning: str
    direction: str
    decides: bool
    challenger: Value
    champion: Value | None
    difference: str
    verdict: str
    validation: str


@dataclass(frozen=True)
class CheckRow:
    """One condition of the gate."""

    heading: str
    passed: bool
    detail: str


def metric_rows(document: Found) -> list[MetricRow]:
    """List the metrics that were measured, in the order in which people read them."""
    ours = part(document, "metrics")
    known = METRICS_OF.get(problem_type(document), ())
    return [
        _row(document, name) for name in (*known, *(set(ours) - set(known))) if part(ours, name)
    ]


def check_rows(document: Found) -> list[CheckRow]:
    """List the conditions, those that fail first."""
    rows = [
        CheckRow(_heading(str(one.get("name", ""))), bool(one.get("passed")),
                 sentence(str(one.get("detail", ""))))
        for one in items(document, "gate", "checks")
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.passed)


def _heading(name: str) -> str:
    for prefix, heading in _HEADINGS.items():
        if name.startswith(f"{prefix} "):
            metric = name.removeprefix(f"{prefix} ")
            return f"{heading}: {TITLES.get(metric, metric)}"
    return title(name)


def _row(document: Found, name: str) -> MetricRow:
    ours, theirs = part(document, "metrics", name), part(document, "champion", "metrics", name)
    on_validation = number_at(document, "validation", name)
    digits = digits_of(name, [number_at(one, "value") for one in (ours, theirs)])
    better, verdict = _compare(name, number_at(ours, "value"), number_at(theirs, "value"))
    return MetricRow(
        title=title(TITLES.get(name, name)),
        meaning=MEANINGS.get(name, "").removesuffix(_DIRECTION),
        direction="smaller is better" if name in SMALLER_IS_BETTER else "higher is better",
        decides=name == document.get("uplift_metric"),
        challenger=_value(ours, digits),
        champion=_value(theirs, digits) if theirs else None,
        difference=signed(better, digits) if better is not None else "",
        verdict=verdict,
        # Money grows with the number of rows, so it does not compare between samples.
        validation="" if name == COST or on_validation is None else number(on_validation, digits),
    )


def _value(found: Found, digits: int) -> Value:
    low, high = number_at(found, "low"), number_at(found, "high")
    known = low is not None and high is not None
    interval = f"{number(low, digits)} to {number(high, digits)}" if known else ""
    return Value(number(number_at(found, "value"), digits), interval)


def _compare(name: str, ours: float | None, theirs: float | None) -> tuple[float | None, str]:
    """Say by how much the challenger is above the champion, and whether that is good."""
    if ours is None or theirs is None:
        return None, ""
    difference = ours - theirs
    if not difference:
        return 0.0, "equal"
    return difference, "better" if (difference < 0) == (name in SMALLER_IS_BETTER) else "worse"
