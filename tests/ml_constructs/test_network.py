"""Who may put interfaces into the network, and into which parts of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
GROUPS = ["sg-0123456789abcdef0", "sg-0123456789abcdef1"]


@pytest.fixture
def statements(site: Any) -> list[dict[str, Any]]:
    """What a role may do that joined the network."""
    from ml_constructs.network import Network

    network = Network(vpc_id="vpc-01234567", subnet_ids=SUBNETS, security_group_ids=GROUPS)
    network.grant_join(site.role("Job"))
    found: list[dict[str, Any]] = site.statements("Job")
    return found


def _statement(statements: list[dict[str, Any]], action: str) -> dict[str, Any]:
    (found,) = [each for each in statements if action in each["Action"] or action == each["Action"]]
    return found


def test_an_interface_joins_these_subnets_and_groups(statements: list[dict[str, Any]]) -> None:
    """A job cannot be put into the subnet of a database, or into a group that reaches it."""
    text = json.dumps(_statement(statements, "ec2:CreateNetworkInterface")["Resource"])

    assert [name for name in SUBNETS if f"subnet/{name}" in text] == SUBNETS
    assert [name for name in GROUPS if f"security-group/{name}" in text] == GROUPS
    assert "subnet/*" not in text


@pytest.mark.parametrize(
    "action",
    [
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
    ],
)
def test_only_interfaces_in_these_subnets_are_touched(
    statements: list[dict[str, Any]], action: str
) -> None:
    """Interfaces are numbered as they are made; what limits the role is where they lie."""
    statement = _statement(statements, action)
    allowed = json.dumps(statement["Condition"]["ArnEquals"]["ec2:Subnet"])

    assert all(f"subnet/{name}" in allowed for name in SUBNETS)
    assert "network-interface/*" in json.dumps(statement["Resource"])


def test_what_takes_no_resource_only_looks(statements: list[dict[str, Any]]) -> None:
    """``Resource: *`` stands beside nothing that changes anything."""
    (wild,) = [each for each in statements if each["Resource"] == "*"]

    assert all(action.startswith("ec2:Describe") for action in wild["Action"])


def test_the_job_group_is_the_first() -> None:
    """Groups that an imported VPC adds come after ours."""
    from ml_constructs.network import Network

    network = Network(vpc_id="vpc-01234567", subnet_ids=SUBNETS, security_group_ids=GROUPS)

    assert network.job_security_group_id == GROUPS[0]
