"""How well one column tells the target is measured on rows that were not learned from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline_code.steps.discovery.strength import Answers, auc_roc, presence, strength

ROWS = 1_000
RANDOM = np.random.default_rng(0)
YES = (RANDOM.random(ROWS) < 0.3).astype(float)
BINARY = Answers(YES, "binary")
CLASSES = Answers(RANDOM.integers(0, 3, ROWS).astype(float), "multiclass", classes=3)
NUMBERS = Answers(RANDOM.normal(size=ROWS), "regression")


def words(values: np.ndarray) -> np.ndarray:
    """Write numbers as words."""
    return np.array([f"w{value:g}" for value in values], dtype=object)


@pytest.mark.parametrize("answers", [BINARY, CLASSES, NUMBERS])
def test_the_target_itself_tells_all(answers: Answers) -> None:
    """As a number and, where it has few values, as a word."""
    assert strength(answers.values, answers) == pytest.approx(1, abs=0.02)
    if answers.type != "regression":
        assert strength(words(answers.values), answers) == pytest.approx(1)


@pytest.mark.parametrize(("answers", "nothing"), [(BINARY, 0.5), (CLASSES, 0), (NUMBERS, 0)])
def test_noise_and_names_of_rows_tell_nothing(answers: Answers, nothing: float) -> None:
    """A word that is different in every row would tell all, if it were learned by heart."""
    noise = np.random.default_rng(1).normal(size=ROWS)
    for column in (noise, words(np.arange(ROWS)), np.zeros(ROWS), np.full(ROWS, np.nan)):
        assert strength(column, answers) == pytest.approx(nothing, abs=0.06)


def test_known_value_of_a_noisy_copy() -> None:
    """A tenth of the labels is turned around: sensitivity and specificity are 0.9, so is AUC."""
    values = (np.arange(10_000) % 2).astype(float)
    turned = np.where(np.arange(10_000) // 2 % 10 == 0, 1 - values, values)
    assert strength(turned, Answers(values, "binary")) == pytest.approx(0.9, abs=0.002)
    assert strength(turned, Answers(values, "regression")) == pytest.approx(0.64, abs=0.01)


def test_a_relation_without_direction_is_seen() -> None:
    """Both ends are positive: a straight line sees nothing of it."""
    x = np.linspace(-1, 1, ROWS)
    assert strength(x, Answers((np.abs(x) > 0.5).astype(float), "binary")) > 0.95


def test_one_class_only_tells_nothing() -> None:
    """A degenerate target has no order to be told."""
    assert strength(NUMBERS.values, Answers(np.zeros(ROWS), "binary")) == 0.5
    assert strength(NUMBERS.values, Answers(np.zeros(ROWS), "multiclass", classes=3)) == 0
    assert strength(YES, Answers(np.zeros(ROWS), "regression")) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auc_is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    """Ties and all."""
    scores, found = np.array([float(s) for s, _ in rows]), np.array([float(f) for _, f in rows])
    if len(set(found)) == 1:
        assert auc_roc(found, scores) == 0.5
    else:
        assert auc_roc(found, scores) == pytest.approx(roc_auc_score(found, scores))


def test_presence_is_the_auc_of_having_a_value() -> None:
    """A boat is known of those who were saved in one."""
    boat = np.array(["7" if saved else None for saved in YES], dtype=object)
    assert presence(boat, BINARY) == 1
    assert presence(np.where(YES == 1, np.nan, 3.0), BINARY) == 1, "or of the others"
    assert presence(words(YES), BINARY) == 0.5
    assert presence(boat, NUMBERS) == 0.5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=2, max_size=200))
def test_strength_stays_in_its_range(rows: list[tuple[float, bool]]) -> None:
    """Whatever the rows, even fewer than the parts they are divided into."""
    values, found = np.array([v for v, _ in rows]), np.array([f for _, f in rows], dtype=float)
    assert 0.5 <= strength(values, Answers(found, "binary")) <= 1
    assert 0 <= strength(found, Answers(values, "regression")) <= 1
