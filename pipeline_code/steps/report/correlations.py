"""Which features say the same, as a shaded table and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pipeline_code.core.charts_axes import typeset
from pipeline_code.steps.report.reading import Found, items, number_at, part

_FEATURES: Final = 20
_PAIRS: Final = 10
_STRONG: Final = 0.8
_STEPS: Final = 5
_FEWEST: Final = 2


@dataclass(frozen=True)
class Shade:
    """One correlation: what is written, and how strong it is on which side of nought."""

    text: str
    css_class: str


def correlations(document: Found, known: Found) -> dict[str, Any] | None:
    """Lay out the correlations of the most important numeric features; None with fewer than two."""
    inputs, target = part(known, "correlations", "inputs"), part(known, "correlations", "target")
    names = [str(one.get("feature")) for one in items(document, "importance")]
    order = [name for name in names if name in inputs] + [
        name for name in inputs if name not in names
    ]
    if len(order) < _FEWEST:
        return None
    shown = order[:_FEATURES]
    return {
        "names": shown,
        "left_out": len(order) - len(shown),
        "rows": [
            (
                name,
                [_shade(1.0 if name == other else _between(inputs, name, other), name == other)
                 for other in shown],
                _shade(number_at(target, name)),
            )
            for name in shown
        ],
        "pairs": _pairs(inputs)[:_PAIRS],
    }  # fmt: skip


def _between(inputs: Found, one: str, other: str) -> float | None:
    """Read a pair, which is written once, under whichever came first."""
    found = number_at(part(inputs, one), other)
    return number_at(part(inputs, other), one) if found is None else found


def _shade(value: float | None, is_itself: bool = False) -> Shade:
    if is_itself:
        return Shade("", "self")
    if value is None:
        return Shade("-", "none")
    level = min(int(abs(value) * _STEPS + 0.5), _STEPS)
    side = "plus" if value > 0 else "minus"
    return Shade(typeset(f"{value:.2f}"), f"{side}-{level}" if level else "none")


def _pairs(inputs: Found) -> list[tuple[str, str, str]]:
    """List the pairs of which either feature would do."""
    found = [
        (abs(value), one, other, value)
        for one in inputs
        for other in part(inputs, one)
        if (value := number_at(part(inputs, one), other)) is not None and abs(value) >= _STRONG
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [(one, other, typeset(f"{value:.2f}")) for _, one, other, value in found]
