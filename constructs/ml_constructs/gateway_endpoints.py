"""The ways to S3 and DynamoDB that cost nothing and lead nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import ACCOUNT, REGION, format_arn
from ml_constructs.endpoint_policy import account_only

_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetEncryptionConfiguration",
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
)
"""What reads and writes objects: no bucket is configured from within the VPC."""
_ITEMS = (
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
)
"""What reads a table: DynamoDB is a source here, never a sink."""


class GatewayEndpoints(Construct):
    """Route a VPC to the buckets and tables of this account and of those that are named.

    Stateless.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        route_table_ids: Sequence[str],
        resource_accounts: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        policies = {
            "S3": [
                account_only(actions=_OBJECTS, resource_accounts=resource_accounts),
                *self._buckets_of_aws(),
            ],
            "DynamoDb": [account_only(actions=_ITEMS, resource_accounts=resource_accounts)],
        }
        for service, statements in policies.items():
            ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{REGION}.{service.lower()}",
                route_table_ids=list(route_table_ids),
                policy_document=iam.PolicyDocument(statements=statements),
            )

    def _buckets_of_aws(self) -> list[iam.PolicyStatement]:
        """Let through what services read from buckets of their own.

        Source: Amazon ECR, "Minimum Amazon S3 bucket permissions for Amazon ECR": layers come by
        signed URLs, whose principal is the service. The other buckets are read by a role of ours:
        models and notebooks of JumpStart, libraries of Glue.
        """
        region = REGION
        layers = self._read_only([f"prod-{region}-starport-layer-bucket"])
        public = self._read_only(
            [f"aws-glue-jes-prod-{region}-assets", f"jumpstart-cache-prod-{region}"]
        )
        public.add_condition("StringEquals", {"aws:PrincipalAccount": ACCOUNT})
        return [layers, public]

    def _read_only(self, buckets: Sequence[str]) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject"],
            resources=[
                format_arn(
                    service="s3",
                    account="",
                    region="",
                    resource=f"{bucket}/*",
                )
                for bucket in buckets
            ],
        )
