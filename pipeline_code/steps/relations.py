"""Relate features to the target, to each other and to the same features in other rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.drift import bin_count, population_stability_index
from pipeline_code.core.problem import Problem
from pipeline_code.core.splits import TEST, TRAIN, VALIDATION
from pipeline_code.core.strength import KIND, NEARLY_PERFECT, monotone_strength, strength
from pipeline_code.steps.sample import Sample

_FINEST = 50  # bins, when a feature is related to the target
_ROWS_OF_A_BIN = 20
_DIGITS: Final = 10  # the last ones of a sum depend on how it is added up


def relate_to_target(
    sample: Sample, inputs: Sequence[str], problem: Problem
) -> dict[str, dict[str, Any]]:
    """Measure how well each feature alone tells the target of the training rows."""
    target, trains = sample.of(problem.target, TRAIN), sample.part == TRAIN
    count = max(2, min(_FINEST, len(target) // _ROWS_OF_A_BIN))
    relation = {}
    for name in inputs:
        bins, _ = _binned(sample, name, count)
        score = strength(problem.type, bins[trains], target)
        if not sample.is_text(name):
            values = sample.of(name, TRAIN)
            score = max(score, monotone_strength(problem.type, values, target))
        relation[name] = {"score": round(score, _DIGITS), "kind": KIND[problem.type]}
    return relation


def likely_leaks(relation: dict[str, dict[str, Any]], problem: Problem) -> list[dict[str, Any]]:
    """List the features that tell the target too well to have been known beforehand."""
    words = {
        "auc": "an area under the ROC curve of {:.3f}",
        "accuracy_gain": "{:.1%} of what the most frequent class leaves to guess",
        "r2": "{:.1%} of the target's variance",
    }
    leaks = []
    for name, found in relation.items():
        if found["score"] >= NEARLY_PERFECT[problem.type]:
            measure = words[found["kind"]].format(found["score"])
            why = (
                f"{name} alone tells {problem.target} almost without error: {measure}; "
                "was it known before the target was?"
            )
            leaks.append({"feature": name, "score": found["score"], "why": why})
    return sorted(leaks, key=lambda leak: (-leak["score"], leak["feature"]))


def measure_drift(sample: Sample, inputs: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Compare each feature of the training rows with the same of the other parts.

    In units of the population stability index, over bins that the training rows alone define;
    None for a part without rows.
    """
    names = {VALIDATION: "validation", TEST: "test"}
    rows = {part: int((sample.part == part).sum()) for part in (TRAIN, *names)}
    drift: dict[str, dict[str, float | None]] = {}
    for feature in inputs:
        drift[feature] = {}
        binned = {}  # by how many bins there are, for both parts often have as many
        for part, name in names.items():
            if not rows[part]:
                drift[feature][name] = None
                continue
            wanted = bin_count(min(rows[TRAIN], rows[part]))
            if wanted not in binned:
                binned[wanted] = _binned(sample, feature, wanted)
            bins, count = binned[wanted]
            before, after = (
                np.bincount(bins[sample.part == one], minlength=count) for one in (TRAIN, part)
            )
            used = (before > 0) | (after > 0)
            moved = population_stability_index(before[used], after[used])
            drift[feature][name] = round(moved, _DIGITS)
    return drift


def correlate(sample: Sample, inputs: Sequence[str], target: str) -> dict[str, Any]:
    """Compute Pearson's correlations of numeric inputs with the target and with each other.

    Of training rows in which both are there. A constant column has none: None.
    """
    names = [name for name in inputs if not sample.is_text(name)]
    if not names:
        return {"target": {}, "inputs": {}}
    values = np.column_stack([sample.of(name, TRAIN) for name in (*names, target)])
    found = _correlations(values)
    return {
        "target": {name: found[place][-1] for place, name in enumerate(names)},
        "inputs": {
            name: dict(zip(names[place + 1 :], found[place][place + 1 : -1], strict=True))
            for place, name in enumerate(names)
        },
    }


def _correlations(values: NDArray[np.float64]) -> list[list[float | None]]:
    there = ~np.isnan(values)
    rows = np.maximum(there.sum(axis=0), 1)
    filled = np.where(there, values, 0.0)
    # Near nought and near one in size, so that squares lose no digits.
    filled = np.where(there, values - filled.sum(axis=0) / rows, 0.0)
    size = np.abs(filled).max(axis=0, initial=0.0)
    filled = filled / np.where(size > 0, size, 1.0)
    mask = there.astype(np.float64)
    count = np.maximum(mask.T @ mask, 1)
    sums, squares, products = filled.T @ mask, (filled**2).T @ mask, filled.T @ filled
    variance = np.maximum(squares - sums**2 / count, 0)
    covariance = products - sums * sums.T / count
    scale = np.sqrt(variance * variance.T)
    # What is left of a constant is the rounding of its sum.
    usable = np.minimum(variance, variance.T) > 1e-12 * count
    return [
        [
            round(float(np.clip(covariance[i, j] / scale[i, j], -1, 1)), _DIGITS)
            if usable[i, j]
            else None
            for j in range(len(covariance))
        ]
        for i in range(len(covariance))
    ]


def _binned(sample: Sample, name: str, count: int) -> tuple[NDArray[np.int64], int]:
    """Number the bins of all rows; return them and how many bins there may be.

    The training rows alone say what the bins are: quantiles of numbers, of texts the most frequent
    ones. The last bin is for what is missing, the last but one for other texts.
    """
    if sample.is_text(name):
        return _binned_texts(sample, name, count)
    values = sample.numbers(name)
    edges = _edges(values[sample.part == TRAIN], count)
    bins = np.searchsorted(edges, values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, bins).astype(np.int64), len(edges) + 2


def _binned_texts(sample: Sample, name: str, count: int) -> tuple[NDArray[np.int64], int]:
    codes, texts = sample.texts(name).codes, sample.texts(name).known
    trained = codes[(sample.part == TRAIN) & (codes >= 0)]
    counts = np.bincount(trained, minlength=len(texts)).tolist()
    frequent = sorted(range(len(texts)), key=lambda code: (-counts[code], texts[code]))
    kept = [code for code in frequent[:count] if counts[code]]
    bins = np.full(len(texts) + 1, len(kept))
    bins[kept] = np.arange(len(kept))
    bins[-1] = len(kept) + 1  # where code -1 points to
    return bins[codes], len(kept) + 2


def _edges(values: NDArray[Any], count: int) -> NDArray[np.float64]:
    """Cut numbers at quantiles; a number lies in a bin with its upper edge.

    The outermost edges are just below the least and at the largest, so that what lies beyond has
    bins of its own, also where all are one value.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return known
    inner = known[np.concatenate([[True], known[1:] > known[:-1]])]
    if len(inner) > count:
        inner = known[(np.arange(1, count) * len(known)) // count]
    return np.unique([np.nextafter(known[0], -np.inf), *inner, known[-1]])
