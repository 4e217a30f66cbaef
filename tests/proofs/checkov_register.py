"""The failed checks of checkov that we accept: which, where, why."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """Accept one check on some resources.

    ``resource`` is a regular expression that must match ``Stack/Type.LogicalId`` as a whole.
    """

    check: str
    resource: str
    reason: str

    def covers(self, check: str, resource: str) -> bool:
        """Say whether this entry is about a failed check."""
        return check == self.check and re.fullmatch(self.resource, resource) is not None


REGISTER: tuple[Accepted, ...] = (
    Accepted(
        check="CKV_AWS_18",
        resource=r"(Audit|Data|Store)/AWS::S3::Bucket\.(Store)?AccessLogs\w+",
        reason="The bucket that receives the access logs cannot log into itself without end.",
    ),
    Accepted(
        check="CKV_AWS_118",
        resource=r"Databases/AWS::RDS::DBInstance\.Database\w+",
        reason="Performance Insights shows what a query costs; enhanced monitoring would need "
        "a role with a policy that AWS manages and may widen.",
    ),
)
