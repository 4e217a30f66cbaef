"""Explanations name what moves a prediction, repeatably."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.explain import explain
from pipeline_code.steps.explain_examples import alarm_examples
from pipeline_code.steps.matrix import feature_matrix, labels
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.train import train

MakeRows = Callable[..., Columns]


@pytest.fixture
def model(small_usecase: UseCase, make_rows: MakeRows) -> Model:
    """A booster for the small use case."""
    return train(make_rows(), make_rows(seed=1), small_usecase).model


@pytest.fixture
def x(model: Model, make_rows: MakeRows) -> Matrix:
    """Rows the model never saw."""
    return feature_matrix(make_rows(seed=2), model.features, "rows")


def test_importance_is_the_mean_absolute_shap_value(model: Model, x: Matrix) -> None:
    """In descending order, every feature once, with its gain."""
    found = explain(model, x, rows=10_000, seed=0)
    expected = np.abs(model.explain(x)[:, :-1]).mean(axis=0)

    assert found.rows == len(x)
    strengths = {one.feature: one.mean_abs_shap for one in found.importance}
    for name, value in zip(model.features, expected, strict=True):
        assert strengths[name] == pytest.approx(value, rel=1e-5)
    assert list(strengths.values()) == sorted(strengths.values(), reverse=True)
    assert sum(one.gain or 0 for one in found.importance) == pytest.approx(1.0, abs=1e-5)


def test_same_seed_explains_the_same_rows(model: Model, x: Matrix) -> None:
    """A report that is made again is the same report."""
    assert explain(model, x, rows=30, seed=1) == explain(model, x, rows=30, seed=1)
    assert explain(model, x, rows=30, seed=1) != explain(model, x, rows=30, seed=2)


def test_dots_place_values_between_smallest_and_largest(model: Model, x: Matrix) -> None:
    """The colour of a dot tells its value; a missing value has none."""
    for dots in explain(model, x, rows=10_000, seed=0).dots:
        assert len(dots.shap) == len(dots.rank) <= 120
        known = [rank for rank in dots.rank if rank is not None]
        assert all(0 <= rank <= 1 for rank in known)
        assert (len(known) < len(dots.rank)) == (dots.feature == "risk")


def test_constant_and_empty_features_have_ranks(model: Model, x: Matrix) -> None:
    """Nothing is divided by zero where all values are the same, or none."""
    x = x.copy()
    x[:, 0], x[:, 2] = 7.0, np.nan
    ranks = {dots.feature: set(dots.rank) for dots in explain(model, x, rows=9, seed=0).dots}
    assert ranks["amount"] == {0.0}
    assert ranks["risk"] == {None}


def test_one_row_is_explained(model: Model, x: Matrix) -> None:
    """A sample of one is small, and no error."""
    assert explain(model, x[:1], rows=5, seed=0).rows == 1


def test_examples_are_the_extreme_rows_of_each_kind(
    model: Model, x: Matrix, make_rows: MakeRows
) -> None:
    """The surest hit, the worst miss and the worst false alarm, strongest reason first."""
    target, scores = labels(make_rows(seed=2), "FRAUD", "rows"), model.predict(x)
    found = {one.title.split()[0]: one for one in alarm_examples(model, x, target, scores)}
    called = scores >= model.threshold

    assert found["Caught"].score == scores[called & target].max()
    assert found["False"].score == scores[called & ~target].max()
    if "Missed" in found:
        assert found["Missed"].score == scores[~called & target].min()
    for one in found.values():
        strengths = [abs(part.shap) for part in one.contributions]
        assert strengths == sorted(strengths, reverse=True)


def test_kinds_that_do_not_occur_are_left_out(model: Model, x: Matrix) -> None:
    """No hit, no miss: only the false alarm is there to learn from."""
    nothing = np.zeros(len(x), dtype=bool)
    found = alarm_examples(model, x, nothing, np.ones(len(x)))
    assert [one.title.split()[0] for one in found] == ["False"]
    assert alarm_examples(model, x, nothing, np.zeros(len(x))) == []
