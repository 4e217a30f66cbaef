"""Rows that stand for all of their part, the same ones whatever the order of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.tables import Columns, Connection, quoted
from pipeline_code.steps.quarantine import ROW
from pipeline_code.steps.split import Part

MOST_ROWS: Final = 100_000
"""Of how many rows a statistic is computed that need not be exact."""

_DIGESTS = 1 << 64


@dataclass(frozen=True)
class Sample:
    """Some columns of some rows of each part, in the order of the rows' digests.

    Attributes:
        columns: numbers with NaN where they are missing, texts with None, shape (n,).
        part: the number of each row's part, shape (n,).
    """

    columns: Columns
    part: NDArray[np.int8]

    def of(self, name: str, part: int) -> NDArray[Any]:
        """Return a column's values in one part."""
        chosen: NDArray[Any] = self.columns[name][self.part == part]
        return chosen


def sampled(rows: int) -> str:
    """Write SQL that is true for about `MOST_ROWS` of ``rows`` rows, or for all."""
    return f"{ROW} <= {_last(rows)}"


def draw_sample(
    database: Connection, table: str, parts: Sequence[Part], names: Sequence[str]
) -> Sample:
    """Fetch about `MOST_ROWS` rows of each part, or all that it has."""
    number = part_number(parts)
    chosen = " ".join(f"when {place} then {_last(part.rows)}" for place, part in enumerate(parts))
    columns = ", ".join(quoted(name) for name in names)
    found = database.execute(
        f"select part, {columns} from (select {ROW}, {number} as part, {columns} from {table}) "  # noqa: S608
        f"where {ROW} <= case part {chosen} else -1 end order by {ROW}"
    ).fetchnumpy()
    part = np.asarray(found.pop("part"), dtype=np.int8)
    return Sample({name: _filled(values) for name, values in found.items()}, part)


def part_number(parts: Sequence[Part]) -> str:
    """Write the SQL of the number of a row's part, NULL where it is in none."""
    cases = " ".join(f"when {part.condition} then {place}" for place, part in enumerate(parts))
    return f"cast(case {cases} end as tinyint)"


def _last(rows: int) -> int:
    """Return the largest digest that is chosen: digests are spread evenly."""
    return _DIGESTS - 1 if rows <= MOST_ROWS else _DIGESTS * MOST_ROWS // rows


def _filled(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "O":
        plain = np.ma.getdata(values).copy() if np.ma.isMaskedArray(values) else values
        plain[np.ma.getmaskarray(values)] = None
        return np.asarray(plain)
    numbers = np.ma.getdata(values).astype(np.float64)
    numbers[np.ma.getmaskarray(values)] = np.nan
    return np.asarray(numbers)
