"""What an approver sees first: money, how sure it is, on what it was tested."""

from __future__ import annotations

import pytest

from pipeline_code.steps.report import summary
from pipeline_code.steps.report.money import money
from pipeline_code.steps.report.sureness import sureness
from tests.steps.report_documents import Document, evaluated

UPLIFT = {"metric": "rmse", "value": 2.0, "low": 1.0, "high": 3.0, "win_share": 0.9}


def told(cost: Document, problem: str = "binary", **more: object) -> tuple[str, str]:
    """Write the card about money, as its figure with its label, and its sentences."""
    document = {"cost": {"currency": "EUR", **cost}, "problem": {"type": problem}, **more}
    card = money(document)
    assert card is not None
    return f"{card.big} {card.label}", " ".join(card.sentences)


def test_money_is_compared_with_the_champion_where_there_is_one() -> None:
    """What matters is what would change."""
    cost = {"challenger": 900.0, "champion": 1000.0, "without_model": 5000.0}
    assert told(cost)[0] == (
        "100 EUR less lost to errors than with the champion, on the test rows (10%)"
    )
    assert told({**cost, "challenger": 1100.0})[0].startswith("100 EUR more lost")


def test_money_is_compared_with_no_model_where_there_is_no_champion() -> None:
    """The first version has to be better than doing nothing."""
    cost = {"challenger": 900.0, "champion": None, "without_model": 1000.0}
    assert "100 EUR less lost to errors than with no model" in told(cost)[0]
    assert told({"challenger": 900.0})[0] == "900 EUR is what its errors would have cost"


def test_nothing_is_said_of_money_that_nobody_counted() -> None:
    """An older document, or one of another maker."""
    assert money({}) is None


@pytest.mark.parametrize(
    ("problem", "prices", "sentence"),
    [
        (
            "binary",
            {"false_positive": 5.0, "false_negative": 120.0},
            "A false alarm costs 5 EUR and a missed positive 120 EUR, as the use case says.",
        ),
        (
            "multiclass",
            {"missed": {"a": 3.0, "b": 2.0}},
            "Missing a row of a class costs, in EUR: a 3, b 2; every other class 1, as the use",
        ),
        ("multiclass", {"missed": {}}, "Every row put into a wrong class costs 1 EUR, as the"),
        (
            "regression",
            {"over": 2.0, "under": 5.0},
            "predicted too much costs 2 EUR, one too little 5 EUR, as the use case says.",
        ),
    ],
)
def test_every_type_of_problem_says_what_an_error_costs(
    problem: str, prices: Document, sentence: str
) -> None:
    """The money rests on these prices, so they stand beside it."""
    cost = {"challenger": 1.0, **prices}
    assert sentence in told(cost, problem, classes=["a", "b", "c"])[1]


@pytest.mark.parametrize(
    ("problem", "prices", "is_count"),
    [
        ("binary", {"false_positive": 1.0, "false_negative": 1.0}, True),
        ("binary", {"false_positive": 1.0, "false_negative": 2.0}, False),
        ("multiclass", {"missed": {}}, True),
        ("multiclass", {"missed": {"a": 3.0}}, False),
        ("regression", {"over": 1.0, "under": 1.0}, True),
        ("regression", {}, False),
    ],
)
def test_prices_that_nobody_set_are_pointed_out(
    problem: str, prices: Document, is_count: bool
) -> None:
    """Money that is a number of errors would decide like money."""
    assert (
        "read the money as a count" in told({"challenger": 1.0, **prices}, problem)[1]
    ) == is_count


def test_answer_without_a_model_is_named() -> None:
    """'No model' means something else in every type of problem."""
    cost = {"challenger": 1.0, "without_model": 9.0, "without_model_known_from": "validation"}
    said = told({**cost, "without_model_answer": "every row is called b"}, "multiclass")[1]
    assert "every row is called b; that was the cheapest such answer on the validation" in said
    assert "no alarm is raised" in told({"challenger": 1.0, "without_model": 9.0})[1]


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((1.0, 3.0), "better by more than chance explains"),
        ((-1.0, 3.0), "this may be chance"),
        ((-3.0, -1.0), "worse by more than chance explains"),
        ((None, None), "How far chance reaches is not known"),
    ],
)
def test_chance_is_weighed_in_words(ends: tuple[float | None, float | None], verdict: str) -> None:
    """An interval says nothing to whoever never saw one."""
    uplift = {**UPLIFT, "low": ends[0], "high": ends[1]}
    card = sureness({"uplift_metric": "rmse", "uplift": uplift})
    assert card is not None
    assert verdict in card.sentences[0]
    assert card.big == "90% of resamples"


def test_metric_itself_is_shown_where_nothing_can_be_compared() -> None:
    """The first version has an interval too."""
    metrics = {"rmse": {"value": 5.0, "low": 4.0, "high": 6.0}}
    card = sureness({"uplift_metric": "rmse", "metrics": metrics, "confidence": 0.9})
    assert card is not None
    assert card.big == "5.000"
    assert "smaller is better" in card.label
    assert "With 90% confidence" in card.sentences[1]
    assert sureness({}) is None


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("binary", "are positive: y is 1."),
        ("multiclass", "y is one of 3 classes; the most frequent is"),
        ("regression", "y lies between"),
    ],
)
def test_test_rows_are_described_by_their_target(problem: str, words: str) -> None:
    """Half of the rows positive or one in a thousand: figures mean something else."""
    assert words in " ".join(summary.tested(evaluated(problem)).sentences)
