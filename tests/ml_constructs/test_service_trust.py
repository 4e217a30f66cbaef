"""Trust in a service ends at the border of the account."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("documents_source", "test"), [(True, ""), (False, "IfExists")])
def test_a_service_acts_for_this_account_only(site: Any, documents_source: bool, test: str) -> None:
    """Both conditions are there; they bend only where AWS does not promise to send them."""
    from aws_cdk import aws_iam as iam

    from ml_constructs.service_trust import trusted_service

    principal = trusted_service(site.stack, "sagemaker", documents_source=documents_source)
    iam.Role(site.stack, "Role", assumed_by=principal)
    (role,) = site.resources("AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert set(statement["Condition"]) == {f"StringEquals{test}", f"ArnLike{test}"}
    assert statement["Condition"][f"StringEquals{test}"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }
