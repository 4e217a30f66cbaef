"""What many tests share: Node.js for the CDK, and the platform synthesised once for all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.assembly import Assembly

EVERYTHING = Path(__file__).parent / "settings" / "everything.yaml"
"""The settings of an environment that uses every option, those that ours leave off too."""

_KINDS = {"AWS::IAM::Policy": "identity", "AWS::EC2::VPCEndpoint": "boundary"}
"""What a policy document is: the boundary of an endpoint grants nothing, it only limits."""

_PROGRAMS = Path(sys.executable).parent
# The CDK needs Node.js 22 or 24. Where the machine has none, it is in the virtual environment,
# which need not be activated.
if (_PROGRAMS / "node").exists():
    os.environ["PATH"] = os.pathsep.join([str(_PROGRAMS), os.environ.get("PATH", "")])


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
    import config
    from stacks.platform_app import PlatformApp

    app = PlatformApp(
        outdir=str(tmp_path_factory.mktemp("cdk.out")), builtin_cloud_formation_validation=False
    )
    app.define([*config.select("all"), config.load(EVERYTHING)])
    app.synth()
    return app


@pytest.fixture(scope="session")
def templates(platform_app: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Every template: by environment, then by the stack's short name (``Data``)."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for environment, stage in platform_app.stages.items():
        assembly = stage.synth()
        found[environment] = {
            artifact.stack_name.rpartition("-")[2]: json.loads(
                Path(artifact.template_full_path).read_text(encoding="utf-8")
            )
            for artifact in assembly.stacks
        }
    return found


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
            yield kind, properties[name]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
