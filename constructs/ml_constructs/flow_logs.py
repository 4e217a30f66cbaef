"""Who talked to whom in a VPC, and what was refused."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service


class FlowLogs(Construct):
    """Record all traffic of a VPC in an encrypted log group.

    Stateful: the records are evidence. The key must allow the name, see
    `EncryptionKey.allow_logs`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        log_group_name: str,
        key: EncryptionKey,
        retention_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._group = EncryptedLogGroup(
            self,
            "Records",
            name=log_group_name,
            key=key,
            retention_days=retention_days,
            removal_policy=removal_policy,
        )
        role = self._role()
        flow_log = ec2.CfnFlowLog(
            self,
            "Resource",
            resource_type="VPC",
            resource_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=self._group.group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        wait_for_policies(flow_log, role)

    def _role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("vpc-flow-logs", namespace="ec2"),
            description="Writes the flow logs of the VPC",
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resource_arns=[self._group.group_arn],
        )
        return role
