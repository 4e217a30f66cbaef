"""Check the resources of SageMaker, Glue and CodeBuild against the API that makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.assembly import Resource
from tests.deployed import Deployment
from tests.proofs.shapes import input_shape, member, problems

_SERVICES = {"SageMaker": "sagemaker", "Glue": "glue", "CodeBuild": "codebuild"}

_RENAMED: Mapping[str, str] = {"S3Encryptions": "S3Encryption"}
"""Where CloudFormation has another word than the API."""

_OTHER_CALLS: Mapping[str, frozenset[str]] = {
    "AWS::SageMaker::ModelPackageGroup": frozenset({"ModelPackageGroupPolicy"}),
    "AWS::SageMaker::Endpoint": frozenset(
        {
            "ExcludeRetainedVariantProperties",
            "RetainAllVariantProperties",
            "RetainDeploymentConfig",
        }
    ),
    "AWS::CodeBuild::Project": frozenset({"Triggers", "ResourceAccessRole", "Visibility"}),
}
"""Properties that CloudFormation hands to another call than the one that makes the resource."""


def resource_problems(deployment: Deployment) -> Iterator[str]:
    """Yield what the services would refuse in the resources of one environment."""
    for each in deployment.resources:
        if _is_checked(each):
            for problem in create_problems(each.type, deployment.properties(each)):
                yield f"{each.address}{problem}"


def checked_types(deployment: Deployment) -> set[str]:
    """Return the types of resources that are checked."""
    return {each.type for each in deployment.resources if _is_checked(each)}


def _is_checked(resource: Resource) -> bool:
    return resource.type.split("::")[1] in _SERVICES


def create_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the call that makes a resource of type ``kind`` would refuse."""
    _, service, noun = kind.split("::")
    shape = input_shape(_SERVICES[service], f"Create{noun}")
    generated = next(
        name for name in (f"{noun}Name", "Name", "name", "") if _is_member(shape, name)
    )
    given = _as_called({k: v for k, v in properties.items() if k not in _OTHER_CALLS.get(kind, ())})
    yield from problems(shape, _named(_unwrapped(given), shape), generated=generated)


def _is_member(shape: Any, name: str) -> bool:
    return not name or name in shape.members


def _as_called(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_RENAMED.get(key, key): _as_called(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_called(item) for item in value]
    return value


def _unwrapped(properties: dict[str, Any]) -> dict[str, Any]:
    """Undo the two wrappings of CloudFormation around what the APIs take plain."""
    inner = {"Schedule": "ScheduleExpression", "PipelineDefinition": "PipelineDefinitionBody"}
    return {
        key: value[inner[key]] if key in inner and isinstance(value, Mapping) else value
        for key, value in properties.items()
    }


def _named(properties: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Give the name that CloudFormation makes up to what Glue wraps once more."""
    return {
        key: {"Name": "generated", **value}
        if isinstance(value, Mapping)
        and "Name" in getattr(member(shape, key), "required_members", ())
        else value
        for key, value in properties.items()
    }
