"""The data: which rows came in, which were used for what, and what the target looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.report.columns import columns
from pipeline_code.steps.report.correlations import correlations
from pipeline_code.steps.report.formats import figure, number, plural, share
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type

_PARTS: Final = ("train", "validation", "test")
_USED_FOR: Final = {
    "train": "to learn from",
    "validation": "to choose by",
    "test": "to measure on, as in this report",
}
_CLASSES: Final = 15

Cell = tuple[str, str]
"""What is written, and in small letters below it."""


def data(document: Found, profile: Found) -> dict[str, Any]:
    """Describe the rows; whatever neither document says is left out.

    Args:
        document: the evaluation, which repeats the short parts of the profile.
        profile: what Prepare said of the data; empty where it is not at hand.
    """
    known = {**part(document, "data"), **profile}
    return {
        "rows": _rows(known),
        "quarantine": sorted(
            part(known, "quarantine_reasons").items(), key=lambda pair: (-pair[1], pair[0])
        ),
        "split": _split(document, known),
        "leaks": [one for one in items(known, "likely_leaks") if isinstance(one, dict)],
        "columns": columns(document, known),
        "correlations": correlations(document, known),
    }


def _rows(known: Found) -> str:
    rows = part(known, "rows")
    if not rows:
        return ""
    return (
        f"{plural(number_at(rows, 'in') or 0, 'row')} came in; "
        f"{number(number_at(rows, 'out'))} were used, "
        f"{number(number_at(rows, 'quarantined'))} put into quarantine and "
        f"{number(number_at(rows, 'deduplicated'))} dropped as duplicates."
    )


def _split(document: Found, known: Found) -> dict[str, Any] | None:
    split = part(known, "split")
    names = [name for name in (*_PARTS, *sorted(set(split) - set(_PARTS))) if part(split, name)]
    if not names:
        return None
    parts = [part(split, name) for name in names]
    heads, cells, left_out = _targets(problem_type(document), parts)
    return {
        "has_times": any(one.get("from") for one in parts),
        "heads": heads,
        "left_out": left_out,
        "parts": [
            {
                "name": name,
                "use": _USED_FOR.get(name, ""),
                "from": one.get("from"),
                "to": one.get("to"),
                "rows": number_at(one, "rows"),
                "cells": row,
            }
            for name, one, row in zip(names, parts, cells, strict=True)
        ],
    }


def _targets(kind: str, parts: Sequence[Found]) -> tuple[list[str], list[list[Cell]], int]:
    """Describe the target of each part: the heads of the columns, the cells, what is left out."""
    if kind == REGRESSION:
        heads = ["Mean", "Half lie below", "Nine of ten lie between"]
        return heads, [_number_cells(one) for one in parts], 0
    if kind != MULTICLASS:
        return ["Positive"], [_positive_cells(one) for one in parts], 0
    totals: Counter[str] = Counter()
    for one in parts:
        totals.update(part(one, "target", "classes"))
    labels = [label for label, _ in totals.most_common()]
    shown = labels[:_CLASSES]
    return shown, [_class_cells(one, shown) for one in parts], len(labels) - len(shown)


def _positive_cells(one: Found) -> list[Cell]:
    found = number_at(one, "positives")
    positives = number_at(one, "target", "positives") if found is None else found
    return [(number(positives), share(positives, number_at(one, "rows")))]


def _class_cells(one: Found, labels: Sequence[str]) -> list[Cell]:
    rows, counts = number_at(one, "rows"), part(one, "target", "classes")
    return [(number(counts.get(name)), share(counts.get(name), rows)) for name in labels]


def _number_cells(one: Found) -> list[Cell]:
    target, quantiles = part(one, "target"), part(one, "target", "quantiles")
    low, high = number_at(quantiles, "0.05"), number_at(quantiles, "0.95")
    spread = number_at(target, "std")
    most = "" if low is None or high is None else f"{figure(low)} to {figure(high)}"
    least, largest = number_at(target, "min"), number_at(target, "max")
    return [
        (figure(number_at(target, "mean")), "" if spread is None else f"± {figure(spread)}"),
        (figure(number_at(quantiles, "0.5")), ""),
        (most, "" if least is None else f"all: {figure(least)} to {figure(largest)}"),
    ]
