"""The registry: versions that outlive their stack, and a role that can only judge them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config

Templates = dict[str, dict[str, dict[str, Any]]]
STATUS = "sagemaker:ModelApprovalStatus"


def test_the_group_is_named_after_environment_and_use_case(templates: Templates) -> None:
    """People and other accounts type the name."""
    (group,) = (
        resource["Properties"]
        for resource in templates["prod"]["Registry"]["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::ModelPackageGroup"
    )

    assert group["ModelPackageGroupName"] == "acequia-prod-fraud"


def test_approver_judges_and_does_nothing_else(statements: list[Any]) -> None:
    """Who approves cannot train or register what is approved."""
    found = [
        each
        for each in statements
        if each.environment == "prod"
        and each.resource.startswith("ApproverDefaultPolicy")
        and each.text["Effect"] == "Allow"
    ]
    allowed = {action for each in found for action in each.actions}
    (update,) = [each for each in found if "sagemaker:UpdateModelPackage" in each.actions]

    assert allowed == {
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
        "sagemaker:UpdateModelPackage",
    }
    assert update.text["Condition"] == {"StringEquals": {STATUS: ["Approved", "Rejected"]}}


def test_nobody_else_may_change_a_version(statements: list[Any]) -> None:
    """In the whole platform one role may update a model package."""
    allowed = {
        each.resource
        for each in statements
        if each.environment == "prod"
        and each.text["Effect"] == "Allow"
        and "sagemaker:UpdateModelPackage" in each.actions
    }

    assert {name.partition("Default")[0] for name in allowed} == {"Approver"}


def test_people_of_the_registry_have_names_to_type(templates: Templates) -> None:
    """A role is assumed by its name, from the console or the command line."""
    names = {
        resource["Properties"]["RoleName"]
        for resource in templates["prod"]["Registry"]["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    }

    assert names == {f"acequia-prod-fraud-{who}" for who in ("approver", "reader", "tester")}


def test_the_delivery_of_another_account_tries_the_endpoint(tmp_path: Path) -> None:
    """And by that role alone; without a setting it is this account."""
    from stacks.platform_app import PlatformApp

    prod = config.load("prod", {"registry.delivery_account": "222233334444"})
    app = PlatformApp(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.define([prod])
    stacks = app.stages["prod"].synth().stacks
    named = {
        each["Properties"]["RoleName"]
        for stack in stacks
        for each in stack.template["Resources"].values()
        if each["Type"] == "AWS::IAM::Role"
        and "222233334444" in json.dumps(each["Properties"]["AssumeRolePolicyDocument"])
    }

    assert named == {"acequia-prod-fraud-tester"}


def _outsiders(statements: list[Any], environment: str) -> dict[tuple[str, str], set[str]]:
    """Return what other accounts may do, by stack and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in statements:
        principal = each.text.get("Principal")
        if each.environment == environment and re.search(r"\d{12}", json.dumps(principal)):
            found.setdefault((each.stack, each.resource), set()).update(each.actions)
    return found


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_no_account_is_let_in_by_default(statements: list[Any], environment: str) -> None:
    """Sharing is a decision that stands in the settings."""
    assert _outsiders(statements, environment) == {}


def test_a_reading_account_gets_what_a_deployment_needs_and_no_more(
    statements: list[Any],
) -> None:
    """Version, image, artifact and the key that opens it: read, each of them."""
    found = _outsiders(statements, "everything")
    stripped = {
        (stack, re.sub(r"[0-9A-F]{8}$", "", name)): actions
        for (stack, name), actions in found.items()
    }

    assert stripped == {
        ("Data", "ArtifactsPolicy"): {"s3:GetObject"},
        ("Foundation", "DataKey"): {"kms:Decrypt", "kms:DescribeKey"},
        ("Foundation", "Images"): {
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        },
        ("Registry", "Models"): {
            "sagemaker:CreateModel",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        },
    }


def test_a_reading_account_opens_objects_only(statements: list[Any]) -> None:
    """The key opens what the bucket's policy hands out, and nothing that is read otherwise."""
    for each in statements:
        if each.kind == "key" and "111122223333" in json.dumps(each.text["Principal"]):
            assert list(each.text["Condition"]["StringLike"]) == ["kms:ViaService"]
            break
    else:
        pytest.fail("the account is not in the key's policy")
