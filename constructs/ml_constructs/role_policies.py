"""Let a resource wait for what its role may do, and not only for the role."""

from __future__ import annotations

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam


def wait_for_policies(resource: CfnResource, *roles: iam.Role) -> None:
    """Create ``resource`` after the policies of ``roles``.

    A resource that names a role waits for the role, not for the policy attached to it, which
    is a resource of its own. What starts in between fails for want of rights. Each role must
    have been granted something already.
    """
    for role in roles:
        # A dependency on the role itself would name the role too, which the reference to it
        # enforces already (cfn-lint W3005).
        resource.node.add_dependency(role.node.find_child("DefaultPolicy"))
