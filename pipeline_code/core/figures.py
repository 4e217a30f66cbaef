"""Write numbers as short as a page needs them."""

from __future__ import annotations

import math
from collections.abc import Mapping

DIGITS = 6


def short(value: float, digits: int = DIGITS) -> float:
    """Keep the significant digits, whatever the number's unit."""
    return float(f"{value:.{digits}g}")


def defined(found: Mapping[str, float]) -> dict[str, float]:
    """Leave out what is not defined (NaN): JSON has no word for it, and nobody can use it."""
    return {name: value for name, value in found.items() if not math.isnan(value)}
