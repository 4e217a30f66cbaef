"""Sampled SHAP values add up exactly, and are the exact ones where those are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.steps.model import Matrix, Vector
from pipeline_code.steps.sampled_shap import sampled_shap


def interacting(x: Matrix) -> Vector:
    """Two outputs of three features that depend on each other."""
    wide = np.nan_to_num(x.astype(np.float64), nan=9.0)
    one = wide[:, 0] * wide[:, 1] + np.sin(wide[:, 2])
    return np.column_stack([one, wide[:, 2] * wide[:, 0]])


def rows(count: int, seed: int) -> Matrix:
    """Draw rows of three features."""
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


def exact(x: Matrix, background: Matrix) -> Vector:
    """Average over all orders and all of the background: the definition."""
    found = np.zeros((len(x), 2, 3))
    for order in itertools.permutations(range(3)):
        for one in background:
            mixed = np.repeat(one[None], len(x), axis=0)
            for feature in order:
                before = interacting(mixed)
                mixed[:, feature] = x[:, feature]
                found[:, :, feature] += interacting(mixed) - before
    return found / (math.factorial(3) * len(background))


@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 4))
def test_values_add_up_to_the_margin(seed: int, count: int, background: int) -> None:
    """Whatever is drawn; and the base is the same for every row."""
    x, known = rows(count, seed), rows(background, seed + 1)
    found = sampled_shap(interacting, x, known, seed=seed)
    assert found.shape == (count, 2, 4)
    np.testing.assert_allclose(found.sum(axis=2), interacting(x), atol=1e-9)
    base = interacting(known).mean(axis=0)
    np.testing.assert_allclose(found[:, :, -1], np.tile(base, (count, 1)))


def test_values_come_near_the_exact_ones_with_more_background() -> None:
    """It is an estimate of the right thing."""
    x, known = rows(4, 0), rows(400, 1)
    found = sampled_shap(interacting, x, known, seed=0)[:, :, :-1]
    np.testing.assert_allclose(found, exact(x, known), atol=0.05)


def test_additive_models_and_two_features_are_exact() -> None:
    """There no order matters, or both are taken."""
    x, known = rows(5, 0), rows(6, 1)

    def additive(table: Matrix) -> Vector:
        return (table.astype(np.float64) ** 2 @ np.array([1.0, -2.0, 3.0]))[:, None]

    expected = (x**2 - (known**2).mean(axis=0)) * np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(
        sampled_shap(additive, x, known, seed=3)[:, 0, :-1], expected, atol=1e-5
    )

    def product(table: Matrix) -> Vector:
        return (table[:, 0] * table[:, 1]).astype(np.float64)[:, None]

    two = sampled_shap(product, x[:, :2], known[:, :2], seed=4)[:, 0, 0]
    halves = (x[:, 0] - known[:, :1]) * (x[:, 1] + known[:, 1:2]) / 2
    np.testing.assert_allclose(two, halves.mean(axis=0), atol=1e-5)


def test_feature_without_influence_gets_nothing() -> None:
    """And a missing value is a value like any other."""
    x, known = rows(3, 5), rows(4, 6)
    x[0, 0] = np.nan

    def second(table: Matrix) -> Vector:
        return table[:, 1:2].astype(np.float64)

    found = sampled_shap(second, x, known, seed=0)
    assert (found[:, :, [0, 2]] == 0).all()


def test_large_tables_are_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same values as in one."""
    x, known = rows(7, 8), rows(3, 9)
    whole = sampled_shap(interacting, x, known, seed=1)
    monkeypatch.setattr("pipeline_code.steps.sampled_shap._CELLS_AT_ONCE", 24)
    np.testing.assert_allclose(sampled_shap(interacting, x, known, seed=1), whole)
