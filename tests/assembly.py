"""The synthesised templates as one graph: resources, and what their references point to.

Checks look at resources of all environments without caring in which stack one lies: a
reference within a stack (``Ref``, ``Fn::GetAtt``) and one between stacks
(``Fn::GetStackOutput``) lead to the same place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Templates = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By environment, then by the stack's short name (``Data``)."""


@dataclass(frozen=True)
class Resource:
    """One resource of one template."""

    environment: str
    stack: str
    logical_id: str
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The CloudFormation type."""
        return str(self.body["Type"])

    @property
    def properties(self) -> Mapping[str, Any]:
        """The properties as they stand in the template."""
        return self.body.get("Properties", {})

    @property
    def address(self) -> str:
        """Where it is, for messages: ``prod/Data/Raw2403193C``."""
        return f"{self.environment}/{self.stack}/{self.logical_id}"


@dataclass(frozen=True)
class Document:
    """A JSON document in a property of a resource, its references written as text."""

    resource: Resource
    path: tuple[str, ...]
    content: Any


@dataclass(frozen=True, eq=False)
class Assembly:
    """Everything that was synthesised."""

    templates: Templates

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Every resource of every environment."""
        return tuple(
            Resource(environment, stack, logical_id, body)
            for environment, stacks in self.templates.items()
            for stack, template in stacks.items()
            for logical_id, body in template["Resources"].items()
        )

    @cached_property
    def _index(self) -> dict[tuple[str, str, str], Resource]:
        return {(each.environment, each.stack, each.logical_id): each for each in self.resources}

    def find(self, *types: str, environment: str | None = None) -> tuple[Resource, ...]:
        """Return the resources of some types, in one environment or in all."""
        return tuple(
            each
            for each in self.resources
            if each.type in types and environment in (None, each.environment)
        )

    def resource(self, environment: str, stack: str, logical_id: str) -> Resource | None:
        """Return one resource, or None if there is none of that id."""
        return self._index.get((environment, stack, logical_id))

    def resolved_properties(self, resource: Resource) -> Any:
        """Return the properties of a resource with references as text; worked out once."""
        key = (resource.environment, resource.stack, resource.logical_id)
        if key not in self._resolved:
            self._resolved[key] = self.resolve(resource, resource.properties)
        return self._resolved[key]

    @cached_property
    def _resolved(self) -> dict[tuple[str, str, str], Any]:
        return {}

    def target(self, origin: Resource, value: Any) -> Resource | None:
        """Return the resource that a value refers to, or None if it is no reference."""
        reference = self._reference(origin.environment, origin.stack, value)
        return None if reference is None else reference[0]

    def text(self, origin: Resource, value: Any) -> str:
        """Write a value as text: a reference becomes ``${Stack.LogicalId.Attribute}``."""
        return self._text(origin.environment, origin.stack, value)

    def resolve(self, origin: Resource, value: Any) -> Any:
        """Return a value with every intrinsic function in it written as text."""
        if _is_intrinsic(value):
            return (self.json_text if _is_document(value) else self.text)(origin, value)
        if isinstance(value, Mapping):
            return {key: self.resolve(origin, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(origin, item) for item in value]
        return value

    def definition(self, environment: str, stack: str = "Training") -> Any:
        """Return the pipeline definition of a stack, its references written as text."""
        (pipeline,) = (
            each
            for each in self.find("AWS::SageMaker::Pipeline", environment=environment)
            if each.stack == stack
        )
        body = pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"]
        return json.loads(self.json_text(pipeline, body))

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Every JSON document that is written into a property as text.

        Pipeline definitions, the input of a schedule's target, state machines, dashboards:
        what a service will do is in there, and no schema of a resource type looks into it.
        """
        return tuple(
            Document(resource, path, content)
            for resource in self.resources
            for path, value in _leaves(resource.properties, ())
            if (content := self._parsed(resource, value)) is not None
        )

    def json_text(self, origin: Resource, value: Any) -> str:
        """Write a value that is a JSON document as text, which can be parsed again."""
        if isinstance(value, Mapping) and "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator).join(
                # What stands for a reference is inside a string of the document.
                each if isinstance(each, str) else json.dumps(self.text(origin, each))[1:-1]
                for each in parts
            )
        return self.text(origin, value)

    def _parsed(self, origin: Resource, value: Any) -> Any:
        text = self.json_text(origin, value) if _is_document(value) else ""
        if not text.startswith("{"):
            return None
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return None

    def _reference(self, environment: str, stack: str, value: Any) -> tuple[Resource, str] | None:
        if not isinstance(value, Mapping):
            return None
        if "Fn::GetStackOutput" in value:
            output = value["Fn::GetStackOutput"]
            other = output["StackName"].rpartition("-")[2]
            outputs = self.templates[environment][other]["Outputs"]
            return self._reference(environment, other, outputs[output["OutputName"]]["Value"])
        if "Ref" in value:
            logical_id, attribute = value["Ref"], "Ref"
        elif "Fn::GetAtt" in value:
            logical_id, attribute = value["Fn::GetAtt"]
        else:
            return None
        resource = self._index.get((environment, stack, logical_id))
        return None if resource is None else (resource, attribute)

    def _text(self, environment: str, stack: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        reference = self._reference(environment, stack, value)
        if reference is not None:
            resource, attribute = reference
            return f"${{{resource.stack}.{resource.logical_id}.{attribute}}}"
        if isinstance(value, Mapping) and len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return f"${{{argument}}}"
            if function == "Fn::Join":
                separator, parts = argument
                return str(separator).join(self._text(environment, stack, each) for each in parts)
            if function == "Fn::GetStackOutput":
                other = argument["StackName"].rpartition("-")[2]
                output = self.templates[environment][other]["Outputs"][argument["OutputName"]]
                return self._text(environment, other, output["Value"])
        # Fn::Select of Fn::Split and the like: its text is good enough to compare and to show.
        return json.dumps(value, sort_keys=True)


def references(value: Any) -> Iterator[Any]:
    """Yield every reference inside a value, however deep."""
    if isinstance(value, Mapping):
        if _is_intrinsic(value) and not {"Fn::Join", "Fn::Sub"} & value.keys():
            yield value
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield strings and intrinsic functions, with the names that lead to them."""
    if isinstance(value, str) or _is_intrinsic(value):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, (*path, "*"))


def _is_document(value: Any) -> bool:
    if isinstance(value, Mapping) and "Fn::Join" in value:
        first = value["Fn::Join"][1][0]
        return isinstance(first, str) and first.startswith("{")
    return isinstance(value, str) and value.startswith("{")


def _is_intrinsic(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and next(iter(value)).startswith(("Ref", "Fn::"))
    )
