"""Describe the columns of a table: what a person looks at first, and what drift is measured by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code.core.data_hash import ROW, last_sampled
from pipeline_code.core.encoding import OTHER
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem import Problem
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.steps.features import NUMBERS, TEXT, is_text
from pipeline_code.steps.target_figures import QUANTILES

MOST_ROWS: Final = 100_000
"""Of how many rows a statistic is computed that need not be exact."""

_MIDDLE_BINS = 18  # between the first and the last percentile; one more on either side
_FEW_VALUES = 20  # up to so many distinct values, each is a bar of its own
_FAR_OUT = (
    3.0  # interquartile ranges beyond the quartiles; Source: Tukey, Exploratory Data Analysis
)
_STEPS = 1 << 30  # into which the range of a column is cut where its values are added up
_TIME = "TIMESTAMP"


class InfiniteValuesError(PipelineError, ValueError):
    """A column holds values, or values so far apart, that no mean can be computed of them."""

    def __init__(self, column: str, low: float, high: float) -> None:
        super().__init__(
            f"{column} reaches from {low} to {high}, which is no range of finite numbers; "
            "correct it in features.sql (a division by nought?) or bound it under contract.columns"
        )


@dataclass(frozen=True)
class _Scale:
    """Whole numbers for the values of a column: their sums do not depend on the order."""

    column: str
    low: float
    high: float

    @property
    def factor(self) -> float:
        """How many steps a unit has; 0 for a constant."""
        return _STEPS / (self.high - self.low) if self.high > self.low else 0.0

    @property
    def sql(self) -> str:
        """Write the SQL of the whole number of a value."""
        return (
            f"cast((cast({self.column} as double) - {self.low!r}::double) "
            f"* {self.factor!r}::double as bigint)"
        )

    def mean(self, rows: int, total: int | None) -> float | None:
        """Turn a sum of whole numbers back into a mean of values."""
        if not rows or total is None:
            return None
        return self.low + total / rows / self.factor if self.factor else self.low

    def deviation(self, rows: int, total: int | None, squares: int | None) -> float | None:
        """Turn sums of whole numbers and of their squares into a sample standard deviation."""
        if rows < 2 or total is None or squares is None:
            return None
        if not self.factor:
            return 0.0
        return math.sqrt((rows * squares - total**2) / (rows * (rows - 1))) / self.factor


@dataclass(frozen=True)
class _Table:
    database: Connection
    name: str
    problem: Problem
    target: _Scale

    def row(self, expressions: Sequence[str], condition: str = "true") -> tuple[Any, ...]:
        """Compute aggregates over the rows that meet a condition."""
        query = f"select {', '.join(expressions)} from {self.name} where {condition}"  # noqa: S608
        return tuple(self.database.execute(query).fetchall()[0])

    def groups(self, column: str, expression: str) -> list[tuple[Any, ...]]:
        """Count rows for each value of an expression, where a column is not missing.

        A group is the value, its rows, then what `relation` needs to know of the target.
        """
        return self.database.execute(
            f"select {expression} as one, count(*), {', '.join(self._of_target())} "  # noqa: S608
            f"from {self.name} where {column} is not null group by one order by one"
        ).fetchall()

    def frequent(self, column: str, most: int) -> tuple[list[tuple[Any, ...]], int]:
        """Count rows of the most frequent values, by their value, and of all others as `OTHER`.

        Returns:
            Groups as `groups` gives them, and how many different values there are.
        """
        of_target = self._of_target()
        names = [f"t{place}" for place in range(len(of_target))]
        counts = ", ".join(f"{sql} as {name}" for sql, name in zip(of_target, names, strict=True))
        totals = ", ".join(f"sum({name}) over ()" for name in ("n", *names))
        found = self.database.execute(
            f"select one, n, {', '.join(names)}, count(*) over (), {totals} from "  # noqa: S608
            f"(select {column} as one, count(*) as n, {counts} from {self.name} "
            f"where {column} is not null group by one) order by n desc, one limit {most}"
        ).fetchall()
        width = 2 + len(names)
        groups = sorted(row[:width] for row in found)
        distinct, *all_rows = found[0][width:] if found else (0,)
        if distinct > most:
            shown = [sum(column) for column in zip(*(group[1:] for group in groups), strict=True)]
            rest = (int(every) - some for every, some in zip(all_rows, shown, strict=True))
            groups = sorted([*groups, (OTHER, *rest)])
        return groups, distinct

    def relation(self, groups: Sequence[tuple[Any, ...] | None]) -> dict[str, list[Any]]:
        """Say how the target is distributed in each group; None is a group without rows."""
        if self.problem.type == BINARY:
            return {"positives": [group[2] if group else 0 for group in groups]}
        if self.problem.type == MULTICLASS:
            none = [0] * len(self.problem.class_names)
            return {"classes": [list(group[2:]) if group else none for group in groups]}
        return {
            "means": [self.target.mean(group[1], group[2]) if group else None for group in groups]
        }

    def _of_target(self) -> list[str]:
        target = quoted(self.problem.target)
        if self.problem.type == BINARY:
            return [f"count(*) filter ({target} = 1)"]
        if self.problem.type == MULTICLASS:
            places = range(len(self.problem.class_names))
            return [f"count(*) filter ({target} = {place})" for place in places]
        return [f"sum({self.target.sql})"]


def profile_columns(
    database: Connection,
    table: str,
    columns: Sequence[str],
    *,
    identifiers: Sequence[str],
    problem: Problem,
) -> dict[str, dict[str, Any]]:
    """Describe every column of a table.

    All have ``type``, ``missing`` and ``distinct``; numbers and times ``min`` and ``max``; numbers
    that identify nothing also ``mean``, ``std``, ``quantiles``, ``outliers`` (rows further than
    three interquartile ranges beyond the quartiles) and a ``histogram``: bars of single ``values``
    or between ``edges`` (n + 1 of them, the outermost are minimum and maximum), with ``counts``
    and the relation to the target: ``positives`` of a binary one, the rows of each class
    (``classes``), or the ``means`` of a number. Times have a histogram by day, texts one of their
    most frequent values.

    Of more than `MOST_ROWS` rows, quantiles are those of about so many that were drawn by their
    content, and ``distinct`` of numbers and times is an estimate where it is more than a few; all
    else is exact. The figures do not depend on the order of the rows.

    Args:
        database: holds the table; it has the column `ROW`.
        table: its name; it has at least one row.
        columns: what to describe, the target included.
        identifiers: columns whose values only name something.
        problem: the target, encoded.

    Raises:
        InfiniteValuesError: if a number is infinite, or numbers are as far apart.
    """
    types = {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}
    target = quoted(problem.target)
    rows, low, high = database.execute(
        f"select count(*), min({target}), max({target}) from {table}"  # noqa: S608
    ).fetchall()[0]
    scale = _Scale(target, *_finite_range(problem.target, low, high))
    source = _Table(database, table, problem, scale)
    numbers = [name for name in columns if types[name] in NUMBERS and name not in identifiers]
    described = _facts(source, columns, types, rows)
    _add_quantiles(source, described, numbers, rows)
    scales = {}
    for name in numbers:
        known = described[name]
        if known["distinct"]:
            scales[name] = _Scale(quoted(name), *_finite_range(name, known["min"], known["max"]))
    _add_sums(source, described, scales, rows)
    for name in columns:
        if histogram := _histogram(source, name, types[name], described[name], name in scales):
            described[name]["histogram"] = histogram
    return described


def _finite_range(name: str, low: float, high: float) -> tuple[float, float]:
    if not math.isfinite(float(high) - float(low)):
        raise InfiniteValuesError(name, low, high)
    return float(low), float(high)


def _facts(
    source: _Table, columns: Sequence[str], types: Mapping[str, str], rows: int
) -> dict[str, dict[str, Any]]:
    """Learn of all columns at once what a single pass over the rows tells."""
    distinct = "count(distinct {})" if rows <= MOST_ROWS else "approx_count_distinct({})"
    wanted: list[tuple[str, str, str]] = []
    for name in columns:
        column = quoted(name)
        wanted.append((name, "missing", f"count(*) - count({column})"))
        if not is_text(types[name]):  # whose values are counted one by one
            wanted.append((name, "distinct", distinct.format(column)))
        if types[name] in NUMBERS or types[name] == _TIME:
            wanted += [(name, "min", f"min({column})"), (name, "max", f"max({column})")]
    found = source.row([sql for _, _, sql in wanted])
    facts: dict[str, dict[str, Any]] = {
        name: {"type": (TEXT if is_text(types[name]) else types[name]).lower()} for name in columns
    }
    for (name, fact, _), value in zip(wanted, found, strict=True):
        is_time = types[name] == _TIME and fact in ("min", "max") and value is not None
        facts[name][fact] = value.isoformat() if is_time else value
    return facts


def _add_quantiles(
    source: _Table, described: dict[str, dict[str, Any]], numbers: Sequence[str], rows: int
) -> None:
    """Add the quantiles of numbers, of many rows those of a sample."""
    expressions = [
        f"quantile_cont(cast({quoted(name)} as double), {list(QUANTILES)})" for name in numbers
    ]
    drawn = f"{ROW} <= {last_sampled(rows, MOST_ROWS)}"
    found = source.row(expressions, drawn) if expressions else ()
    for name, values in zip(numbers, found, strict=True):
        if values is not None:
            described[name]["quantiles"] = {
                str(share): float(one) for share, one in zip(QUANTILES, values, strict=True)
            }


def _add_sums(
    source: _Table, described: dict[str, dict[str, Any]], scales: Mapping[str, _Scale], rows: int
) -> None:
    """Add means, standard deviations and numbers of outliers, of all columns at once."""
    expressions = []
    for name, scale in scales.items():
        known = described[name]["quantiles"]
        reach = _FAR_OUT * (known["0.75"] - known["0.25"])
        low, high = known["0.25"] - reach, known["0.75"] + reach
        expressions += [
            f"sum({scale.sql})",
            f"sum({scale.sql} * {scale.sql})",
            f"count_if({scale.column} not between {low!r}::double and {high!r}::double)",
        ]
    found = iter(source.row(expressions) if expressions else ())
    for name, scale in scales.items():
        there = rows - described[name]["missing"]
        total, squares, outliers = next(found), next(found), next(found)
        described[name] |= {
            "mean": scale.mean(there, total),
            "std": scale.deviation(there, total, squares),
            "outliers": outliers,
        }


def _histogram(
    source: _Table, name: str, sql_type: str, known: dict[str, Any], is_number: bool
) -> dict[str, Any] | None:
    column = quoted(name)
    if is_text(sql_type):
        groups, known["distinct"] = source.frequent(column, _FEW_VALUES)
        return _bars(source, groups) if groups else None
    if not known["distinct"]:
        return None
    if sql_type == _TIME:
        days = source.groups(column, f"cast({column} as date)")
        return _bars(source, [(day.isoformat(), *counts) for day, *counts in days])
    if sql_type == "BOOLEAN":
        return _bars(source, source.groups(column, column))
    if not is_number:
        return None
    # The estimate of a few distinct values may be wrong by one or two.
    if known["distinct"] <= 2 * _FEW_VALUES:
        groups = source.groups(column, column)
        known["distinct"] = len(groups)
        if len(groups) <= _FEW_VALUES:
            return _bars(source, groups)
    return _bins(source, column, known)


def _bins(source: _Table, column: str, known: dict[str, Any]) -> dict[str, Any]:
    """Count rows in equal bins between two percentiles, and in one bin on either side."""
    low, high = known["quantiles"]["0.01"], known["quantiles"]["0.99"]
    if low == high:  # more than 98 % of the rows are one value: bins around it say nothing
        low, high = float(known["min"]), float(known["max"])
    bin_of = (
        f"floor(({column}::double - {low!r}::double) * {_MIDDLE_BINS / (high - low)!r}::double)"
    )
    found = source.groups(
        column, f"cast(least(greatest({bin_of} + 1, 0), {_MIDDLE_BINS + 1}) as utinyint)"
    )
    groups = {group[0]: group for group in found}
    bins = [groups.get(place) for place in range(_MIDDLE_BINS + 2)]
    edges = np.linspace(low, high, _MIDDLE_BINS + 1).tolist()
    return {
        "edges": [float(known["min"]), *edges, float(known["max"])],
        "counts": [group[1] if group else 0 for group in bins],
        **source.relation(bins),
    }


def _bars(source: _Table, groups: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "values": [group[0] for group in groups],
        "counts": [group[1] for group in groups],
        **source.relation(groups),
    }
