"""The problem follows from the target's values; what they do not say is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.column_types import see_columns
from pipeline_code.steps.discovery.exact_counts import Counts, count_table
from pipeline_code.steps.discovery.reading import Table, draw_rows
from pipeline_code.steps.discovery.target import (
    Target,
    decide_target,
    target_candidates,
    two_labels,
)
from tests.steps.discovery.conftest import Count

Decide = Callable[..., Target]


@pytest.fixture
def decide(database: Connection, open_file: Callable[..., Table]) -> Decide:
    """Decide the problem of a target, given by its values."""

    def decide(values: Sequence[Any], positive: str | None = None) -> Target:
        table = open_file({"other": range(len(values)), "goal": values})
        draw_rows(database, table)
        counts = count_table(database, table, see_columns(database, table.columns))
        return decide_target(database, table, counts, "goal", positive)

    return decide


@pytest.mark.parametrize(
    ("values", "expected", "column_type"),
    [
        (["yes", "no"] * 50, "binary", "string"),
        ([0, 1] * 50, "binary", "integer"),
        (["0.0", "1.0"] * 50, "binary", "integer"),
        ([0.5, 1.5] * 50, "binary", "number"),
        (["true", "false"] * 50, "binary", "boolean"),
        (["red", "green", "blue"] * 50, "multiclass", "string"),
        ([0, 1, 2] * 50, "multiclass", "integer"),
        (list(range(20)) * 10, "multiclass", "integer"),
        (list(range(21)) * 10, "regression", "integer"),
        (list(range(20)) * 9, "regression", "integer"),
        ([0.5, 1.5, 2.5] * 50, "regression", "number"),
    ],
)
def test_type_of_the_problem(
    decide: Decide, values: list[Any], expected: str, column_type: str
) -> None:
    """Two values, few labels, or a number; few whole numbers are labels if each has ten rows."""
    target = decide(values)
    assert (target.type, target.column_type) == (expected, column_type)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["yes"] * 90 + ["no"] * 10, "yes"),
        ([1] * 90 + [0] * 10, 1),
        ([1] * 50 + [-1] * 50, 1),
        (["true"] * 90 + ["false"] * 10, True),
        (["good"] * 50 + ["bad"] * 50, "bad"),
        ([" <=50K"] * 50 + [" >50K"] * 50, ">50K"),
        (["B"] * 70 + ["M"] * 30, "M"),
        (["stayed"] * 50 + ["gone"] * 50, "gone"),
        ([2] * 90 + [1] * 10, 1),
    ],
)
def test_positive_label_is_known_by_its_word_or_by_being_rare(
    decide: Decide, values: list[Any], expected: object
) -> None:
    """The wrong one turns every score, cost and curve around."""
    target = decide(values)
    assert (target.positive, target.question) == (expected, "")


def test_positive_label_that_cannot_be_known_is_asked_for(decide: Decide) -> None:
    """West is no more a success than east."""
    target = decide(["east"] * 50 + ["west"] * 50)
    assert target.positive is None
    assert target.question == (
        "which label of goal is to be found: east (50% of rows) or west (50% of rows)"
    )
    assert decide(["east", "west"] * 50, positive="WEST").positive == "west"


def test_labels_have_a_fixed_order_and_their_rows(decide: Decide) -> None:
    """Scores of several classes come in this order, whatever the order of the rows."""
    target = decide([2] * 30 + [10] * 10 + [1] * 20)
    assert target.labels == ((1, 20), (2, 30), (10, 10))


@pytest.mark.parametrize(
    ("values", "positive", "says"),
    [
        (["no"] * 50, None, "is no in every row"),
        ([f"remark {number}" for number in range(300)], None, "is free text"),
        ([f"kind {number}" for number in range(30)] * 4, None, "is free text"),
        (["yes", "no", ""] * 50, None, r"missing in 50 of 150 rows \(33.3%\)"),
        ([""] * 50, None, "missing in every row"),
        (["2026-11-24"] * 50, None, "is a time"),
        (["yes", "no"] * 50, "yse", "allowed: no, yes; did you mean 'yes'"),
        (["a", "b", "c"] * 50, "a", "goal has 3 labels"),
        ([0.5, 1.5, 2.5] * 50, "1", "goal has numbers"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    decide: Decide, values: list[Any], positive: str | None, says: str
) -> None:
    """The message says what is allowed."""
    with pytest.raises(PipelineError, match=says) as caught:
        decide(values, positive)
    assert "\n" not in str(caught.value)


def test_few_rows_without_a_target_are_put_aside(decide: Decide) -> None:
    """One gap in two hundred rows is for the quarantine."""
    target = decide(["yes", "no"] * 100 + [""])
    assert (target.missing, target.rows) == (1, 201)
    assert target.positive_share == 0.5


def test_candidates_are_known_names_then_the_last_column(
    count: Count, database: Connection
) -> None:
    """Who has forgotten the target sees what it may be, and which labels it has."""
    rows = 200
    counts: Counts = count(
        {
            "day": ["2026-11-24", "2026-11-25"] * 100,
            "name": [f"row {number}" for number in range(rows)],
            "same": [1] * rows,
            "churn": np.where(np.arange(rows) % 3 == 0, "yes", "no").tolist(),
            "last": [row % 90 for row in range(rows)],
        }
    )
    candidates = target_candidates(counts)
    assert candidates == ["churn", "last"]
    assert two_labels(database, counts, candidates) == ": churn no or yes"
