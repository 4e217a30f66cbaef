"""The parameters of one execution: defaults, what the caller gives instead, their types."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline_code.core.mistakes import closest
from pipeline_code.local.errors import ParameterError

Value = str | int | float | bool


def resolve_parameters(
    declared: Sequence[Mapping[str, Any]], given: Mapping[str, object]
) -> dict[str, Value]:
    """Merge what was given into the defaults.

    Text is read as the parameter's type, for a command line knows nothing else.

    Raises:
        ParameterError: if a name is unknown, a value of the wrong type or not allowed, or a
            parameter without default is missing; all at once.
    """
    names = [str(parameter["Name"]) for parameter in declared]
    mistakes = [
        f"{name} is no parameter of this pipeline{closest(name, names)}"
        for name in given
        if name not in names
    ]
    values: dict[str, Value] = {}
    for parameter in declared:
        name = parameter["Name"]
        if name not in given and "DefaultValue" not in parameter:
            mistakes.append(f"{name} has no default and must be given")
            continue
        value = given.get(name, parameter.get("DefaultValue"))
        problems = list(_problems(parameter, value))
        mistakes += problems
        if not problems:
            values[name] = _read(parameter["Type"], value)
    if mistakes:
        raise ParameterError(mistakes)
    return values


def _problems(parameter: Mapping[str, Any], value: object) -> Iterator[str]:
    name, kind = parameter["Name"], parameter["Type"]
    try:
        read = _read(kind, value)
    except ValueError:
        yield f"{name} must be of type {kind}; given {value!r}"
        return
    allowed = parameter.get("EnumValues")
    if allowed and read not in allowed:
        words = [str(word) for word in allowed]
        yield f"{name} is {value!r}; allowed: {', '.join(words)}{closest(value, words)}"


def _read(kind: str, value: object) -> Value:
    if kind == "String" and isinstance(value, str):
        return value
    if kind == "Boolean":
        word = str(value).lower() if isinstance(value, bool | str) else ""
        if word in ("true", "false"):
            return word == "true"
    elif not isinstance(value, bool) and isinstance(value, int | float | str):
        if kind == "Integer" and not isinstance(value, float):
            return int(value)
        if kind == "Float" and math.isfinite(float(value)):
            return float(value)
    raise ValueError(value)
