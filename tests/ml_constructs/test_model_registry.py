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

    assert "sagemaker:CreateModelPackage" not in str(site.statements("Judge"))
    assert "sagemaker:UpdateModelPackage" in str(site.statements("Judge"))


def test_rights_end_at_the_group(site: Any, registry: Any) -> None:
    """Another model of the account is out of reach."""
    registry.grant_register(site.role("Trainer"))
    for statement in site.statements("Trainer"):
        for resource in statement["Resource"]:
            assert "/churn" in str(resource)
