"""Find features that look into the future, or at labels that nobody knows yet.

The features are made once more from what was known at a moment only: the rows until then, with
other labels where a label was not known yet. A feature that says something else of a row than
when all rows are there has looked at what it could not have seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np

from pipeline_code.core.contract_check import sql_type
from pipeline_code.core.data_hash import ROW, draw, row_digest, value_digest
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase
from pipeline_code.steps.features import FEATURED, NUMBERS, FeatureSqlError, features_query
from pipeline_code.steps.joins import UNJOINED, joined
from pipeline_code.steps.quarantine import ACCEPTED

CUTOFFS: Final = 3
_ALL = "all_transactions"
_KNOWN = "features_as_known"
_IDENTITY = "acequia_identity"
_TOLERANCE = 1e-9  # sums of the same numbers in another order differ in their last digits


@dataclass(frozen=True)
class FutureLook:
    """A feature that changes with what nobody could know.

    Attributes:
        feature: its name.
        seen: what it sees: later ``rows``, or ``labels`` that were not known.
        rows: of how many rows it says something else.
        example: one of them, by its key or time.
        value: what the feature says of that row when all is known.
        then: what it says of it when only that is known which was known.
        moment: until when rows were there; None without time, where it is half of the rows.
    """

    feature: str
    seen: str
    rows: int
    example: str
    value: Any
    then: Any
    moment: str | None

    def __str__(self) -> str:
        """Say it in one line."""
        if self.seen == "labels":
            why = "with other labels in the place of those that were not known"
        elif self.moment is None:
            why = "without the other half of the rows"
        else:
            why = f"without the rows after {self.moment}"
        return (
            f"{self.feature} of the row with {self.example} is {self.value}, and {self.then} {why} "
            f"({self.rows:,} rows differ)"
        )


class FutureLookingFeatureError(PipelineError, ValueError):
    """Features look at what nobody could know at their time."""

    def __init__(self, usecase: UseCase, looks: Sequence[FutureLook]) -> None:
        first, *others = looks
        rest = f"; so do {', '.join(look.feature for look in others)}" if others else ""
        super().__init__(
            f"{usecase.features.sql} of {usecase.name} looks into the future: {first}{rest}; end "
            "windows at the row's own time, and at labels that are split.gap_days old"
        )


@dataclass(frozen=True)
class _Moment:
    """What was known once, in SQL over the accepted rows.

    Attributes:
        rows: which rows there were.
        labels: of which of them the label was not known yet.
        records: which records of joins there were, by ``event_time``.
        name: for messages.
    """

    rows: str
    labels: str
    records: str
    name: str | None


def require_no_future(
    database: Connection, usecase: UseCase, sql: str, columns: Sequence[str], *, seed: int = 0
) -> None:
    """Refuse features that `find_future_looks` finds.

    Raises:
        FutureLookingFeatureError: naming each, with an example of the first.
    """
    if looks := find_future_looks(database, usecase, sql, columns, seed=seed):
        raise FutureLookingFeatureError(usecase, looks)


def find_future_looks(
    database: Connection,
    usecase: UseCase,
    sql: str,
    columns: Sequence[str],
    *,
    cutoffs: int = CUTOFFS,
    seed: int = 0,
) -> tuple[FutureLook, ...]:
    """Make the features again as they were known at some moments, and compare them row by row.

    A label is known ``split.gap_days`` after its row where the split is by time, else from the
    next moment on. Rows without time are compared with what half of them makes (of the groups,
    where the split is grouped), and no label may be seen at all.

    Args:
        database: holds the accepted rows and, made of them, the table `FEATURED`.
        usecase: says which features, when a row was and when its label is known.
        sql: makes the features.
        columns: of the contract, those that the source has.
        cutoffs: how many moments.
        seed: draws them.

    Returns:
        The features that changed, each with its first example.

    Raises:
        FeatureSqlError: if the SQL fails on part of the rows.
    """
    if sql == AS_THEY_ARE and not usecase.features.joins:
        return ()  # a row is all that there is to see
    looks: dict[str, FutureLook] = {}
    database.execute(f"alter table {ACCEPTED} rename to {_ALL}")
    try:
        for moment in _moments(database, usecase, cutoffs, seed):
            for look in _compare(database, usecase, sql, columns, moment):
                looks.setdefault(look.feature, look)
    except duckdb.Error as error:
        raise FeatureSqlError(usecase, error) from error
    finally:
        database.execute(f"drop view if exists {ACCEPTED}")
        database.execute(f"alter table {_ALL} rename to {ACCEPTED}")
    return tuple(looks[name] for name in _watched(usecase) if name in looks)


def _moments(database: Connection, usecase: UseCase, cutoffs: int, seed: int) -> Iterator[_Moment]:
    if usecase.split.event_time is None:
        owner = ROW
        if usecase.split.method == "grouped" and usecase.split.group is not None:
            owner = value_digest(f"cast({quoted(usecase.split.group)} as varchar)")
        yield _Moment(f"{draw(owner, seed)} < (1::uhugeint << 63)", "true", "true", None)
        return
    time = quoted(usecase.split.event_time)
    # One moment in each stretch of the rows, so that early and late ones are tried.
    chance = np.random.default_rng(seed).random(cutoffs)
    places = ((np.arange(cutoffs) + 1 + chance) / (cutoffs + 1)).tolist()
    found = database.execute(
        f"select quantile_disc({time}, {places}) from {_ALL}"  # noqa: S608
    ).fetchall()[0][0]
    gap = usecase.split.gap_days if usecase.split.method == "time" else 0
    for moment in sorted(set(found)):
        cutoff = f"timestamp {literal(moment)}"
        young = f"> {cutoff} - interval {gap} day" if gap else f">= {cutoff}"
        yield _Moment(
            f"{time} <= {cutoff}", f"{time} {young}", f"event_time <= {cutoff}", str(moment)
        )


def _compare(
    database: Connection, usecase: UseCase, sql: str, columns: Sequence[str], moment: _Moment
) -> list[FutureLook]:
    """Compare with what was known; if features differ, find out whether rows or labels did it."""
    changed = _differences(database, usecase, sql, columns, moment, "labels")
    if not changed:
        return []
    of_rows = _differences(
        database,
        usecase,
        sql,
        columns,
        _Moment(moment.rows, "false", moment.records, moment.name),
        "rows",
    )
    by_rows = {look.feature: look for look in of_rows}
    return [by_rows.get(look.feature, look) for look in changed]


def _differences(
    database: Connection,
    usecase: UseCase,
    sql: str,
    columns: Sequence[str],
    moment: _Moment,
    seen: str,
) -> list[FutureLook]:
    known = [name for name in columns if name != usecase.problem.target]
    _make_known(database, usecase, sql, columns, moment)
    names = _watched(usecase)
    types = {row[0]: row[1] for row in database.execute(f"describe {FEATURED}").fetchall()}
    pairs = _paired(known, names)
    tests = [_differs(name, types[name]) for name in names]
    counts = ", ".join(
        f"count(*) filter ({test}), min({_IDENTITY}) filter ({test})" for test in tests
    )
    found = database.execute(f"select {counts} from {pairs}").fetchall()[0]  # noqa: S608
    looks = []
    for name, rows, example in zip(names, found[::2], found[1::2], strict=True):
        if rows:
            shown, value, then = _example(database, usecase, known, name, pairs, example)
            looks.append(FutureLook(name, seen, rows, shown, value, then, moment.name))
    return looks


def _make_known(
    database: Connection, usecase: UseCase, sql: str, columns: Sequence[str], moment: _Moment
) -> None:
    """Make the features of the rows that there were, in a table like `FEATURED`."""
    target = quoted(usecase.problem.target)
    source = UNJOINED if usecase.features.joins else _ALL
    low, high = database.execute(
        f"select min({target}), max({target}) from {source}"  # noqa: S608
    ).fetchall()[0]
    kind = sql_type(usecase.contract.columns[usecase.problem.target])
    first, last = (f"cast({literal(label)} as {kind})" for label in (low, high))
    other = f"case when {target} = {first} then {last} else {first} end"
    rows = (
        f"(select * replace (case when {moment.labels} then {other} else {target} end as {target}) "  # noqa: S608
        f"from {source} where {moment.rows})"
    )
    query = f"select * from {rows}"  # noqa: S608
    if usecase.features.joins:
        query = joined(usecase, rows, moment.records)
    database.execute(f"create or replace view {ACCEPTED} as {query}")
    made = features_query(database, usecase, sql, columns)
    database.execute(f"create or replace temp table {_KNOWN} as {made}")
    rows_then, made_then = (
        database.execute(f"select count(*) from {table}").fetchall()[0][0]  # noqa: S608
        for table in (rows, _KNOWN)
    )
    if made_then != rows_then:
        raise FeatureSqlError(
            usecase, f"makes {made_then:,} rows of {rows_then:,} when the others are not there yet"
        )


def _paired(known: Sequence[str], names: Sequence[str]) -> str:
    """Write the SQL of rows with both values of each feature; of equal rows, the least values."""
    digest = row_digest(known)
    sides = [
        f"(select {digest} as {_IDENTITY}, "  # noqa: S608
        + ", ".join(f"min({quoted(name)}) as {quoted(name)}" for name in names)
        + f", count(*) as copies from {table} group by 1)"
        for table in (FEATURED, _KNOWN)
    ]
    values = ", ".join(
        f"{side}.{quoted(name)} as {quoted(f'{side} {name}')}"
        for name in names
        for side in ("now", "was")
    )
    return (
        f"(select {_IDENTITY}, {values} from {sides[0]} as now join {sides[1]} as was "  # noqa: S608
        f"using ({_IDENTITY}) where now.copies = was.copies)"
    )


def _differs(name: str, sql_type: str) -> str:
    now, was = quoted(f"now {name}"), quoted(f"was {name}")
    if sql_type not in NUMBERS:
        return f"{now} is distinct from {was}"
    near = f"abs(cast({now} as double) - {was}) <= {_TOLERANCE} * greatest(abs({now}), abs({was}))"
    return f"{now} is distinct from {was} and not coalesce({near}, false)"


def _example(
    database: Connection,
    usecase: UseCase,
    known: Sequence[str],
    name: str,
    pairs: str,
    identity: int,
) -> tuple[str, Any, Any]:
    """Show a row by its key or time, with both values of the feature."""
    time = [usecase.split.event_time] if usecase.split.event_time else []
    shown = list(usecase.contract.unique) or time or list(known[:3])
    values = database.execute(
        f"select {', '.join(quoted(one) for one in shown)} from {FEATURED} "  # noqa: S608
        f"where {row_digest(known)} = {identity} limit 1"
    ).fetchall()[0]
    now, was = quoted(f"now {name}"), quoted(f"was {name}")
    value, then = database.execute(
        f"select {now}, {was} from {pairs} where {_IDENTITY} = {identity}"  # noqa: S608
    ).fetchall()[0]
    words = ", ".join(f"{one} {each}" for one, each in zip(shown, values, strict=True))
    return words, value, then


def _watched(usecase: UseCase) -> list[str]:
    kept: Iterable[str] = (name for group in usecase.features.groups for name in group.features)
    return list(dict.fromkeys((*usecase.features.inputs, *kept)))
