"""A log group that is encrypted and forgets in time."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.encryption_key import EncryptionKey


class EncryptedLogGroup(Construct):
    """Define a log group before its service would make one without key and retention.

    Stateful. The key must allow the name: see `EncryptionKey.allow_logs`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: EncryptionKey,
        retention_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group = logs.CfnLogGroup(
            self,
            "Resource",
            log_group_name=name,
            kms_key_id=key.key_arn,
            retention_in_days=retention_days,
        )
        group.apply_removal_policy(removal_policy)
        self.group_name = group.ref
        # CloudFormation ends it with ":*", which stands for the streams.
        self.group_arn = group.attr_arn


def grant_log_streams(role: iam.Role, log_group: str) -> None:
    """Let ``role`` write into a log group that is there already, under streams of any name.

    A function, for the group may belong to another environment of the account.
    """
    group = format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group,
        separator=":",
    )
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resource_arns=[group, f"{group}:log-stream:*"],
    )
