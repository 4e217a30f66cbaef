"""Metrics of several classes are scikit-learn's, and the choice of a class is the cheapest."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import EmptySampleError, SingleClassError
from pipeline_code.core.metrics import METRICS_OF, NotFiniteError
from pipeline_code.core.multiclass import (
    Classes,
    Probabilities,
    confusion_matrix,
    decide,
    measure,
)

EQUAL = np.ones(3)
TARGET = np.array([0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.1, 0.5, 0.4]]
)


def sample(rows: int = 300, classes: int = 4, seed: int = 0) -> tuple[Classes, Probabilities]:
    """Make rows whose probabilities know something of the class."""
    generator = np.random.default_rng(seed)
    target = generator.integers(0, classes, rows)
    known = generator.normal(size=(rows, classes))
    known[np.arange(rows), target] += 1
    odds = np.exp(np.round(known, 1))
    return target, odds / odds.sum(axis=1, keepdims=True)


def test_known_values() -> None:
    """Five rows of three classes, worked out by hand: called 0, 1, 1, 0, 1."""
    costs = np.array([10.0, 3.0, 1.0]) / 10
    found = measure(TARGET, PROBABILITIES, costs=EQUAL)

    assert tuple(found) == METRICS_OF["multiclass"]
    assert found["accuracy"] == 2 / 5
    assert found["balanced_accuracy"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert found["precision_macro"] == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert found["f1_macro"] == pytest.approx((1 / 2 + 2 / 5 + 0) / 3)
    assert found["log_loss"] == pytest.approx(-np.mean(np.log([0.8, 0.3, 0.7, 0.3, 0.4])))
    assert found["cost"] == 3
    # Of pairs in the right order: 5 of 6 for class 0, 4 of 6 for class 1 and all 4 for class 2.
    assert found["auc_roc_macro"] == pytest.approx((5 / 6 + 4 / 6 + 1) / 3)
    # Missing class 0 is so dear that class 1 is called once only, rightly.
    assert decide(PROBABILITIES, costs).tolist() == [0, 0, 1, 0, 1]
    assert measure(TARGET, PROBABILITIES, costs=costs)["cost"] == pytest.approx(0.3 + 0.1)


@pytest.mark.parametrize("seed", range(4))
def test_metrics_are_those_of_scikit_learn(seed: int) -> None:
    """Ours have the names, so they have the values."""
    target, p = sample(seed=seed)
    found = measure(target, p, costs=np.ones(4))
    called = p.argmax(axis=1)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(target, called),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(target, called),
        "auc_roc_macro": sklearn.metrics.roc_auc_score(target, p, multi_class="ovr"),
        "average_precision_macro": sklearn.metrics.average_precision_score(target, p),
        "log_loss": sklearn.metrics.log_loss(target, y_proba=p),
    }
    for average in ("macro", "micro"):
        for name in ("precision", "recall", "f1"):
            score = getattr(sklearn.metrics, f"{name}_score")
            expected[f"{name}_{average}"] = score(target, called, average=average)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name


def test_a_class_that_does_not_occur_is_left_out_of_the_means() -> None:
    """The model knows five classes, the rows show four: the fifth is no recall of 0."""
    target, p = sample()
    five = np.hstack([p * 0.6, np.full((len(p), 1), 0.4)])
    found = measure(target, five, costs=np.ones(5))
    called = decide(five, np.ones(5))
    assert (called == 4).any()
    for name in ("precision", "recall", "f1"):
        score = getattr(sklearn.metrics, f"{name}_score")
        expected = score(target, called, average="macro", labels=range(4), zero_division=0)
        assert found[f"{name}_macro"] == pytest.approx(expected)
    assert found["recall_macro"] == found["balanced_accuracy"]
    assert found["precision_micro"] == found["accuracy"]
    assert found["auc_roc_macro"] == pytest.approx(
        measure(target, p, costs=np.ones(4))["auc_roc_macro"]
    )


def test_two_classes_rank_as_a_binary_problem_does() -> None:
    """One class against the other is the same question asked twice."""
    target, p = sample(classes=2)
    scores = np.round(p[:, 1] * 64) / 64  # so that 1 - score ties the same rows
    found = measure(target, np.column_stack([1 - scores, scores]), costs=np.ones(2))
    area = sklearn.metrics.roc_auc_score(target, scores)
    assert found["auc_roc_macro"] == pytest.approx(area)


def test_confusion_matrix_counts_truth_by_row() -> None:
    """As scikit-learn lays it out; a class that nobody is called keeps its column."""
    found = confusion_matrix(TARGET, decide(PROBABILITIES, EQUAL), 3)
    assert found.tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0]]
    target, p = sample()
    expected = sklearn.metrics.confusion_matrix(target, p.argmax(axis=1))
    assert (confusion_matrix(target, p.argmax(axis=1), 4) == expected).all()
    assert confusion_matrix(TARGET[:0], TARGET[:0], 3).tolist() == [[0] * 3] * 3


def test_equal_products_call_the_first_class() -> None:
    """A tie is decided alike everywhere, and where nothing costs anything it is class 0."""
    assert decide(np.array([[0.2, 0.4, 0.4]]), EQUAL).tolist() == [1]
    assert decide(PROBABILITIES, np.zeros(3)).tolist() == [0] * 5
    assert measure(TARGET, PROBABILITIES, costs=np.zeros(3))["cost"] == 0


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    st.lists(st.floats(0, 100), min_size=6, max_size=6),
)
def test_no_other_class_is_expected_to_cost_less(raw: list[float], costs: list[float]) -> None:
    """Trying every class, none loses less on average over what may be true."""
    p = np.array(raw) / sum(raw)
    missed = np.array(costs[: len(p)])
    expected = [(p * missed).sum() - p[one] * missed[one] for one in range(len(p))]
    chosen = int(decide(p[None, :], missed)[0])
    assert expected[chosen] <= min(expected) + 1e-9


def test_certainty_that_is_wrong_costs_a_finite_loss() -> None:
    """A probability of exactly 0 for what happened is clipped, as scikit-learn does."""
    p = np.array([[0.0, 1.0], [0.0, 1.0]])
    found = measure(np.array([0, 1]), p, costs=np.ones(2))["log_loss"]
    assert found == pytest.approx(sklearn.metrics.log_loss([0, 1], y_proba=p))
    assert np.isfinite(found)


def test_constant_probabilities_rank_like_chance() -> None:
    """A model that says the same of every row is no error, and no good."""
    found = measure(TARGET, np.full((5, 3), 1 / 3), costs=EQUAL)
    assert found["auc_roc_macro"] == 0.5
    assert found["average_precision_macro"] == pytest.approx((2 / 5 + 2 / 5 + 1 / 5) / 3)
    assert found["accuracy"] == 2 / 5


@pytest.mark.parametrize("rows", [1, 2])
def test_one_class_is_refused(rows: int) -> None:
    """Rows of one class rank nothing; one row is always one class."""
    with pytest.raises(SingleClassError):
        measure(TARGET[:rows], PROBABILITIES[:rows], costs=EQUAL)


def test_no_rows_are_refused() -> None:
    """Nothing measured is not zero."""
    with pytest.raises(EmptySampleError):
        measure(TARGET[:0], PROBABILITIES[:0], costs=EQUAL)


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    """The message says how many."""
    p = PROBABILITIES.copy()
    p[0, 1] = np.nan
    with pytest.raises(NotFiniteError, match="1 of 15 probabilities"):
        measure(TARGET, p, costs=EQUAL)
