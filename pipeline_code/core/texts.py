"""A column of texts, each distinct one written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts by their place among the distinct ones; a hundredth of the objects they would be.

    Attributes:
        codes: the place of each row's text in ``known``, -1 where it is missing, shape (n,).
        known: the distinct texts, sorted; some may stand in no row.
    """

    codes: NDArray[np.int32]
    known: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Texts:
        return Texts(self.codes[rows], self.known)

    def tolist(self) -> list[str | None]:
        """Write the texts out; a missing one is None."""
        spelled = (*self.known, None)
        return [spelled[code] for code in self.codes.tolist()]


Column = NDArray[Any] | Texts
Table = Mapping[str, Column]
"""Columns of one length, by name."""
