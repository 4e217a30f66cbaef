"""A bucket for data or models: encrypted, private, versioned, watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_constructs.access_log_bucket import AccessLogBucket
from ml_constructs.alarm import Metric
from ml_constructs.encryption_key import EncryptionKey

_FILTER = "writes"


class EncryptedBucket(Construct):
    """Define a bucket that only takes TLS, keeps old versions and logs each access.

    Stateful. ``expiry_days`` maps a key prefix to the days its objects live; what is under
    no prefix stays. ``notifies``: tell EventBridge of each object that arrives. What is written
    under ``counted_prefix`` can be watched, see `writes`; S3 charges for the count.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: EncryptionKey,
        access_logs: AccessLogBucket,
        noncurrent_version_days: int,
        removal_policy: RemovalPolicy,
        expiry_days: Mapping[str, int] | None = None,
        notifies: bool = False,
        counted_prefix: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.bucket = s3.Bucket(
            self,
            "Resource",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            server_access_logs_bucket=access_logs.bucket,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=_lifecycle(noncurrent_version_days, expiry_days or {}),
            metrics=[s3.BucketMetrics(id=_FILTER, prefix=f"{counted_prefix}/")]
            if counted_prefix
            else None,
            removal_policy=removal_policy,
        )
        if notifies:
            # The L2 property would add a Lambda function that does the same.
            _resource(self.bucket).add_property_override(
                "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
            )
        self.bucket_name = self.bucket.bucket_name
        self.bucket_arn = self.bucket.bucket_arn

    def writes(self, *, period_sec: int) -> Metric:
        """Return how many objects, or parts of one, were written under the counted prefix.

        Source: Amazon S3 User Guide, "Metrics and dimensions", request metrics.
        """
        dimensions = {"BucketName": self.bucket_name, "FilterId": _FILTER}
        return Metric("AWS/S3", "PutRequests", dimensions, period_sec=period_sec)

    def allow_reading(self, accounts: Sequence[str], *, prefix: str) -> None:
        """Let other accounts read what lies under ``prefix/``; the key must allow them, too."""
        for account in accounts:
            self.bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.AccountPrincipal(account)],
                    actions=["s3:GetObject"],
                    resources=[self.bucket.arn_for_objects(f"{prefix}/*")],
                )
            )

    def grant_read(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let ``grantee`` list the bucket and read what lies under ``prefix/``."""
        self._grant_list(grantee)
        self._grant_objects(grantee, prefix, ["s3:GetObject"])
        self._key.grant_decrypt(grantee)

    def grant_write(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let ``grantee`` add objects under ``prefix/``; old versions stay out of its reach."""
        self._grant_list(grantee)
        self._grant_objects(grantee, prefix, ["s3:PutObject", "s3:AbortMultipartUpload"])
        self._key.grant_use(grantee)

    def grant_synchronise(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let a training job keep a folder of its own the same under ``prefix/``.

        What it deletes in the folder SageMaker deletes there; old versions stay out of its reach.
        Source: SageMaker, "Checkpoints in Amazon SageMaker AI".
        """
        self._grant_keep(grantee, prefix)

    def grant_store(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let a feature group's role keep its offline store under ``prefix/``.

        Source: the AWS managed policy AmazonSageMakerFeatureStoreAccess.
        """
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:GetBucketAcl"], resource_arns=[self.bucket_arn]
        )
        self._grant_objects(grantee, prefix, ["s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"])
        self._key.grant_use(grantee)

    def grant_land(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let a Spark job write a data set under ``prefix/``.

        Spark writes beside the place and then moves: it reads and deletes what it wrote. Older
        versions of an object stay out of its reach.
        """
        self._grant_keep(grantee, prefix)

    def _grant_keep(self, grantee: iam.IGrantable, prefix: str) -> None:
        """Let objects be written, read again and deleted, but no older version of one."""
        self._grant_list(grantee)
        self._grant_objects(
            grantee,
            prefix,
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        )
        self._key.grant_use(grantee)

    def _grant_list(self, grantee: iam.IGrantable) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:GetBucketLocation", "s3:ListBucket"],
            resource_arns=[self.bucket_arn],
        )

    def _grant_objects(self, grantee: iam.IGrantable, prefix: str, actions: list[str]) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=actions,
            resource_arns=[self.bucket.arn_for_objects(f"{prefix}/*")],
        )


def _resource(bucket: s3.Bucket) -> s3.CfnBucket:
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what an L2 bucket is made of
    return resource


def _lifecycle(
    noncurrent_version_days: int, expiry_days: Mapping[str, int]
) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="clean-up",
            noncurrent_version_expiration=Duration.days(noncurrent_version_days),
            abort_incomplete_multipart_upload_after=Duration.days(7),
        ),
        *(
            s3.LifecycleRule(
                id=f"expire-{prefix.strip('/').replace('/', '-')}",
                prefix=prefix,
                expiration=Duration.days(days),
            )
            for prefix, days in expiry_days.items()
        ),
    ]
