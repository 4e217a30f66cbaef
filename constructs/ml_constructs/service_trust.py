"""Trust a service, but only when it acts for this account."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_iam as iam

from ml_constructs.arns import ACCOUNT, format_arn


def trusted_service(
    service: str,
    *,
    documents_source: bool = True,
    namespace: str | None = None,
) -> iam.IPrincipal:
    """Return the principal of ``service``, limited to resources of the scope's account.

    Without the two conditions anyone's SageMaker could be talked into using our role (the
    "confused deputy"). Where AWS does not document that a feature sends its source
    (``documents_source=False``), they apply if it does. ``namespace`` is the service in the
    ARNs of those resources, where it is not the principal's name: flow logs belong to ``ec2``.
    """
    suffix = "" if documents_source else "IfExists"
    return iam.ServicePrincipal(
        f"{service}.amazonaws.com",
        conditions={
            f"StringEquals{suffix}": {"aws:SourceAccount": ACCOUNT},
            f"ArnLike{suffix}": {
                "aws:SourceArn": format_arn(service=namespace or service, resource="*")
            },
        },
    )


def carry_identity(role: iam.Role, service: str) -> None:
    """Let ``service`` say for whom it assumes ``role``; CloudTrail then names the person.

    A session of Studio hands its user's name on to what it starts. A role on the way that does
    not allow that cannot be assumed at all.
    Source: Amazon SageMaker Developer Guide, "Turn on sourceIdentity in CloudTrail logs".
    """
    # A role that is defined here always has one; imported roles are of another type.
    policy = cast("iam.PolicyDocument", role.assume_role_policy)
    policy.add_statements(
        iam.PolicyStatement(
            principals=[trusted_service(service)], actions=["sts:SetSourceIdentity"]
        )
    )
