"""Names of columns are split into words as people write them."""

from __future__ import annotations

import pytest

from pipeline_code.steps.discovery.words import words_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("call_duration", ["call", "duration"]),
        ("callDuration", ["call", "duration"]),
        ("TX_FRAUD_SCENARIO", ["tx", "fraud", "scenario"]),
        ("CustomerID", ["customer", "id"]),
        ("HTTPStatus", ["http", "status"]),
        ("od280/od315 (mg)", ["od280", "od315", "mg"]),
        ("poutcome", ["poutcome"]),
        ("Größe", ["größe"]),
        ("", []),
    ],
)
def test_words_of_a_name(name: str, expected: list[str]) -> None:
    """A word inside a longer one is none: poutcome is the outcome of an earlier campaign."""
    assert words_of(name) == expected
