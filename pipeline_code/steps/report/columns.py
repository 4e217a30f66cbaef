"""Each column at a glance: its shape, what is missing, what it tells, whether it has moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.steps.report.formats import number, share
from pipeline_code.steps.report.reading import Found, items, number_at, part
from pipeline_code.steps.report.shapes import ends, shape, stack_names

SHOWN: Final = 20
"""Columns that are shown at once; the others open on demand."""
_TYPES: Final = {
    "bigint": "whole number",
    "integer": "whole number",
    "hugeint": "whole number",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "varchar": "text",
    "boolean": "yes or no",
    "timestamp": "time",
    "date": "day",
}
_KIND_WORDS: Final = {
    "auc": "area under the ROC curve; 0.5 is nothing, 1 is all",
    "accuracy_gain": "share of what the most frequent class leaves to guess; 0 is nothing, 1 is "
    "all",
    "r2": "share of the target's variance; 0 is nothing, 1 is all",
}
_SMALLEST_DRIFT: Final = 0.001


@dataclass(frozen=True)
class Drift:
    """How far a column of one part has moved from the training rows."""

    part: str
    psi: str
    mark: str


@dataclass(frozen=True)
class ColumnRow:
    """One column of the table."""

    name: str
    type: str
    rank: int | None
    missing: str
    missing_share: float
    distinct: str
    outliers: str
    range: tuple[str, str]
    spark: Markup | None
    relation: str
    relation_share: float | None
    drift: tuple[Drift, ...]
    leak: str


@dataclass(frozen=True)
class _Context:
    """What is known of all columns."""

    document: Found
    known: Found
    ranks: dict[str, int]
    rows: float
    target: str


def columns(document: Found, known: Found) -> dict[str, Any] | None:
    """Describe the columns, the target first, features by importance; None where unknown."""
    found = part(known, "columns")
    if not found:
        return None
    features = [str(one.get("feature")) for one in items(document, "importance")]
    target = str(part(document, "problem").get("target"))
    context = _Context(
        document=document,
        known=known,
        ranks={name: place for place, name in enumerate(features, start=1)},
        rows=number_at(known, "rows", "out") or 0,
        target=target,
    )
    rows = [_row(name, context) for name in features if name in found]
    others = [name for name in found if name not in context.ranks and name != target]
    return {
        "target": _row(target, context) if target in found else None,
        "first": rows[:SHOWN],
        "more": rows[SHOWN:],
        "others": [_row(name, context) for name in others],
        "labels": stack_names(document),
        "relation": _relation_words(known),
        "thresholds": part(known, "drift_thresholds"),
        "drifted": [row.name for row in rows if any(one.mark for one in row.drift)],
        "has_drift": bool(part(known, "drift")),
    }


def _row(name: str, context: _Context) -> ColumnRow:
    column, rows = part(context.known, "columns", name), context.rows
    missing = number_at(column, "missing") or 0
    outliers = _outliers(name, column, context)
    relation = number_at(context.known, "target_relation", name, "score")
    of_type = str(column.get("type", ""))
    return ColumnRow(
        name=name,
        type=_TYPES.get(of_type.split("(")[0], of_type),
        rank=context.ranks.get(name),
        missing=share(missing, rows) if rows else number(missing),
        missing_share=missing / rows if rows else 0.0,
        distinct=number(number_at(column, "distinct")),
        outliers="" if outliers is None else share(outliers, rows) if outliers else "0",
        range=ends(context.document, name, column),
        spark=shape(context.document, name, column),
        relation="" if relation is None else f"{relation:.3f}",
        relation_share=_from_nothing(relation, context.known, name),
        drift=tuple(_drift(name, context.known)),
        leak=_leak(name, context.known),
    )


def _leak(name: str, known: Found) -> str:
    """Say why a feature looks like a leak; empty if it does not."""
    found = [one for one in items(known, "likely_leaks") if one.get("feature") == name]
    return str(found[0].get("why") or "it tells the target almost without error") if found else ""


def _outliers(name: str, column: Found, context: _Context) -> float | None:
    """Count outliers where that means something: not if half of the rows are one value."""
    quantiles = part(column, "quantiles")
    if name == context.target or quantiles.get("0.25") == quantiles.get("0.75"):
        return None
    return number_at(column, "outliers")


def _from_nothing(relation: float | None, known: Found, name: str) -> float | None:
    """Scale a relation so that nothing is 0: an area under the curve begins at a half."""
    if relation is None:
        return None
    is_area = part(known, "target_relation", name).get("kind") == "auc"
    return min(max(2 * relation - 1 if is_area else relation, 0.0), 1.0)


def _relation_words(known: Found) -> str:
    kinds = {one.get("kind") for one in part(known, "target_relation").values()}
    return next((_KIND_WORDS[kind] for kind in kinds if kind in _KIND_WORDS), "")


def _drift(name: str, known: Found) -> list[Drift]:
    found, limits = part(known, "drift", name), part(known, "drift_thresholds")
    rows = []
    for key in found:
        psi = number_at(found, key)
        if psi is not None:
            text = f"<{_SMALLEST_DRIFT}" if 0 < psi < _SMALLEST_DRIFT else f"{psi:.3f}"
            rows.append(Drift(key, text, _mark(psi, limits)))
    return rows


def _mark(psi: float, limits: Found) -> str:
    for name in ("alarm", "warning"):
        limit = number_at(limits, name)
        if limit is not None and psi >= limit:
            return name
    return ""
