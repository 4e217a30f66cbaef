"""Studio: who works there, and what each persona may and may not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.mistakes import parse

Templates = dict[str, dict[str, dict[str, Any]]]
DATA_SCIENTIST = "DataScientistRole"
REVIEWER = "ReviewerRole"
NOBODY = "DomainNobodyRole"
WITHOUT = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
logs: {sagemaker_log_groups: false}
studio: {mlflow: false}
"""


def _of_type(templates: Templates, environment: str, kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource
        for name, resource in templates[environment]["Studio"]["Resources"].items()
        if resource["Type"] == kind
    }


def _statements(statements: list[Any], role: str, environment: str = "prod") -> list[Any]:
    return [
        each
        for each in statements
        if each.environment == environment
        and each.stack == "Studio"
        and each.kind == "identity"
        and each.resource.startswith(f"{role}DefaultPolicy")
    ]


def _actions(statements: list[Any], role: str, environment: str = "prod") -> set[str]:
    return {
        action
        for each in _statements(statements, role, environment)
        if each.text["Effect"] == "Allow"
        for action in each.actions
    }


@pytest.mark.parametrize("environment", [*config.ENVIRONMENTS, "everything"])
def test_each_user_has_the_role_of_its_persona(templates: Templates, environment: str) -> None:
    """And no user has the role of another one."""
    roles = {
        user["Properties"]["UserProfileName"]: user["Properties"]["UserSettings"]["ExecutionRole"][
            "Fn::GetAtt"
        ][0]
        for user in _of_type(templates, environment, "AWS::SageMaker::UserProfile").values()
    }

    assert roles.keys() == {"scientist", "reviewer"}
    assert roles["scientist"].startswith(DATA_SCIENTIST)
    assert roles["reviewer"].startswith(REVIEWER)


def test_single_sign_on_ties_a_profile_to_an_identity(templates: Templates) -> None:
    """With IAM a profile has no identity of its own; with single sign-on it must."""
    for environment, auth, is_tied in (("prod", "IAM", False), ("everything", "SSO", True)):
        (domain,) = _of_type(templates, environment, "AWS::SageMaker::Domain").values()
        users = _of_type(templates, environment, "AWS::SageMaker::UserProfile").values()

        assert domain["Properties"]["AuthMode"] == auth
        assert {"SingleSignOnUserValue" in user["Properties"] for user in users} == {is_tied}


def test_settings_reach_the_domain(templates: Templates) -> None:
    """Machines, idle time and disks are those of the environment's own file."""
    settings = config.load("prod").studio
    (domain,) = _of_type(templates, "prod", "AWS::SageMaker::Domain").values()
    user = domain["Properties"]["DefaultUserSettings"]
    lab = user["JupyterLabAppSettings"]
    disk = user["SpaceStorageSettings"]["DefaultEbsStorageSettings"]

    assert lab["DefaultResourceSpec"]["InstanceType"] == settings.instance_types[0]
    idle = lab["AppLifecycleManagement"]["IdleSettings"]
    assert idle["IdleTimeoutInMinutes"] == settings.idle_timeout_minutes
    assert disk == {
        "DefaultEbsVolumeSizeInGb": settings.volume_gib,
        "MaximumEbsVolumeSizeInGb": settings.max_volume_gib,
    }
    assert domain["Properties"]["DomainName"] == "acequia-prod-fraud"


def test_nobody_can_do_anything(statements: list[Any]) -> None:
    """A profile made by hand falls back to a role without rights."""
    assert _statements(statements, NOBODY) == []


@pytest.mark.parametrize("role", [DATA_SCIENTIST, REVIEWER])
@pytest.mark.parametrize(
    "action",
    [
        "iam:PassRole",
        "s3:DeleteObject",
        "sagemaker:CreateEndpoint",
        "sagemaker:CreateModelPackage",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
        "sagemaker:DeleteModelPackage",
        "sagemaker:PutRecord",
        "sagemaker:UpdateDomain",
        "sagemaker:UpdateModelPackage",
        "sagemaker:UpdatePipeline",
        "sagemaker:UpdateUserProfile",
        "sts:AssumeRole",
    ],
)
def test_no_persona_goes_around_the_pipeline(statements: list[Any], role: str, action: str) -> None:
    """Models are made, registered and approved elsewhere, by roles that people do not have."""
    assert action not in _actions(statements, role)
    assert not any("*" in each for each in _actions(statements, role))


