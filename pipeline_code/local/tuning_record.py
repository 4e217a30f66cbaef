"""What tuning jobs on this machine tried: one JSON file a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipeline_code.local.errors import LocalError
from pipeline_code.local.home import Home

TUNINGS: Final = "tunings"


class UnknownTuningError(LocalError, LookupError):
    """A tuning is to begin with the trials of one that is not here."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"there is no tuning job {name!r} on this machine; "
            f"there are: {', '.join(known) or 'none'}; correct tuning.warm_start, or leave it out"
        )


def write_tuning(home: Home, document: Mapping[str, Any]) -> None:
    """Keep what a tuning job tried, under its ``name``."""
    path = _record(home, document["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def read_tuning(home: Home, name: str) -> dict[str, Any]:
    """Read what a tuning job on this machine tried.

    Raises:
        UnknownTuningError: if there is none of that name.
    """
    path = _record(home, name)
    if not path.is_file():
        known = sorted(one.stem for one in path.parent.glob("*.json"))
        raise UnknownTuningError(name, known)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _record(home: Home, name: str) -> Path:
    return home.root / TUNINGS / f"{name}.json"
