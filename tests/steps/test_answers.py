"""An answer has a score and a decision a row, in the format that was asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipeline_code.steps.answers import accepted_format, content_format, decide, write_answer

SCORES = np.array([0.1, 0.25, 1.0])


def test_decision_is_positive_from_the_threshold_on() -> None:
    """The threshold itself counts as positive, as it did when it was chosen."""
    assert decide(SCORES, 0.25).tolist() == [0, 1, 1]


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
