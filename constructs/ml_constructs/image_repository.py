"""Where the container images of the jobs are kept."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.encryption_key import EncryptionKey

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class ImageRepository(Construct):
    """Define a repository of scanned images whose tags never move.

    Stateful: registered models name its images by digest. Named, because the delivery
    pipeline and people type the name when they push.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: EncryptionKey,
        keep_count: int,
        untagged_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Resource",
            repository_name=name,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key.key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    rule_priority=1,
                    description="Layers that no tag names",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=Duration.days(untagged_days),
                ),
                ecr.LifecycleRule(
                    rule_priority=2, description="The oldest images", max_image_count=keep_count
                ),
            ],
            removal_policy=removal_policy,
        )

    @property
    def repository_uri(self) -> str:
        """Where images are pushed to and pulled from."""
        return self.repository.repository_uri

    def uri(self, digest: str) -> str:
        """Name one image by its digest."""
        return self.repository.repository_uri_for_digest(digest)

    def allow_pulling(self, accounts: Sequence[str]) -> None:
        """Let other accounts run the images; who of an account is for its own policies to say."""
        for account in accounts:
            self.repository.add_to_resource_policy(
                iam.PolicyStatement(principals=[iam.AccountPrincipal(account)], actions=list(PULL))
            )

    def grant_pull(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` run the images."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=list(PULL), resource_arns=[self.repository.repository_arn]
        )
        # The token is for the whole registry: the action takes no resource.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["ecr:GetAuthorizationToken"], resource_arns=["*"]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` register a model that names one of the images."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ecr:BatchGetImage", "ecr:DescribeImages"],
            resource_arns=[self.repository.repository_arn],
        )
