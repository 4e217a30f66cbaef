"""Say how the target is distributed among some rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline_code.core.problem import Problem
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.tables import Connection, quoted

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def describe_target(
    database: Connection, table: str, problem: Problem, condition: str = "true"
) -> tuple[int, dict[str, Any]]:
    """Count the rows that meet a condition, and describe their encoded target.

    Returns:
        The rows, and of a binary target ``positives``, of a multiclass one the rows of each class
        by its label (``classes``), of a number ``mean``, ``std``, ``min``, ``max``, ``quantiles``,
        all None without rows.
    """
    target = quoted(problem.target)
    if problem.type == BINARY:
        rows, positives = database.execute(
            f"select count(*), count(*) filter ({target} = 1) from {table} where {condition}"  # noqa: S608
        ).fetchall()[0]
        return int(rows), {"positives": int(positives)}
    if problem.type == MULTICLASS:
        counts = dict(
            database.execute(
                f"select {target}, count(*) from {table} where {condition} group by 1"  # noqa: S608
            ).fetchall()
        )
        classes = {name: counts.get(place, 0) for place, name in enumerate(problem.class_names)}
        return sum(classes.values()), {"classes": classes}
    values = database.execute(
        f"select {target} as one from {table} where {condition} order by one"  # noqa: S608
    ).fetchnumpy()["one"]
    return len(values), _distribution(np.asarray(values))


def describe_targets(
    database: Connection, table: str, problem: Problem, number: str, count: int
) -> list[tuple[int, dict[str, Any]]]:
    """Describe the encoded target of several groups of rows, each as `describe_target` does.

    Args:
        database: holds the table.
        table: its name.
        problem: the target, encoded.
        number: SQL of the number of a row's group.
        count: how many groups there are; they are numbered from 0.
    """
    if problem.type not in (BINARY, MULTICLASS):
        return [
            describe_target(database, table, problem, f"{number} = {place}")
            for place in range(count)
        ]
    counts = {
        (group, label): rows
        for group, label, rows in database.execute(
            f"select {number} as one, {quoted(problem.target)}, count(*) from {table} "  # noqa: S608
            "group by all"
        ).fetchall()
    }
    labels = range(2 if problem.type == BINARY else len(problem.class_names))
    groups = [[counts.get((group, label), 0) for label in labels] for group in range(count)]
    if problem.type == BINARY:
        return [(sum(rows), {"positives": rows[1]}) for rows in groups]
    names = problem.class_names
    return [(sum(rows), {"classes": dict(zip(names, rows, strict=True))}) for rows in groups]


def _distribution(ordered: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """Describe numbers that come in rising order, so that their sum is always the same."""
    rows = len(ordered)
    if not rows:
        return {"mean": None, "std": None, "min": None, "max": None, "quantiles": None}
    mean = math.fsum(ordered) / rows
    spread = math.sqrt(math.fsum((ordered - mean) ** 2) / (rows - 1)) if rows > 1 else 0.0
    quantiles = np.quantile(ordered, QUANTILES)
    return {
        "mean": mean,
        "std": spread,
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
        "quantiles": {
            str(share): float(value) for share, value in zip(QUANTILES, quantiles, strict=True)
        },
    }
