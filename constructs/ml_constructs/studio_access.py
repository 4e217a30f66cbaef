"""Who may do what in a Studio domain."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from ml_constructs.arns import format_arn
from ml_constructs.studio_apps import StudioApps

_OWNER = "sagemaker:OwnerUserProfileArn"
_SELF = "${sagemaker:UserProfileName}"
"""Whoever is signed in: IAM fills it in at each request."""
_SYSTEM = "system"
"""The instance type of what SageMaker runs on machines of its own: the portal, Canvas."""


class StudioAccess:
    """Grant the use of one domain: to open it, and to keep spaces in it."""

    def __init__(self, stack: Stack, *, domain_id: str, apps: StudioApps) -> None:
        self._stack = stack
        self._domain_id = domain_id
        self._apps = apps

    def grant_open(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` sign in as itself, and see which spaces and apps there are.

        Source: Amazon SageMaker Developer Guide, "Give your users access to spaces".
        """
        self._allow(
            grantee,
            ["sagemaker:CreatePresignedDomainUrl", "sagemaker:DescribeUserProfile"],
            self._arn("user-profile", _SELF),
        )
        self._allow(grantee, ["sagemaker:DescribeDomain"], self._arn("domain"))
        self._allow(grantee, ["sagemaker:DescribeApp"], self._arn("app", "*"))
        self._allow(grantee, ["sagemaker:DescribeSpace"], self._arn("space", "*"))
        # These take no resource.
        self._allow(
            grantee,
            [
                "sagemaker:ListApps",
                "sagemaker:ListDomains",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
            ],
            "*",
        )

    def grant_spaces(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` keep private spaces of its own, on the machines of ``apps`` only."""
        spaces, running = self._arn("space", "*"), self._arn("app", "*")
        own = {
            "ArnEquals": {_OWNER: self._arn("user-profile", _SELF)},
            "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
        }
        self._allow(
            grantee,
            ["sagemaker:CreateSpace", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace"],
            spaces,
            conditions=own,
        )
        apps = ["sagemaker:CreateApp", "sagemaker:DeleteApp"]
        self._allow(grantee, apps, running, conditions=own)
        if self._apps.canvas:
            # Canvas runs in the profile, not in a space: its app has no owner to compare with.
            self._allow(grantee, apps, self._arn("app", f"{_SELF}/*"))
        self._allow(
            grantee,
            ["sagemaker:AddTags"],
            spaces,
            running,
            conditions={"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}},
        )
        self._deny_other_machines(grantee, spaces, running)

    def _deny_other_machines(self, grantee: iam.IGrantable, *resources: str) -> None:
        """Say it as a denial, so that no policy added later can undo it."""
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=["sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"],
                resources=list(resources),
                conditions={
                    "ForAnyValue:StringNotEquals": {
                        "sagemaker:InstanceTypes": [*self._apps.instance_types, _SYSTEM]
                    }
                },
            )
        )

    def _allow(
        self,
        grantee: iam.IGrantable,
        actions: list[str],
        *resources: str,
        conditions: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=actions,
            resource_arns=list(resources),
            conditions=conditions,
        )

    def _arn(self, resource: str, name: str = "") -> str:
        return format_arn(
            service="sagemaker",
            resource=resource,
            resource_name=f"{self._domain_id}/{name}" if name else self._domain_id,
        )
