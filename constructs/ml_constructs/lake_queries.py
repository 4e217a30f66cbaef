"""The questions that people ask of the raw data, as SQL of Athena."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent / "lake_sql"
_ABOUT_KEYS = "repeated_keys"


def lake_queries(
    *,
    database_name: str,
    table: str,
    quarantine: str,
    event_time: str,
    target: str,
    unique: Sequence[str],
) -> dict[str, str]:
    """Return each question by its name, written for two tables of one database.

    The one about repeated keys is left out where no column is promised to be unique.
    """
    words = {
        "database": database_name,
        "table": table,
        "quarantine": quarantine,
        "event_time": event_time.lower(),
        "target": target.lower(),
        "key": ", ".join(f'"{name.lower()}"' for name in unique),
    }
    return {
        path.stem: Template(path.read_text(encoding="utf-8")).substitute(words)
        for path in sorted(_FOLDER.glob("*.sql"))
        if unique or path.stem != _ABOUT_KEYS
    }
