"""How groups of rows fare: against the other rows and the champion, and how they are decided on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.core.metric_words import MEANINGS, TITLES
from pipeline_code.steps.report.fairness import BIAS, RATES, fairness_row, noteworthy
from pipeline_code.steps.report.formats import digits_of, number, percent, signed
from pipeline_code.steps.report.reading import Found, items, number_at, part

_OTHER_METRICS: Final = 8


@dataclass(frozen=True)
class SliceRow:
    """One group: its metric, and how far it is from the other rows and from the champion.

    ``others_verdict`` says better or worse only where the interval of the difference holds no 0.
    """

    value: str
    rows: int
    metric: str
    interval: str
    against_others: str
    others_interval: str
    others_verdict: str
    champion: str
    against_champion: str
    champion_verdict: str
    note: str
    others: tuple[str, ...]


def slices(document: Found) -> dict[str, Any] | None:
    """Describe every group by its column; None where no groups were measured."""
    found, fairness = items(document, "slices"), items(document, "fairness")
    if not found and not fairness:
        return None
    metric = str(document.get("uplift_metric") or "")
    others = _other_metrics(found, metric)
    return {
        "metric": TITLES.get(metric, metric),
        "meaning": MEANINGS.get(metric, ""),
        "overall": _overall(document, metric),
        "confidence": percent(number_at(document, "confidence"), 0),
        "direction": "smaller is better" if metric in SMALLER_IS_BETTER else "higher is better",
        "has_champion": any(part(one, "champion") for one in found),
        "others": [TITLES.get(name, name) for name in others],
        "columns": [
            (column, [_slice(document, one, metric, others) for one in rows])
            for column, rows in _by_column(found)
        ],
        "bias": BIAS,
        "rates": [title for _, title in RATES],
        "fairness": [
            (column, [fairness_row(one) for one in rows]) for column, rows in _by_column(fairness)
        ],
        "noteworthy": list(noteworthy(fairness)),
    }


def _by_column(found: Sequence[Any]) -> Iterable[tuple[str, list[Any]]]:
    for column, rows in itertools.groupby(found, key=lambda one: str(one.get("column"))):
        yield column, list(rows)


def _overall(document: Found, metric: str) -> str:
    value = number_at(document, "metrics", metric, "value")
    return number(value, digits_of(metric, [value]))


def _other_metrics(found: Sequence[Any], metric: str) -> list[str]:
    names = list(dict.fromkeys(name for one in found for name in part(one, "metrics")))
    return [name for name in names if name != metric][:_OTHER_METRICS]


def _slice(document: Found, one: Found, metric: str, others: Sequence[str]) -> SliceRow:
    ours, theirs = number_at(one, "metrics", metric), number_at(one, "champion", metric)
    overall = number_at(document, "metrics", metric, "value")
    low, high = number_at(one, "interval", "low"), number_at(one, "interval", "high")
    # Of all rows, so that groups have the same decimals.
    digits = digits_of(metric, (overall,))
    known = low is not None and high is not None
    against_others, others_interval, others_verdict = _against_others(one, metric, digits)
    against_champion, champion_verdict = _difference(metric, ours, theirs, digits)
    return SliceRow(
        value=str(one.get("value")),
        rows=int(number_at(one, "rows") or 0),
        metric=number(ours, digits),
        interval=f"{number(low, digits)} to {number(high, digits)}" if known else "",
        against_others=against_others,
        others_interval=others_interval,
        others_verdict=others_verdict,
        champion=number(theirs, digits) if theirs is not None else "",
        against_champion=against_champion,
        champion_verdict=champion_verdict,
        note="too few rows to measure" if one.get("too_small") else str(one.get("reason") or ""),
        others=tuple(
            number(value, digits_of(name, [value]))
            for name in others
            for value in [number_at(one, "metrics", name)]
        ),
    )


def _against_others(one: Found, metric: str, digits: int) -> tuple[str, str, str]:
    """Write the difference to all other rows, from where to where it may lie, and what it means."""
    value = number_at(one, "difference", "value")
    low, high = number_at(one, "difference", "low"), number_at(one, "difference", "high")
    if value is None:
        return "", "", ""
    text, verdict = _difference(metric, value, 0.0, digits)
    if low is None or high is None:
        return text, "", verdict
    if low <= 0 <= high and verdict != "equal":
        verdict = "may be chance"
    return text, f"{signed(low, digits)} to {signed(high, digits)}", verdict


def _difference(
    metric: str, ours: float | None, theirs: float | None, digits: int
) -> tuple[str, str]:
    if ours is None or theirs is None:
        return "", ""
    difference = ours - theirs
    if not round(difference, digits):
        return signed(0.0, digits).lstrip("+"), "equal"
    better = (difference < 0) == (metric in SMALLER_IS_BETTER)
    return signed(difference, digits), "better" if better else "worse"
