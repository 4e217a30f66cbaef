"""The gate registers what is better and safe, keeps the champion otherwise, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.usecase import Gate
from pipeline_code.steps.gate import Rival, UnmeasuredMetricError, decide

MEASURED = {
    "average_precision": Interval(0.7, 0.6, 0.8),
    "auc_roc": Interval(0.9, 0.85, 0.95),
    "cost": Interval(1000.0, 900.0, 1100.0),
}


def gate(**changes: Any) -> Gate:
    """A gate on average precision with one guardrail."""
    return Gate.model_validate(
        {"metric": "average_precision", "guardrails": {"auc_roc": 0.8}, **changes}
    )


def rival(uplift: float) -> Rival:
    """A champion that is worse by ``uplift``."""
    return Rival(3, uplift=Interval(uplift, uplift - 0.1, uplift + 0.1), value=0.7 - uplift)


def test_first_model_is_registered_when_guardrails_hold() -> None:
    """There is nothing to beat yet."""
    found = decide(gate(), MEASURED, None)
    assert found.decision == "register"
    assert found.reason == (
        "There is no approved version to compare with, and its guardrail holds."
    )


def test_better_challenger_is_registered() -> None:
    """The reason has both values, the version and the uplift."""
    found = decide(gate(), MEASURED, rival(0.05))
    assert found.decision == "register"
    assert "0.7000 against 0.6500 of version 3" in found.reason
    assert "+0.0500" in found.reason


@pytest.mark.parametrize("uplift", [0.0, -0.01])
def test_equal_or_worse_challenger_keeps_the_champion(uplift: float) -> None:
    """The same model again is no reason to change what serves."""
    found = decide(gate(), MEASURED, rival(uplift))
    assert found.decision == "keep_champion"
    assert found.reason.startswith("The champion stays: ")


def test_uplift_must_exceed_the_minimum() -> None:
    """Exactly the minimum is not more than it."""
    half = Rival(3, uplift=Interval(0.5, 0.4, 0.6), value=0.2)
    assert decide(gate(minimum_uplift=0.5), MEASURED, half).decision == "keep_champion"
    assert decide(gate(minimum_uplift=0.49), MEASURED, half).decision == "register"


@pytest.mark.parametrize("champion", [None, rival(0.05)])
def test_broken_guardrail_stops_even_a_better_challenger(champion: Rival | None) -> None:
    """A guardrail is a floor, champion or not."""
    found = decide(gate(guardrails={"auc_roc": 0.95}), MEASURED, champion)
    assert found.decision == "keep_champion"
    assert "ROC area of 0.9 is below the guardrail of 0.95" in found.reason
    assert found.reason.startswith("The champion stays" if champion else "Nothing is registered")


@pytest.mark.parametrize(("limit", "decision"), [(1000, "register"), (999, "keep_champion")])
def test_guardrail_of_a_cost_is_a_ceiling(limit: float, decision: str) -> None:
    """Of cost and log loss less is better."""
    assert decide(gate(guardrails={"cost": limit}), MEASURED, None).decision == decision


def test_champion_that_cannot_be_measured_stays() -> None:
    """Nobody knows which is better, and the check says what is in the way."""
    lost = Rival(3, uplift=None, value=None, obstacle="the test rows lack its features AGE")
    found = decide(gate(), MEASURED, lost)
    assert found.decision == "keep_champion"
    assert found.checks[-1].passed is False
    assert "lack its features AGE" in found.reason


def test_all_failures_are_said() -> None:
    """Whoever mends one learns of the other."""
    found = decide(gate(guardrails={"auc_roc": 0.95, "cost": 1}), MEASURED, rival(-0.1))
    assert [check.passed for check in found.checks] == [False, False, False]
    assert found.reason.count(" and ") == 2


@pytest.mark.parametrize("changes", [{"metric": "f1"}, {"guardrails": {"acuracy": 0.5}}])
def test_gate_on_what_is_not_measured_is_refused(changes: dict[str, Any]) -> None:
    """A slip in a guardrail's name must not open the gate."""
    with pytest.raises(UnmeasuredMetricError, match="not measured"):
        decide(gate(**changes), MEASURED, None)


def test_no_guardrails_are_no_obstacle() -> None:
    """The reason then speaks of none."""
    found = decide(gate(guardrails={}), MEASURED, None)
    assert found.reason == "There is no approved version to compare with."
