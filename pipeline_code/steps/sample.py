"""Rows that stand for all of their part, the same ones whatever the order of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.data_hash import ROW, last_sampled
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.core.texts import Column, Texts
from pipeline_code.steps.coded_texts import is_coded, texts_of
from pipeline_code.steps.split import Part

MOST_ROWS: Final = 20_000
"""How many rows stand for those of a part."""


@dataclass(frozen=True)
class Sample:
    """Some columns of some rows of each part, in the order of the rows' digests.

    Attributes:
        columns: numbers with NaN where they are missing, or texts, of length n.
        part: the number of each row's part, shape (n,).
    """

    columns: dict[str, Column]
    part: NDArray[np.int8]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers."""
        values = self.columns[name]
        assert not isinstance(values, Texts), name  # noqa: S101 - for type checkers
        return values

    def texts(self, name: str) -> Texts:
        """Return a column of texts."""
        values = self.columns[name]
        assert isinstance(values, Texts), name  # noqa: S101 - for type checkers
        return values

    def of(self, name: str, part: int) -> NDArray[np.float64]:
        """Return a column of numbers in one part."""
        chosen: NDArray[np.float64] = self.numbers(name)[self.part == part]
        return chosen

    def is_text(self, name: str) -> bool:
        """Tell whether a column holds texts."""
        return isinstance(self.columns[name], Texts)


def draw_sample(
    database: Connection, table: str, parts: Sequence[Part], names: Sequence[str]
) -> Sample:
    """Fetch about `MOST_ROWS` rows of each part, or all that it has."""
    number = part_number(parts)
    last = [last_sampled(part.rows, MOST_ROWS) for part in parts]
    chosen = " ".join(f"when {place} then {one}" for place, one in enumerate(last))
    types = {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}
    coded = [name for name in names if is_coded(types[name])]
    values = ", ".join(
        f"coalesce(cast(enum_code({quoted(name)}) as integer), -1) as {quoted(name)}"
        if name in coded
        else quoted(name)
        for name in names
    )
    found = database.execute(
        f"select part, {values} from (select {ROW}, {number} as part, * from {table} "  # noqa: S608
        f"where {ROW} <= {max(last)}) where {ROW} <= case part {chosen} end order by {ROW}"
    ).fetchnumpy()
    part = np.asarray(found.pop("part"), dtype=np.int8)
    columns = {
        name: Texts(np.asarray(values, dtype=np.int32), texts_of(database, types[name]))
        if name in coded
        else as_column(values)
        for name, values in found.items()
    }
    return Sample(columns, part)


def part_number(parts: Sequence[Part]) -> str:
    """Write the SQL of the number of a row's part, NULL where it is in none."""
    cases = " ".join(f"when {part.condition} then {place}" for place, part in enumerate(parts))
    return f"cast(case {cases} end as tinyint)"


def as_column(values: NDArray[Any]) -> Column:
    """Turn what the database fetched into a column: a missing number is NaN, a text has a code."""
    gaps, plain = np.ma.getmaskarray(values), np.asarray(np.ma.getdata(values))
    if values.dtype.kind == "O":
        texts = [None if gap else text for gap, text in zip(gaps, plain, strict=True)]
        known = sorted({text for text in texts if text is not None})
        places = {text: place for place, text in enumerate(known)}
        return Texts(np.array([places.get(text, -1) for text in texts], np.int32), tuple(known))
    numbers = plain.astype(np.float64)
    numbers[gaps] = np.nan
    return np.asarray(numbers)
