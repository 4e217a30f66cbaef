"""Where jobs run: what other parts need to know about a VPC, our own or another's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """Name a VPC, its subnets in two zones or more, and the groups that jobs join.

    ``security_group_ids`` begins with the job group, which every job is in.
    """

    vpc_id: str
    subnet_ids: list[str]
    security_group_ids: list[str]

    @property
    def job_security_group_id(self) -> str:
        """The group that every job is in."""
        return self.security_group_ids[0]
