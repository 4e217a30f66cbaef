"""What may pass through the endpoints of a VPC, whatever else a role may do."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from ml_constructs.arns import ACCOUNT


def account_only(
    *,
    actions: Sequence[str] = ("*",),
    resource_accounts: Sequence[str] | None = None,
) -> iam.PolicyStatement:
    """Let the identities of this account through, and nobody else's.

    Credentials of another account that somebody brought into the VPC stop here, and with
    ``resource_accounts`` so do copies to a bucket of another account. The principal must be
    everyone: for a gateway endpoint an account as principal is its root user alone. The policy
    of an endpoint grants nothing, it bounds what identity policies grant.

    Source: Amazon VPC, "Control access to VPC endpoints using endpoint policies".
    """
    conditions: dict[str, str | list[str]] = {"aws:PrincipalAccount": ACCOUNT}
    if resource_accounts is not None:
        conditions["aws:ResourceAccount"] = [ACCOUNT, *sorted(resource_accounts)]
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=["*"],
        conditions={"StringEquals": conditions},
    )
