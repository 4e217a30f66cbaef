"""Describe the columns of a table: what a person looks at first, and what drift is measured by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pipeline_code.core.tables import Connection, literal, quoted

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_MIDDLE_BINS = 18  # between the first and the last percentile; one more on either side
_FEW_VALUES = 20  # up to so many distinct values, each is a bar of its own
_FAR_OUT = (
    3.0  # interquartile ranges beyond the quartiles; Source: Tukey, Exploratory Data Analysis
)
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")


@dataclass(frozen=True)
class _Table:
    database: Connection
    name: str
    positive: str

    def row(self, *expressions: str) -> tuple[Any, ...]:
        """Compute aggregates over all rows."""
        query = f"select {', '.join(expressions)} from {self.name}"  # noqa: S608
        return tuple(self.database.execute(query).fetchall()[0])

    def groups(self, expression: str) -> list[tuple[Any, int, int]]:
        """Count rows and positives for each value of an expression, without the missing ones."""
        return self.database.execute(
            f"select {expression} as one, count(*), count(*) filter ({self.positive}) "  # noqa: S608
            f"from {self.name} where one is not null group by one order by one"
        ).fetchall()


def profile_columns(
    database: Connection,
    table: str,
    columns: Sequence[str],
    *,
    identifiers: Sequence[str],
    target: str,
) -> dict[str, dict[str, Any]]:
    """Describe every column of a table.

    All have ``type``, ``missing`` and ``distinct``; numbers and times ``min`` and ``max``; numbers
    that identify nothing also ``mean``, ``std``, ``quantiles``, ``outliers`` (rows further than
    three interquartile ranges beyond the quartiles) and a ``histogram``: bars of single ``values``
    or between ``edges`` (n + 1 of them, the outermost are minimum and maximum), with ``counts``
    and, for the relation to the target, ``positives``. Times have a histogram by day, texts one
    of their most frequent values.

    Args:
        database: holds the table, in an order that is always the same (means are summed in it).
        table: its name; it has at least one row.
        columns: what to describe.
        identifiers: columns whose values only name something.
        target: the label; 1 is positive.
    """
    source = _Table(database, table, f"cast({quoted(target)} as integer) = 1")
    types = {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}
    rows = source.row("count(*)")[0]
    described = {}
    for name in columns:
        described[name] = _describe(source, name, types[name], rows)
        if types[name] in _NUMBERS and name not in identifiers and described[name]["distinct"]:
            described[name] |= _distribution(source, name, described[name])
    numbers = [name for name in columns if "quantiles" in described[name]]
    for name, (mean, std) in _moments(source, numbers).items():
        described[name] |= {"mean": mean, "std": std}
    return described


def correlate(
    database: Connection, table: str, inputs: Sequence[str], target: str
) -> dict[str, Any]:
    """Compute Pearson's correlations of numeric inputs with the target and with each other.

    A constant column has none: None.
    """
    types = {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}
    names = [name for name in inputs if types[name] in _NUMBERS]
    pairs = [(name, target) for name in names] + list(combinations(names, 2))
    if not pairs:
        return {"target": {}, "inputs": {}}
    source = _Table(database, table, "true")
    with _InOneOrder(database):
        values = source.row(
            *(
                f"corr(cast({quoted(one)} as double), cast({quoted(other)} as double))"
                for one, other in pairs
            )
        )
    found = dict(zip(pairs, map(_finite, values), strict=True))
    between: dict[str, dict[str, float | None]] = {name: {} for name in names}
    for one, other in combinations(names, 2):
        between[one][other] = found[one, other]
    return {"target": {name: found[name, target] for name in names}, "inputs": between}


class _InOneOrder:
    """Add floats up in the table's order: the last digits would differ from run to run."""

    def __init__(self, database: Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._threads = self._database.execute("select current_setting('threads')").fetchall()[0][0]
        self._database.execute("set threads = 1")

    def __exit__(self, *_: object) -> None:
        self._database.execute(f"set threads = {self._threads}")


def _describe(source: _Table, name: str, sql_type: str, rows: int) -> dict[str, Any]:
    column = quoted(name)
    present, distinct = source.row(f"count({column})", f"count(distinct {column})")
    result = {"type": sql_type.lower(), "missing": rows - present, "distinct": distinct}
    if sql_type in _NUMBERS or sql_type == "TIMESTAMP":
        low, high = source.row(f"min({column})", f"max({column})")
        is_time = sql_type == "TIMESTAMP" and low is not None
        result |= {"min": low.isoformat(), "max": high.isoformat()} if is_time else {}
        result |= {} if is_time else {"min": low, "max": high}
    if sql_type == "TIMESTAMP":
        result["histogram"] = _bars(source.groups(f"cast(cast({column} as date) as varchar)"))
    elif sql_type == "VARCHAR" and distinct:
        result["histogram"] = _bars(source.groups(_frequent(source, column)))
    elif sql_type == "BOOLEAN" and distinct:
        result["histogram"] = _bars(source.groups(column))
    return result


def _frequent(source: _Table, column: str) -> str:
    """Write SQL that keeps the most frequent texts and calls the others ``(other)``."""
    most = sorted(source.groups(column), key=lambda group: (-group[1], group[0]))[:_FEW_VALUES]
    listed = ", ".join(literal(group[0]) for group in most)
    return (
        f"case when {column} in ({listed}) then {column} "
        f"when {column} is not null then '(other)' end"
    )


def _distribution(source: _Table, name: str, known: dict[str, Any]) -> dict[str, Any]:
    column = quoted(name)
    quantiles = source.row(f"quantile_cont({column}, {list(_QUANTILES)})")[0]
    named = dict(zip(_QUANTILES, map(float, quantiles), strict=True))
    reach = _FAR_OUT * (named[0.75] - named[0.25])
    low, high = named[0.25] - reach, named[0.75] + reach
    (outliers,) = source.row(f"count(*) filter ({column} < {low!r} or {column} > {high!r})")
    if known["distinct"] <= _FEW_VALUES:
        histogram = _bars(source.groups(column))
    else:
        histogram = _histogram(source, column, known, named[0.01], named[0.99])
    return {
        "quantiles": {str(share): value for share, value in named.items()},
        "outliers": outliers,
        "histogram": histogram,
    }


def _histogram(
    source: _Table, column: str, known: dict[str, Any], low: float, high: float
) -> dict[str, Any]:
    """Count rows in equal bins between ``low`` and ``high``, and in one bin on either side."""
    if low == high:  # more than 98 % of the rows are one value: bins around it say nothing
        low, high = float(known["min"]), float(known["max"])
    width = (high - low) / _MIDDLE_BINS
    middle = f"1 + least({_MIDDLE_BINS - 1}, floor(({column} - {low!r}) / {width!r}))"
    groups = source.groups(
        f"cast(case when {column} < {low!r} then 0 when {column} > {high!r} "
        f"then {_MIDDLE_BINS + 1} when {column} is not null then {middle} end as integer)"
    )
    counts = {place: (rows, positives) for place, rows, positives in groups}
    bins = [counts.get(place, (0, 0)) for place in range(_MIDDLE_BINS + 2)]
    edges = np.linspace(low, high, _MIDDLE_BINS + 1).tolist()
    return {
        "edges": [float(known["min"]), *edges, float(known["max"])],
        "counts": [rows for rows, _ in bins],
        "positives": [positives for _, positives in bins],
    }


def _bars(groups: Sequence[tuple[Any, int, int]]) -> dict[str, Any]:
    return {
        "values": [value for value, _, _ in groups],
        "counts": [rows for _, rows, _ in groups],
        "positives": [positives for _, _, positives in groups],
    }


def _moments(source: _Table, names: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    if not names:
        return {}
    with _InOneOrder(source.database):
        values = source.row(
            *(f"{what}({quoted(name)})" for name in names for what in ("avg", "stddev_samp"))
        )
    return {
        name: (_finite(mean), _finite(std))
        for name, mean, std in zip(names, values[::2], values[1::2], strict=True)
    }


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
