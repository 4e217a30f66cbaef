"""Find numbers that stand for a missing value: a 999 among days, a -1 among counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline_code.core.tables import Connection

_NINES: Final = (99, 999, 9999, 99999, 999999, 9999999)
SENTINELS: Final = (-1, *_NINES, *(-number for number in (9, *_NINES)), 8888, 88888, -8888)
"""Numbers that are often written where none is known."""

_FEWEST_ROWS: Final = 5
_SHARE: Final = 0.01
_FEWEST_VALUES: Final = 10
_FAR: Final = 1.0
"""How far beyond the rest a number lies that is hardly one of it, in spans of the rest."""
_VERY_FAR: Final = 5.0
"""How far one lies that is none of it even if it is rare."""


@dataclass(frozen=True)
class Sentinel:
    """A number that may stand for a missing value.

    Attributes:
        rows: how many drawn rows have it.
        is_clear: whether it is taken for that; else a person is asked to look.
        why: what spoke for it.
    """

    value: int
    rows: int
    is_clear: bool
    why: str


def find_sentinels(
    database: Connection, relation: str, columns: Sequence[str]
) -> dict[str, tuple[Sentinel, ...]]:
    """Look through columns of numbers for values far from the rest that are often such words.

    Args:
        database: where the rows are.
        relation: SQL of the rows.
        columns: SQL of the numbers; the result is by it. None of them: the result is empty.
    """
    if not columns:
        return {}
    words = ", ".join(map(str, SENTINELS))
    figures = []
    for column in columns:
        rest = f"filter ({column} not in ({words}))"
        figures.append(
            f"count({column}), min({column}) {rest}, max({column}) {rest}, "
            f"approx_count_distinct({column}) {rest}, "
            f"histogram({column}) filter ({column} in ({words}))"
        )
    row = database.execute(f"select {', '.join(figures)} from {relation}").fetchall()[0]  # noqa: S608
    each = 5
    return {
        column: found
        for place, column in enumerate(columns)
        if (found := tuple(_judge(*row[place * each : (place + 1) * each])))
    }


def _judge(
    filled: int, low: float | None, high: float | None, distinct: int, rows: dict[float, int] | None
) -> list[Sentinel]:
    """Judge the candidates of one column from the outside in; one inside the rest is one of it."""
    if not rows or low is None or high is None or distinct < _FEWEST_VALUES:
        return []
    found = []
    for value, count in sorted(rows.items(), key=lambda one: -abs(one[0])):
        number = int(value)
        gap = low - number if number < low else number - high
        if number < 0 <= low and number > -10:
            sentinel = _below_nothing(number, count, filled, low)
        elif gap > 0:
            sentinel = _far_away(number, count, filled, gap, high - low)
        else:
            sentinel = None
        if sentinel is not None:
            found.append(sentinel)
    return found


def _below_nothing(number: int, rows: int, filled: int, low: float) -> Sentinel | None:
    """Judge a -1 below numbers that are never negative: often, and alone, it is none of them."""
    if rows < _FEWEST_ROWS:
        return None
    share = rows / filled
    return Sentinel(
        number,
        rows,
        share >= _SHARE and low - number > 1,
        f"the only negative value, in {share:.1%} of the rows; all others are {low:g} or more",
    )


def _far_away(number: int, rows: int, filled: int, gap: float, span: float) -> Sentinel | None:
    if rows < _FEWEST_ROWS or abs(number) < 99 or gap < _FAR * max(span, 1):
        return None
    share = rows / filled
    why = f"in {share:.1%} of the rows, and {gap:,.6g} away from all others, which span {span:,.6g}"
    return Sentinel(number, rows, share >= _SHARE or gap >= _VERY_FAR * max(span, 1), why)
