"""What the checks of the control matrix read in the templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from tests.assembly import Assembly, Resource

_REFERENCE = re.compile(r"\$\{(?P<stack>\w+)\.(?P<logical_id>\w+)\.[\w.]+\}")
_POLICY = "Statement"


# Many rows read the statements, and working them out takes longest.
_STATEMENTS: WeakKeyDictionary[Assembly, dict[str, tuple[Statement, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Checked:
    """One thing that a check looked at; ``fault`` says what is wrong and how to mend it."""

    where: str
    fault: str = ""


@dataclass(frozen=True)
class Job:
    """The arguments of one job that SageMaker will start, and the step that starts it."""

    where: str
    kind: str
    arguments: Mapping[str, Any]
    step: Mapping[str, Any]

    @property
    def cluster(self) -> Mapping[str, Any]:
        """The machines of the job."""
        resources: Mapping[str, Any] = next(
            (self.arguments[name] for name in _MACHINES if name in self.arguments), {}
        )
        return resources.get("ClusterConfig", resources)  # type: ignore[no-any-return]

    @property
    def network(self) -> Mapping[str, Any]:
        """Where the job says how it is isolated: a block of its own, or beside the rest."""
        return self.arguments.get("NetworkConfig", self.arguments)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Statement:
    """One statement of any policy, its references written as text."""

    owner: Resource
    path: str
    body: Mapping[str, Any]

    @property
    def where(self) -> str:
        """The place, with the statement's name or its first action."""
        name = self.body.get("Sid") or next(iter(self.actions), "NotAction")
        return f"{place(self.owner)}.{self.path}[{name}]"

    @property
    def is_allow(self) -> bool:
        """Whether it grants something."""
        return self.body.get("Effect") == "Allow"

    @property
    def actions(self) -> list[str]:
        """The actions, always as a list."""
        return listed(self.body.get("Action"))

    @property
    def resources(self) -> list[str]:
        """The resources, always as a list."""
        return listed(self.body.get("Resource"))

    @property
    def services(self) -> list[str]:
        """The services it speaks of as principals."""
        principal = self.body.get("Principal")
        return listed(principal.get("Service")) if isinstance(principal, Mapping) else []

    @property
    def is_for_anyone(self) -> bool:
        """Whether its principal is ``*``."""
        principal = self.body.get("Principal")
        names = principal.values() if isinstance(principal, Mapping) else [principal]
        return any("*" in listed(each) for each in names)

    @property
    def conditions(self) -> dict[str, tuple[str, list[str]]]:
        """By condition key in small letters: the operator, and the values."""
        return {
            key.lower(): (operator, listed(values))
            for operator, block in self.body.get("Condition", {}).items()
            for key, values in block.items()
        }

    def narrowed_by(self, keys: Sequence[str]) -> list[str]:
        """Return the operators of the conditions on these keys that leave somebody out.

        One that only excludes (``StringNotEquals``), or that lets any value pass, does not.
        """
        return [
            operator
            for key, (operator, values) in self.conditions.items()
            if key in keys and "Not" not in operator and values and "*" not in values
        ]


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def place(resource: Resource) -> str:
    """Say where a resource is, the environment left out: ``Data/Raw2403193C``."""
    return f"{resource.stack}/{resource.logical_id}"


def dig(value: Any, path: str) -> list[Any]:
    """Return what is at a path such as ``A/*/B``: nothing, one value, or one an item."""
    found = [value]
    for name in path.split("/"):
        found = [
            below
            for each in found
            for below in (each if name == "*" and isinstance(each, list) else _at(each, name))
        ]
    return found


def referred(assembly: Assembly, environment: str, text: Any) -> Resource | None:
    """Return the resource that a text names as a whole: ``${Foundation.DataKey.Arn}``."""
    match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    return assembly.resource(environment, match["stack"], match["logical_id"])


def resolved(assembly: Assembly, environment: str) -> Iterator[tuple[Resource, Any]]:
    """Yield every resource of an environment with its properties, references as text."""
    for resource in assembly.resources:
        if resource.environment == environment:
            yield resource, assembly.resolved_properties(resource)


