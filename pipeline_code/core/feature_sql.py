"""Questions to an offline store as SQL that Trino (Athena) and DuckDB read alike.

An offline store holds every record that was ever written, some of them twice, with the columns
that SageMaker adds: when the write was asked for, when it was done, whether it was a deletion.
Of one key and one moment the write that was asked for last counts.

Source: Amazon SageMaker Developer Guide, *Sample Athena queries* of Feature Store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from pipeline_code.contract import EVENT_TIME
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import literal, quoted

INVOKED: Final = "api_invocation_time"
WRITTEN: Final = "write_time"
DELETED: Final = "is_deleted"
SERVICE_COLUMNS: Final = (INVOKED, WRITTEN, DELETED)
"""What SageMaker adds to each record of an offline store. Source: *Offline store data format*."""

ENTITY: Final = "entity"
MOMENT: Final = "moment"
"""Columns of the rows for which records are looked up: a key as text and an instant as text."""

# No feature can be called like this, for a feature's name has no space.
_RANK: Final = quoted("newest first")
_LATEST_WRITE: Final = f"order by {INVOKED} desc nulls last, {WRITTEN} desc nulls last"
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class MomentError(PipelineError, ValueError):
    """A text says no time."""

    def __init__(self, where: str, given: str) -> None:
        super().__init__(
            f"{where}: {given!r} is no time; write a day as 2026-01-31 or an instant as "
            "2026-01-31T12:00:00Z"
        )


@dataclass(frozen=True)
class OfflineTable:
    """The offline store of one feature group, as SQL names it.

    ``relation`` is what stands after FROM; ``features`` are without key and event time.
    """

    relation: str
    key: str
    features: tuple[str, ...]
    event_time: str = EVENT_TIME


def instant(text: str, where: str, *, is_end: bool = False) -> str:
    """Write a day or an instant as event times are written: ISO 8601 in UTC, whole seconds.

    A text without zone is in UTC. A day means its first second, with ``is_end`` its last.

    Raises:
        MomentError: if it is neither; ``where`` is what the message names.
    """
    try:
        if _DAY.fullmatch(text):
            suffix = "T23:59:59Z" if is_end else "T00:00:00Z"
            return f"{date.fromisoformat(text).isoformat()}{suffix}"
        found = datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(where, text) from None
    aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return aware.strftime(_FORMAT)


def history_sql(
    table: OfflineTable, key: str, begin: str | None = None, end: str | None = None
) -> str:
    """Ask for the records of one key, the oldest first, one a moment, deletions left out.

    ``begin`` and ``end`` are instants as `instant` writes them; both count.
    """
    time = quoted(table.event_time)
    bounds = [f"{sign} {literal(at)}" for sign, at in ((">=", begin), ("<=", end)) if at]
    wanted = [f"{_text(table.key)} = {literal(key)}", *(f"{time} {bound}" for bound in bounds)]
    names = ", ".join(quoted(name) for name in (table.key, table.event_time, *table.features))
    return (
        f"select {names} from ({_ranked(table, wanted)}) as ranked "  # noqa: S608
        f"where {_RANK} = 1 and not coalesce({DELETED}, false) order by {time}"
    )


def as_of_sql(table: OfflineTable, moments: str) -> str:
    """Ask for the record that was known of each entity at each moment.

    That is the latest one whose event time is not after the moment; where that is a deletion, or
    there is none, all is null. The records are put on one line of time with the moments, so that
    the cost grows with their sum and not with their product.

    Args:
        table: the offline store.
        moments: a query or VALUES with two columns of text, a key and an instant; no pair twice.

    Returns:
        A query with the columns `ENTITY`, `MOMENT`, the event time of the record, the features.
    """
    time = quoted(table.event_time)
    features = "".join(f", records.{quoted(name)}" for name in table.features)
    wanted = [f"{_text(table.key)} in (select {ENTITY} from moments)"]  # noqa: S608
    return (
        f"with moments ({ENTITY}, {MOMENT}) as ({moments}), "  # noqa: S608
        f"records as (select * from ({_ranked(table, wanted)}) as ranked where {_RANK} = 1), "
        f"timeline as (select {_text(table.key)} as {ENTITY}, {time} as instant, "
        f"{time} as held_since, 0 as is_moment from records "
        f"union all select {ENTITY}, {MOMENT}, cast(null as varchar), 1 from moments), "
        # A record of the very moment comes before it: it was known then.
        f"known as (select {ENTITY}, instant, is_moment, max(held_since) over "
        f"(partition by {ENTITY} order by instant, is_moment "
        f"rows between unbounded preceding and current row) as held_since from timeline) "
        f"select known.{ENTITY}, known.instant as {MOMENT}, records.{time}{features} "
        f"from known left join records on {_text(table.key, 'records.')} = known.{ENTITY} "
        f"and records.{time} = known.held_since and not coalesce(records.{DELETED}, false) "
        f"where known.is_moment = 1"
    )


def moments_values(pairs: Iterable[tuple[str, str]]) -> str:
    """Write keys and instants as the VALUES that `as_of_sql` takes."""
    return "values " + ", ".join(f"({literal(key)}, {literal(at)})" for key, at in pairs)


def _ranked(table: OfflineTable, wanted: Iterable[str]) -> str:
    """Number the writes of each key and moment, the one that was asked for last first."""
    key, time = quoted(table.key), quoted(table.event_time)
    names = ", ".join([key, time, *map(quoted, table.features), DELETED])
    return (
        f"select {names}, row_number() over (partition by {key}, {time} {_LATEST_WRITE}) "  # noqa: S608
        f"as {_RANK} from {table.relation} where {' and '.join(wanted)}"
    )


def _text(key: str, table: str = "") -> str:
    return f"cast({table}{quoted(key)} as varchar)"
