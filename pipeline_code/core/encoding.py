"""Turn the values of features into numbers: numbers as they are, categories by a code each.

The codes of a category are fitted on training rows only and kept with the model, so that every
model can score rows as they are, whatever another model knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.texts import Texts

Categories = Mapping[str, tuple[str, ...]]
"""The known values of each feature that is no number, by falling frequency; a value's place is
its code, every other value has the code after the last, a missing one is NaN."""

OTHER: Final = "(other)"
"""What is shown for the values that are not known one by one."""

_WORDS_OF_A_TEXT: Final = 4
_DISTINCT_SHARE_OF_A_TEXT: Final = 0.5
_JUDGED_ROWS: Final = 1_000
_FEWEST_ROWS: Final = 2


class TextColumnError(PipelineError, ValueError):
    """A feature is free text, of which no code can be made."""

    def __init__(self, column: str, example: str) -> None:
        super().__init__(
            f"{column} is free text (like {example[:60]!r}), not a category; take it out of "
            "features.inputs, or make numbers or categories of it in features.sql"
        )


def fit_categories(
    values: NDArray[Any] | Texts, *, most: int, minimum_rows: int
) -> tuple[str, ...]:
    """List the categories of training rows that get a code of their own.

    Args:
        values: texts, shape (n,): dtype object with None for a missing value, or coded.
        most: how many categories at most, the most frequent ones.
        minimum_rows: how many rows a category must have.

    Returns:
        By falling frequency, equally frequent ones by their text; empty where all are rare.
    """
    frequent = [(-rows, value) for value, rows in _counts(values) if rows >= minimum_rows]
    return tuple(value for _, value in sorted(frequent)[:most])


def fewest_rows(wanted: int, rows: int) -> int:
    """Say how many of ``rows`` a category must have: ``wanted``, in a small table 1 % of them.

    Ten rows of a thousand are a habit, ten rows of fifty a fifth of all that is known; but what
    was seen once is never learned.
    """
    return min(wanted, max(_FEWEST_ROWS, rows // 100))


def encode(values: NDArray[Any] | Texts, categories: Sequence[str]) -> NDArray[np.float32]:
    """Write the code of each text: its place, or one after the last; NaN where it is None."""
    codes = codes_of(categories)
    other = float(len(categories))
    if isinstance(values, Texts):
        # The code of a missing text is -1, so its own comes last.
        table = [*(codes.get(value, other) for value in values.known), float("nan")]
        return np.array(table, dtype=np.float32)[values.codes]
    return np.fromiter(
        (codes.get(value, other) for value in values.tolist()), dtype=np.float32, count=len(values)
    )


def codes_of(categories: Sequence[str]) -> dict[str | None, float]:
    """Say the code of each known text; a missing one is NaN, all others are `len(categories)`."""
    codes: dict[str | None, float] = {value: float(place) for place, value in enumerate(categories)}
    return {**codes, None: float("nan")}


def blanked(
    x: NDArray[np.float32], sentinels: Mapping[int, Sequence[float]]
) -> NDArray[np.float32]:
    """Return rows with NaN where a number stands for a missing value; else the rows themselves.

    Args:
        x: shape (n, features).
        sentinels: such numbers, by the place of the feature; they are compared as float32.
    """
    if not sentinels:
        return x
    known = x.copy()
    for place, values in sentinels.items():
        known[np.isin(x[:, place], np.array(values, dtype=np.float32)), place] = np.nan
    return known


def require_no_text(column: str, values: NDArray[Any] | Texts) -> None:
    """Refuse a column whose values are mostly different and of several words.

    Raises:
        TextColumnError: with one of its values.
    """
    first = values[: 10 * _JUDGED_ROWS]
    known = [value for value in first.tolist() if value is not None][:_JUDGED_ROWS]
    if not known:
        return
    words = sum(len(value.split()) for value in known) / len(known)
    distinct = len(set(known)) / len(known)
    if words >= _WORDS_OF_A_TEXT and distinct > _DISTINCT_SHARE_OF_A_TEXT:
        raise TextColumnError(column, known[0])


def _counts(values: NDArray[Any] | Texts) -> list[tuple[str, int]]:
    if isinstance(values, Texts):
        rows = np.bincount(values.codes[values.codes >= 0], minlength=len(values.known))
        return list(zip(values.known, rows.tolist(), strict=True))
    return list(Counter(value for value in values.tolist() if value is not None).items())
