"""What many tests share: Node.js for the CDK, and the platform synthesised once for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import synthesis
from tests.assembly import Assembly
from tests.foreign_locks import compile_foreign

EVERYTHING = synthesis.EVERYTHING
"""The settings of an environment that uses every option, those that ours leave off too."""

_KINDS = {"AWS::IAM::Policy": "identity", "AWS::EC2::VPCEndpoint": "boundary"}
"""What a policy document is: the boundary of an endpoint grants nothing, it only limits."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy in a template, with where it stands."""

    environment: str
    stack: str
    resource: str
    kind: str
    text: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        """The actions, always as a list."""
        return _listed(self.text.get("Action", []))

    @property
    def resources(self) -> list[Any]:
        """The resources, always as a list."""
        return _listed(self.text.get("Resource", []))


@pytest.fixture(scope="session")
def platform_app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The app of all environments and of one with every option; nobody may change it."""
    return synthesis.define(tmp_path_factory.mktemp("cdk.out"))


@pytest.fixture(scope="session")
def foreign_usecases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Use cases that train in other images, compiled, by the algorithm; nobody may change them."""
    return compile_foreign(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="session")
def templates(platform_app: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Every template: by environment, then by the stack's short name (``Data``)."""
    return synthesis.read(platform_app)


@pytest.fixture(scope="session")
def assembly(templates: dict[str, dict[str, dict[str, Any]]]) -> Assembly:
    """The templates as one graph."""
    return Assembly(templates)


@pytest.fixture(scope="session")
def statements(templates: dict[str, dict[str, dict[str, Any]]]) -> list[Statement]:
    """Every statement of every policy: identity, trust, key, bucket and endpoint policies."""
    return [
        Statement(environment, stack, name, kind, statement)
        for environment, stacks in templates.items()
        for stack, template in stacks.items()
        for name, resource in template["Resources"].items()
        for kind, policy in _policies(resource)
        for statement in policy["Statement"]
    ]


def _policies(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    properties = resource.get("Properties", {})
    for kind, name in (
        ("trust", "AssumeRolePolicyDocument"),
        ("key", "KeyPolicy"),
        ("resource", "ModelPackageGroupPolicy"),
        ("resource", "RepositoryPolicyText"),
        (_KINDS.get(resource["Type"], "resource"), "PolicyDocument"),
    ):
        if name in properties:
            yield kind, _document(properties[name])


def _document(policy: dict[str, Any]) -> dict[str, Any]:
    """Read a policy that stands in the template as text, as those of CloudWatch Logs do."""
    if "Fn::Join" not in policy:
        return policy
    text = "".join(
        # A reference stands inside a string of the document.
        part if isinstance(part, str) else json.dumps(json.dumps(part))[1:-1]
        for part in policy["Fn::Join"][1]
    )
    document: dict[str, Any] = json.loads(text)
    return document


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
