"""Check a pipeline definition against the calls that SageMaker will make from it.

Each step's arguments are those of the call that starts its job; what a step refers to must be
in the answer of the call that describes the other step's job; around that is an envelope for
which AWS publishes no schema that is up to date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_code.definition import references as refs
from pipeline_code.definition.graph import CONDITION, own_arguments, walk
from pipeline_code.definition.validate import InvalidDefinitionError, validate
from tests.proofs.shapes import UNKNOWN, input_shape, member, problems, service

_CALLS: Mapping[str, tuple[str, str, str]] = {
    "Processing": ("CreateProcessingJob", "DescribeProcessingJob", "ProcessingJobName"),
    "Training": ("CreateTrainingJob", "DescribeTrainingJob", "TrainingJobName"),
    "Tuning": (
        "CreateHyperParameterTuningJob",
        "DescribeHyperParameterTuningJob",
        "HyperParameterTuningJobName",
    ),
    "Transform": ("CreateTransformJob", "DescribeTransformJob", "TransformJobName"),
    "Model": ("CreateModel", "DescribeModel", "ModelName"),
    "RegisterModel": ("CreateModelPackage", "DescribeModelPackage", "ModelPackageName"),
}
"""The call that starts a step, the one that describes it, and the name that Pipelines gives."""

_ALSO_DESCRIBES = {"Tuning": "ListTrainingJobsForHyperParameterTuningJob"}
"""A second call whose answer the properties of a step hold."""

_STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}
_MOST_STEPS = 50
_MOST_PARAMETERS = 200
_RETRY = {
    "ExceptionType": (),
    "FailureReasonType": (),
    "IntervalSeconds": (1, float("inf")),
    "BackoffRate": (0, float("inf")),
    "MaxAttempts": (1, 20),
    "ExpireAfterMin": (1, 14_400),
}
"""Source: SageMaker Python SDK, ``workflow/retry.py``."""


def definition_problems(definition: Mapping[str, Any]) -> list[str]:
    """Return everything that SageMaker would refuse, at once or when the step runs."""
    found = [*_parameter_problems(definition), *_envelope_problems(definition)]
    try:
        validate(definition)
    except InvalidDefinitionError as error:
        return [*found, *error.problems]
    for step, _ in walk(definition["Steps"]):
        found += [f"{step['Name']}{each}" for each in _argument_problems(step, definition)]
        found += [f"{step['Name']}: {each}" for each in _property_problems(step, definition)]
    return found


def steps_of(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every step, those in the branches of conditions too."""
    return [step for step, _ in walk(definition["Steps"])]


def _parameter_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    parameters = definition.get("Parameters", [])
    if len(parameters) > _MOST_PARAMETERS:
        yield f"{len(parameters)} parameters, {_MOST_PARAMETERS} are allowed"
    for each in parameters:
        name, kind = each.get("Name"), each.get("Type")
        if kind not in _TYPES:
            yield f"parameter {name}: type {kind!r} is none of {', '.join(_TYPES)}"
            continue
        for value in [*each.get("EnumValues", []), each.get("DefaultValue", UNKNOWN)]:
            is_bool = isinstance(value, bool) and kind != "Boolean"
            if value is not UNKNOWN and (is_bool or not isinstance(value, _TYPES[kind])):
                yield f"parameter {name}: {value!r} is no {kind}"
        if "EnumValues" in each and each.get("DefaultValue") not in each["EnumValues"]:
            yield f"parameter {name}: the default is none of the values allowed"


def _envelope_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    steps = steps_of(definition)
    if len(steps) > _MOST_STEPS:
        yield f"{len(steps)} steps, {_MOST_STEPS} are allowed"
    for step in steps:
        name = step.get("Name")
        if not _STEP_NAME.fullmatch(str(name)):
            yield f"step {name!r}: a name has 64 letters, digits, - and _ at most"
        for problem in (*_cache_problems(step), *_retry_problems(step), *_file_problems(step)):
            yield f"{name}: {problem}"


