"""One feature group: the newest record of an entity online, all of them offline."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

_NAME = re.compile(r"[a-zA-Z0-9](_*-*[a-zA-Z0-9]){0,63}")
_CATALOGUE = "sagemaker_featurestore"
"""The Glue database in which SageMaker keeps the tables of offline stores."""


class FeatureGroup(Construct):
    """Define a feature group with an encrypted online store and an Iceberg offline store.

    Stateful: records cannot be moved to another group. Almost everything is create-only, so
    ``name`` carries the schema's version and a breaking change is a new group; ``features``
    maps a name to Integral, Fractional or String, in an order that only grows at its end.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        record_identifier: str,
        event_time: str,
        features: Mapping[str, str],
        key: EncryptionKey,
        store: EncryptedBucket,
        prefix: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"feature group {name!r}: SageMaker allows up to 64 letters, digits, - and _; "
                "shorten the name of the environment, the use case or the group"
            )
        self.name = name
        self._key = key
        self.store_role = self._store_role(store, prefix)
        self.group = sagemaker.CfnFeatureGroup(
            self,
            "Resource",
            feature_group_name=name,
            record_identifier_feature_name=record_identifier,
            event_time_feature_name=event_time,
            feature_definitions=[
                sagemaker.CfnFeatureGroup.FeatureDefinitionProperty(
                    feature_name=feature, feature_type=kind
                )
                for feature, kind in features.items()
            ],
            online_store_config={
                "EnableOnlineStore": True,
                "SecurityConfig": {"KmsKeyId": key.key_arn},
            },
            offline_store_config={
                "S3StorageConfig": {
                    "S3Uri": f"s3://{store.bucket_name}/{prefix}",
                    "KmsKeyId": key.key_arn,
                },
                "TableFormat": "Iceberg",
            },
            role_arn=self.store_role.role_arn,
        )
        self.group.apply_removal_policy(removal_policy)
        wait_for_policies(self.group, self.store_role)

    def grant_ingest(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` write records to both stores."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:PutRecord"],
            resource_arns=[
                Stack.of(self).format_arn(
                    service="sagemaker", resource="feature-group", resource_name=self.name
                )
            ],
        )
        self._key.grant_use(grantee)

    def _store_role(self, store: EncryptedBucket, prefix: str) -> iam.Role:
        role = iam.Role(
            self,
            "StoreRole",
            assumed_by=trusted_service(self, "sagemaker", documents_source=False),
            description=f"Writes the offline store of {self.name}",
        )
        store.grant_store(role, prefix=prefix)
        stack = Stack.of(self)
        table = f"{_CATALOGUE}/{self.name.replace('-', '_')}*"
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["glue:GetTable", "glue:UpdateTable"],
            resource_arns=[
                stack.format_arn(service="glue", resource="catalog"),
                stack.format_arn(service="glue", resource="database", resource_name=_CATALOGUE),
                stack.format_arn(service="glue", resource="table", resource_name=table),
            ],
        )
        return role
