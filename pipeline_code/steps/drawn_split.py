"""Split rows by what they say and a seed: with the target's distribution, by chance or by groups.

Every row draws a number from its digest and the seed; those that draw least are tested, the next
ones validate. So the split does not depend on files or their order, and equal rows, which draw
the same number, are never on two sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline_code import contract
from pipeline_code.core.data_hash import ROW, draw, value_digest
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.core.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    Shares,
    assign_groups,
    cut_points,
    strata_count,
)
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.core.usecase import UseCase


class EmptyPartError(PipelineError, ValueError):
    """A part of a split by chance has no rows."""

    def __init__(self, part: str, usecase: UseCase, rows: Sequence[int]) -> None:
        split = usecase.split
        found = " and ".join(f"{count:,}" for count in rows)
        remedy = "deliver more rows, or change the shares under split in usecase.yaml"
        if split.method == "grouped":
            remedy = (
                f"the rows of one {split.group} stay together: name a column of more values in "
                "split.group"
            ) + (", or set split.validation_share: 0" if part == contract.VALIDATION else "")
        super().__init__(
            f"the {part} split has no rows: train, validation and test would have {found}; {remedy}"
        )


class OneGroupError(PipelineError, ValueError):
    """All rows belong to one group, so nothing can be split off."""

    def __init__(self, usecase: UseCase, value: object) -> None:
        super().__init__(
            f"every {usecase.split.group} is {value}: rows of one group stay together, so there "
            "is nothing to test on; name another column in split.group of usecase.yaml, or "
            "another split.method"
        )


class RareClassError(PipelineError, ValueError):
    """A class has too few rows to be learned and tested."""

    def __init__(self, usecase: UseCase, label: str, problem: str) -> None:
        super().__init__(
            f"class {label!r} of {usecase.problem.target} {problem}; deliver more rows of it, "
            "join it to another class in features.sql, or take it out of problem.classes in "
            "usecase.yaml (its rows are quarantined then)"
        )

    @classmethod
    def too_few(cls, usecase: UseCase, label: str, rows: int, parts: int) -> RareClassError:
        """Say that a class cannot have a row in each part."""
        noun = "row" if rows == 1 else "rows"
        return cls(usecase, label, f"has {rows} {noun}, too few for {parts} parts of the split")

    @classmethod
    def missing(cls, usecase: UseCase, label: str, part: str) -> RareClassError:
        """Say that a class is not in a part."""
        return cls(usecase, label, f"has no rows in the {part} split")


def part_by_chance(database: Connection, table: str, usecase: UseCase) -> str:
    """Write the SQL of the number of a row's part, drawn from all rows alike."""
    return _drawn(database, table, usecase, "0")


def part_by_strata(database: Connection, table: str, usecase: UseCase) -> str:
    """Write the SQL of the number of a row's part, drawn within each stratum of the target.

    A stratum is a class, or a range of a numeric target that holds a tenth of its rows.

    Raises:
        RareClassError: if a class has fewer rows than there are parts.
    """
    target = quoted(usecase.problem.target)
    if usecase.problem.type == REGRESSION:
        return _drawn(database, table, usecase, _range_number(database, table, usecase))
    shares = Shares.of(usecase.split)
    counts = dict(
        database.execute(f"select {target}, count(*) from {table} group by 1").fetchall()  # noqa: S608
    )
    for place, label in enumerate(usecase.problem.class_names):
        if counts.get(place, 0) < shares.parts:
            raise RareClassError.too_few(usecase, label, counts.get(place, 0), shares.parts)
    return _drawn(database, table, usecase, target)


def part_by_groups(database: Connection, table: str, usecase: UseCase) -> str:
    """Write the SQL of the number of a row's part, drawn for whole groups.

    Rows whose group is missing are one group.

    Raises:
        OneGroupError: if there is one group only.
    """
    assert usecase.split.group is not None  # noqa: S101 - the schema has looked
    group = quoted(usecase.split.group)
    number = draw(value_digest(f"cast({group} as varchar)"), usecase.split.seed)
    database.execute(
        f"create or replace temp table drawn_groups as select {group} as one, count(*) as size "  # noqa: S608
        f"from {table} group by 1 order by {number}, 1"
    )
    sizes = database.execute("select size from drawn_groups").fetchnumpy()["size"]
    if len(sizes) == 1:
        value = database.execute("select one from drawn_groups").fetchall()[0][0]
        raise OneGroupError(usecase, value)
    parts = {"part": assign_groups(np.asarray(sizes), Shares.of(usecase.split))}
    database.register("parts_of_groups", parts)
    database.execute(
        "create or replace table groups_of_parts as "
        "select one, part from drawn_groups positional join parts_of_groups"
    )
    database.unregister("parts_of_groups")
    return f"(select part from groups_of_parts where one is not distinct from {group})"  # noqa: S608


def _range_number(database: Connection, table: str, usecase: UseCase) -> str:
    """Write the SQL that numbers ranges of a numeric target with about equally many rows."""
    target = quoted(usecase.problem.target)
    rows = database.execute(f"select count(*) from {table}").fetchall()[0][0]  # noqa: S608
    count = strata_count(rows, Shares.of(usecase.split))
    if count == 1:
        return "0"
    places = [place / count for place in range(1, count)]
    edges = database.execute(
        f"select quantile_disc({target}, {places}) from {table}"  # noqa: S608
    ).fetchall()[0][0]
    return " + ".join(
        f"cast({target} > {edge!r}::double as integer)" for edge in sorted(set(edges))
    )


def _drawn(database: Connection, table: str, usecase: UseCase, stratum: str) -> str:
    """Cut each stratum at its own draws, so that the shares are exact in each."""
    shares, number = Shares.of(usecase.split), draw(ROW, usecase.split.seed)
    found = database.execute(
        f"select cast({stratum} as integer) as stratum, {number} as draw from {table}"  # noqa: S608
    ).fetchnumpy()
    strata, draws = np.asarray(found["stratum"]), np.asarray(found["draw"])
    points = [(0, 0)] * (int(strata.max(initial=0)) + 1)
    for one in np.unique(strata):
        points[one] = cut_points(draws[strata == one], shares)
    number_of = f"cast({stratum} as integer)"
    first, second = (_choice(number_of, [point[end] for point in points]) for end in (0, 1))
    return (
        f"(case when {number} < {first} then {TEST} "
        f"when {number} < {second} then {VALIDATION} else {TRAIN} end)"
    )


def _choice(place: str, values: Sequence[int]) -> str:
    """Write the SQL that takes one of some numbers by its place."""
    if len(values) == 1:
        return f"{values[0]}::ubigint"
    cases = " ".join(f"when {one} then {value}::ubigint" for one, value in enumerate(values))
    return f"case {place} {cases} end"
