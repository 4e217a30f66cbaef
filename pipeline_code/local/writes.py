"""What a job wrote to the feature store: part of its outcome, though no output shows it.

The step cache asks whether it is still there: a feature store that was deleted is filled again
instead of being found empty by whoever trusts a cached step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline_code.core.services import Store
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home

WRITES_FILE: Final = "writes.jsonl"
"""Below the job's ``/opt/ml``, a line a write."""


class Write(NamedTuple):
    """One batch in one store, by the digest of its content."""

    feature_group: str
    store: Store
    sha256: str


def read_writes(root: Path) -> tuple[dict[str, Any], ...]:
    """Return what the job whose ``/opt/ml`` is ``root`` wrote, each batch once."""
    path = root / WRITES_FILE
    if not path.is_file():
        return ()
    lines = dict.fromkeys(path.read_text(encoding="utf-8").splitlines())
    return tuple(json.loads(line) for line in lines)


def are_kept(writes: Iterable[Mapping[str, Any]], home: Home) -> bool:
    """Tell whether all that was written is still in the feature store."""
    found = [Write(**write) for write in writes]
    if not found:
        return True
    store = FeatureStore(home)
    return all(store.holds(each.feature_group, each.sha256, each.store) for each in found)
