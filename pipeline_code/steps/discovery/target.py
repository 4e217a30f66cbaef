"""Decide what kind of problem a target makes, and which of two labels is the positive one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pipeline_code.core.data_contract import ColumnType
from pipeline_code.core.mistakes import closest
from pipeline_code.core.problem import label_text
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION, ProblemType
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.column_types import without_markers
from pipeline_code.steps.discovery.errors import DiscoveryError
from pipeline_code.steps.discovery.exact_counts import Counted, Counts, values_of
from pipeline_code.steps.discovery.reading import SAMPLE, Table
from pipeline_code.steps.discovery.words import NEGATIVE, POSITIVE, TARGETS

Labels = tuple[tuple[bool | int | float | str, int], ...]
"""The different values of a target, each with its rows."""

MOST_CLASSES: Final = 100
_MOST_INTEGER_CLASSES: Final = 20
_ROWS_OF_A_CLASS: Final = 5
_ROWS_OF_AN_INTEGER_CLASS: Final = 10
_MOST_WITHOUT_TARGET: Final = 0.01
_RARE: Final = 0.4
"""The rarer of two labels is what is looked for, unless it is nearly half of the rows."""

_MOST_CANDIDATES: Final = 5
_NEARLY_UNIQUE: Final = 0.9


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        name: its column.
        column_type: what the contract promises of it.
        type: of the problem, and why.
        labels: with their rows, the most frequent one first; none in a regression.
        positive: the label that counts as positive; None in another problem, or if only a person
            can know it.
        missing: rows without a target.
        rows: all rows.
    """

    name: str
    column_type: ColumnType
    type: ProblemType
    why: str
    labels: Labels = ()
    positive: bool | int | float | str | None = None
    positive_why: str = ""
    missing: int = 0
    rows: int = 0

    @property
    def positive_share(self) -> float:
        """The share of positive rows among those with a target."""
        found = sum(rows for label, rows in self.labels if label == self.positive)
        return found / max(1, self.rows - self.missing)

    @property
    def question(self) -> str:
        """What has to be asked about the positive label; empty where it is known."""
        if self.type != BINARY or self.positive is not None:
            return ""
        each = " or ".join(
            f"{label_text(label)} ({rows / (self.rows - self.missing):.0%} of rows)"
            for label, rows in self.labels
        )
        return f"which label of {self.name} is to be found: {each}"


def find_target(names: Sequence[str], target: str, path: Path) -> str:
    """Find the target among the columns.

    Raises:
        DiscoveryError: if it is not there; the nearest name is in the message.
    """
    if target in names:
        return target
    lower = {name.lower(): name for name in names}
    near = lower.get(target.lower())
    hint = f"; did you mean {near!r}?" if near else closest(target, list(names))
    shown = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    raise DiscoveryError(f"{path} has no column {target!r}; columns: {shown}{hint}")


def target_candidates(counts: Counts) -> list[str]:
    """Name columns that may be meant as the target, the likeliest first."""
    names = [
        name
        for name, one in counts.columns.items()
        if one.type != "timestamp" and one.distinct > 1 and not _names_rows(one, counts.rows)
    ]
    known = [name for name in names if name.lower() in TARGETS]
    two = [name for name in names if counts.columns[name].distinct == 2]
    return list(dict.fromkeys([*known, *names[-1:], *two, *names[:1]]))[:_MOST_CANDIDATES]


def two_labels(database: Connection, counts: Counts, candidates: Sequence[str]) -> str:
    """List the labels of those candidates that have two, as the end of a question."""
    found = []
    for name in candidates:
        column = counts.columns[name].seen.column.drawn
        value = without_markers(f"cast({column} as varchar)", counts.markers)
        rows = database.execute(
            f"select distinct {value} as v from {SAMPLE} where v is not null order by v limit 3"  # noqa: S608
        ).fetchall()
        if len(rows) == 2:
            found.append(f"{name} {rows[0][0]} or {rows[1][0]}")
    return f": {', '.join(found)}" if found else ""


def decide_target(
    database: Connection, table: Table, counts: Counts, name: str, positive: str | None
) -> Target:
    """Read the target's values and decide.

    Raises:
        DiscoveryError: if nothing can be predicted: one value only, free text, a time, too many
            rows without it, or a positive label that it does not have.
    """
    one = counts.columns.get(name)
    if one is None or one.type == "timestamp":
        what = "is a time" if one else "is nested or binary"
        raise DiscoveryError(f"target {name} {what}; a target is a label or a number")
    _check_missing(one, counts)
    kind: ColumnType = "integer" if one.seen.is_whole and one.type == "number" else one.type
    labels = tuple(
        (_label(value, kind), rows)
        for value, rows in values_of(database, table, one, counts.markers, most=MOST_CLASSES + 1)
    )
    filled = counts.rows - one.missing
    problem, why = _decide(one, kind, labels, filled)
    made = Target(name, kind, problem, why, missing=one.missing, rows=counts.rows)
    if problem == REGRESSION:
        if positive is not None:
            raise _no_positive(made)
        return made
    made = replace(made, labels=labels)
    if problem == MULTICLASS:
        if positive is not None:
            raise _no_positive(made)
        return replace(made, labels=tuple(sorted(labels, key=_order)))
    found, reason = _positive(made, positive)
    return replace(made, positive=found, positive_why=reason)


