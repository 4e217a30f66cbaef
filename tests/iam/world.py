"""Who may do what in one environment: roles and policies as AWS would have them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.assembly import Resource
from tests.deployed import ACCOUNT, REGION, Deployment

ROOT = Path(__file__).parents[2]
STRANGER = "777788889999"
"""An account that is not ours and that no settings name."""

Json = Mapping[str, Any]

_PLACEHOLDER = re.compile(
    r"\{(?P<resource>\w+\.\w+)(@(?P<part>[\w.]+))?\}|\{(?P<word>account|region)\}"
)
_ATTACHED: Mapping[str, tuple[str, str]] = {
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": ("Queues", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": ("Topics", "PolicyDocument"),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId", "ResourcePolicy"),
}
"""Policies that are resources of their own: the property that says of what, and the policy."""

_OWN: Mapping[str, str] = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupPolicy",
}
"""Policies that are a property of what they protect."""

_SESSION = ("sagemaker:UserProfileName",)
"""What Studio's sessions carry as variables of policies; AWS's list of keys leaves it out.

The simulator would ignore it, so it is written into the policies instead.
Source: SageMaker Developer Guide, "Give your users access to spaces".
"""


@dataclass(frozen=True)
class Request:
    """One thing that somebody tries to do; ``who`` is a role, a service or an ARN."""

    who: str
    action: str
    resource: str
    context: Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Answer:
    """What the simulator says of one request."""

    is_allowed: bool
    ignored: tuple[str, ...]
    errors: Any


@dataclass(frozen=True)
class World:
    """The roles and policies of one environment."""

    deployment: Deployment

    @cached_property
    def roles(self) -> dict[str, Resource]:
        """Every role by ``Stack.LogicalId``, without the CDK's hash where that is unique."""
        # The short names come last.
        names = {each.address: name for name, each in self.deployment.named.items()}
        return {
            names[each.address]: each
            for each in self.deployment.resources
            if each.type == "AWS::IAM::Role"
        }

    def identity_policies(self, role: Resource) -> list[dict[str, Any]]:
        """Return the policies attached to a role, inline ones included."""
        return [dict(each) for each in self._identity_policies.get(self.deployment.name(role), [])]

    @cached_property
    def _identity_policies(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self.deployment.resources:
            if each.type in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
                properties = self.deployment.properties(each)
                for name in properties.get("Roles", []):
                    policy = {"name": each.logical_id, "policy": properties["PolicyDocument"]}
                    found.setdefault(name, []).append(policy)
            elif each.type == "AWS::IAM::Role":
                for inline in self.deployment.properties(each).get("Policies", []):
                    policy = {"name": inline["PolicyName"], "policy": inline["PolicyDocument"]}
                    found.setdefault(self.deployment.name(each), []).append(policy)
        return found

    def boundaries(self, role: Resource) -> list[dict[str, Any]]:
        """Return the permissions boundary of a role, if it has one of ours."""
        arn = self.deployment.properties(role).get("PermissionsBoundary")
        return [
            {"name": each.logical_id, "policy": self.deployment.properties(each)["PolicyDocument"]}
            for each in self.deployment.resources
            if each.type == "AWS::IAM::ManagedPolicy" and self.deployment.arn(each) == arn
        ]

    @cached_property
    def resource_policies(self) -> dict[str, Any]:
        """Every policy of a resource, by the ARN of what it protects."""
        found: dict[str, Any] = {}
        for each in self.deployment.resources:
            if each.type in _OWN and _OWN[each.type] in each.properties:
                found[self.deployment.arn(each)] = self.deployment.properties(each)[_OWN[each.type]]
            elif each.type in _ATTACHED:
                where, policy = _ATTACHED[each.type]
                for owner in self._owners(each, each.properties[where]):
                    found[self.deployment.arn(owner)] = self.deployment.properties(each)[policy]
        return found

    def _owners(self, policy: Resource, value: Any) -> Iterator[Resource]:
        for each in listed(value):
            owner = self.deployment.assembly.target(policy, each)
            if owner is None:
                raise LookupError(f"{policy.address} protects nothing that is known: {each}")
            yield owner

    def fill(self, text: str) -> str:
        """Put ARNs for ``{Stack.LogicalId}``, names for ``{Stack.LogicalId@Name}``.

        Any other word after the @ is an attribute of the resource, or Ref.
        """

        def value(match: re.Match[str]) -> str:
            if match["word"]:
                return {"account": ACCOUNT, "region": REGION}[match["word"]]
            resource = self.deployment.named[match["resource"]]
            if match["part"] is None:
                return self.deployment.arn(resource).removesuffix(":*")
            if match["part"] == "Name":
                return self.deployment.name(resource)
            logical_id, part = resource.logical_id, match["part"]
            reference = {"Ref": logical_id} if part == "Ref" else {"Fn::GetAtt": [logical_id, part]}
            return str(self.deployment.resolve(resource, reference))

        return _PLACEHOLDER.sub(value, text)

    def simulation(self, request: Request) -> dict[str, Any]:
        """Write one request as the simulator takes it, with the policies that bear on it."""
        resource = self.fill(request.resource)
        role = self.roles.get(request.who)
        principal = self.deployment.arn(role) if role else self.fill(request.who)
        found: dict[str, Any] = {
            "request": {
                "principal": principal,
                "action": request.action,
                "resource": {"resource": resource, "accountId": ACCOUNT},
                "contextVariables": self._context(request, principal),
            },
            "identityPolicies": self._rights(request) if role else _everything(principal),
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if role and self.boundaries(role):
            found["permissionBoundaryPolicies"] = self.boundaries(role)
        policy = self._policy_of(resource)
        return {**found, "resourcePolicy": policy} if policy else found

    def _rights(self, request: Request) -> Any:
        text = json.dumps(self.identity_policies(self.roles[request.who]))
        for key in _SESSION:
            text = text.replace(f"${{{key}}}", str(request.context.get(key, f"${{{key}}}")))
        return json.loads(text)

    def _context(self, request: Request, principal: str) -> dict[str, Any]:
        is_service = principal.endswith(".amazonaws.com")
        usual = {
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": REGION,
            "aws:PrincipalIsAWSService": str(is_service).lower(),
        }
        if is_service:
            usual["aws:PrincipalServiceName"] = principal
        else:
            usual["aws:PrincipalArn"] = principal
            usual["aws:PrincipalAccount"] = principal.split(":")[4]
        given = {
            key: [self.fill(v) for v in value] if isinstance(value, list) else self.fill(value)
            for key, value in request.context.items()
            if key not in _SESSION
        }
        return {**usual, **given}

    def _policy_of(self, resource: str) -> Any:
        """Return the policy of a resource, or of the bucket or group that it lies in."""
        version = re.fullmatch(r"(.*):model-package/([^/]+)/\d+", resource)
        if version:
            resource = f"{version[1]}:model-package-group/{version[2]}"
        return self.resource_policies.get(
            resource, self.resource_policies.get(resource.partition("/")[0])
        )


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list, which it is only where there are several."""
    return value if isinstance(value, list) else [value]


def ask(simulations: Sequence[Json]) -> list[Answer]:
    """Run all simulations in one process of Node.js."""
    return [
        Answer(each["result"] == "Allowed", tuple(each["ignored"]), each["errors"])
        for each in run_node("simulate.mjs", simulations)
    ]


def run_node(script: str, question: Any) -> Any:
    """Run a script beside this file, JSON in and JSON out."""
    result = subprocess.run(
        ["node", str(Path(__file__).parent / script)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    return json.loads(result.stdout)


def _everything(principal: str) -> list[dict[str, Any]]:
    """Give a stranger every right that its own account can give; ours must still say no."""
    if principal.endswith(".amazonaws.com"):
        return []
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return [{"name": "All", "policy": policy}]
