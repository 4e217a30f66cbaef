"""The default security group of a VPC, emptied of its rules."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

_RUNBOOK = "AWSConfigRemediation-RemoveVPCDefaultSecurityGroupRules"
"""Source: Systems Manager Automation runbook reference; owned by AWS, needs no AWS Config."""
_TIMEOUT_SEC = 600


class ClosedSecurityGroup(Construct):
    """Take every rule from a default security group, now and once a day.

    Stateless. What names no group of its own joins the default one, which admits all of its
    members and reaches everything. CloudFormation can add rules to it but not remove them. The
    CDK's own answer is a Lambda function with a managed policy; State Manager runs a runbook of
    AWS instead, fails the deployment if that fails, and removes what somebody adds later. The
    runbook refuses a group that is not called ``default``.
    """

    def __init__(self, scope: Construct, construct_id: str, *, group_id: str) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("ssm"),
            description="Removes the rules of the default security group",
        )
        self._grant_rules(group_id)
        self._grant_runbook()
        association = ssm.CfnAssociation(
            self,
            "Resource",
            name=_RUNBOOK,
            parameters={"GroupId": [group_id], "AutomationAssumeRole": [self._role.role_arn]},
            schedule_expression="rate(1 day)",
            compliance_severity="HIGH",
            wait_for_success_timeout_seconds=_TIMEOUT_SEC,
        )
        wait_for_policies(association, self._role)

    def _grant_rules(self, group_id: str) -> None:
        group = format_arn(service="ec2", resource="security-group", resource_name=group_id)
        self._grant(["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"], [group])
        self._grant(["ec2:DescribeSecurityGroups"], ["*"])

    def _grant_runbook(self) -> None:
        runbook = format_arn(
            service="ssm",
            account="",  # it is AWS's
            resource="automation-definition",
            resource_name=f"{_RUNBOOK}:$DEFAULT",
        )
        executions = format_arn(
            service="ssm",
            resource="automation-execution",
            resource_name="*",
        )
        self._grant(["ssm:StartAutomationExecution"], [runbook])
        self._grant(["ssm:GetAutomationExecution"], [executions])

    def _grant(self, actions: Sequence[str], resource_arns: Sequence[str]) -> None:
        iam.Grant.add_to_principal(
            grantee=self._role, actions=list(actions), resource_arns=list(resource_arns)
        )
