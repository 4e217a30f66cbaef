"""A coded column says the same as the texts written out."""

from __future__ import annotations

import numpy as np

from pipeline_code.core.texts import Texts


def test_rows_of_a_coded_column_are_texts_and_gaps() -> None:
    """Length, selection and values are those of the rows, not of the distinct texts."""
    column = Texts(np.array([1, -1, 0, 1], dtype=np.int32), ("a", "b", "unused"))
    assert len(column) == 4
    assert column.tolist() == ["b", None, "a", "b"]
    assert column[np.array([False, True, True, False])].tolist() == [None, "a"]
    assert column[:0].tolist() == []
