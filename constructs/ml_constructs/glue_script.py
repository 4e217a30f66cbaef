"""A script that Glue runs, deployed with the stack."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from ml_constructs.arns import format_arn


class GlueScript(Construct):
    """Deploy one file of the repository to the bucket of assets, under the hash of its content.

    Stateless.
    """

    def __init__(self, scope: Construct, construct_id: str, *, path: str) -> None:
        super().__init__(scope, construct_id)
        asset = assets.Asset(self, "Resource", path=path)
        self.location = asset.s3_object_url
        self._object_arn = format_arn(
            service="s3",
            region="",
            account="",
            resource=asset.s3_bucket_name,
            resource_name=asset.s3_object_key,
        )

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read this object of the bucket and no other."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:GetObject"], resource_arns=[self._object_arn]
        )
