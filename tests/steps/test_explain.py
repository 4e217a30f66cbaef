"""Explanations name what moves a prediction, repeatably."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.explain import explain
from pipeline_code.steps.explain_dependence import dependences
from pipeline_code.steps.explain_examples import (
    Example,
    alarm_examples,
    class_examples,
    value_examples,
    value_of,
)
from pipeline_code.steps.matrix import feature_matrix, labels
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.train import train
from tests.mixed_tables import CLASSES, mixed_rows, mixed_usecase

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


def mixed(problem: str, count: int = 600) -> tuple[Model, Matrix, Columns]:
    """A booster with categories, rows it never saw, and the table they come from."""
    found = train(mixed_rows(problem), mixed_rows(problem, seed=1), mixed_usecase(problem)).model
    rows = mixed_rows(problem, count, seed=2)
    return found, feature_matrix(rows, found.features, "rows", found.categories), rows


def test_importance_of_several_classes_is_their_mean() -> None:
    """What moves one class only still counts, and each class names its own reasons."""
    model, x, _ = mixed("multiclass")
    found = explain(model, x, rows=10_000, seed=0)
    strength = np.abs(model.explain(x)[:, :, :-1]).mean(axis=0)
    strengths = {one.feature: one.mean_abs_shap for one in found.importance}
    for at, name in enumerate(model.features):
        assert strengths[name] == pytest.approx(strength[:, at].mean(), rel=1e-4)
    assert [one.label for one in found.classes] == list(CLASSES)
    for place, one in enumerate(found.classes):
        name, value = one.features[0]
        assert value == pytest.approx(strength[place].max(), rel=1e-3)
        assert model.features[int(strength[place].argmax())] == name
    assert found.dots == ()
    assert found.base is None


def test_many_classes_are_explained_on_fewer_rows() -> None:
    """A row of three classes costs three times as much; a small sample is not made smaller."""
    model, x, _ = mixed("multiclass", count=1_000)
    assert explain(model, x, rows=900, seed=0).rows == 300
    assert explain(model, x, rows=300, seed=0).rows == 200
    assert explain(model, x, rows=30, seed=0).rows == 30


def test_values_of_a_regression_are_explained_in_units_of_the_target() -> None:
    """Base and SHAP values add up to the prediction itself."""
    model, x, _ = mixed("regression")
    found = explain(model, x, rows=10_000, seed=0)
    assert found.base == pytest.approx(model.predict(x).mean(), rel=0.2)
    assert found.classes == ()
    assert len(found.dots) == len(model.features)


def titled(found: list[Example]) -> dict[str, Example]:
    """The examples by their titles."""
    return {one.title: one for one in found}


def test_examples_of_classes_are_the_surest_and_the_most_frequent_mistake() -> None:
    """Each with what it was, what it was called and why."""
    model, x, rows = mixed("multiclass")
    target, shares = rows["y"], model.predict(x)
    called, score = shares.argmax(axis=1), shares.max(axis=1)
    found = titled(class_examples(model, x, target, called, shares, CLASSES))
    hit, mistake = found["The surest hit"], found["The surest mistake"]
    assert hit.score == score[called == target].max()
    assert hit.outcome["actual"] == hit.outcome["called"]
    assert mistake.score == score[called != target].max()
    assert mistake.outcome["actual"] != mistake.outcome["called"]
    (pair,) = (one for title, one in found.items() if title.startswith("Most often confused"))
    assert pair.title == (
        f"Most often confused: {pair.outcome['actual']} taken for {pair.outcome['called']}"
    )
    shap = model.explain(x[hit.row : hit.row + 1])[0, called[hit.row], :-1]
    assert hit.contributions[0].shap == pytest.approx(
        np.abs(shap).max() * np.sign(shap[np.abs(shap).argmax()]), rel=1e-3
    )
    right = class_examples(model, x, called, called, shares, CLASSES)
    assert [one.title for one in right] == ["The surest hit"]


def test_examples_of_values_are_the_best_and_the_largest_errors() -> None:
    """A side that does not occur is left out."""
    model, x, rows = mixed("regression")
    target, predicted = rows["y"], model.predict(x)
    found = titled(value_examples(model, x, target, predicted))
    excess = predicted - target
    assert found["The best prediction"].row == np.abs(excess).argmin()
    assert found["The largest overestimate"].row == excess.argmax()
    assert found["The largest underestimate"].row == excess.argmin()
    exact = value_examples(model, x, predicted, predicted)
    assert [one.title for one in exact] == ["The best prediction"]


def test_values_of_categories_are_their_texts() -> None:
    """Nobody knows a code; what the model does not tell apart is named so."""
    model, x, rows = mixed("regression")
    row = int(np.flatnonzero(rows["kind"] == "b")[0])
    (one, *_) = value_examples(model, x[[row]], rows["y"][[row]], model.predict(x[[row]]))
    values = {part.feature: part.value for part in one.contributions}
    assert values["kind"] == "b"
    assert value_of(model, "kind", float(len(model.categories["kind"]))) == "(other)"
    assert value_of(model, "kind", float("nan")) is None
    assert value_of(model, "size", 0.123456789) == 0.123457


def test_dependence_follows_a_feature_and_names_its_categories() -> None:
    """A larger size means a larger value; kind b is worth more than kind c."""
    model, x, _ = mixed("regression")
    found = {
        one.feature: one for one in dependences(model, model.predict, x, model.features, seed=0)
    }
    size, kind = found["size"], found["kind"]
    assert size.values[-1] > size.values[0] + 10
    assert list(size.grid) == sorted(size.grid)  # type: ignore[type-var]
    at = dict(zip(kind.grid, kind.values, strict=True))
    assert at["b"] > at["a"] > at["c"]
    assert kind.kind == "category"
    for one in found.values():
        absent = one.missing[1] if one.missing else 0
        assert sum(one.rows) + absent == pytest.approx(1, abs=0.01)
    assert size.missing is not None
    assert found["price"].missing is None


def test_dependence_of_classes_is_a_probability_of_each() -> None:
    """They add up to one at every point."""
    model, x, _ = mixed("multiclass")
    (one,) = dependences(model, model.predict, x, ["size"], seed=0)
    assert all(sum(point) == pytest.approx(1, abs=1e-3) for point in one.values)
    assert len(one.values) == len(one.grid)


def test_dependence_leaves_out_what_has_no_values_and_stops_after_six() -> None:
    """There is no grid to follow; and a page shows no more."""
    model, x, _ = mixed("binary")
    x = x.copy()
    x[:, 0] = np.nan
    found = dependences(model, model.predict, x, model.features * 2, seed=0)
    assert [one.feature for one in found] == ["price", "used", "kind", "shop"]
    assert dependences(model, model.predict, x[:1], ["price"], seed=0)[0].rows == (1.0,)