def bodies(assembly: Assembly, environment: str) -> Iterator[tuple[Resource, str, Any]]:
    """Yield the properties of each resource, then each JSON document in them, with a path."""
    for resource, properties in resolved(assembly, environment):
        yield resource, "", properties
    for document in assembly.documents:
        if document.resource.environment == environment:
            yield document.resource, document.path[-1], document.content


def statements(assembly: Assembly, environment: str) -> tuple[Statement, ...]:
    """Return every statement of every policy, wherever it stands."""
    known = _STATEMENTS.setdefault(assembly, {})
    if environment not in known:
        known[environment] = tuple(_statements(assembly, environment))
    return known[environment]


def _statements(assembly: Assembly, environment: str) -> Iterator[Statement]:
    for resource, name, body in bodies(assembly, environment):
        for path, block in _blocks(body, (name,) if name else ()):
            rows = listed(block.get(_POLICY))
            if rows and all(isinstance(each, Mapping) and "Effect" in each for each in rows):
                for row in rows:
                    yield Statement(resource, ".".join(path), row)


def role_statements(assembly: Assembly, environment: str, role: Resource) -> list[Statement]:
    """Return what a role's own policies allow it."""
    return [
        each
        for each in statements(assembly, environment)
        if each.is_allow and place(role) in _holders(assembly, each)
    ]


def jobs(assembly: Assembly, environment: str) -> Iterator[Job]:
    """Yield every job that a pipeline, a schedule or a job definition starts."""
    for resource, _, body in bodies(assembly, environment):
        parameters = {
            each.get("Name"): each.get("DefaultValue")
            for each in listed(body.get("Parameters") if isinstance(body, Mapping) else None)
            if isinstance(each, Mapping)
        }
        for steps, block in _with_steps(body, ()):
            kind = _kind(block)
            if kind:
                step = steps[-1] if steps else {}
                name = step.get("Name")
                where = place(resource) + (f":{name}" if name else "")
                yield Job(where, kind, _with_defaults(block, parameters), step)


_MACHINES = (
    "ProcessingResources",
    "ResourceConfig",
    "HyperParameterTuningResourceConfig",
    "TransformResources",
    "MonitoringResources",
    "JobResources",
)


def _kind(block: Mapping[str, Any]) -> str:
    if "ProcessingResources" in block:
        return "Processing"
    if "AlgorithmSpecification" in block and not block.keys().isdisjoint(_MACHINES[1:3]):
        return "Training"
    if "TransformResources" in block:
        return "Transform"
    return "" if block.keys().isdisjoint(_MACHINES[4:]) else "Monitoring"


def _with_defaults(value: Any, parameters: Mapping[Any, Any]) -> Any:
    if isinstance(value, Mapping):
        get = value.get("Get")
        if isinstance(get, str) and get.startswith("Parameters."):
            return parameters.get(get.partition(".")[2], value)
        return {key: _with_defaults(item, parameters) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_defaults(item, parameters) for item in value]
    return value


def _with_steps(
    value: Any, steps: tuple[Mapping[str, Any], ...]
) -> Iterator[tuple[tuple[Mapping[str, Any], ...], Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "Arguments" in value and "Type" in value:
            steps = (*steps, value)
        yield steps, value
        for item in value.values():
            yield from _with_steps(item, steps)
    elif isinstance(value, list):
        for item in value:
            yield from _with_steps(item, steps)


def _blocks(
    value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield path, value
        for name, item in value.items():
            yield from _blocks(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item, path)


def _at(value: Any, name: str) -> Sequence[Any]:
    return (value[name],) if isinstance(value, Mapping) and name in value else ()


def _holders(assembly: Assembly, statement: Statement) -> set[str]:
    owner = statement.owner
    if owner.type == "AWS::IAM::Role":
        return {place(owner)} if statement.path.startswith("Policies") else set()
    if owner.type not in {"AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"}:
        return set()
    named = [*owner.properties.get("Roles", ()), owner.properties.get("RoleName")]
    targets = (assembly.target(owner, each) for each in named)
    return {place(each) for each in targets if each is not None}
