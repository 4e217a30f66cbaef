"""Measure how well one column alone tells the target, on rows that were not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import BINARY, MULTICLASS, ProblemType

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]

MEASURE: Final = {BINARY: "AUC", MULTICLASS: "gain in accuracy"}
"""What is measured; of a regression it is R2."""
R2: Final = "R2"

_FOLDS: Final = 5
_BINS: Final = 64
_ROWS_OF_A_BIN: Final = 20
_MOST_WORDS: Final = 1_000


@dataclass(frozen=True)
class Answers:
    """The target of each row as a model would get it: 0 or 1, a class's number, or a number."""

    values: Numbers
    type: ProblemType
    classes: int = 0

    @property
    def smaller_class(self) -> int:
        """How many rows the rarer of two labels has; all rows of another problem."""
        if self.type != BINARY:
            return len(self.values)
        positives = int(self.values.sum())
        return min(positives, len(self.values) - positives)


def strength(values: NDArray[Any], answers: Answers) -> float:
    """Predict each row by the mean answer of like rows, and measure how good that is.

    Numbers are alike in a bin of equally many rows, texts where they are equal; missing values are
    alike. The rows are in five parts, and each part is predicted by the four others, so that a
    column of many different values wins nothing by remembering.

    Args:
        values: numbers (missing is NaN) or texts (missing is None), shape (n,).
        answers: to predict, shape (n,).

    Returns:
        Binary: the AUC, from 0.5 (nothing) to 1. Multiclass: of the errors that guessing the most
        frequent class makes, the share that is avoided, from 0 to 1. Regression: R2 of the means
        or of a straight line, whichever is better, from 0 to 1. A constant column has nothing.
    """
    codes = _binned(values) if values.dtype.kind == "f" else _coded(values)
    folds = np.random.default_rng(0).permutation(len(codes)) % _FOLDS
    if answers.type == BINARY:
        return max(0.5, _auc(_others_mean(codes, folds, answers), folds, answers.values))
    if answers.type == MULTICLASS:
        return _gain(codes, folds, answers)
    line = _straight_line(values, answers.values) if values.dtype.kind == "f" else 0.0
    return max(0.0, line, _explained(_others_mean(codes, folds, answers), answers.values))


def presence(values: NDArray[Any], answers: Answers) -> float:
    """Measure the AUC of whether there is a value at all; 0.5 where all rows have one, or none."""
    gaps = (
        np.isnan(values)
        if values.dtype.kind == "f"
        else np.array([value is None for value in values])
    )
    if answers.type != BINARY or not answers.smaller_class or gaps.all() or not gaps.any():
        return 0.5
    auc = auc_roc(answers.values, (~gaps).astype(np.float64))
    return max(auc, 1 - auc)


def auc_roc(found: Numbers, scores: Numbers) -> float:
    """Say how often a positive row has the higher score than a negative one; a tie counts half.

    Sums over different scores, which are few here, and needs no library that takes a second to
    load. 0.5 where there are no positive or no negative rows.

    Source: Hanley and McNeil, The meaning and use of the area under a ROC curve (1982).
    """
    _, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, weights=found)
    negative = np.bincount(place) - positive
    below = np.cumsum(negative) - negative
    pairs = positive.sum() * negative.sum()
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else 0.5


def _binned(values: Numbers) -> Codes:
    """Number each value by its bin; missing values have a bin of their own."""
    known = values[~np.isnan(values)]
    codes = np.zeros(len(values), dtype=np.int64)
    if not len(known):
        return codes
    bins = max(2, min(_BINS, len(known) // _ROWS_OF_A_BIN))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    codes = np.searchsorted(edges, values, side="left").astype(np.int64)
    codes[np.isnan(values)] = len(edges) + 1
    return codes


def _coded(values: NDArray[Any]) -> Codes:
    """Number each text; rare ones beyond the first thousand are alike."""
    marked = np.array(["" if value is None else f"={value}" for value in values], dtype=np.str_)
    texts, codes, counts = np.unique(marked, return_inverse=True, return_counts=True)
    rank = np.empty(len(texts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(texts))
    return np.minimum(rank[codes], _MOST_WORDS)


def _others_mean(codes: Codes, folds: Codes, answers: Answers) -> Numbers:
    """Predict each row by the mean of its code in the other parts, and of all as one more row."""
    width = int(codes.max()) + 1
    cells = folds * width + codes
    shape = (_FOLDS, width)
    sums = np.bincount(cells, weights=answers.values, minlength=_FOLDS * width).reshape(shape)
    rows = np.bincount(cells, minlength=_FOLDS * width).reshape(shape)
    means = (sums.sum(axis=0) - sums + answers.values.mean()) / (rows.sum(axis=0) - rows + 1)
    return np.asarray(means.reshape(-1)[cells], dtype=np.float64)


def _auc(scores: Numbers, folds: Codes, found: Numbers) -> float:
    """Average the AUC of each part: rows of one code have one score within a part only."""
    total = weights = 0.0
    for fold in range(_FOLDS):
        part = folds == fold
        positives = float(found[part].sum())
        weight = positives * (int(part.sum()) - positives)
        if weight:
            total += weight * auc_roc(found[part], scores[part])
            weights += weight
    return total / weights if weights else 0.5


def _gain(codes: Codes, folds: Codes, answers: Answers) -> float:
    classes = answers.values.astype(np.int64)
    width, kinds = int(codes.max()) + 1, answers.classes
    cells = (folds * width + codes) * kinds + classes
    rows = np.bincount(cells, minlength=_FOLDS * width * kinds).reshape(_FOLDS, width, kinds)
    usual = np.bincount(classes, minlength=kinds)
    # Where the other parts have no such row the most frequent class decides, as it does ties.
    best = (rows.sum(axis=0) - rows + usual / (usual.sum() + 1)).argmax(axis=2)
    right = float((best.reshape(-1)[folds * width + codes] == classes).mean())
    guessed = float(usual.max() / usual.sum())
    return max(0.0, (right - guessed) / (1 - guessed)) if guessed < 1 else 0.0


def _explained(predicted: Numbers, actual: Numbers) -> float:
    spread = float(((actual - actual.mean()) ** 2).sum())
    return 1 - float(((actual - predicted) ** 2).sum()) / spread if spread else 0.0


def _straight_line(values: Numbers, actual: Numbers) -> float:
    known = ~np.isnan(values)
    x, y = values[known], actual[known]
    # A line through few rows says nothing of all of them.
    if len(x) < len(values) / 2 or len(x) < _ROWS_OF_A_BIN or not x.std() or not y.std():
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)
