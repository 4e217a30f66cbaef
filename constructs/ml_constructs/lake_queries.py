"""The questions that people ask of the raw data, as SQL of Athena."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent / "lake_sql"


def lake_queries(
    *,
    database_name: str,
    table: str,
    quarantine: str,
    event_time: str | None,
    target: str | None,
    unique: Sequence[str],
) -> dict[str, str]:
    """Return each question by its name, written for two tables of one database.

    A question about what the data have not is left out: about repeated keys where no column is
    unique, about days where rows have no ``event_time``, about the share of positives where the
    ``target`` is no number.
    """
    words = {
        "database": database_name,
        "table": table,
        "quarantine": quarantine,
        **({"event_time": event_time.lower()} if event_time else {}),
        **({"target": target.lower()} if target else {}),
        **({"key": ", ".join(f'"{name.lower()}"' for name in unique)} if unique else {}),
    }
    questions = {
        path.stem: Template(path.read_text(encoding="utf-8"))
        for path in sorted(_FOLDER.glob("*.sql"))
    }
    return {
        name: question.substitute(words)
        for name, question in questions.items()
        if set(question.get_identifiers()) <= words.keys()
    }
