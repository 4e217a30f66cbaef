"""One feature group: the newest record of an entity online, all of them offline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.online_store import OnlineStore
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

_NAME = re.compile(r"[a-zA-Z0-9](_*-*[a-zA-Z0-9]){0,63}")
_CATALOGUE = "sagemaker_featurestore"
"""The Glue database in which SageMaker keeps the tables of offline stores."""


@dataclass(frozen=True)
class FeatureSchema:
    """What a record holds: pairs of a name and Integral, Fractional or String.

    The record identifier and the event time are among the features.
    """

    record_identifier: str
    event_time: str
    features: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OfflineStore:
    """Where all records are kept; none of it can be changed later."""

    bucket: EncryptedBucket
    prefix: str


class FeatureGroup(Construct):
    """Define a feature group with an encrypted online store and an Iceberg offline store.

    Stateful: records cannot be moved to another group. Almost everything is create-only, so
    ``name`` carries the schema's version and a breaking change is a new group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        schema: FeatureSchema,
        online: OnlineStore,
        offline: OfflineStore,
        key: EncryptionKey,
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
        self.arn = format_arn(service="sagemaker", resource="feature-group", resource_name=name)
        self.store_role = self._store_role(offline)
        self.group = sagemaker.CfnFeatureGroup(
            self,
            "Resource",
            feature_group_name=name,
            record_identifier_feature_name=schema.record_identifier,
            event_time_feature_name=schema.event_time,
            feature_definitions=[
                sagemaker.CfnFeatureGroup.FeatureDefinitionProperty(
                    feature_name=feature, feature_type=kind
                )
                for feature, kind in schema.features
            ],
            online_store_config=online.config(key),
            throughput_config=online.throughput,
            offline_store_config=_offline(offline, key),
            role_arn=self.store_role.role_arn,
        )
        self.group.apply_removal_policy(removal_policy)
        wait_for_policies(self.group, self.store_role)

    def grant_ingest(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` write records to both stores."""
        self._grant(grantee, ["sagemaker:DescribeFeatureGroup", "sagemaker:PutRecord"])
        self._key.grant_use(grantee)

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the newest records from the online store."""
        self._grant(
            grantee,
            [
                "sagemaker:BatchGetRecord",
                "sagemaker:DescribeFeatureGroup",
                "sagemaker:GetRecord",
            ],
        )
        self._key.grant_decrypt(grantee)

    def _grant(self, grantee: iam.IGrantable, actions: list[str]) -> None:
        iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[self.arn])

    def _store_role(self, offline: OfflineStore) -> iam.Role:
        role = iam.Role(
            self,
            "StoreRole",
            assumed_by=trusted_service("sagemaker", documents_source=False),
            description=f"Writes the offline store of {self.name}",
        )
        offline.bucket.grant_store(role, prefix=offline.prefix)
        table = f"{_CATALOGUE}/{self.name.replace('-', '_')}*"
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["glue:GetTable", "glue:UpdateTable"],
            resource_arns=[
                format_arn(service="glue", resource="catalog"),
                format_arn(service="glue", resource="database", resource_name=_CATALOGUE),
                format_arn(service="glue", resource="table", resource_name=table),
            ],
        )
        return role


def _offline(offline: OfflineStore, key: EncryptionKey) -> dict[str, Any]:
    return {
        "S3StorageConfig": {
            "S3Uri": f"s3://{offline.bucket.bucket_name}/{offline.prefix}",
            "KmsKeyId": key.key_arn,
        },
        "TableFormat": "Iceberg",
    }
