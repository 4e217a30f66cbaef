"""What a resource waits for when it names a role."""

from __future__ import annotations

from typing import Any

import pytest

from ml_constructs.role_policies import wait_for_policies


@pytest.fixture
def stack() -> Any:
    """An empty stack."""
    from aws_cdk import App, Stack

    return Stack(App(), "Stack")


def _role(stack: Any, *, is_granted: bool) -> Any:
    from aws_cdk import aws_iam as iam

    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
    if is_granted:
        iam.Grant.add_to_principal(
            grantee=role, actions=["glue:GetSecurityConfiguration"], resource_arns=["*"]
        )
    return role


def test_a_resource_waits_for_the_policy_and_not_for_the_role(stack: Any) -> None:
    """The role comes first anyway, for its policy and its user name it."""
    from aws_cdk import CfnResource
    from aws_cdk.assertions import Template

    resource = CfnResource(stack, "Crawler", type="AWS::Glue::Crawler")
    wait_for_policies(resource, _role(stack, is_granted=True))
    template = Template.from_stack(stack)
    (crawler,) = template.find_resources("AWS::Glue::Crawler").values()

    assert crawler["DependsOn"] == list(template.find_resources("AWS::IAM::Policy"))


def test_a_role_that_may_do_nothing_is_a_mistake(stack: Any) -> None:
    """Called before the first grant, the dependency would silently be on nothing."""
    from aws_cdk import CfnResource

    resource = CfnResource(stack, "Crawler", type="AWS::Glue::Crawler")

    with pytest.raises(RuntimeError, match="DefaultPolicy"):
        wait_for_policies(resource, _role(stack, is_granted=False))
