"""Trust in a service ends at the border of the account."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("documents_source", "test"), [(True, ""), (False, "IfExists")])
def test_a_service_acts_for_this_account_only(site: Any, documents_source: bool, test: str) -> None:
    """Both conditions are there; they bend only where AWS does not promise to send them."""
    from aws_cdk import aws_iam as iam

    from ml_constructs.service_trust import trusted_service

    principal = trusted_service("sagemaker", documents_source=documents_source)
    iam.Role(site.stack, "Role", assumed_by=principal)
    (role,) = site.resources("AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert set(statement["Condition"]) == {f"StringEquals{test}", f"ArnLike{test}"}
    assert statement["Condition"][f"StringEquals{test}"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }


def test_a_role_lets_the_name_of_a_person_through(site: Any) -> None:
    """What starts in Studio runs under the user's name, or the role cannot be assumed at all."""
    from aws_cdk import aws_iam as iam

    from ml_constructs.service_trust import carry_identity, trusted_service

    role = iam.Role(site.stack, "Role", assumed_by=trusted_service("sagemaker"))
    carry_identity(role, "sagemaker")
    (resource,) = site.resources("AWS::IAM::Role").values()
    (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert "aws:SourceAccount" in str(statement["Condition"])


def test_the_source_is_named_as_its_arns_are(site: Any) -> None:
    """Flow logs are delivered by a principal of their own, but their ARNs are those of EC2."""
    from aws_cdk import aws_iam as iam

    from ml_constructs.service_trust import trusted_service

    principal = trusted_service("vpc-flow-logs", namespace="ec2")
    iam.Role(site.stack, "Role", assumed_by=principal)
    (role,) = site.resources("AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert ":ec2:" in str(statement["Condition"]["ArnLike"])
