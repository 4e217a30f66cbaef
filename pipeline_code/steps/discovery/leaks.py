"""Find columns that know the outcome: what is known only afterwards must not be learned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import BINARY, REGRESSION
from pipeline_code.steps.discovery.strength import (
    MEASURE,
    R2,
    Answers,
    Numbers,
    presence,
    strength,
)
from pipeline_code.steps.discovery.words import AFTERWARDS, BEFORE, words_of

ALMOST_PERFECT: Final = {BINARY: 0.99}
"""From which strength on a column alone tells the target; of other problems 0.98.

The strongest honest columns of well-known tables stay below, measured by `strength`: 0.970 (breast
cancer, worst perimeter), 0.84 of the errors (iris, petal length), R2 0.34 (diabetes, bmi).
"""
_ALMOST_PERFECT_ELSE: Final = 0.98
_STRONG: Final = {BINARY: 0.7}
_STRONG_ELSE: Final = 0.3
"""What the strongest column must reach before its name makes it suspicious."""
_PRESENCE: Final = 0.95
_ROWS_TO_BE_SURE: Final = 100
"""With fewer rows of the smaller class an honest column may part the classes by chance."""
_ROWS_OF_A_COPY: Final = 10
_VALUES_OF_A_COPY: Final = 10
_MOST_PAIRS: Final = 60
_TRIED_ROWS: Final = 200
_EXACT: Final = 1e-9


@dataclass(frozen=True)
class Leak:
    """A column that likely knows the outcome.

    ``is_sure`` says whether it is left out; else a person should look at it.
    """

    name: str
    why: str
    is_sure: bool = True


@dataclass(frozen=True)
class Findings:
    """How strong each column is alone, by which measure, and which of them likely leak."""

    measure: str
    strengths: dict[str, float]
    leaks: tuple[Leak, ...]


def find_leaks(columns: Mapping[str, NDArray[Any]], answers: Answers, target: str) -> Findings:
    """Look at each column that a model would get.

    Args:
        columns: numbers (missing is NaN) or texts (missing is None), shape (n,) each.
        answers: the target of the same rows.
        target: its name.
    """
    measure = MEASURE.get(answers.type, R2)
    strengths = {name: strength(values, answers) for name, values in columns.items()}
    found: dict[str, Leak] = {}
    for name, values in columns.items():
        leak = _by_strength(name, values, strengths[name], answers, measure)
        if leak:
            found[name] = leak
    left = {name: value for name, value in strengths.items() if name not in found}
    for leak in _by_name(left, answers, target, measure):
        found[leak.name] = leak
    if answers.type == REGRESSION:
        numbers = {name: values for name, values in columns.items() if values.dtype.kind == "f"}
        for leak in _by_arithmetic(numbers, answers.values, target):
            found.setdefault(leak.name, leak)
    return Findings(measure, strengths, tuple(found[name] for name in columns if name in found))


def _by_strength(
    name: str, values: NDArray[Any], reached: float, answers: Answers, measure: str
) -> Leak | None:
    """Suspect a column that alone predicts almost perfectly, or that is there for one label."""
    limit = ALMOST_PERFECT.get(answers.type, _ALMOST_PERFECT_ELSE)
    gaps = presence(values, answers)
    enough = answers.smaller_class >= _ROWS_TO_BE_SURE
    if _is_copy(values, answers):
        return Leak(name, f"says the target in other words ({measure} {reached:.3f} alone)")
    if gaps >= _PRESENCE and answers.smaller_class >= _ROWS_OF_A_COPY:
        return Leak(
            name, f"is filled in for one label only (AUC {gaps:.3f} by whether there is a value)"
        )
    if reached >= limit:
        why = f"alone predicts the target almost perfectly ({measure} {reached:.3f})"
        if not enough:
            why += f"; with so few rows ({answers.smaller_class:,}) that may be honest"
        return Leak(name, why, is_sure=enough)
    return None


def _is_copy(values: NDArray[Any], answers: Answers) -> bool:
    """Say whether a column of few values, or one in the same order, decides the target."""
    if answers.smaller_class < _ROWS_OF_A_COPY:
        return False
    if answers.type == REGRESSION:
        return values.dtype.kind == "f" and _is_same_order(values, answers.values)
    known = values if values.dtype.kind == "f" else np.array([f"{value}" for value in values])
    groups, codes = np.unique(known, return_inverse=True)
    if len(groups) > max(_VALUES_OF_A_COPY, 2 * answers.classes):
        return False
    kinds = max(2, answers.classes)
    rows = np.bincount(
        codes * kinds + answers.values.astype(np.int64), minlength=kinds * len(groups)
    )
    table = rows.reshape(len(groups), kinds)
    wrong = table.sum() - table.max(axis=1).sum()
    guessed_wrong = table.sum() - table.sum(axis=0).max()
    return bool(wrong <= (1 - _ALMOST_PERFECT_ELSE) * guessed_wrong)


def _is_same_order(values: Numbers, actual: Numbers) -> bool:
    """Say whether ordering rows by the column orders them by the target, ties alike."""
    if np.isnan(values).any() or len(np.unique(values)) < _ROWS_OF_A_COPY:
        return False
    for sign in (1.0, -1.0):
        order = np.lexsort((actual, sign * values))
        x, y = values[order], actual[order]
        same = (np.diff(x) == 0) == (np.diff(y) == 0)
        if same.all() and (np.diff(y) >= 0).all():
            return True
    return False


def _by_name(
    strengths: Mapping[str, float], answers: Answers, target: str, measure: str
) -> Iterator[Leak]:
    """Suspect the strongest columns as long as their names speak of what comes afterwards."""
    enough = _STRONG.get(answers.type, _STRONG_ELSE)
    for name, reached in sorted(strengths.items(), key=lambda item: -item[1]):
        reason = _suspicious(name, target)
        if reached < enough or not reason:
            return
        yield Leak(name, f"is the strongest column alone ({measure} {reached:.3f}), and {reason}")


def _suspicious(name: str, target: str) -> str:
    """Say what of a name speaks of the time after the outcome; nothing where it does not."""
    words = words_of(name)
    if BEFORE.intersection(words):
        return ""
    if after := [word for word in words if word in AFTERWARDS]:
        return f"its name ({after[0]}) says what is often known only afterwards"
    mine = words_of(target)
    if len(words) > len(mine) and all(word in words for word in mine):
        return f"its name tells of the target {target}"
    return ""


def _by_arithmetic(columns: Mapping[str, Numbers], actual: Numbers, target: str) -> Iterator[Leak]:
    """Suspect two columns of which the target is the sum, difference, product or quotient."""
    names = list(columns)[:_MOST_PAIRS]
    for one, other in combinations(names, 2):
        sign = _relation(columns[one], columns[other], actual)
        if sign:
            for name in (one, other):
                yield Leak(name, f"is a part of the target: {target} is {one} {sign} {other}")


def _relation(a: Numbers, b: Numbers, actual: Numbers) -> str:
    for rows in (slice(None, _TRIED_ROWS), slice(None)):
        x, y, wanted = a[rows], b[rows], actual[rows]
        with np.errstate(all="ignore"):
            tries = {"+": x + y, "-": x - y, "*": x * y, "/": x / y}
            signs = [
                sign
                for sign, made in tries.items()
                if np.allclose(made, wanted, rtol=_EXACT, atol=_EXACT)
            ]
        if not signs:
            return ""
    return signs[0]
