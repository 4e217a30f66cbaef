"""The rollout: steps, waits and a time limit that SageMaker accepts."""

from __future__ import annotations

from typing import Any

import pytest

KINDS = ("all_at_once", "canary", "linear")


def _policy(kind: Any, *, step_percent: int = 25, wait_sec: int = 600) -> Any:
    from ml_constructs.rollout import Rollout

    rollout = Rollout(kind=kind, step_percent=step_percent, wait_sec=wait_sec)
    return rollout.configuration([]).blue_green_update_policy


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_step_of_its_kind_is_given(kind: str) -> None:
    """SageMaker refuses a canary with a linear step, and all at once with either."""
    routing = _policy(kind).traffic_routing_configuration

    assert routing.type == kind.upper()
    assert (routing.canary_size is not None) is (kind == "canary")
    assert (routing.linear_step_size is not None) is (kind == "linear")


@pytest.mark.parametrize(("kind", "waits"), [("all_at_once", 2), ("canary", 3), ("linear", 5)])
def test_the_time_limit_leaves_room_for_all_waits(kind: str, waits: int) -> None:
    """An update that is cut off while it waits would roll back for no reason."""
    policy = _policy(kind)

    assert policy.maximum_execution_timeout_in_seconds == waits * 600 + 3600


def test_the_old_instances_stay_for_a_last_look() -> None:
    """When all traffic has moved, an alarm can still take it back."""
    assert _policy("canary").termination_wait_in_seconds == 600


def test_the_longest_rollout_that_settings_allow_fits_the_service() -> None:
    """Seven hours of waits and one to start: the eight that SageMaker gives."""
    policy = _policy("linear", step_percent=17, wait_sec=3600)

    assert policy.maximum_execution_timeout_in_seconds == 28800
