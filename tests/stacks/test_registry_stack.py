"""The registry: versions that outlive their stack, and a role that can only judge them."""

from __future__ import annotations

from typing import Any

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
    found = [each for each in statements if each.environment == "prod" and each.stack == "Registry"]
    allowed = {action for each in found if each.kind == "identity" for action in each.actions}
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
