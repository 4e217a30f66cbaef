"""Read documents that may be older than this code: what is not there is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_code.core.problem_types import BINARY

Found = Mapping[str, Any]


def part(document: Found, *path: str) -> Found:
    """Return the object at a path; one that is missing, null or no object has nothing in it."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def items(document: Found, *path: str) -> list[Any]:
    """Return the list at a path; one that is missing or null has no items."""
    *before, last = path
    found = part(document, *before).get(last)
    return list(found) if isinstance(found, list | tuple) else []


def number_at(document: Found, *path: str) -> float | None:
    """Return the number at a path, or None."""
    *before, last = path
    found = part(document, *before).get(last)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return found if is_number else None


def problem_type(document: Found) -> str:
    """Say what type of problem was evaluated; the oldest documents knew one only."""
    return str(part(document, "problem").get("type") or BINARY)


def sides(document: Found, key: str) -> list[tuple[int, str, Found]]:
    """List the models that have something under a key: place, name, what is there."""
    found = part(document, key)
    return [
        (index, name, part(found, name))
        for index, name in enumerate(("challenger", "champion"))
        if part(found, name)
    ]
