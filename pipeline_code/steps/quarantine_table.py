"""The table of refused rows: each with the file that it came from, its reasons and as it came."""

from __future__ import annotations

from pathlib import Path

from pipeline_code.core.tables import Connection, literal

QUARANTINED = "quarantined"
"""The table of refused rows: ``source`` (file), ``reasons`` (text), ``record`` (as it came)."""


def make_quarantine(database: Connection) -> None:
    """Make the table, where it is not there."""
    database.execute(
        f"create table if not exists {QUARANTINED} (source text, reasons text, record text)"
    )


def write_quarantine(database: Connection, file: Path) -> None:
    """Write the quarantined rows, ordered by content: equal input gives equal bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database.execute(f"copy (from {QUARANTINED} order by all) to {literal(file)} (format parquet)")


def reasons_since(database: Connection, earlier: int) -> dict[str, int]:
    """Count the rows of each reason, without those that were quarantined ``earlier``."""
    rows = database.execute(
        "select reason, count(*) as n from "  # noqa: S608
        f"(select unnest(string_split(reasons, '; ')) as reason from {QUARANTINED} "
        f"where rowid >= {earlier}) group by reason order by n desc, reason"
    ).fetchall()
    return {str(reason): int(rows) for reason, rows in rows}


def count(database: Connection, table: str) -> int:
    """Count the rows of a table."""
    row = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0