def _cache_problems(step: Mapping[str, Any]) -> Iterator[str]:
    cache = step.get("CacheConfig", {"Enabled": False})
    if not isinstance(cache.get("Enabled"), bool) or cache.keys() - {"Enabled", "ExpireAfter"}:
        yield f"CacheConfig needs Enabled, true or false, and may have ExpireAfter, got {cache}"
    if cache.get("Enabled") and not _DURATION.fullmatch(str(cache.get("ExpireAfter", ""))):
        yield f"ExpireAfter must be a duration of ISO 8601, got {cache.get('ExpireAfter')!r}"


def _retry_problems(step: Mapping[str, Any]) -> Iterator[str]:
    for policy in step.get("RetryPolicies", []):
        for key in policy.keys() - _RETRY.keys():
            yield f"retry policy: {key} is unknown"
        if ("ExceptionType" in policy) == ("FailureReasonType" in policy):
            yield "retry policy: one of ExceptionType and FailureReasonType says on what"
        if not {"MaxAttempts", "ExpireAfterMin"} & policy.keys():
            yield "retry policy: neither MaxAttempts nor ExpireAfterMin ends it"
        for key, limits in _RETRY.items():
            if limits and not limits[0] <= policy.get(key, limits[0]) <= limits[1]:
                yield f"retry policy: {key} {policy[key]} is not within {limits[0]}-{limits[1]}"


def _file_problems(step: Mapping[str, Any]) -> Iterator[str]:
    needed = {"PropertyFileName", "OutputName", "FilePath"}
    for file in step.get("PropertyFiles", []):
        if file.keys() != needed:
            yield f"a property file needs {', '.join(sorted(needed))}, got {', '.join(file)}"


def _argument_problems(step: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    if step["Type"] not in _CALLS:
        return
    create, _, name = _CALLS[step["Type"]]
    parameters = {e["Name"]: e.get("DefaultValue", UNKNOWN) for e in definition["Parameters"]}
    arguments = _filled(own_arguments(step), parameters)
    yield from problems(input_shape("sagemaker", create), arguments, generated=name)


def _filled(node: Any, parameters: Mapping[str, Any]) -> Any:
    """Put the defaults of the parameters in; what a job answers stays unknown."""
    if refs.is_expression(node):
        ((function, argument),) = node.items()
        if function == refs.GET:
            found = refs.parse(argument)
            return parameters[found.name] if found.root == refs.PARAMETERS else UNKNOWN
        if function == refs.JOIN:
            parts = [_filled(part, parameters) for part in argument["Values"]]
            joined = str(argument.get("On", "")).join(str(part) for part in parts)
            return UNKNOWN if UNKNOWN in parts else joined
        return UNKNOWN
    if isinstance(node, Mapping):
        return {key: _filled(value, parameters) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, parameters) for value in node]
    return node


def _property_problems(step: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    """Follow each reference to another step into the answer that describes its job."""
    kinds = {each["Name"]: each["Type"] for each in steps_of(definition)}
    for found in refs.references(own_arguments(step)):
        if found.root != refs.STEPS or found.path[:1] == (refs.PROPERTY_FILES,):
            continue
        kind = kinds[found.name]
        if kind == CONDITION:
            if found.path != ("Outcome",):
                yield f"{found.text!r}: a condition has an Outcome and nothing else"
        elif kind not in _CALLS or not _leads_somewhere(kind, found.path):
            yield f"{found.text!r} is not in what describes a {kind} step"


def _leads_somewhere(kind: str, path: tuple[refs.Token, ...]) -> bool:
    calls = (_CALLS[kind][1], _ALSO_DESCRIBES.get(kind))
    return any(_is_in_answer(call, path) for call in calls if call)


def _is_in_answer(call: str, path: tuple[refs.Token, ...]) -> bool:
    shape: Any = service("sagemaker").operation_model(call).output_shape
    for token in path:
        if shape is None:
            return False
        if shape.type_name == "structure":
            shape = member(shape, str(token))
        elif shape.type_name == "list":
            # SageMaker also finds the items of a list by their name.
            shape = shape.member
        else:
            shape = shape.value if shape.type_name == "map" else None
    return shape is not None