def test_data_scientists_read_the_use_case_and_write_to_a_sandbox(statements: list[Any]) -> None:
    """Raw and curated data stay as they are, whatever somebody tries."""
    found = _statements(statements, DATA_SCIENTIST)
    reads = json.dumps([each.resources for each in found if "s3:GetObject" in each.actions])
    writes = json.dumps([each.resources for each in found if "s3:PutObject" in each.actions])

    for bucket in ("Raw", "Curated", "Artifacts"):
        assert f"FnGetAtt{bucket}" in reads
    assert "FnGetAttRaw" not in writes
    assert "FnGetAttCurated" not in writes
    assert writes.count("/fraud/") == 2
    assert "/fraud/sandbox/*" in writes
    assert "/fraud/mlflow/*" in writes


def test_data_scientists_start_the_pipeline_and_see_what_it_does(statements: list[Any]) -> None:
    """That is how a model comes about; its roles are the pipeline's, not theirs."""
    assert {
        "sagemaker:BatchGetRecord",
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribePipelineExecution",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:GetRecord",
        "sagemaker:StartPipelineExecution",
        "sagemaker:StopPipelineExecution",
    } <= _actions(statements, DATA_SCIENTIST)


def test_reviewers_look_and_touch_nothing(statements: list[Any]) -> None:
    """Whoever judges a model can neither change it nor run code beside the data."""
    actions = _actions(statements, REVIEWER)
    objects = [each for each in _statements(statements, REVIEWER) if "s3:GetObject" in each.actions]
    changing = {
        action
        for action in actions
        if not action.partition(":")[2].startswith(("Describe", "List", "Get"))
    }

    assert changing == {"kms:Decrypt", "sagemaker:CreatePresignedDomainUrl"}
    assert "FnGetAttArtifacts" in json.dumps(objects[0].resources)
    assert "FnGetAttRaw" not in json.dumps([each.resources for each in objects])


def test_only_listed_machines_start(statements: list[Any]) -> None:
    """The list is that of the settings, and a denial guards it."""
    (denied,) = (
        each for each in _statements(statements, DATA_SCIENTIST) if each.text["Effect"] == "Deny"
    )
    (allowed,) = denied.text["Condition"]["ForAnyValue:StringNotEquals"].values()

    assert allowed == [*config.load("prod").studio.instance_types, "system"]


@pytest.mark.parametrize(
    ("kind", "is_kept"),
    [
        ("AWS::SageMaker::Domain", True),
        ("AWS::SageMaker::MlflowApp", True),
        ("AWS::Logs::LogGroup", True),
        ("AWS::SageMaker::UserProfile", False),
    ],
)
def test_what_is_kept_and_what_is_not(templates: Templates, kind: str, is_kept: bool) -> None:
    """Work survives its stack; who is taken out of the settings does not stay in."""
    for resource in _of_type(templates, "prod", kind).values():
        assert (resource.get("DeletionPolicy") == "Retain") is is_kept


def test_logs_of_apps_are_ours_before_the_first_app(templates: Templates) -> None:
    """SageMaker would make the group without key and for ever."""
    (group,) = _of_type(templates, "prod", "AWS::Logs::LogGroup").values()

    assert group["Properties"]["LogGroupName"] == "/aws/sagemaker/studio"
    assert group["Properties"]["RetentionInDays"] == config.load("prod").logs.retention_days
    assert "KmsKeyId" in group["Properties"]


def test_only_lists_are_allowed_on_everything(statements: list[Any]) -> None:
    """The register accepts ``Resource: *`` for these roles; this is all that it stands for."""
    actions = {
        action
        for each in statements
        if each.stack == "Studio" and each.kind == "identity" and "*" in each.resources
        for action in each.actions
    }

    assert actions == {
        "sagemaker:ListApps",
        "sagemaker:ListDomains",
        "sagemaker:ListSpaces",
        "sagemaker:ListUserProfiles",
    }


def test_what_is_switched_off_is_not_there(tmp_path: Path) -> None:
    """An environment without MLflow, in an account whose log groups belong to another one."""
    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.define([parse(WITHOUT, config.PlatformConfig, source="dev.yaml")])
    (template,) = (
        artifact.template
        for artifact in app.synth().nested_assemblies[0].nested_assembly.stacks
        if artifact.stack_name.endswith("-Studio")
    )
    types = {resource["Type"] for resource in template["Resources"].values()}

    assert "AWS::SageMaker::Domain" in types
    assert not types & {
        "AWS::Logs::LogGroup",
        "AWS::SageMaker::MlflowApp",
        "AWS::SageMaker::UserProfile",
    }
    assert "Mlflow" not in json.dumps(template)
