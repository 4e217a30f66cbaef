"""A log group that is encrypted and forgets in time."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

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
