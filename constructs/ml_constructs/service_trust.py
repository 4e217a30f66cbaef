"""Trust a service, but only when it acts for this account."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct


def trusted_service(
    scope: Construct, service: str, *, documents_source: bool = True
) -> iam.IPrincipal:
    """Return the principal of ``service``, limited to resources of the scope's account.

    Without the two conditions anyone's SageMaker could be talked into using our role (the
    "confused deputy"). Where AWS does not document that a feature sends its source
    (``documents_source=False``), they apply if it does.
    """
    stack = Stack.of(scope)
    suffix = "" if documents_source else "IfExists"
    return iam.ServicePrincipal(
        f"{service}.amazonaws.com",
        conditions={
            f"StringEquals{suffix}": {"aws:SourceAccount": stack.account},
            f"ArnLike{suffix}": {"aws:SourceArn": stack.format_arn(service=service, resource="*")},
        },
    )
