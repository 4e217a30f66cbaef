"""Features are related to the target, to each other and to themselves in other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.core.problem import Problem
from pipeline_code.core.splits import TEST, TRAIN, VALIDATION
from pipeline_code.steps.relations import (
    correlate,
    likely_leaks,
    measure_drift,
    relate_to_target,
)
from pipeline_code.steps.sample import Sample, as_column

BINARY = Problem(type="binary", target="Y")


def sample(part: Any = TRAIN, **columns: Any) -> Sample:
    """Hold columns; all rows train where no parts are given."""
    values = {
        name: as_column(
            np.array(column, dtype=object if any(isinstance(x, str) for x in column) else float)
        )
        for name, column in columns.items()
    }
    rows = len(next(iter(columns.values())))
    return Sample(values, np.full(rows, part, dtype=np.int8))


def test_correlations_by_hand() -> None:
    """As NumPy computes them, also with gaps and far from nought; a constant has none."""
    generator = np.random.default_rng(0)
    one = generator.normal(size=500)
    other = 1e9 + one + generator.normal(size=500)
    gaps = np.where(np.arange(500) % 3 == 0, np.nan, other)
    there = ~np.isnan(gaps)
    rows = sample(A=one, B=other, C=gaps, SAME=[0.1] * 500, NAME=["x"] * 500, Y=one > 0)

    found = correlate(rows, ["A", "B", "C", "SAME", "NAME"], "Y")

    assert found["target"]["A"] == pytest.approx(np.corrcoef(one, one > 0)[0, 1])
    assert found["inputs"]["A"]["B"] == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert found["inputs"]["A"]["C"] == pytest.approx(np.corrcoef(one[there], gaps[there])[0, 1])
    assert found["target"]["SAME"] is None
    assert "NAME" not in found["target"]
    assert found["inputs"]["SAME"] == {}


def test_texts_alone_have_no_correlations() -> None:
    """And an empty column has none either."""
    assert correlate(sample(NAME=["a", "b"], Y=[0, 1]), ["NAME"], "Y") == {
        "target": {},
        "inputs": {},
    }
    assert correlate(sample(N=[np.nan] * 3, Y=[0, 1, 0]), ["N"], "Y")["target"]["N"] is None


def test_only_training_rows_are_looked_at() -> None:
    """What the test rows say of a feature must not decide what is done with it."""
    rows = sample([TRAIN] * 200 + [TEST] * 200, A=range(400), Y=[0, 1] * 100 + [1] * 200)

    assert relate_to_target(rows, ["A"], BINARY)["A"]["score"] < 0.6
    assert correlate(rows, ["A"], "Y")["target"]["A"] < 0.1


def test_a_gap_can_tell_the_target() -> None:
    """A field that is filled in only after the event is the commonest leak."""
    positive = np.random.default_rng(0).random(400) < 0.25
    known = np.where(positive, 7.0, np.nan)
    rows = sample(CLOSED=known, OTHER=np.arange(400) % 3, Y=positive)

    relation = relate_to_target(rows, ["CLOSED", "OTHER"], BINARY)
    (leak,) = likely_leaks(relation, BINARY)

    assert leak["feature"] == "CLOSED"
    assert "CLOSED alone tells Y almost without error" in leak["why"]


@pytest.mark.parametrize(
    ("problem", "kind"), [("multiclass", "accuracy_gain"), ("regression", "r2")]
)
def test_leaks_are_told_in_the_words_of_the_problem(problem: Any, kind: str) -> None:
    """A copy of the target, as text or as a number."""
    target = np.arange(600) % 3
    case = Problem(
        type=problem, target="Y", classes=tuple("abc") if problem == "multiclass" else ()
    )
    rows = sample(COPY=[f"is {one}" for one in target], Y=target)

    relation = relate_to_target(rows, ["COPY"], case)

    assert relation["COPY"] == {"score": 1.0, "kind": kind}
    assert "100.0% of" in likely_leaks(relation, case)[0]["why"]


def test_drift_is_measured_in_bins_of_the_training_rows() -> None:
    """Values beyond them, new categories and more gaps all count."""
    generator = np.random.default_rng(1)
    part = np.repeat([TRAIN, VALIDATION, TEST], 1_000)
    number = generator.normal(size=3_000)
    moved = np.where(part == TEST, number + 3, number)
    gaps = np.where((part == TEST) & (np.arange(3_000) % 2 == 0), np.nan, number)
    words = np.where(part == TEST, "new", np.array(["a", "b"])[np.arange(3_000) % 2])
    rows = sample(part, SAME=number, MOVED=moved, GAPS=gaps, WORDS=words, FEW=part == TEST)

    drift = measure_drift(rows, ["SAME", "MOVED", "GAPS", "WORDS", "FEW"])

    assert all(found["validation"] < 0.1 for found in drift.values() if found["validation"])
    assert (drift["SAME"]["test"] or 0) < 0.1
    assert min(drift[name]["test"] or 0 for name in ("MOVED", "GAPS", "WORDS", "FEW")) > 0.25


def test_a_part_without_rows_has_not_drifted() -> None:
    """Nothing is known of it."""
    drift = measure_drift(sample([TRAIN] * 50 + [TEST] * 50, A=range(100)), ["A"])

    assert drift["A"]["validation"] is None
    assert (drift["A"]["test"] or 0) > 1


def test_an_empty_feature_is_related_to_nothing() -> None:
    """All gaps are one bin."""
    rows = sample([TRAIN] * 50 + [TEST] * 50, A=[np.nan] * 100, Y=[0, 1] * 50)

    assert relate_to_target(rows, ["A"], BINARY)["A"]["score"] == 0.5
    assert measure_drift(rows, ["A"])["A"]["test"] == 0
