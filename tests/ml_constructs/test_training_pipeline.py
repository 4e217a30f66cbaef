"""The pipeline's role starts jobs and hands out the named roles, nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def pipeline(site: Any) -> Any:
    """A pipeline of one job, whose definition holds a reference."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.image_repository import ImageRepository
    from ml_constructs.job_role import TRAINING, JobRole
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
    return TrainingPipeline(
        site.stack,
        "Pipeline",
        name="churn",
        description="x",
        definition={"Steps": [{"RoleArn": job.role_arn, "Quote": 'a "b"'}]},
        job_roles=[job],
        key=site.key,
        max_parallel_steps=2,
    )


def test_the_definition_stays_json_around_references(site: Any, pipeline: Any) -> None:
    """References are joined into the text, quotes inside strings are kept."""
    (resource,) = site.resources("AWS::SageMaker::Pipeline").values()
    parts = resource["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "ROLE" for part in parts)

    assert json.loads(text) == {"Steps": [{"RoleArn": "ROLE", "Quote": 'a "b"'}]}


def test_the_role_starts_jobs_of_pipelines_only(site: Any, pipeline: Any) -> None:
    """Jobs that somebody started by hand are out of its reach."""
    starting = [
        each for each in site.statements("PipelineRole") if "CreateTrainingJob" in str(each)
    ]

    assert len(starting) == 1
    assert str(starting[0]["Resource"]).endswith(":training-job/pipelines-*']]}")


def test_the_role_passes_the_job_role_to_sagemaker_only(site: Any, pipeline: Any) -> None:
    """One role, one service."""
    (statement,) = (
        each for each in site.statements("PipelineRole") if each["Action"] == "iam:PassRole"
    )

    assert statement["Resource"]["Fn::GetAtt"][0].startswith("TrainRole")
    assert statement["Condition"]["StringEquals"] == {
        "iam:PassedToService": "sagemaker.amazonaws.com"
    }


def test_a_job_role_reads_no_data_by_itself(site: Any, pipeline: Any) -> None:
    """What every job needs is images, logs, metrics and the key; data are granted by buckets."""
    assert "s3:" not in str(site.statements("TrainRole"))
    assert "/aws/sagemaker/TrainingJobs" in str(site.statements("TrainRole"))


def test_who_starts_executions_starts_no_job(site: Any, pipeline: Any) -> None:
    """The jobs are those of the definition, with its roles: none of another kind is passed."""
    pipeline.grant_start(site.role("Person"))
    text = str(site.statements("Person"))

    assert "sagemaker:StartPipelineExecution" in text
    assert "sagemaker:StopPipelineExecution" in text
    assert ":pipeline/churn/execution/*" in text
    for action in ("CreateTrainingJob", "CreateProcessingJob", "UpdatePipeline", "PassRole"):
        assert action not in text


def test_who_follows_executions_starts_none(site: Any, pipeline: Any) -> None:
    """A reviewer sees what ran, and with which parameters."""
    pipeline.grant_describe(site.role("Person"))
    actions = {
        action.partition(":")[2]
        for each in site.statements("Person")
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }

    assert {"DescribePipelineExecution", "ListPipelineExecutionSteps"} <= actions
    assert all(each.startswith(("Describe", "List")) for each in actions)


def test_a_pipeline_without_tuning_starts_no_tuning_job(site: Any, pipeline: Any) -> None:
    """What a definition does not do its role may not do."""
    assert "HyperParameterTuning" not in str(site.statements("PipelineRole"))


def test_a_pipeline_that_tunes_may_read_what_was_tried(site: Any, pipeline: Any) -> None:
    """The step that resolves the champion fetches the trials for the report."""
    from aws_cdk import aws_iam as iam

    from ml_constructs.training_pipeline import TUNING, TrainingPipeline

    reader = iam.Role(
        site.stack, "Reader", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
    )
    tuned = TrainingPipeline(
        site.stack,
        "Tuned",
        name="tuned",
        description="x",
        definition={"Steps": []},
        job_roles=[site.stack.node.find_child("TrainRole")],
        key=site.key,
        max_parallel_steps=2,
        job_kinds=("Processing", TUNING),
    )

    tuned.grant_list_trials(reader)

    (statement,) = site.statements("Reader")
    assert statement["Action"] == "sagemaker:ListTrainingJobsForHyperParameterTuningJob"
    assert ":hyper-parameter-tuning-job/*-Tune-*" in str(statement["Resource"])
    assert "sagemaker:CreateHyperParameterTuningJob" in str(site.statements("TunedRole"))
    assert "CreateTrainingJob" not in str(site.statements("TunedRole"))
