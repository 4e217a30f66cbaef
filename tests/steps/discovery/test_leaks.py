"""What knows the outcome is found, and what honestly tells a lot of it is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from pipeline_code.steps.discovery.leaks import Findings, find_leaks
from pipeline_code.steps.discovery.strength import Answers

ROWS = 4_000
RANDOM = np.random.default_rng(7)
YES = RANDOM.random(ROWS) < 0.2
BINARY = Answers(YES.astype(float), "binary")


def shifted(by: float) -> np.ndarray:
    """Draw numbers that are larger by so many deviations where the answer is yes."""
    values: np.ndarray = RANDOM.normal(size=ROWS) + by * YES
    return values


def find(columns: dict[str, Any], answers: Answers = BINARY, target: str = "goal") -> Findings:
    """Look for leaks among some columns."""
    return find_leaks(columns, answers, target)


def sure(findings: Findings) -> set[str]:
    """Name the leaks that are left out."""
    return {leak.name for leak in findings.leaks if leak.is_sure}


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits", "diabetes", "iris"])
def test_honest_tables_have_no_leak(name: str) -> None:
    """One measurement of a tumour has an AUC of 0.97: strong is not suspicious."""
    table = getattr(datasets, f"load_{name}")()
    kind = {"breast_cancer": "binary", "diabetes": "regression"}.get(name, "multiclass")
    classes = len(np.unique(table.target)) if kind == "multiclass" else 0
    answers = Answers(table.target.astype(float), kind, classes)  # type: ignore[arg-type]
    columns = dict(zip(table.feature_names, table.data.T.astype(float), strict=True))

    findings = find(columns, answers, "target")

    assert findings.leaks == ()
    assert max(findings.strengths.values()) < 0.98


def test_the_length_of_a_call_is_known_when_it_is_over() -> None:
    """As in the table of a bank's campaign: the rate of interest and an earlier outcome stay."""
    columns = {
        "duration": shifted(1.3),
        "nr_employed": shifted(1.0),
        "euribor3m": shifted(0.9),
        "poutcome": np.where(YES & (RANDOM.random(ROWS) < 0.4), "success", "none").astype(object),
        "previous_outcome": shifted(0.5),
    }
    findings = find(columns)
    assert sure(findings) == {"duration"}
    assert "AUC 0.8" in findings.leaks[0].why


def test_a_name_alone_is_no_leak() -> None:
    """The duration of a loan is known before it is paid back or not."""
    assert find({"duration": shifted(0.9), "amount": shifted(1.3)}).leaks == ()
    assert find({"duration": shifted(0.3), "amount": shifted(0.2)}).leaks == (), "and weak"


def test_names_are_judged_from_the_strongest_down() -> None:
    """A second one shows only when the first is out of its way."""
    columns = {"result": shifted(2.0), "close_reason": shifted(1.5), "amount": shifted(1.0)}
    assert sure(find(columns)) == {"result", "close_reason"}


def test_a_name_that_tells_of_the_target_is_suspicious() -> None:
    """Why somebody churned is asked after he did."""
    assert sure(find({"churn_score": shifted(1.5), "age": shifted(1.0)}, target="churn")) == {
        "churn_score"
    }


@pytest.mark.parametrize(
    "copy",
    [
        YES.astype(float),
        1 - YES.astype(float),
        np.where(YES, "closed", "open").astype(object),
        np.where(YES ^ (RANDOM.random(ROWS) < 0.002), "x", "y").astype(object),
        np.where(YES, RANDOM.integers(5, 8, ROWS), RANDOM.integers(0, 5, ROWS)).astype(float),
        shifted(6.0),
    ],
)
def test_the_target_in_other_words_is_found(copy: np.ndarray) -> None:
    """With other labels, turned around, in more values, with a typing error here and there."""
    assert sure(find({"innocent": copy, "age": shifted(0.5)})) == {"innocent"}


def test_a_column_that_only_one_label_has_is_found() -> None:
    """Its values may say nothing: that there is one says all."""
    boat = np.where(YES, RANDOM.normal(size=ROWS), np.nan)
    assert sure(find({"boat": boat})) == {"boat"}
    half = np.where(YES & (RANDOM.random(ROWS) < 0.5), RANDOM.normal(size=ROWS), np.nan)
    assert sure(find({"boat": half})) == set(), "missing in half of them it says less"


def test_few_rows_make_a_doubt_not_a_leak() -> None:
    """Petals part one kind of iris from the two others without an error, and honestly."""
    iris = datasets.load_iris()
    answers = Answers((iris.target == 0).astype(float), "binary")
    findings = find({"petal": iris.data[:, 3]}, answers)
    assert sure(findings) == set()
    assert "with so few rows (50) that may be honest" in findings.leaks[0].why


def test_labels_in_other_words_are_found_among_many() -> None:
    """Each class has a code of its own; one measurement that is nearly as good does not."""
    classes = RANDOM.integers(0, 4, ROWS)
    answers = Answers(classes.astype(float), "multiclass", classes=4)
    names = np.array([f"kind {number}" for number in classes], dtype=object)
    assert sure(find({"innocent": names}, answers)) == {"innocent"}
    assert sure(find({"size": classes + RANDOM.normal(0, 0.3, ROWS)}, answers)) == set()


TOTAL = RANDOM.lognormal(size=ROWS)


@pytest.mark.parametrize(
    "copy", [TOTAL * 1.1, -TOTAL, np.log(TOTAL), np.argsort(np.argsort(TOTAL))]
)
def test_a_number_in_another_unit_is_found(copy: np.ndarray) -> None:
    """Dollars for euros; its logarithm; its rank."""
    answers = Answers(TOTAL, "regression")
    assert sure(find({"innocent": copy.astype(float)}, answers)) == {"innocent"}


@pytest.mark.parametrize(
    "combine", [np.add, np.subtract, np.multiply, np.divide], ids=["+", "-", "*", "/"]
)
def test_parts_of_the_target_are_found(combine: np.ufunc) -> None:
    """Casual and registered riders are all riders; each alone is no perfect column."""
    one, other = RANDOM.integers(1, 50, (2, ROWS)).astype(float)
    columns = {"one": one, "other": other, "third": RANDOM.normal(size=ROWS)}
    findings = find(columns, Answers(combine(one, other), "regression"))
    assert sure(findings) == {"one", "other"}


def test_degenerate_columns_are_no_leaks() -> None:
    """Nothing, one value, one row."""
    columns = {
        "nothing": np.full(ROWS, np.nan),
        "constant": np.ones(ROWS),
        "no_words": np.full(ROWS, None, dtype=object),
    }
    assert find(columns).leaks == ()
    assert find({"one": np.ones(1)}, Answers(np.ones(1), "binary")).leaks == ()
