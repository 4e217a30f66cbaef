"""Rows are cut into parts that people can name, and the gate looks at each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate import Champion, Evaluation, evaluate
from pipeline_code.steps.evaluate_slices import codes_of, sliced_columns
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.train import train
from tests.mixed_tables import mixed_rows, mixed_usecase


def usecase(problem: str = "binary", slices: Sequence[str] = ("part",), **gate: Any) -> UseCase:
    """A use case with slices and quick settings."""
    document = mixed_usecase(problem).model_dump(mode="json", exclude_unset=True)
    document["evaluation"] = {
        "bootstrap_samples": 20,
        "explained_rows": 20,
        "slices": slices,
        "slice_rows": 10,
    }
    for name in slices:
        document["contract"]["columns"].setdefault(name, {"type": "string", "required": False})
    document["gate"] |= gate
    return UseCase.model_validate(document)


def cut(values: Any) -> dict[str, int]:
    """Name the slices of one column and count their rows."""
    (found,) = sliced_columns({"part": np.array(values)}, usecase())
    rows = np.bincount(found.codes, minlength=len(found.names))
    return dict(zip(found.names, rows.tolist(), strict=True))


def test_texts_make_a_slice_a_value_the_most_frequent_first() -> None:
    """A missing text is a slice of its own."""
    values = np.array(["b", "a", None, "b", "c", "c"], dtype=object)
    assert cut(values) == {"b": 2, "c": 2, "(missing)": 1, "a": 1}
    assert list(cut(values)) == ["b", "c", "(missing)", "a"]


def test_many_texts_keep_nineteen_and_put_the_rest_together() -> None:
    """A table of a thousand shops is read by nobody."""
    found = cut(np.array([f"shop {at % 30:02}" for at in range(61)], dtype=object))
    assert len(found) == 20
    assert next(iter(found)) == "shop 00"
    assert found["(other)"] == 61 - 3 - 18 * 2


def test_truth_values_and_few_numbers_are_named_by_themselves() -> None:
    """Bins of a flag would hide it."""
    assert cut([True, False, True]) == {"true": 2, "false": 1}
    assert cut([2.0, 1.0, np.nan, 2.0]) == {"1": 1, "2": 2, "(missing)": 1}


def test_numbers_are_cut_into_quarters() -> None:
    """With borders that a person can read, and every row in one part."""
    assert cut(np.arange(100.0)) == {
        "up to 24": 25,
        "above 24, up to 49": 25,
        "above 49, up to 74": 25,
        "above 74": 25,
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_that_are_mostly_equal_make_fewer_parts(sign: int) -> None:
    """Equal values stay together; none falls out of every part."""
    values = np.array([0.0] * 90 + [float(sign * at) for at in range(1, 11)])
    found = cut(values)
    assert sum(found.values()) == 100
    assert 2 <= len(found) <= 4
    assert max(found.values()) >= 90


def test_times_are_cut_by_their_dates() -> None:
    """A missing time is named as one."""
    days = np.datetime64("2026-01-01", "us") + np.arange(12) * np.timedelta64(1, "D")
    found = cut(np.append(days, np.datetime64("NaT")))
    assert next(iter(found)) == "up to 2026-01-03"
    assert found["(missing)"] == 1
    assert sum(found.values()) == 13


def test_column_that_is_not_there_is_named() -> None:
    """A slip in the settings must not look like a column without trouble."""
    with pytest.raises(MissingColumnsError, match="part"):
        sliced_columns({"other": np.zeros(3)}, usecase())


def test_groups_of_texts_are_numbered_with_missing_ones() -> None:
    """Rows are resampled by columns of any kind."""
    assert codes_of(np.array(["b", None, "a", "b", None], dtype=object)).tolist() == [0, 1, 2, 0, 1]
    assert codes_of(np.array([7, 3, 7])).tolist() == [1, 0, 1]


def compared(problem: str = "binary", **gate: Any) -> Evaluation:
    """Compare a model with one that is good on kind b only: elsewhere it saw noise."""
    settings = usecase(problem, ("kind", "size"), **gate)
    rows = mixed_rows(problem, 1_000, seed=3)
    noise = np.random.default_rng(0).permutation(rows["y"])
    only = {**rows, "y": np.where(rows["kind"] == "b", rows["y"], noise)}
    not_b = {**rows, "y": np.where(rows["kind"] == "b", noise, rows["y"])}
    validation = mixed_rows(problem, seed=1)
    challenger = train(not_b, validation, settings).model
    champion = train(only, validation, settings).model
    test = mixed_rows(problem, 800, seed=2)
    return evaluate(test, validation, challenger, Champion(4, champion), settings)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_challenger_that_is_worse_on_one_slice_is_stopped(problem: str) -> None:
    """It is better on average, and a region pays for it; the gate says which."""
    assert compared(problem).verdict.decision == "register"
    found = compared(problem, slice_tolerance=0.05).verdict
    assert found.decision == "keep_champion"
    assert "rows with kind b the challenger's" in found.reason
    assert "where at most 0.05 is allowed" in found.reason


def test_document_has_both_models_on_every_slice_and_is_json() -> None:
    """Slices that are too small are named, not measured."""
    document = json.loads(json.dumps(evaluation_document(compared(), {}), allow_nan=False))
    slices = {(one["column"], one["value"]): one for one in document["slices"]}
    assert sum(one["rows"] for one in document["slices"] if one["column"] == "kind") == 800
    large = slices["kind", "a"]
    assert set(large["metrics"]) == set(large["champion"]) >= {"log_loss", "cost", "auc_roc"}
    assert large["interval"]["low"] <= large["metrics"]["log_loss"] <= large["interval"]["high"]
    assert not large["too_small"]


def test_slice_of_too_few_rows_is_neither_measured_nor_judged() -> None:
    """Three rows of a kind say nothing about it."""
    settings = usecase("binary", ("part",), slice_tolerance=0.0)
    rows = mixed_rows("binary", seed=2)
    rows["part"] = np.array(["few"] * 3 + ["many"] * 297, dtype=object)
    model = train(mixed_rows("binary"), mixed_rows("binary", seed=1), settings).model
    found = evaluate(rows, rows, model, Champion(1, model), settings)
    document = evaluation_document(found, {})
    few = next(one for one in document["slices"] if one["value"] == "few")
    assert (few["rows"], few["too_small"], few["metrics"], few["interval"]) == (3, True, {}, None)
    assert [one["value"] for one in document["fairness"]] == ["many"]
    assert found.verdict.checks[-1].detail == "the one slice is not worse by more than 0"


def test_binary_slices_are_compared_with_all_other_rows() -> None:
    """Shares of the slice and of the others, with the reason where one is not defined."""
    document = evaluation_document(compared(), {})
    facets = {(one["column"], one["value"]): one for one in document["fairness"]}
    found = facets["kind", "b"]
    assert found["rows"] + found["others"]["rows"] == 800
    difference = found["others"]["positive_share"] - found["positive_share"]
    assert found["label_difference"] == pytest.approx(difference, abs=1e-5)
    assert found["reasons"] == {}
    assert evaluation_document(compared("regression"), {})["fairness"] == []
