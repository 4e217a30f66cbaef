"""The batch pipeline: the locked definition, complete, least rights, started by others."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from pipeline_code import contract
from tests.assembly import Assembly

Templates = dict[str, dict[str, dict[str, Any]]]
EVERYTHING = "everything"


def _found(assembly: Assembly, kind: str, environment: str = "dev") -> list[Any]:
    return [each for each in assembly.find(kind, environment=environment) if each.stack == "Batch"]


def _defaults(assembly: Assembly, environment: str) -> dict[str, Any]:
    parameters = assembly.definition(environment, "Batch")["Parameters"]
    return {each["Name"]: each["DefaultValue"] for each in parameters}


def _statements(assembly: Assembly, role: str) -> list[dict[str, Any]]:
    (policy,) = (
        each
        for each in _found(assembly, "AWS::IAM::Policy")
        if each.logical_id.startswith(f"{role}DefaultPolicy")
    )
    found: list[dict[str, Any]] = policy.properties["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("environment", [*config.ENVIRONMENTS, EVERYTHING])
def test_no_placeholder_is_left(assembly: Assembly, environment: str) -> None:
    """One that is left would fail only when the step runs."""
    assert "{{" not in json.dumps(assembly.definition(environment, "Batch"))


def test_settings_become_defaults(assembly: Assembly) -> None:
    """An execution that names nothing runs as the settings say."""
    defaults = _defaults(assembly, EVERYTHING)

    assert defaults[contract.PARAMETER_CONTENT_TYPE] == "text/csv"
    assert defaults[contract.PARAMETER_INPUT_FILTER] == "$[1:]"
    assert defaults[contract.PARAMETER_INSTANCE_TYPE] == "ml.c5.xlarge"
    assert defaults[contract.PARAMETER_INSTANCE_COUNT] == 2
    assert defaults[contract.PARAMETER_MAX_PAYLOAD_MB] == 4
    assert defaults[contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS] == 8
    assert defaults[contract.PARAMETER_BATCH_STRATEGY] == "SingleRecord"


def test_json_lines_give_the_model_its_features_only(assembly: Assembly) -> None:
    """The server refuses columns that it does not know, ids above all."""
    defaults = _defaults(assembly, "dev")

    assert defaults[contract.PARAMETER_CONTENT_TYPE] == "application/jsonlines"
    assert defaults[contract.PARAMETER_INPUT_FILTER] == "$.features"


@pytest.mark.parametrize("environment", [*config.ENVIRONMENTS, EVERYTHING])
def test_triggers_exist_and_are_on_only_where_asked_for(
    assembly: Assembly, environment: str
) -> None:
    """Dev, staging and prod define the same; a switch is all that differs."""
    states = {
        each.properties["State"] for each in _found(assembly, "AWS::Events::Rule", environment)
    }

    assert len(_found(assembly, "AWS::Events::Rule", environment)) == 2
    assert states == {"ENABLED" if environment == EVERYTHING else "DISABLED"}


def test_a_marker_is_not_among_what_it_announces(assembly: Assembly) -> None:
    """Every object under the input is scored, a marker too."""
    (rule,) = (
        each for each in _found(assembly, "AWS::Events::Rule") if "EventPattern" in each.properties
    )
    (key,) = rule.properties["EventPattern"]["detail"]["object"]["key"]
    waiting = _defaults(assembly, "dev")[contract.PARAMETER_INPUT_DATA_URI]

    assert waiting.endswith("/fraud-batch/")
    assert not key["wildcard"].startswith("fraud-batch/")


def test_events_that_get_lost_are_kept_and_told(assembly: Assembly) -> None:
    """Else a night's scores are missing, and nobody knows."""
    assert len(_found(assembly, "AWS::SQS::Queue")) == 1
    alarms = assembly.find("AWS::CloudWatch::Alarm", environment="dev")
    assert any(each.logical_id.startswith("BatchUndelivered") for each in alarms)


def test_a_failed_execution_is_told(assembly: Assembly) -> None:
    """Failed, slow and silent, as of the training."""
    assert len(_found(assembly, "AWS::CloudWatch::Alarm")) == 3


@pytest.mark.parametrize("role", ["TransformRole", "WriteManifestRole", "ResolveChampionRole"])
def test_jobs_write_results_of_batches_and_nothing_else(assembly: Assembly, role: str) -> None:
    """A transform that could write elsewhere could replace a model."""
    written = [
        json.dumps(each["Resource"])
        for each in _statements(assembly, role)
        if "s3:PutObject" in each["Action"]
    ]

    assert written
    assert all("/fraud/batch/*" in resource for resource in written)


def test_only_the_champion_is_looked_up(assembly: Assembly) -> None:
    """The transform runs the model, which reaches nothing."""
    for role in ("TransformRole", "WriteManifestRole"):
        actions = json.dumps([each["Action"] for each in _statements(assembly, role)])
        assert "sagemaker:" not in actions


def test_the_pipeline_makes_models_and_starts_transforms(assembly: Assembly) -> None:
    """And neither trains nor registers nor approves."""
    statements = _statements(assembly, "PipelineRole")
    actions = {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }

    assert {"sagemaker:CreateModel", "sagemaker:CreateTransformJob"} <= actions
    assert (
        not {
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateModelPackage",
            "sagemaker:UpdateModelPackage",
        }
        & actions
    )
    (passing,) = (each for each in statements if each["Action"] == "iam:PassRole")
    assert len(passing["Resource"]) == 3


def test_consumers_find_what_they_need(assembly: Assembly) -> None:
    """Where to put files and where results lie."""
    names = {each.properties["Name"] for each in _found(assembly, "AWS::SSM::Parameter")}

    assert {name.partition("/fraud/")[2] for name in names} == {
        "batch/pipeline/name",
        "batch/pipeline/arn",
        "batch/input-uri",
        "batch/output-uri",
    }
