"""The record of every version of a model, and who may add or approve one."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

_STATUS = "sagemaker:ModelApprovalStatus"


class ModelRegistry(Construct):
    """Define the group that records every version of one model.

    Stateful: the group outlives its stack, for it is the audit trail of what served when.
    Who registers cannot approve, and who approves cannot register.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group = sagemaker.CfnModelPackageGroup(
            self,
            "Resource",
            model_package_group_name=name,
            model_package_group_description=description,
        )
        group.apply_removal_policy(removal_policy)
        self.name = name
        stack = Stack.of(self)
        self._group_arn = stack.format_arn(
            service="sagemaker", resource="model-package-group", resource_name=name
        )
        self._package_arns = stack.format_arn(
            service="sagemaker", resource="model-package", resource_name=f"{name}/*"
        )

    def grant_register(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` add versions, but never an approved one."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:AddTags", "sagemaker:CreateModelPackage"],
            resource_arns=[self._group_arn, self._package_arns],
        )
        self.grant_describe(grantee)
        # Said as a denial, so that no policy added later can undo it.
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
                resources=[self._group_arn, self._package_arns],
                conditions={"StringEquals": {_STATUS: "Approved"}},
            )
        )

    def grant_approve(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` approve or reject versions, but not add one."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:UpdateModelPackage"],
            resource_arns=[self._package_arns],
            conditions={"StringEquals": {_STATUS: ["Approved", "Rejected"]}},
        )
        self.grant_describe(grantee)

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the versions and their metadata."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
            ],
            resource_arns=[self._group_arn, self._package_arns],
        )
