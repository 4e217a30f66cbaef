"""Join what feature groups knew to the rows of a file, as of the time of each row.

A row gets the latest record whose event time is not after its own time, and so never sees what
came later. Rows and their order stay; columns are added.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline_code.contract import EVENT_TIME
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.feature_sql import ENTITY, MOMENT
from pipeline_code.core.mistakes import closest
from pipeline_code.core.services import Services
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.steps.score_files import (
    SOURCE,
    carried,
    check_format,
    is_same_format,
    load_source,
    plain_text,
    write_query,
)

_MOMENTS: Final = "moments"  # a row of the source each: its time, and a key a group
_TIMES: Final = ("VARCHAR", "JSON", "DATE")
_WHOLE: Final = ("FLOAT", "DOUBLE")


class UnjoinableFileError(PipelineError, ValueError):
    """A file does not say of whom its rows are, or when."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


@dataclass(frozen=True)
class JoinedGroup:
    """A feature group to join: what people call it, its physical name, the rows' column for it."""

    name: str
    feature_group: str
    key: str


@dataclass(frozen=True)
class Joined:
    """How many rows a file has, and of how many each group knew something."""

    rows: int
    known: Mapping[str, int]


def join_file(
    source: Path, destination: Path, groups: Sequence[JoinedGroup], time: str, services: Services
) -> Joined:
    """Write the rows of ``source`` with the features that were known at each row's ``time``.

    A feature keeps its name; where that is taken it becomes ``GROUP_NAME``. The time of the
    record that was found is ``GROUP_EventTime``, null where nothing was known.

    Args:
        source: CSV, JSON (lines or one list) or Parquet.
        destination: likewise; what is there is replaced.
        groups: each adds its features.
        time: the column with the time of a row; without zone it is in UTC.
        services: where the feature store is.

    Raises:
        UnjoinableFileError: if a column is missing or taken, or a time cannot be read.
        UnscorableFileError: if a file cannot be read or written.
    """
    check_format(destination)
    with TemporaryDirectory(prefix="acequia-join-") as scratch:
        folder = Path(scratch)
        with connect(spill=folder) as database:
            columns = load_source(database, source)
            _check_columns(source, columns, [time, *(group.key for group in groups)])
            _find_moments(database, source, columns, groups, time)
            taken = {name.lower() for name in columns}
            added, joins = [], []
            for number, group in enumerate(groups):
                found = _look_up(database, group, number, folder, services)
                added += _named(database, source, group, found, number, taken)
                joins.append(
                    f"left join {found} as f{number} on f{number}.{ENTITY} = m.key_{number} "
                    f"and f{number}.{MOMENT} = m.instant"
                )
            kept = carried(columns, like_source=is_same_format(source, destination))
            query = (
                f"select {', '.join([kept, *added])} from {SOURCE} join {_MOMENTS} as m "  # noqa: S608
                f"on m.row = {SOURCE}.rowid {' '.join(joins)} order by m.row"
            )
            joined = _counted(database, groups, joins)
            write_query(database, query, destination)
    return joined


def _check_columns(path: Path, columns: Mapping[str, str], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in columns:
            raise UnjoinableFileError(
                path,
                f"has no column {name!r}{closest(name, list(columns))}; it has "
                f"{', '.join(columns)}",
            )


def _find_moments(
    database: Connection,
    path: Path,
    columns: Mapping[str, str],
    groups: Sequence[JoinedGroup],
    time: str,
) -> None:
    """Make the table of the rows' times and keys, as the feature store writes them."""
    kind = columns[time]
    if kind not in _TIMES and not kind.startswith("TIMESTAMP"):
        raise UnjoinableFileError(path, f"{time} is of type {kind} and no time; name another")
    text = plain_text(time, kind)
    # By way of a time with zone: a cast without it drops the +02:00 of a text.
    instant = f"strftime(cast(try_cast({text} as timestamptz) as timestamp), '%Y-%m-%dT%H:%M:%SZ')"
    keys = "".join(
        f", {_key_text(group.key, columns[group.key])} as key_{number}"
        for number, group in enumerate(groups)
    )
    database.execute(
        f"create table {_MOMENTS} as "  # noqa: S608
        f"select rowid as row, {text} as given, {instant} as instant{keys} from {SOURCE}"
    )
    wrong = database.execute(
        f"select row + 1, given, count(*) over () from {_MOMENTS} where instant is null "  # noqa: S608
        "order by row limit 1"
    ).fetchone()
    if wrong:
        raise UnjoinableFileError(
            path,
            f"{wrong[2]:,} rows have no time in {time}, the first is row {wrong[0]} with "
            f"{wrong[1]!r}; write times as 2026-01-31T12:00:00Z",
        )


def _key_text(name: str, kind: str) -> str:
    """Write the SQL of a key as text; a whole number among floats has no decimal point."""
    if kind not in _WHOLE:
        return plain_text(name, kind)
    whole = f"cast(try_cast({quoted(name)} as bigint) as varchar)"
    is_whole = f"{quoted(name)} = floor({quoted(name)})"
    text = f"case when {is_whole} then {whole} else {plain_text(name, kind)} end"
    return f"case when not isnan({quoted(name)}) then {text} end"


def _look_up(
    database: Connection, group: JoinedGroup, number: int, folder: Path, services: Services
) -> str:
    """Ask what the group knew; return the SQL that reads the answer."""
    asked, answer = folder / f"asked-{number}.parquet", folder / f"answer-{number}.parquet"
    database.execute(
        f"copy (select distinct key_{number} as {ENTITY}, instant as {MOMENT} from {_MOMENTS} "  # noqa: S608
        f"where key_{number} is not null order by 1, 2) to {literal(asked)} (format parquet)"
    )
    services.records_as_of(group.feature_group, asked, answer)
    return f"read_parquet({literal(glob.escape(str(answer)))})"


def _named(
    database: Connection,
    path: Path,
    group: JoinedGroup,
    found: str,
    number: int,
    taken: set[str],
) -> list[str]:
    """Write the SQL of the columns that a group adds, each with a name that is free."""
    names = [row[0] for row in database.execute(f"describe from {found}").fetchall()][2:]
    columns = []
    for name in names:
        longer = f"{group.name}_{name}"
        free = [one for one in (name, longer) if one.lower() not in taken and one != EVENT_TIME]
        if not free:
            raise UnjoinableFileError(
                path, f"has columns {name!r} and {longer!r} already; rename one of them"
            )
        taken.add(free[0].lower())
        columns.append(f"f{number}.{quoted(name)} as {quoted(free[0])}")
    return columns


def _counted(database: Connection, groups: Sequence[JoinedGroup], joins: Sequence[str]) -> Joined:
    counts = ", ".join(f"count(f{number}.{quoted(EVENT_TIME)})" for number in range(len(groups)))
    row = database.execute(
        f"select count(*), {counts} from {_MOMENTS} as m {' '.join(joins)}"  # noqa: S608
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    known = dict(zip((group.name for group in groups), row[1:], strict=True))
    return Joined(rows=row[0], known=known)
