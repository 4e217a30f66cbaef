"""The record of every version of a model, and who may add, approve or read one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.arns import format_arn

_STATUS = "sagemaker:ModelApprovalStatus"
_READ = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)
_REGISTER = "sagemaker:CreateModelPackage"
_JUDGE = "sagemaker:UpdateModelPackage"
_FORGET = (
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:DeleteModelPackageGroupPolicy",
    "sagemaker:PutModelPackageGroupPolicy",
)
"""What would change the record itself, or who reads it: nobody who works with versions may."""


class ModelRegistry(Construct):
    """Define the group that records every version of one model.

    Stateful: the group outlives its stack, for it is the audit trail of what served when.
    Who registers cannot approve, and who approves cannot register. Principals of
    ``reader_accounts`` may read the versions and deploy them there.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        removal_policy: RemovalPolicy,
        reader_accounts: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.group_arn = format_arn(
            service="sagemaker", resource="model-package-group", resource_name=name
        )
        self._package_arns = format_arn(
            service="sagemaker", resource="model-package", resource_name=f"{name}/*"
        )
        group = sagemaker.CfnModelPackageGroup(
            self,
            "Resource",
            model_package_group_name=name,
            model_package_group_description=description,
            model_package_group_policy=self._policy(reader_accounts) if reader_accounts else None,
        )
        group.apply_removal_policy(removal_policy)

    def package_arn(self, version: int) -> str:
        """Name one version of the model."""
        return format_arn(
            service="sagemaker", resource="model-package", resource_name=f"{self.name}/{version}"
        )

    def grant_register(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` add versions, but never an approved one."""
        self._allow(grantee, ["sagemaker:AddTags", _REGISTER])
        self.grant_describe(grantee)
        self._deny(grantee, [_REGISTER, _JUDGE], {"StringEquals": {_STATUS: "Approved"}})

    def grant_approve(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` approve or reject versions, but neither add nor remove one."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[_JUDGE],
            resource_arns=[self._package_arns],
            conditions={"StringEquals": {_STATUS: ["Approved", "Rejected"]}},
        )
        self.grant_describe(grantee)
        self._deny(grantee, [_REGISTER, *_FORGET])

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the versions, and keep it from ever changing one."""
        self.grant_describe(grantee)
        self._deny(grantee, [_REGISTER, _JUDGE, *_FORGET])

    def grant_deploy(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` make a model of a version; SageMaker refuses one not approved."""
        self.grant_describe(grantee)
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:CreateModel"],
            resource_arns=[self._package_arns],
        )

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the versions and their metadata."""
        self._allow(grantee, list(_READ))

    def _allow(self, grantee: iam.IGrantable, actions: Sequence[str]) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.group_arn, self._package_arns],
        )

    def _deny(
        self,
        grantee: iam.IGrantable,
        actions: Sequence[str],
        conditions: Mapping[str, object] | None = None,
    ) -> None:
        # Said as a denial, so that no policy added later can undo it.
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(actions),
                resources=[self.group_arn, self._package_arns],
                conditions=conditions,
            )
        )

    def _policy(self, accounts: Sequence[str]) -> iam.PolicyDocument:
        """Say what other accounts may do; who of them is for their own policies to say.

        Source: Amazon SageMaker Developer Guide, "Deploy a Model Version from a Different
        Account"; its UpdateModelPackage is left out, for a version is judged here.
        """
        readers = [iam.AccountPrincipal(account) for account in accounts]
        return iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="Read",
                    principals=readers,
                    actions=list(_READ),
                    resources=[self.group_arn, self._package_arns],
                ),
                iam.PolicyStatement(
                    sid="Deploy",
                    principals=readers,
                    actions=["sagemaker:CreateModel"],
                    resources=[self._package_arns],
                ),
            ]
        )
