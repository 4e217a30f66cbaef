"""Registering and approving are two rights, and nobody gets both from one grant."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def registry(site: Any) -> Any:
    """The registry of a model called churn."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.model_registry import ModelRegistry

    return ModelRegistry(
        site.stack, "Models", name="churn", description="x", removal_policy=RemovalPolicy.RETAIN
    )


def test_the_group_outlives_its_stack(site: Any, registry: Any) -> None:
    """Deleting the stack keeps the record of what served when."""
    (group,) = site.resources("AWS::SageMaker::ModelPackageGroup").values()

    assert group["DeletionPolicy"] == "Retain"
    assert group["UpdateReplacePolicy"] == "Retain"


def test_who_registers_is_denied_to_approve(site: Any, registry: Any) -> None:
    """The denial outweighs any right that is given later."""
    registry.grant_register(site.role("Trainer"))
    statements = site.statements("Trainer")
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    (denied,) = (each for each in statements if each["Effect"] == "Deny")

    assert "sagemaker:UpdateModelPackage" not in str(allowed)
    assert "sagemaker:UpdateModelPackage" in denied["Action"]
    assert denied["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}


def test_who_approves_cannot_register(site: Any, registry: Any) -> None:
    """The approver judges what others trained."""
    registry.grant_approve(site.role("Judge"))

    allowed = [each for each in site.statements("Judge") if each["Effect"] == "Allow"]

    assert "sagemaker:CreateModelPackage" not in str(allowed)
    assert "sagemaker:UpdateModelPackage" in str(allowed)


def test_rights_end_at_the_group(site: Any, registry: Any) -> None:
    """Another model of the account is out of reach."""
    registry.grant_register(site.role("Trainer"))
    for statement in site.statements("Trainer"):
        for resource in statement["Resource"]:
            assert "/churn" in str(resource)


def test_who_approves_is_denied_to_register_and_to_forget(site: Any, registry: Any) -> None:
    """The denial outweighs any right that is given later."""
    registry.grant_approve(site.role("Judge"))
    (denied,) = (each for each in site.statements("Judge") if each["Effect"] == "Deny")

    assert "sagemaker:CreateModelPackage" in denied["Action"]
    assert "sagemaker:DeleteModelPackage" in denied["Action"]
    assert "Condition" not in denied


def test_who_reads_is_denied_every_change(site: Any, registry: Any) -> None:
    """A reader whom somebody later gives more stays a reader of this model."""
    registry.grant_read(site.role("Reader"))
    statements = site.statements("Reader")
    (allowed,) = (each for each in statements if each["Effect"] == "Allow")
    (denied,) = (each for each in statements if each["Effect"] == "Deny")

    assert all(action.startswith(("sagemaker:D", "sagemaker:L")) for action in allowed["Action"])
    assert not [action for action in allowed["Action"] if "Delete" in action]
    for verb in ("Create", "Update", "Delete"):
        assert f"sagemaker:{verb}ModelPackage" in denied["Action"]


def test_without_readers_the_group_has_no_policy(site: Any, registry: Any) -> None:
    """Nobody outside the account sees it."""
    (group,) = site.resources("AWS::SageMaker::ModelPackageGroup").values()

    assert "ModelPackageGroupPolicy" not in group["Properties"]


def test_other_accounts_read_and_deploy_but_change_nothing(site: Any) -> None:
    """The version that another account serves is still judged here."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.model_registry import ModelRegistry

    ModelRegistry(
        site.stack,
        "Shared",
        name="churn",
        description="x",
        removal_policy=RemovalPolicy.RETAIN,
        reader_accounts=["111122223333"],
    )
    (group,) = site.resources("AWS::SageMaker::ModelPackageGroup").values()
    read, deploy = group["Properties"]["ModelPackageGroupPolicy"]["Statement"]

    assert read["Action"] == [
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
    assert deploy["Action"] == "sagemaker:CreateModel"
    for statement in (read, deploy):
        assert "111122223333:root" in str(statement["Principal"]["AWS"])
        assert "/churn" in str(statement["Resource"])
