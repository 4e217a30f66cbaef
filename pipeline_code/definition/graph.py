"""The steps of a pipeline definition and what each one waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_code.definition.references import STEPS, references

CONDITION = "Condition"
IF_STEPS = "IfSteps"
ELSE_STEPS = "ElseSteps"


@dataclass(frozen=True)
class Guard:
    """The branch of a condition step in which a step lies."""

    condition: str
    branch: bool


@dataclass(frozen=True)
class Step:
    """One step; the steps inside a condition's branches stand beside it, each with its guard."""

    name: str
    type: str
    arguments: Mapping[str, Any]
    waits_for: frozenset[str]
    guard: Guard | None = None
    cache: Mapping[str, Any] = field(default_factory=dict)
    property_files: tuple[Mapping[str, Any], ...] = ()
    retry_policies: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_cached(self) -> bool:
        """Whether the outcome may come from an earlier execution."""
        return bool(self.cache.get("Enabled"))


@dataclass(frozen=True)
class Graph:
    """All steps by name, in the order of the definition."""

    steps: Mapping[str, Step]

    def cycle(self) -> tuple[str, ...]:
        """Return the steps that wait for one another in a circle; empty where there is none."""
        waiting = {name: set(step.waits_for) & set(self.steps) for name, step in self.steps.items()}
        while True:
            free = {name for name, needs in waiting.items() if not needs}
            if not free:
                return tuple(waiting)
            waiting = {n: needs - free for n, needs in waiting.items() if n not in free}
            if not waiting:
                return ()


def read_graph(definition: Mapping[str, Any]) -> Graph:
    """Read the steps of a definition that `validate` has found sound."""
    return Graph({step.name: step for step in _steps(definition["Steps"], None)})


def walk(
    steps: Any, guard: Guard | None = None
) -> Iterator[tuple[Mapping[str, Any], Guard | None]]:
    """Yield every step as it stands in the definition, nested ones after their condition."""
    for step in steps if isinstance(steps, list) else []:
        if not isinstance(step, Mapping):
            continue
        yield step, guard
        arguments = step.get("Arguments")
        if step.get("Type") == CONDITION and isinstance(arguments, Mapping):
            for key, branch in ((IF_STEPS, True), (ELSE_STEPS, False)):
                yield from walk(arguments.get(key), Guard(str(step.get("Name")), branch))


def own_arguments(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's arguments without the steps nested in them."""
    return {
        key: value
        for key, value in step.get("Arguments", {}).items()
        if step.get("Type") != CONDITION or key not in (IF_STEPS, ELSE_STEPS)
    }


def _steps(steps: Any, guard: Guard | None) -> Iterator[Step]:
    for document, place in walk(steps, guard):
        arguments = own_arguments(document)
        needed = {found.name for found in references(arguments) if found.root == STEPS}
        needed |= set(document.get("DependsOn", ()))
        if place is not None:
            needed.add(place.condition)
        yield Step(
            name=document["Name"],
            type=document["Type"],
            arguments=arguments,
            waits_for=frozenset(needed),
            guard=place,
            cache=document.get("CacheConfig", {}),
            property_files=tuple(document.get("PropertyFiles", ())),
            retry_policies=tuple(document.get("RetryPolicies", ())),
        )
