"""The gate registers what is better and safe, keeps the champion otherwise, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_code.core.bootstrap import Difference, Interval
from pipeline_code.core.usecase import Gate
from pipeline_code.steps.gate import (
    Rival,
    SlicePair,
    UnmeasuredMetricError,
    Uplift,
    decide,
    uplift_of,
)

MEASURED = {
    "average_precision": Interval(0.7, 0.6, 0.8),
    "auc_roc": Interval(0.9, 0.85, 0.95),
    "cost": Interval(1000.0, 900.0, 1100.0),
    "rmse": Interval(51.2, 49.0, 53.0),
}


def gate(**changes: Any) -> Gate:
    """A gate on average precision with one guardrail."""
    return Gate.model_validate(
        {"metric": "average_precision", "guardrails": {"auc_roc": 0.8}, **changes}
    )


def rival(uplift: float) -> Rival:
    """A champion that is worse by ``uplift``."""
    return Rival(3, Uplift(uplift, uplift - 0.1, uplift + 0.1, 0.8), value=0.7 - uplift)


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
    half = Rival(3, Uplift(0.5, 0.4, 0.6, 1.0), value=0.2)
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


def test_uplift_turns_the_sign_of_errors_and_keeps_that_of_scores() -> None:
    """Better is above 0, whatever the metric; nothing is never written as minus nothing."""
    difference = Difference(-2.0, -3.0, 1.0, 0.9)
    assert uplift_of("rmse", difference) == Uplift(2.0, -1.0, 3.0, 0.9)
    assert uplift_of("r2", difference) == Uplift(-2.0, -3.0, 1.0, 0.9)
    assert str(uplift_of("cost", Difference(0.0, None, None, None)).value) == "0.0"
    assert uplift_of("cost", Difference(0.0, None, None, None)).low is None


def test_errors_are_written_in_their_unit_and_direction() -> None:
    """Four decimals of an amount are noise; who reads must see that less is better."""
    better = Rival(3, Uplift(1.9, 1.0, 2.0, 1.0), value=53.1)
    found = decide(gate(metric="rmse", guardrails={}), MEASURED, better)
    assert found.reason == (
        "The challenger's root mean squared error is 51.2 against 53.1 of version 3 on the same "
        "rows; smaller is better: an uplift of +1.9 where more than 0 is needed."
    )
    dear = decide(gate(guardrails={"cost": 999}), MEASURED, None)
    assert "cost of 1,000 is above the guardrail of 999" in dear.reason


@pytest.mark.parametrize(
    ("asked", "decision"), [(0.8, "register"), (0.81, "keep_champion"), (0.0, "register")]
)
def test_share_of_resamples_must_be_reached(asked: float, decision: str) -> None:
    """An uplift that one resample in five turns around may be luck."""
    found = decide(gate(win_share=asked), MEASURED, rival(0.05))
    assert found.decision == decision
    asks = [check.detail for check in found.checks if check.name == "win share average_precision"]
    assert len(asks) == (asked > 0)
    if asks:
        assert "is the better one in 80% of the resamples where at least" in asks[0]


def test_metric_that_no_resample_defines_wins_in_none() -> None:
    """Nothing is known, so nothing is admitted."""
    unknown = Rival(3, Uplift(0.05, None, None, None), value=0.65)
    assert decide(gate(win_share=0.5), MEASURED, unknown).decision == "keep_champion"


def pair(name: str, loss: float) -> SlicePair:
    """A slice on which the challenger's average precision is lower by ``loss``."""
    return SlicePair(name, 1_234, challenger=0.5 - loss, champion=0.5)


def test_worst_slice_beyond_the_tolerance_keeps_the_champion() -> None:
    """Better on average is not enough; the reason says where, by how much, and how often."""
    slices = [pair("region DE", 0.03), pair("region FR", 0.05), pair("region IT", -0.2)]
    found = decide(gate(slice_tolerance=0.02), MEASURED, rival(0.05), slices)
    assert found.decision == "keep_champion"
    assert (
        "on the 1,234 rows with region FR the challenger's average precision is 0.4500 against "
        "0.5000 of version 3, worse by 0.0500 where at most 0.02 is allowed, and one more slice "
        "is worse too"
    ) in found.reason
    kept = decide(gate(slice_tolerance=0.1), MEASURED, rival(0.05), slices)
    assert kept.reason.endswith(
        "is needed, none of 3 slices is worse by more than 0.1, and its guardrail holds."
    )


def test_slice_of_errors_is_worse_where_they_are_larger() -> None:
    """The direction is that of the metric."""
    settings = gate(metric="rmse", guardrails={}, slice_tolerance=1.0)
    better = Rival(3, Uplift(1.9, 1.0, 2.0, 1.0), value=53.1)
    worse = [SlicePair("region DE", 50, challenger=40.0, champion=38.0)]
    assert decide(settings, MEASURED, better, worse).decision == "keep_champion"
    less = [SlicePair("region DE", 50, challenger=30.0, champion=38.0)]
    assert decide(settings, MEASURED, better, less).decision == "register"


def test_no_slices_and_no_champion_are_no_obstacle() -> None:
    """There is nothing to be worse than."""
    settings = gate(slice_tolerance=0.0, win_share=0.99)
    assert decide(settings, MEASURED, None, [pair("region DE", 0.3)]).decision == "register"
    found = decide(gate(slice_tolerance=0.0), MEASURED, rival(0.05))
    assert found.decision == "register"
    assert found.checks[-1].detail == "no slice has enough rows to compare the two on it"
