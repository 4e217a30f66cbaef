"""A pipeline starts by itself on time or on data, with one right, and no event is lost."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest


@pytest.fixture
def trigger(site: Any) -> Any:
    """A trigger of a pipeline without steps."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.dead_letter_queue import DeadLetterQueue
    from ml_constructs.image_repository import ImageRepository
    from ml_constructs.job_role import TRAINING, JobRole
    from ml_constructs.pipeline_trigger import PipelineTrigger
    from ml_constructs.training_pipeline import TrainingPipeline

    images = ImageRepository(
        site.stack,
        "Images",
        name="site",
        key=site.key,
        keep_count=10,
        untagged_days=7,
        removal_policy=RemovalPolicy.RETAIN,
    )
    job = JobRole(
        site.stack, "TrainRole", kind=TRAINING, description="x", images=images, key=site.key
    )
    pipeline = TrainingPipeline(
        site.stack,
        "Pipeline",
        name="churn",
        description="x",
        definition={"Steps": []},
        job_roles=[job],
        key=site.key,
        max_parallel_steps=1,
    )
    letters = DeadLetterQueue(site.stack, "DeadLetters", key=site.key)
    return PipelineTrigger(site.stack, "Trigger", pipeline=pipeline, dead_letters=letters)


def _arrival(site: Any, trigger: Any, suffix: str = "_SUCCESS", is_enabled: bool = True) -> Any:
    from ml_constructs.pipeline_trigger import OBJECT_VERSION

    trigger.on_arrival(
        "Arrival",
        bucket=site.bucket,
        prefix="churn",
        suffix=suffix,
        parameters={"InputDataVersion": OBJECT_VERSION},
        is_enabled=is_enabled,
    )
    (rule,) = site.resources("AWS::Events::Rule").values()
    return rule["Properties"]


def _schedule(site: Any, trigger: Any, is_enabled: bool = True) -> Any:
    from ml_constructs.pipeline_trigger import SCHEDULED_TIME

    trigger.on_schedule(
        "Schedule",
        expression="rate(7 days)",
        parameters={"InputDataVersion": SCHEDULED_TIME},
        is_enabled=is_enabled,
    )
    (rule,) = site.resources("AWS::Events::Rule").values()
    return rule["Properties"]


def test_the_role_starts_this_pipeline_and_does_nothing_else(site: Any, trigger: Any) -> None:
    """Who can forge an event gets an execution, not a way in."""
    _schedule(site, trigger)
    (statement,) = site.statements("TriggerRole")

    assert statement["Action"] == "sagemaker:StartPipelineExecution"
    assert str(statement["Resource"]).endswith(":pipeline/churn']]}")


def test_only_rules_of_this_account_use_the_role(site: Any, trigger: Any) -> None:
    """EventBridge sends the rule's ARN."""
    _schedule(site, trigger)
    roles = site.resources("AWS::IAM::Role")
    (role,) = (each for name, each in roles.items() if name.startswith("TriggerRole"))
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert ":events:" in str(statement["Condition"]["ArnLike"]["aws:SourceArn"])


@pytest.mark.parametrize("define", [_schedule, _arrival])
def test_an_event_is_tried_again_and_then_put_aside(site: Any, trigger: Any, define: Any) -> None:
    """A pipeline that did not start is noticed, not missed."""
    (target,) = define(site, trigger)["Targets"]

    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("DeadLetters")
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 21600,
        "MaximumRetryAttempts": 24,
    }


@pytest.mark.parametrize("define", [_schedule, _arrival])
@pytest.mark.parametrize(("is_enabled", "state"), [(True, "ENABLED"), (False, "DISABLED")])
def test_a_rule_is_there_whether_it_is_on_or_off(
    site: Any, trigger: Any, define: Any, is_enabled: bool, state: str
) -> None:
    """Environments differ in values, not in resources."""
    assert define(site, trigger, is_enabled=is_enabled)["State"] == state


def test_each_start_says_which_data_it_is_about(site: Any, trigger: Any) -> None:
    """The step cache would else answer with the rows of the last start."""
    (target,) = _arrival(site, trigger)["Targets"]

    assert target["SageMakerPipelineParameters"]["PipelineParameterList"] == [
        {"Name": "InputDataVersion", "Value": "$.detail.object.version-id"}
    ]


def test_a_schedule_passes_its_time(site: Any, trigger: Any) -> None:
    """A rule that is tried twice for one moment is one start."""
    (target,) = _schedule(site, trigger)["Targets"]

    assert target["SageMakerPipelineParameters"]["PipelineParameterList"][0]["Value"] == "$.time"


@pytest.mark.parametrize(
    ("key", "is_start"),
    [
        ("churn/_SUCCESS", True),
        ("churn/2026/11/24/_SUCCESS", True),
        ("churn/2026/11/24/part-0.csv", False),
        ("churn/_SUCCESS.tmp", False),
        ("other/_SUCCESS", False),
        ("churn-old/_SUCCESS", False),
    ],
)
def test_only_the_marker_of_this_use_case_starts(
    site: Any, trigger: Any, key: str, is_start: bool
) -> None:
    """Files that are still being written do not start anything."""
    pattern = _arrival(site, trigger)["EventPattern"]
    ((wildcard,),) = (each.values() for each in pattern["detail"]["object"]["key"])

    assert fnmatchcase(key, wildcard) is is_start
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["bucket"]["name"][0]["Ref"].startswith("Bucket")
