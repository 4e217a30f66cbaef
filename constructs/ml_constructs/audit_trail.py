"""The record of who did what in the account, in every region."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import ACCOUNT, REGION, format_arn
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service
from ml_constructs.trail_bucket import TrailBucket

_Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
_Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class AuditTrail(Construct):
    """Define a trail over all regions whose files cannot be changed without notice.

    Stateful: its log group. ``watched_arns`` are buckets each of whose reads and writes is
    recorded; without them it is who changed what, not who read what. The trail is named, for
    the policies of its key and its bucket name it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        bucket: TrailBucket,
        key: EncryptionKey,
        watched_arns: Sequence[str],
        log_retention_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group_name = f"/aws/cloudtrail/{name}"
        key.allow_trail(name)
        key.allow_logs([self.log_group_name])
        self.log_group = EncryptedLogGroup(
            self,
            "Logs",
            name=self.log_group_name,
            key=key,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
        )
        role = self._logs_role(name)
        trail = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=name,
            s3_bucket_name=bucket.bucket_name,
            kms_key_id=key.key_arn,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_log_group_arn=self._log_group_arn("*"),
            cloud_watch_logs_role_arn=role.role_arn,
            advanced_event_selectors=_selectors(watched_arns),
        )
        # CloudTrail tries the bucket and the log group before it makes the trail.
        if bucket.bucket.policy is not None:
            trail.node.add_dependency(bucket.bucket.policy)
        trail.node.add_dependency(self.log_group)
        wait_for_policies(trail, role)

    def _log_group_arn(self, rest: str) -> str:
        group = format_arn(
            service="logs",
            resource="log-group",
            resource_name=self.log_group_name,
            separator=":",
        )
        return f"{group}:{rest}"

    def _logs_role(self, name: str) -> iam.Role:
        """Source: AWS CloudTrail User Guide, "Role policy document for CloudTrail to use
        CloudWatch Logs": streams are named after account and region.
        """
        role = iam.Role(
            self,
            "LogsRole",
            assumed_by=trusted_service("cloudtrail"),
            description=f"Copies the trail {name} to its log group",
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resource_arns=[self._log_group_arn(f"log-stream:{ACCOUNT}_CloudTrail_{REGION}*")],
        )
        return role


def _selectors(watched_arns: Sequence[str]) -> list[_Selector]:
    changes = _Selector(
        name="Every change", field_selectors=[_equals("eventCategory", "Management")]
    )
    objects = _Selector(
        name="Every read and write of the data and the models",
        field_selectors=[
            _equals("eventCategory", "Data"),
            _equals("resources.type", "AWS::S3::Object"),
            _Field(field="resources.ARN", starts_with=[f"{arn}/" for arn in watched_arns]),
        ],
    )
    return [changes, objects] if watched_arns else [changes]


def _equals(field: str, value: str) -> _Field:
    return _Field(field=field, equal_to=[value])
