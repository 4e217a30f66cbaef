"""Actions and stages as CloudFormation wants them, and what is refused before it does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ml_constructs.build_project import BuildProject
from ml_constructs.delivery_actions import RETRY, ROLLBACK, BuildAction, Check, DeliveryStep

PROJECT = cast("BuildProject", SimpleNamespace(name="project"))


def _action(variables: dict[str, str] | None = None) -> BuildAction:
    return BuildAction(name="Build", project=PROJECT, variables=variables or {})


def test_without_variables_none_are_declared() -> None:
    """CodePipeline refuses an empty list of them."""
    assert _action().declaration(1)["Configuration"] == {"ProjectName": "project"}
    assert "Namespace" not in _action().declaration(1)


def test_variables_beyond_what_codepipeline_takes_are_refused() -> None:
    """It would say so at deployment, after everything else."""
    with pytest.raises(ValueError, match="CodePipeline takes 1000; set what does not change"):
        _action({"LONG": "x" * 1000}).declaration(1)


@pytest.mark.parametrize(
    ("on_failure", "declared"),
    [
        (None, None),
        (RETRY, {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"}}),
        (ROLLBACK, {"Result": "ROLLBACK"}),
    ],
)
def test_a_stage_says_what_its_failure_means(on_failure: str | None, declared: Any) -> None:
    """What has succeeded is not done again."""
    step = DeliveryStep(name="Stage", actions=[_action()], on_failure=on_failure)

    assert step.declaration().get("OnFailure") == declared


def test_a_stage_without_a_check_is_always_entered() -> None:
    """And one with a check is passed over, not failed, if it does not hold."""
    check = Check(variable="#{A.B}", value="c")
    checked = DeliveryStep(name="Stage", actions=[_action()], only_if=check).declaration()

    assert "BeforeEntry" not in DeliveryStep(name="Stage", actions=[_action()]).declaration()
    assert checked["BeforeEntry"]["Conditions"][0]["Result"] == "SKIP"


def test_actions_run_one_after_the_other() -> None:
    """The order in which they are given is the order in which they run."""
    step = DeliveryStep(name="Stage", actions=[_action(), _action()])

    assert [each["RunOrder"] for each in step.declaration()["Actions"]] == [1, 2]
