"""Parameters of an execution: defaults, types, all mistakes at once."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_code.local.errors import ParameterError
from pipeline_code.local.parameters import resolve_parameters

DECLARED: list[dict[str, Any]] = [
    {"Name": "Uri", "Type": "String", "DefaultValue": "s3://raw"},
    {"Name": "Depth", "Type": "Integer", "DefaultValue": 6},
    {"Name": "Rate", "Type": "Float", "DefaultValue": 0.1},
    {"Name": "Deep", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Status", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
]


def test_what_is_not_given_has_its_default() -> None:
    """Types as declared."""
    assert resolve_parameters(DECLARED, {}) == {
        "Uri": "s3://raw",
        "Depth": 6,
        "Rate": 0.1,
        "Deep": False,
        "Status": "a",
    }


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("Depth", "7", 7),
        ("Depth", 7, 7),
        ("Rate", "0.5", 0.5),
        ("Rate", 1, 1.0),
        ("Deep", "True", True),
        ("Deep", True, True),
        ("Status", "b", "b"),
        ("Uri", "", ""),
    ],
)
def test_text_is_read_as_the_declared_type(name: str, given: object, value: object) -> None:
    """A command line knows only text."""
    assert resolve_parameters(DECLARED, {name: given})[name] == value


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Depth", "6.5"),
        ("Depth", 6.0),
        ("Depth", True),
        ("Rate", "fast"),
        ("Rate", "nan"),
        ("Deep", "yes"),
        ("Deep", 1),
        ("Uri", 7),
        ("Status", "c"),
        ("Status", None),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, given: object) -> None:
    """Nothing is rounded or guessed."""
    with pytest.raises(ParameterError, match=name):
        resolve_parameters(DECLARED, {name: given})


def test_all_mistakes_are_told_at_once() -> None:
    """With what was probably meant."""
    declared = [*DECLARED, {"Name": "Needed", "Type": "String"}]

    with pytest.raises(ParameterError) as caught:
        resolve_parameters(declared, {"Dept": "7", "Rate": "fast"})

    assert caught.value.mistakes == (
        "Dept is no parameter of this pipeline; did you mean 'Depth'?",
        "Rate must be of type Float; given 'fast'",
        "Needed has no default and must be given",
    )
