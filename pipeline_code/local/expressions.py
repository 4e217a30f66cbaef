"""Evaluate the expressions of a pipeline definition as SageMaker does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_code.definition import references as refs
from pipeline_code.local.errors import UnknownExpressionError
from pipeline_code.local.records import StepRecord

# ``Outputs['train']`` picks from a list by whichever of these the elements carry.
_NAMES = ("OutputName", "InputName", "ChannelName", "MetricName", "Name")


@dataclass(frozen=True)
class Scope:
    """What expressions can see: parameters, the execution, and the steps that are done.

    ``read_text`` returns the content of the object at a URI.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    steps: Mapping[str, StepRecord]
    read_text: Callable[[str], str]


def evaluate(node: Any, scope: Scope) -> Any:
    """Replace every expression in ``node`` by its value.

    Raises:
        UnknownExpressionError: if an expression is unknown or has no value.
    """
    if refs.is_expression(node):
        ((function, argument),) = node.items()
        return _call(function, argument, scope)
    if isinstance(node, Mapping):
        return {key: evaluate(value, scope) for key, value in node.items()}
    if isinstance(node, list):
        return [evaluate(value, scope) for value in node]
    return node


def text(value: object) -> str:
    """Write a value as SageMaker does where only text may stand."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _call(function: str, argument: Any, scope: Scope) -> Any:
    if function == refs.GET:
        return _get(argument, scope)
    if function == refs.JOIN:
        values = [evaluate(value, scope) for value in argument["Values"]]
        return str(argument.get("On", "")).join(text(value) for value in values)
    if function == refs.JSON_GET:
        return _json_get(argument, scope)
    raise UnknownExpressionError(function, f"known are {', '.join(refs.FUNCTIONS)}")


def _get(argument: object, scope: Scope) -> Any:
    try:
        found = refs.parse(argument)
    except refs.InvalidPathError as error:
        raise UnknownExpressionError(argument, str(error)) from error
    if found.root == refs.STEPS:
        record = scope.steps.get(found.name)
        if record is None or not record.is_done:
            raise UnknownExpressionError(found.text, f"step {found.name} has not finished")
        if found.path[:1] == (refs.PROPERTY_FILES,):
            return _property_file(found, record)
        return _follow(record.properties, found.path, found.text)
    roots = {refs.PARAMETERS: scope.parameters, refs.EXECUTION: scope.execution}
    values = roots.get(found.root)
    if values is None or found.name not in values or found.path:
        raise UnknownExpressionError(found.text, "there is no such value")
    return values[found.name]


def _property_file(found: refs.Reference, record: StepRecord) -> str:
    name = str(found.path[1]) if len(found.path) == 2 else ""
    if name not in record.property_files:
        known = ", ".join(record.property_files) or "none"
        raise UnknownExpressionError(found.text, f"property files of {record.name}: {known}")
    return record.property_files[name]


def _json_get(argument: Mapping[str, Any], scope: Scope) -> Any:
    place = argument.get("PropertyFile", argument.get("S3Uri"))
    uri = evaluate(place, scope)
    path = str(argument.get("Path"))
    try:
        document = json.loads(scope.read_text(uri))
    except FileNotFoundError as error:
        raise UnknownExpressionError(path, f"{uri} does not exist") from error
    except ValueError as error:
        raise UnknownExpressionError(path, f"{uri} is not JSON ({error})") from error
    try:
        return _follow(document, refs.tokens(path), f"{path} of {uri}")
    except refs.InvalidPathError as error:
        raise UnknownExpressionError(path, str(error)) from error


def _follow(value: Any, path: tuple[refs.Token, ...], what: str) -> Any:
    for token in path:
        try:
            value = _named(value, token) if isinstance(token, str) else value[token]
        except (LookupError, TypeError) as error:
            choices = f" among {', '.join(map(str, value))}" if isinstance(value, Mapping) else ""
            raise UnknownExpressionError(what, f"there is no {token!r}{choices}") from error
    return value


def _named(value: Any, name: str) -> Any:
    if not isinstance(value, list):
        return value[name]
    for element in value:
        if isinstance(element, Mapping) and any(element.get(key) == name for key in _NAMES):
            return element
    raise KeyError(name)
