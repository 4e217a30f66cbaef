"""Where a delivery pipeline keeps what it hands from one action to the next."""

from __future__ import annotations

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.access_log_bucket import AccessLogBucket
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey

_LONGEST_FOLDER: Final = 20
"""CodePipeline cuts a pipeline's name to as many characters for the folder of its artifacts."""


class ArtifactStore(Construct):
    """Define the bucket of one delivery pipeline, with the log of who read and wrote it.

    Stateful. Sources pass through and expire; what is kept (bills of materials) stays.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        key: EncryptionKey,
        artifact_days: int,
        access_log_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        if len(pipeline_name) > _LONGEST_FOLDER:
            raise ValueError(
                f"{pipeline_name!r} has {len(pipeline_name)} characters; CodePipeline would cut it "
                f"to {_LONGEST_FOLDER} in the store, where roles look for it; shorten it"
            )
        self.key = key
        self._folder = pipeline_name
        self._bucket = EncryptedBucket(
            self,
            "Bucket",
            key=key,
            access_logs=AccessLogBucket(
                self, "AccessLogs", expiry_days=access_log_days, removal_policy=removal_policy
            ),
            noncurrent_version_days=artifact_days,
            removal_policy=removal_policy,
            expiry_days={f"{pipeline_name}/": artifact_days},
        )
        self.bucket_name = self._bucket.bucket_name

    def grant_hand_on(self, grantee: iam.IGrantable) -> None:
        """Let the pipeline put a source in and look at it.

        Source: CodePipeline User Guide, "Manage the CodePipeline service role".
        """
        self._grant_bucket(grantee, ["s3:GetBucketLocation", "s3:GetBucketVersioning"])
        self._grant_artifacts(grantee, ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"])
        self.key.grant_use(grantee)

    def grant_take(self, grantee: iam.IGrantable) -> None:
        """Let a build read the source that it was handed; it writes nothing back."""
        self._grant_bucket(grantee, ["s3:GetBucketLocation"])
        self._grant_artifacts(grantee, ["s3:GetObject", "s3:GetObjectVersion"])
        self.key.grant_decrypt(grantee)

    def grant_keep(self, grantee: iam.IGrantable, *, prefix: str) -> None:
        """Let ``grantee`` add what is kept, under ``prefix/``."""
        self._bucket.grant_write(grantee, prefix=prefix)

    def _grant_bucket(self, grantee: iam.IGrantable, actions: list[str]) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee, actions=actions, resource_arns=[self._bucket.bucket_arn]
        )

    def _grant_artifacts(self, grantee: iam.IGrantable, actions: list[str]) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=actions,
            resource_arns=[f"{self._bucket.bucket_arn}/{self._folder}/*"],
        )
