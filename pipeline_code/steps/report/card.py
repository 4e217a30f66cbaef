"""The cards under the decision."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pipeline_code.steps.report.formats import percent
from pipeline_code.steps.report.reading import Found, number_at

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Card:
    """One card: a figure, what it is, and what to make of it."""

    big: str
    label: str
    sentences: tuple[str, ...]
    chart: Markup | None = None


def confidence(document: Found) -> float:
    """Say how sure intervals are; the oldest documents did not."""
    return number_at(document, "confidence") or _CONFIDENCE


def confident(document: Found) -> str:
    """Write how sure intervals are."""
    return percent(confidence(document))
