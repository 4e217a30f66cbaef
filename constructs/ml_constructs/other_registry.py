"""The registry of another environment, and what its versions are made of."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from ml_constructs.arns import ACCOUNT, PARTITION, format_arn
from ml_constructs.image_repository import PULL


@dataclass(frozen=True)
class OtherRegistry:
    """Name a group of the same region, and let an endpoint's role fetch its versions.

    ``account`` None: it is in this account. In another one the owner must allow it too, see
    `ModelRegistry`, `EncryptedBucket.allow_reading`, `EncryptionKey.allow_reading` and
    `ImageRepository.allow_pulling`.
    """

    group: str
    bucket_name: str
    prefix: str
    key_arn: str
    repository: str
    account: str | None = None

    def package_arn(self, version: int) -> str:
        """Name one version of the model."""
        return format_arn(
            service="sagemaker",
            resource="model-package",
            resource_name=f"{self.group}/{version}",
            account=self.account or ACCOUNT,
        )

    def grant_fetch(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the files of the versions and run their image."""
        repository = format_arn(
            service="ecr",
            resource="repository",
            resource_name=self.repository,
            account=self.account or ACCOUNT,
        )
        objects = f"arn:{PARTITION}:s3:::{self.bucket_name}/{self.prefix}/*"
        for actions, resource in (
            (["s3:GetObject"], objects),
            (["kms:Decrypt", "kms:DescribeKey"], self.key_arn),
            (list(PULL), repository),
        ):
            iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[resource])
