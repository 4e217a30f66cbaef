"""Expressions and conditions mean here what they mean on SageMaker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_code.local import records
from pipeline_code.local.conditions import all_hold
from pipeline_code.local.errors import UnknownExpressionError
from pipeline_code.local.expressions import Scope, evaluate

OBJECTS = {"s3://b/e.json": json.dumps({"m": {"auc roc": [{"value": 0.9}]}, "ok": True})}
TRAIN = records.StepRecord(
    name="Prepare",
    type="Processing",
    status=records.SUCCEEDED,
    property_files={"E": "s3://b/e.json"},
    properties={
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
                {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
            ]
        }
    },
)


def read_text(uri: str) -> str:
    """Read a made-up object."""
    if uri not in OBJECTS:
        raise FileNotFoundError(uri)
    return OBJECTS[uri]


SCOPE = Scope(
    parameters={"Rate": 0.1, "Deep": True, "Depth": 6},
    execution={"PipelineExecutionId": "e-1"},
    steps={"Prepare": TRAIN, "Bad": records.StepRecord("Bad", "Processing", records.FAILED)},
    read_text=read_text,
)
FILE = {"Get": "Steps.Prepare.PropertyFiles.E"}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Get": "Parameters.Rate"}, 0.1),
        ({"Get": "Execution.PipelineExecutionId"}, "e-1"),
        (
            {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"},
            "s3://b/test",
        ),
        (
            {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri"},
            "s3://b/train",
        ),
        ({"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.Depth"}]}}, "a/6"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Rate"}]}}, "0.1"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Deep"}]}}, "true"),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "ok"}}, True),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "m['auc roc'][0].value"}}, 0.9),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "$.m['auc roc'][0].value"}}, 0.9),
        (
            {
                "Std:JsonGet": {
                    "S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://b", "e.json"]}},
                    "Path": "ok",
                }
            },
            True,
        ),
        ({"a": [{"Get": "Parameters.Depth"}, "Get"]}, {"a": [6, "Get"]}),
    ],
)
def test_expressions_take_their_value(node: Any, value: object) -> None:
    """Also inside lists and mappings, and inside one another."""
    assert evaluate(node, SCOPE) == value


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"Get": "Parameters.Rat"}, "there is no such value"),
        ({"Get": "Secrets.Key"}, "there is no such value"),
        ({"Get": "Steps.Bad.Anything"}, "step Bad has not finished"),
        ({"Get": "Steps.Later.Anything"}, "step Later has not finished"),
        ({"Get": "Steps.Prepare.Nothing"}, "there is no 'Nothing' among ProcessingOutputConfig"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['x']"}, "there is no 'x'"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs[2]"}, "there is no 2"),
        ({"Get": "Steps.Prepare.PropertyFiles.F"}, "property files of Prepare: E"),
        ({"Get": 7}, "is no path"),
        ({"Std:Select": {}}, "known are Get, Std:Join, Std:JsonGet"),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "m.*"}}, "is no path"),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "m.f1"}}, "there is no 'f1'"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/none", "Path": "m"}}, "s3://b/none does not exist"),
    ],
)
def test_what_has_no_value_is_an_error_with_its_place(node: Any, words: str) -> None:
    """An expression is never left in place or taken for empty."""
    with pytest.raises(UnknownExpressionError) as caught:
        evaluate(node, SCOPE)
    assert words in str(caught.value)


def compare(kind: str, left: object, right: object) -> dict[str, object]:
    """Write a comparison as the SDK does."""
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("kind", "smaller", "equal", "larger"),
    [
        ("Equals", False, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanOrEqualTo", False, True, True),
        ("LessThan", True, False, False),
        ("LessThanOrEqualTo", True, True, False),
    ],
)
def test_comparisons_hold_as_their_names_say(
    kind: str, smaller: bool, equal: bool, larger: bool
) -> None:
    """Below, at and above the right side."""
    found = [all_hold([compare(kind, left, 2.0)]) for left in (1, 2, 3)]
    assert found == [smaller, equal, larger]


def test_conditions_combine() -> None:
    """All must hold; Or, Not and In nest."""
    one, two = compare("Equals", 1, 1), compare("Equals", 1, 2)
    among = {"Type": "In", "QueryValue": "a", "Values": ["a", "b"]}

    assert all_hold([one, among])
    assert not all_hold([one, two])
    assert all_hold([{"Type": "Or", "Conditions": [two, one]}])
    assert all_hold([{"Type": "Not", "Condition": two}])
    assert not all_hold([{"Type": "Not", "Condition": among}])


def test_values_without_an_order_are_not_compared() -> None:
    """A missing metric is an error, not a lost comparison."""
    with pytest.raises(UnknownExpressionError, match="have no order"):
        all_hold([compare("GreaterThan", None, 0.5)])