def _decide(one: Counted, kind: ColumnType, labels: Labels, filled: int) -> tuple[ProblemType, str]:
    """Choose the type of the problem by how many different values the target has."""
    count = max(len(labels), one.distinct if len(labels) > MOST_CLASSES else 0)
    if len(labels) == 1:
        raise DiscoveryError(
            f"target {one.name} is {label_text(labels[0][0])} in every row; "
            "nothing can be learned from one value; give rows of both kinds"
        )
    if len(labels) == 2:
        each = " and ".join(label_text(label) for label, _ in labels)
        return BINARY, f"{one.name} has two values, {each}"
    if kind == "number":
        return REGRESSION, f"{one.name} is a number with fractions ({count:,} different values)"
    if kind == "integer":
        few = len(labels) <= _MOST_INTEGER_CLASSES
        if few and filled >= _ROWS_OF_AN_INTEGER_CLASS * len(labels):
            return MULTICLASS, (
                f"{one.name} has {len(labels)} whole numbers as values; if their size means "
                "something (a count, a grade), write regression and take classes out"
            )
        return REGRESSION, f"{one.name} is a number with {count:,} different values"
    if len(labels) > MOST_CLASSES or filled < _ROWS_OF_A_CLASS * len(labels):
        raise DiscoveryError(
            f"target {one.name} is free text: about {count:,} different values in {filled:,} "
            f"rows; allowed: two labels, up to {MOST_CLASSES} labels with at least "
            f"{_ROWS_OF_A_CLASS} rows each on average, or a number"
        )
    return MULTICLASS, f"{one.name} has {len(labels)} labels"


def _check_missing(one: Counted, counts: Counts) -> None:
    share = one.missing / counts.rows
    if one.missing == counts.rows:
        raise DiscoveryError(f"target {one.name} is missing in every row; nothing can be learned")
    if share > _MOST_WITHOUT_TARGET:
        raise DiscoveryError(
            f"target {one.name} is missing in {one.missing:,} of {counts.rows:,} rows "
            f"({share:.1%}); nothing can be learned from them: take them out of the file and "
            "score them later with acequia predict"
        )


def _label(value: Any, kind: ColumnType) -> bool | int | float | str:
    return {"integer": int, "number": float, "boolean": bool}.get(kind, str)(value)  # type: ignore[no-any-return]


def _order(labelled: tuple[Any, int]) -> tuple[bool, Any]:
    label = labelled[0]
    return (isinstance(label, str), label)


def _positive(target: Target, given: str | None) -> tuple[bool | int | float | str | None, str]:
    """Choose the positive label: the given one, the one whose word says so, or the rarer one."""
    values = [label for label, _ in target.labels]
    if given is not None:
        for value in values:
            if label_text(value).strip().lower() == given.strip().lower():
                return value, "as you said"
        allowed = [label_text(value) for value in values]
        raise DiscoveryError(
            f"--positive {given!r} is no value of {target.name}; "
            f"allowed: {', '.join(allowed)}{closest(given, allowed)}"
        )
    words = [label_text(value).strip().lower() for value in values]
    for place, (mine, other) in enumerate((words, words[::-1])):
        if (mine in POSITIVE) != (other in POSITIVE) and mine in POSITIVE:
            return values[place], f"{label_text(values[place])} says that something is the case"
        if other in NEGATIVE and mine not in NEGATIVE:
            return values[place], f"{label_text(values[1 - place])} says that nothing is the case"
    rare, rows = target.labels[1]
    share = rows / (target.rows - target.missing)
    if share < _RARE:
        return rare, f"the rarer label, {share:.1%} of the rows"
    return None, ""


def _no_positive(target: Target) -> DiscoveryError:
    values = f"{len(target.labels)} labels" if target.labels else "numbers"
    return DiscoveryError(
        f"--positive belongs to a target of two values; {target.name} has {values}; leave it out"
    )


def _names_rows(one: Counted, rows: int) -> bool:
    """Say whether a column is no target: text of very many kinds, or a number of its own each."""
    if one.type == "string":
        return one.distinct > MOST_CLASSES
    return one.type == "integer" and one.distinct > _NEARLY_UNIQUE * rows
