"""Learn from a table all that a use case needs, or ask for everything that it does not say."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline_code.core.mistakes import closest
from pipeline_code.core.tables import Connection, connect
from pipeline_code.steps.discovery.column_types import see_columns
from pipeline_code.steps.discovery.drawn_rows import DrawnRows
from pipeline_code.steps.discovery.errors import DiscoveryError, UndecidedError
from pipeline_code.steps.discovery.exact_counts import Counts, count_table, is_unique
from pipeline_code.steps.discovery.leaks import Findings, find_leaks
from pipeline_code.steps.discovery.reading import (
    Drawn,
    Table,
    draw_rows,
    open_table,
)
from pipeline_code.steps.discovery.roles import EventTime, Role, decide_roles, find_event_time
from pipeline_code.steps.discovery.splitting import SplitPlan, plan_split
from pipeline_code.steps.discovery.target import (
    Target,
    decide_target,
    find_target,
    target_candidates,
    two_labels,
)
from pipeline_code.steps.discovery.words import KEYS, words_of

MOST_BROKEN_ROWS: Final = 0.05
_MOST_KEYS_TRIED: Final = 3


@dataclass(frozen=True)
class Wishes:
    """What a person said of the table; None where nothing was said.

    Attributes:
        target: the column to predict.
        event_time: the column that says when a row is to be predicted; ``none`` for none.
        positive: the label to be found, of two.
        header: whether the first line of CSV names the columns.
        group: the column whose rows stay on one side of the split.
    """

    target: str | None = None
    event_time: str | None = None
    positive: str | None = None
    header: bool | None = None
    group: str | None = None

    @property
    def named(self) -> list[str]:
        """The columns that were named."""
        given = (self.target, self.event_time, self.group)
        return [name for name in given if name is not None and name.lower() != "none"]


@dataclass(frozen=True)
class Discovery:
    """A table, read as the input of a machine-learning problem.

    Attributes:
        unique: a column of which no value occurs twice; None where there is none.
    """

    table: Table
    drawn: Drawn
    counts: Counts
    target: Target
    roles: dict[str, Role]
    findings: Findings
    split: SplitPlan
    unique: str | None

    @property
    def leaks(self) -> dict[str, str]:
        """Columns that are left out because they likely know the outcome, and why."""
        return {leak.name: leak.why for leak in self.findings.leaks if leak.is_sure}

    @property
    def doubtful(self) -> dict[str, str]:
        """Columns that are kept although they may know it, and why."""
        return {leak.name: leak.why for leak in self.findings.leaks if not leak.is_sure}

    @property
    def inputs(self) -> list[Role]:
        """What the model gets, in the order of the file."""
        return [
            role for role in self.roles.values() if role.is_input and role.name not in self.leaks
        ]

    @property
    def left_out(self) -> list[Role]:
        """What it does not get, leaks aside."""
        return [role for role in self.roles.values() if not role.is_input]

    @property
    def broken_share(self) -> float:
        """The share of rows that Prepare will put aside."""
        broken = self.counts.broken + self.drawn.unreadable + self.target.missing
        return broken / (self.counts.rows + self.drawn.unreadable)


def discover(
    path: Path,
    wishes: Wishes,
    *,
    spill: Path | None = None,
    memory_gib: float = 1.0,
) -> Discovery:
    """Read a table three or four times from end to end, never holding it, and decide everything.

    Args:
        path: a CSV, JSON or Parquet file, or a folder of files of one kind.
        wishes: what is known already.
        spill: a folder for what does not fit into memory, and for copies in UTF-8.
        memory_gib: how much memory the database may use before it spills.

    Raises:
        PipelineError: one message, if it is no table to learn from; `UndecidedError` names
            everything that only a person can know.
    """
    with (
        tempfile.TemporaryDirectory(dir=spill) as copies,
        connect(memory_gib=memory_gib, spill=spill) as database,
    ):
        table = open_table(
            database,
            path,
            header=wishes.header,
            named=wishes.named,
            scratch=Path(copies),
        )
        _check_named(table, wishes)
        drawn = draw_rows(database, table)
        seen = see_columns(
            database,
            table.columns,
            delimiter=table.dialect.delimiter if table.dialect else None,
            without=wishes.named,
        )
        counts = count_table(database, table, seen)
        target, time = _decide(database, table, counts, wishes)
        return _finish(database, table, drawn, counts, target, time, wishes)


def _check_named(table: Table, wishes: Wishes) -> None:
    if len(table.columns) < 2:
        raise DiscoveryError(
            f"{table.path} has one column only, {table.names[0]!r}; "
            "a table needs the target and at least one column to learn from"
        )
    if wishes.target is not None:
        find_target(table.names, wishes.target, table.path)
    if wishes.group is not None and wishes.group not in table.names:
        raise DiscoveryError(
            f"--group {wishes.group!r} is no column of {table.path}"
            f"{closest(wishes.group, table.names)}"
        )
    taken = [name for name in wishes.named if wishes.named.count(name) > 1]
    if taken:
        raise DiscoveryError(
            f"{taken[0]} is named twice; target, event time and group are different columns"
        )


def _decide(
    database: Connection, table: Table, counts: Counts, wishes: Wishes
) -> tuple[Target, EventTime]:
    """Decide the target and the event time, or ask for all that is missing."""
    questions = []
    target = None
    candidates: list[str] = []
    time = find_event_time(counts, wishes.event_time, wishes.target or "")
    if wishes.target is None:
        candidates = target_candidates(counts)
        questions.append(("--target", f"the column to predict, like {', '.join(candidates)}"))
    else:
        target = decide_target(database, table, counts, wishes.target, wishes.positive)
    if time.question:
        questions.append(("--event-time", time.question))
    elif target is None:
        known = f"{time.name} unless you say none" if time.name else "none found"
        questions.append(("--event-time", f"when a row is to be predicted: {known}"))
    if target is not None and target.question:
        questions.append(("--positive", target.question))
    elif target is None:
        labels = two_labels(database, counts, candidates)
        questions.append(("--positive", f"the label to be found, where a target has two{labels}"))
    if target is None or time.question or target.question:
        raise UndecidedError(questions)
    return target, time


def _finish(
    database: Connection,
    table: Table,
    drawn: Drawn,
    counts: Counts,
    target: Target,
    time: EventTime,
    wishes: Wishes,
) -> Discovery:
    kept_out = {}
    if time.name:
        kept_out[time.name] = "is the event time: it splits the rows"
    if wishes.group:
        kept_out[wishes.group] = "is the group: a model must work for new ones"
        if counts.columns[wishes.group].distinct < 3:
            raise DiscoveryError(f"--group {wishes.group} has fewer than 3 values; name another")
    roles = decide_roles(counts, target=target.name, kept_out=kept_out)
    rows = DrawnRows(database, counts)
    answers = rows.answers(target)
    inputs = {role.name: rows.values(role) for role in roles.values() if role.is_input}
    findings = find_leaks(inputs, answers, target.name)
    days = rows.days(counts.columns[time.name]) if time.name else None
    split = plan_split(
        answers, event_time=time.name, why_time=time.why, days=days, group=wishes.group
    )
    unique = _unique(database, table, counts, roles)
    made = Discovery(table, drawn, counts, target, roles, findings, split, unique)
    _check(made)
    return made


def _check(made: Discovery) -> None:
    if not made.inputs:
        left = [role.name for role in made.left_out] + list(made.leaks)
        raise DiscoveryError(
            f"{made.table.path} has no column to learn from: {', '.join(left)} "
            f"cannot be used as they are ({made.left_out[0].why if made.left_out else 'leaks'})"
        )
    if made.broken_share > MOST_BROKEN_ROWS:
        worst = max(made.counts.columns.values(), key=lambda one: one.broken)
        raise DiscoveryError(
            f"{made.table.path}: {made.broken_share:.1%} of the rows have broken values, most in "
            f"{worst.name} (like {worst.broken_example!r}); correct them first"
        )


def _unique(
    database: Connection, table: Table, counts: Counts, roles: Mapping[str, Role]
) -> str | None:
    """Find a key of the rows: the first candidate of which really no value occurs twice."""
    keys = [
        role.column
        for role in roles.values()
        if role.kind == "key" and not role.column.missing and not role.column.broken
    ]
    keys.sort(key=lambda one: not KEYS.intersection(words_of(one.name)))
    for one in keys[:_MOST_KEYS_TRIED]:
        if is_unique(database, table, one, counts.markers):
            return one.name
    return None
