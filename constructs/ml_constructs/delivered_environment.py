"""An environment as its delivery sees it: names and roles that are there, or will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_iam as iam

from ml_constructs.arns import ACCOUNT, REGION, URL_SUFFIX, format_arn

_BOOTSTRAP_ROLES: Final = ("deploy", "file-publishing")
"""What `cdk deploy` takes: to hand templates over, and to upload what they name. What is deployed
is then done by CloudFormation's own role. Source: AWS CDK Developer Guide, "CDK bootstrapping".
"""


@dataclass(frozen=True, kw_only=True)
class DeliveredEnvironment:
    """Say who may do what in an environment that another app stage defines, or another account.

    Nothing is referred to: names are written out, for what bears them may not be there yet. The
    account and the region are those of the delivery unless the environment is bound to others.
    """

    platform: str
    """Of the image repository: ``acequia-prod``."""
    pipeline: str
    """Of the training pipeline and the group of the models: ``acequia-prod-fraud``."""
    parameters: str
    """Where it publishes its names: ``/acequia/prod/fraud``."""
    usecase: str
    bootstrap_qualifier: str
    account: str = ACCOUNT
    region: str = REGION

    @property
    def repository_uri(self) -> str:
        """Where images are pushed to."""
        return f"{self.account}.dkr.ecr.{self.region}.{URL_SUFFIX}/{self.platform}"

    def role_arn(self, suffix: str) -> str:
        """Name one of the environment's own roles: ``approver``, ``tester``."""
        return self._role(f"{self.pipeline}-{suffix}")

    def grant_deploy(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` run ``cdk deploy`` here: it may take the bootstrap's roles, no more."""
        names = (
            f"cdk-{self.bootstrap_qualifier}-{kind}-role-{self.account}-{self.region}"
            for kind in _BOOTSTRAP_ROLES
        )
        _grant_take(grantee, [self._role(name) for name in names])

    def grant_act_as(self, grantee: iam.IGrantable, suffix: str) -> None:
        """Let ``grantee`` take one of the environment's own roles; that one must trust it."""
        _grant_take(grantee, [self.role_arn(suffix)])

    def grant_push_images(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` push to the image repository and read what the scan found.

        Source: Amazon ECR User Guide, "IAM permissions for pushing an image".
        """
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImages",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            resource_arns=[self._arn("ecr", "repository", self.platform)],
        )
        # The token is for the whole registry: the action takes no resource.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["ecr:GetAuthorizationToken"], resource_arns=["*"]
        )

    def grant_train(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` start the one pipeline, follow it, and read what came of it."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:StartPipelineExecution"],
            resource_arns=[self._arn("sagemaker", "pipeline", self.pipeline)],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
            ],
            resource_arns=[self._arn("sagemaker", "pipeline", f"{self.pipeline}/execution/*")],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:DescribeModelPackage"],
            resource_arns=[self._arn("sagemaker", "model-package", f"{self.pipeline}/*")],
        )
        self._grant_results(grantee)

    def _grant_results(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the evaluation; its job says where it lies if it came from cache."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:DescribeProcessingJob"],
            resource_arns=[self._arn("sagemaker", "processing-job", "pipelines-*")],
        )
        bucket = format_arn(
            service="s3", resource=self._published("buckets/artifacts"), region="", account=""
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:GetObject"],
            resource_arns=[f"{bucket}/{self.usecase}/*"],
        )
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["kms:Decrypt"], resource_arns=[self._published("keys/data")]
        )

    def _published(self, path: str) -> str:
        """Refer to a name that AWS has drawn, which CloudFormation looks up when it deploys."""
        return f"{{{{resolve:ssm:{self.parameters}/{path}}}}}"

    def _arn(self, service: str, resource: str, name: str) -> str:
        return format_arn(
            service=service,
            resource=resource,
            resource_name=name,
            region=self.region,
            account=self.account,
        )

    def _role(self, name: str) -> str:
        return format_arn(
            service="iam", resource="role", resource_name=name, region="", account=self.account
        )


def _grant_take(grantee: iam.IGrantable, role_arns: Sequence[str]) -> None:
    iam.Grant.add_to_principal(
        grantee=grantee, actions=["sts:AssumeRole"], resource_arns=list(role_arns)
    )
