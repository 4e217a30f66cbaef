"""Fetch the drawn rows as numbers and words, as a model would get them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem import label_text
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.column_types import value_of, without_markers
from pipeline_code.steps.discovery.exact_counts import Counted, Counts
from pipeline_code.steps.discovery.reading import PLACE, SAMPLE
from pipeline_code.steps.discovery.roles import Role
from pipeline_code.steps.discovery.strength import Answers
from pipeline_code.steps.discovery.target import Target


class DrawnRows:
    """The drawn rows that have a target, column by column."""

    def __init__(self, database: Connection, counts: Counts) -> None:
        self._database = database
        self._counts = counts
        self._condition = "true"

    def answers(self, target: Target) -> Answers:
        """Return the target as numbers, and keep to the rows that have one."""
        one = self._counts.columns[target.name]
        self._condition = f"{self._sql(one)} is not null"
        if target.type == REGRESSION:
            return Answers(self._fetch(f"cast({self._sql(one)} as double)"), REGRESSION)
        texts = [label_text(value) for value, _ in target.labels]
        sql = self._sql(one)
        values = self._fetch(f"trim({sql})" if one.type == "string" else sql)
        if target.type == BINARY:
            found = np.array([value == target.positive for value in values.tolist()])
            return Answers(found.astype(np.float64), BINARY)
        place = {text: float(number) for number, text in enumerate(texts)}
        numbers = np.array([place.get(label_text(value), 0.0) for value in values.tolist()])
        return Answers(numbers, MULTICLASS, classes=len(texts))

    def values(self, role: Role) -> NDArray[Any]:
        """Return a column as `strength` takes it."""
        one = role.column
        if role.kind == "category":
            return self._fetch(f"cast({self._sql(one)} as varchar)").astype(object)
        return self._fetch(f"cast({self._sql(one)} as double)").astype(np.float64)

    def days(self, one: Counted) -> NDArray[np.int64]:
        """Return the day of each row as a number."""
        sql = f"coalesce(epoch(cast({self._sql(one)} as date)) // 86400, 0)"
        return self._fetch(sql).astype(np.int64)

    def _sql(self, one: Counted) -> str:
        column = one.seen.column
        raw = column.drawn
        if column.type == "VARCHAR":
            raw = without_markers(raw, self._counts.markers)
        return value_of(replace(one.seen, type=one.type), raw)

    def _fetch(self, sql: str) -> NDArray[Any]:
        query = f"select {sql} as v from {SAMPLE} where {self._condition} order by {PLACE}"  # noqa: S608
        values = self._database.execute(query).fetchnumpy()["v"]
        if not isinstance(values, np.ma.MaskedArray):
            return np.asarray(values)
        gap: Any = None if values.dtype.kind == "O" else np.nan
        return np.asarray(values.filled(gap))
