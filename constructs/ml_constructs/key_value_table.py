"""A DynamoDB table for records that are looked up by a key."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from ml_constructs.encryption_key import EncryptionKey


class KeyValueTable(Construct):
    """Define a table that is paid by request and can be brought back to any second.

    Stateful. Point-in-time recovery is also what an export to the lake reads from.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: str,
        key: EncryptionKey,
        is_protected: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        table = dynamodb.CfnTable(
            self,
            "Resource",
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[{"attributeName": partition_key, "attributeType": "S"}],
            key_schema=[{"attributeName": partition_key, "keyType": "HASH"}],
            sse_specification={
                "sseEnabled": True,
                "sseType": "KMS",
                "kmsMasterKeyId": key.key_arn,
            },
            point_in_time_recovery_specification={"pointInTimeRecoveryEnabled": True},
            deletion_protection_enabled=is_protected,
        )
        table.apply_removal_policy(removal_policy)
        self.table_name = table.ref
        self.table_arn = table.attr_arn
