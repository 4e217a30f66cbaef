"""Rows that stand for all of their part, the same ones whatever the order of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.data_hash import last_sampled
from pipeline_code.core.tables import Columns, Connection, quoted
from pipeline_code.steps.quarantine import ROW
from pipeline_code.steps.split import Part

MOST_ROWS: Final = 20_000
"""How many rows stand for those of a part."""


@dataclass(frozen=True)
class Sample:
    """Some columns of some rows of each part, in the order of the rows' digests.

    Attributes:
        columns: numbers with NaN where they are missing, texts with None, shape (n,).
        part: the number of each row's part, shape (n,).
    """

    columns: Columns
    part: NDArray[np.int8]
    _codes: dict[str, tuple[NDArray[np.int64], list[str]]] = field(default_factory=dict)

    def of(self, name: str, part: int) -> NDArray[Any]:
        """Return a column's values in one part."""
        chosen: NDArray[Any] = self.columns[name][self.part == part]
        return chosen

    def is_text(self, name: str) -> bool:
        """Tell whether a column holds texts."""
        return bool(self.columns[name].dtype.kind == "O")

    def codes(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """Number the texts of a column, -1 where there is none; return them by their number."""
        if name not in self._codes:
            values = self.columns[name].tolist()
            places: dict[Any, int] = {None: -1}
            codes = [places.setdefault(value, len(places) - 1) for value in values]
            del places[None]
            self._codes[name] = np.array(codes, dtype=np.int64), list(places)
        return self._codes[name]


def draw_sample(
    database: Connection, table: str, parts: Sequence[Part], names: Sequence[str]
) -> Sample:
    """Fetch about `MOST_ROWS` rows of each part, or all that it has."""
    number = part_number(parts)
    last = [last_sampled(part.rows, MOST_ROWS) for part in parts]
    chosen = " ".join(f"when {place} then {one}" for place, one in enumerate(last))
    columns = ", ".join(quoted(name) for name in names)
    found = database.execute(
        f"select part, {columns} from (select {ROW}, {number} as part, {columns} from {table} "  # noqa: S608
        f"where {ROW} <= {max(last)}) where {ROW} <= case part {chosen} end order by {ROW}"
    ).fetchnumpy()
    part = np.asarray(found.pop("part"), dtype=np.int8)
    return Sample({name: _filled(values) for name, values in found.items()}, part)


def part_number(parts: Sequence[Part]) -> str:
    """Write the SQL of the number of a row's part, NULL where it is in none."""
    cases = " ".join(f"when {part.condition} then {place}" for place, part in enumerate(parts))
    return f"cast(case {cases} end as tinyint)"


def _filled(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "O":
        plain = np.ma.getdata(values).copy() if np.ma.isMaskedArray(values) else values
        plain[np.ma.getmaskarray(values)] = None
        return np.asarray(plain)
    numbers = np.ma.getdata(values).astype(np.float64)
    numbers[np.ma.getmaskarray(values)] = np.nan
    return np.asarray(numbers)
