"""An answer has a score and a decision a row, in the format that was asked for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.usecase import Costs
from pipeline_code.steps.answers import (
    accepted_format,
    content_format,
    write_answer,
    write_verdicts,
)
from pipeline_code.steps.model import ModelMetadata

SCORES = np.array([0.1, 0.25, 1.0])


def test_each_format_says_the_same() -> None:
    """A client gets the same numbers whatever it accepts; CSV has no header to strip."""
    expected = [
        {"score": 0.1, "decision": 0},
        {"score": 0.25, "decision": 1},
        {"score": 1.0, "decision": 1},
    ]
    lines = write_answer(SCORES, 0.25, "jsonlines").decode()

    assert json.loads(write_answer(SCORES, 0.25, "json")) == {"predictions": expected}
    assert [json.loads(line) for line in lines.splitlines()] == expected
    assert write_answer(SCORES, 0.25, "csv") == b"0.1,0\n0.25,1\n1.0,1\n"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=UTF-8", "csv"),
        ('text/csv; header=present; charset="utf-8"', "csv"),
        ("application/json", "json"),
        ("application/jsonlines", "jsonlines"),
        ("application/x-ndjson", "jsonlines"),
        ("text/csv; charset=latin-1", None),
        ("application/x-parquet", "parquet"),
        ("", None),
        (";;;", None),
    ],
)
def test_content_type_names_a_format(header: str, form: str | None) -> None:
    """Parameters and case do not matter, an encoding other than UTF-8 does."""
    assert content_format(header.encode("latin-1")) == form


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/*", "csv"),
        ("text/csv", "csv"),
        ("image/png, text/csv;q=0.5", "csv"),
        ("text/csv;q=0.1, application/jsonlines;q=0.9", "jsonlines"),
        ("text/csv;q=0, application/json", "json"),
        ("text/csv;q=much", None),
        ("image/png", None),
    ],
)
def test_accept_names_the_best_format(header: str, form: str | None) -> None:
    """The client's preference decides, JSON where it has none."""
    assert accepted_format(header.encode("latin-1")) == form


def metadata(**changes: Any) -> ModelMetadata:
    """Describe a model of the features A and B."""
    given = {"problem": "multiclass", "classes": ("red", 'a "b", c', "7"), **changes}
    return ModelMetadata(
        algorithm="linear",
        usecase="u",
        features=("A", "B"),
        target="T",
        threshold=0.5,
        hyperparameters={},
        weights="w",
        weights_hash="",
        **{"costs": Costs(), **given},
    )


CLASS_SCORES = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3]])


def test_a_class_is_named_with_the_scores_of_all() -> None:
    """The label is the source's own; in CSV it is quoted where a reader would cut it."""
    answer = json.loads(write_verdicts(metadata(), CLASS_SCORES, "json"))
    lines = write_verdicts(metadata(), CLASS_SCORES, "jsonlines").splitlines()

    assert answer["predictions"][1] == {
        "decision": 'a "b", c',
        "scores": {"red": 0.2, 'a "b", c': 0.5, "7": 0.3},
    }
    assert [json.loads(line) for line in lines] == answer["predictions"]
    assert write_verdicts(metadata(), CLASS_SCORES, "csv") == (
        b'red,0.5,0.3,0.2\n"a ""b"", c",0.2,0.5,0.3\n'
    )


def test_the_class_that_is_dear_to_miss_is_called() -> None:
    """As in the evaluation: probability times cost, not the likeliest class."""
    dear = metadata(costs=Costs(missed={"7": 10}))

    assert write_verdicts(dear, CLASS_SCORES[:1], "csv") == b"7,0.5,0.3,0.2\n"


def test_the_decided_class_is_explained() -> None:
    """Of all classes it is the one of which somebody asks why."""
    shap = np.arange(18.0).reshape(2, 3, 3)
    answer = json.loads(write_verdicts(metadata(), CLASS_SCORES, "json", shap=shap))
    first, second = (row["explanation"] for row in answer["predictions"])

    assert first == {"base": 2.0, "shap": {"A": 0.0, "B": 1.0}}
    assert second == {"base": 14.0, "shap": {"A": 12.0, "B": 13.0}}
    assert write_verdicts(metadata(), CLASS_SCORES, "csv", shap=shap).splitlines()[0] == (
        b"red,0.5,0.3,0.2,0.0,1.0,2.0"
    )


def test_a_regression_gives_its_value() -> None:
    """No threshold is applied to it, whatever its size."""
    regression = metadata(problem="regression", classes=())
    values = np.array([-1.5, 1e6])

    assert write_verdicts(regression, values, "csv") == b"-1.5\n1000000.0\n"
    assert json.loads(write_verdicts(regression, values, "json")) == {
        "predictions": [{"prediction": -1.5}, {"prediction": 1e6}]
    }


def test_no_rows_are_no_answer_of_any_kind() -> None:
    """Parts of a batch transform may be empty."""
    assert write_verdicts(metadata(), np.empty((0, 3)), "csv") == b""
    regression = metadata(problem="regression", classes=())
    assert json.loads(write_verdicts(regression, np.empty(0), "json")) == {"predictions": []}
