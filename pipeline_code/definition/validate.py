"""Refuse a pipeline definition that cannot be executed as it stands, before anything runs.

The rule is: what the local twin does not know is an error, never skipped. Every problem is
reported at once, with the step in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.mistakes import closest
from pipeline_code.definition import references as refs
from pipeline_code.definition.duration import parse_duration
from pipeline_code.definition.graph import Graph, own_arguments, read_graph, walk
from pipeline_code.definition.supported import unsupported_arguments

VERSION = "2020-12-01"
STEP_TYPES = (
    "Processing",
    "Training",
    "Tuning",
    "Model",
    "Transform",
    "RegisterModel",
    "Condition",
    "Fail",
)
CONDITION_TYPES = (
    "Equals",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "LessThan",
    "LessThanOrEqualTo",
    "In",
    "Not",
    "Or",
)
EXECUTION_VARIABLES = (
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "ProcessingJobName",
    "StartDateTime",
    "TrainingJobName",
)
RETRIED = (
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
_ENVELOPE = (
    "Name",
    "Type",
    "Arguments",
    "DependsOn",
    "CacheConfig",
    "PropertyFiles",
    "RetryPolicies",
    "DisplayName",
    "Description",
)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,254})")


class InvalidDefinitionError(PipelineError, ValueError):
    """A pipeline definition cannot be executed; all reasons are listed, one a line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        title = f"the pipeline definition has {count} problem{'s' if count != 1 else ''}"
        super().__init__("\n".join([title, *(f"  {problem}" for problem in self.problems)]))


def validate(definition: Mapping[str, Any]) -> Graph:
    """Check a resolved definition and return its steps.

    Raises:
        InvalidDefinitionError: with everything that is wrong: unknown step types, expressions,
            conditions and keys, references to nothing, circles.
    """
    problems = list(_envelope_problems(definition))
    if not problems:
        problems = list(_content_problems(definition))
    if not problems:
        graph = read_graph(definition)
        circle = graph.cycle()
        if not circle:
            return graph
        problems = [f"the steps {', '.join(circle)} wait for one another"]
    raise InvalidDefinitionError(problems)


def _envelope_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    if definition.get("Version") != VERSION:
        yield f"Version is {definition.get('Version')!r}; known: {VERSION!r}"
    for key in ("Parameters", "Steps"):
        if not isinstance(definition.get(key), list):
            yield f"{key} must be a list"
    seen: set[str] = set()
    for step, _ in walk(definition.get("Steps")):
        name, kind = step.get("Name"), step.get("Type")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield f"a step is called {name!r}; allowed: letters, digits, - and _"
            continue
        if name in seen:
            yield f"{name}: another step has this name"
        seen.add(name)
        if kind not in STEP_TYPES:
            known = f"known: {', '.join(STEP_TYPES)}{closest(kind, list(STEP_TYPES))}"
            yield f"{name}: step type {kind!r} is unknown; {known}"
        if not isinstance(step.get("Arguments"), Mapping):
            yield f"{name}: Arguments must be a mapping"
        for key in step.keys() - set(_ENVELOPE):
            yield f"{name}: key {key!r} is unknown{closest(key, list(_ENVELOPE))}"


def _content_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    documents = {step["Name"]: step for step, _ in walk(definition["Steps"])}
    parameters = [parameter.get("Name") for parameter in definition["Parameters"]]
    for name, step in documents.items():
        arguments = own_arguments(step)
        for problem in (
            *_expression_problems(arguments, parameters, documents),
            *_condition_problems(arguments.get("Conditions", [])),
            *_surroundings_problems(step, documents),
            *unsupported_arguments(step["Type"], arguments),
        ):
            yield f"{name}: {problem}"


def _expression_problems(
    node: Any, parameters: list[Any], steps: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for function, argument in refs.expressions(node):
        if function not in refs.FUNCTIONS:
            yield f"expression {function!r} is unknown{closest(function, list(refs.FUNCTIONS))}"
        elif function == refs.JOIN and not isinstance(_part(argument, "Values"), list):
            yield f"{function} needs Values, a list"
        elif function == refs.JSON_GET and not (
            isinstance(_part(argument, "Path"), str)
            and (_part(argument, "PropertyFile") or _part(argument, "S3Uri"))
        ):
            yield f"{function} needs Path and PropertyFile or S3Uri"
        elif function == refs.GET:
            try:
                found = refs.parse(argument)
            except refs.InvalidPathError as error:
                yield str(error)
                continue
            yield from _reference_problems(found, parameters, steps)


def _part(argument: Any, key: str) -> Any:
    return argument.get(key) if isinstance(argument, Mapping) else None


def _reference_problems(
    found: refs.Reference, parameters: list[Any], steps: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    known: dict[str, Iterable[Any]] = {
        refs.PARAMETERS: parameters,
        refs.EXECUTION: EXECUTION_VARIABLES,
        refs.STEPS: steps,
    }
    if found.root not in known:
        yield f"{found.text!r} starts with none of {', '.join(known)}"
    elif found.name not in known[found.root]:
        near = closest(found.name, list(known[found.root]))
        yield f"{found.text!r} points at nothing in {found.root}{near}"
    elif found.root == refs.STEPS:
        step = steps[found.name]
        if found.path[:1] == (refs.PROPERTY_FILES,):
            files = [f.get("PropertyFileName") for f in step.get("PropertyFiles", [])]
            if found.path[1:2] and found.path[1] not in files:
                near = closest(found.path[1], files)
                yield f"{found.text!r} points at no property file of {found.name}{near}"
        elif found.path[:2] == ("ProcessingOutputConfig", "Outputs") and len(found.path) > 2:
            outputs = _output_names(step)
            if isinstance(found.path[2], str) and found.path[2] not in outputs:
                near = closest(found.path[2], outputs)
                yield f"{found.text!r} points at no output of {found.name}{near}"


def _condition_problems(conditions: Any) -> Iterator[str]:
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        kind = condition.get("Type") if isinstance(condition, Mapping) else condition
        if kind not in CONDITION_TYPES:
            yield f"condition {kind!r} is unknown{closest(kind, list(CONDITION_TYPES))}"
        elif kind == "Not":
            yield from _condition_problems([condition.get("Condition")])
        elif kind == "Or":
            yield from _condition_problems(condition.get("Conditions", []))


def _surroundings_problems(
    step: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for other in step.get("DependsOn", []):
        if other not in steps:
            yield f"DependsOn names {other!r}, which is no step{closest(other, list(steps))}"
    outputs = _output_names(step)
    for file in step.get("PropertyFiles", []):
        if file.get("OutputName") not in outputs:
            near = closest(file.get("OutputName"), outputs)
            yield f"a property file lies in output {file.get('OutputName')!r}, which is none{near}"
    expire_after = step.get("CacheConfig", {}).get("ExpireAfter")
    if expire_after is not None:
        try:
            parse_duration(str(expire_after))
        except ValueError as error:
            yield f"ExpireAfter {error}"
    for policy in step.get("RetryPolicies", []):
        for kind in (*policy.get("ExceptionType", ()), *policy.get("FailureReasonType", ())):
            if kind not in RETRIED:
                yield f"retry on {kind!r} is unknown{closest(kind, list(RETRIED))}"


def _output_names(step: Mapping[str, Any]) -> list[str]:
    config = step["Arguments"].get("ProcessingOutputConfig", {})
    return [output.get("OutputName") for output in config.get("Outputs", [])]
