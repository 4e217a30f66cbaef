"""The bucket that a trail is written to, by the trail and by nobody else."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_constructs.access_log_bucket import AccessLogBucket
from ml_constructs.arns import ACCOUNT, format_arn
from ml_constructs.encryption_key import EncryptionKey

_CLOUDTRAIL = "cloudtrail.amazonaws.com"
_CHANGES = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectRetention")


class TrailBucket(Construct):
    """Define a bucket whose objects one trail adds, and nobody changes or deletes.

    Stateful, and never emptied by a deployment. The denial holds for administrators too: they
    would have to change the bucket policy first, which the trail records and an alarm tells.
    With ``lock_days`` S3 itself keeps each object that long.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        key: EncryptionKey,
        access_logs: AccessLogBucket,
        expiry_days: int,
        lock_days: int | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        lock = s3.ObjectLockRetention.governance(Duration.days(lock_days)) if lock_days else None
        self.bucket = s3.Bucket(
            self,
            "Resource",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key.key,
            # A bucket key would put the bucket, not the trail, into the encryption context that
            # the key's policy asks for.
            bucket_key_enabled=False,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            object_lock_default_retention=lock,
            server_access_logs_bucket=access_logs.bucket,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=[_lifecycle(expiry_days)],
            removal_policy=removal_policy,
        )
        self.bucket_name = self.bucket.bucket_name
        self.files_uri = f"s3://{self.bucket_name}/{self._folder}/CloudTrail"
        for statement in self._statements(trail_name):
            self.bucket.add_to_resource_policy(statement)

    @property
    def _folder(self) -> str:
        return f"AWSLogs/{ACCOUNT}"

    def _statements(self, trail_name: str) -> list[iam.PolicyStatement]:
        """Say what CloudTrail asks for, and deny the same to all others.

        Source: AWS CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail"; IAM User
        Guide, aws:PrincipalServiceName.
        """
        trail = format_arn(service="cloudtrail", resource="trail", resource_name=trail_name)
        source = {"aws:SourceArn": trail}
        return [
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["s3:GetBucketAcl"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": source},
            ),
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{self._folder}/*")],
                conditions={
                    "StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
                },
            ),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(_CHANGES),
                resources=[self.bucket.arn_for_objects("*")],
                conditions={"StringNotEquals": {"aws:PrincipalServiceName": _CLOUDTRAIL}},
            ),
        ]


def _lifecycle(expiry_days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="expire",
        expiration=Duration.days(expiry_days),
        noncurrent_version_expiration=Duration.days(1),
        abort_incomplete_multipart_upload_after=Duration.days(7),
    )
