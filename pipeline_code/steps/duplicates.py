"""Let in once what was delivered twice; put aside rows that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_code.core.data_hash import ROW
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.steps.quarantine_table import QUARANTINED, count


def deduplicate(
    database: Connection, table: str, unique: Sequence[str], columns: Sequence[str]
) -> int:
    """Keep one of equal rows, quarantine rows that contradict each other; return how many went."""
    if not unique:
        return 0
    key = ", ".join(quoted(name) for name in unique)
    names = ", ".join([*(quoted(name) for name in columns), ROW])
    database.execute(
        f"create or replace temp table twice as select {key} from {table} "  # noqa: S608
        "group by all having count(*) > 1"
    )
    if not count(database, "twice"):
        return 0
    database.execute(
        f"create or replace temp table versions as select distinct {names}, "  # noqa: S608
        f"count(*) over (partition by {key}) as versions from "
        f"(select distinct {names} from {table} semi join twice using ({key}))"
    )
    before = count(database, table)
    matches = " and ".join(f"{table}.{quoted(name)} = twice.{quoted(name)}" for name in unique)
    database.execute(f"delete from {table} using twice where {matches}")  # noqa: S608
    database.execute(
        f"insert into {table} select {names} from versions where versions = 1"  # noqa: S608
    )
    reason = f"{', '.join(unique)} occurs with different contents"
    fields = ", ".join(f"{literal(name)}: {quoted(name)}" for name in columns)
    database.execute(
        f"insert into {QUARANTINED} select '', {literal(reason)}, "  # noqa: S608
        f"cast(to_json({{{fields}}}) as varchar) from versions where versions > 1"
    )
    contradicting = count(database, "versions where versions > 1")
    return before - count(database, table) - contradicting
