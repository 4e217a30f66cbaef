"""Check a value against a shape of an AWS API, as botocore describes it.

Botocore's own check stops at types and required members; this one looks at enums, patterns,
lengths and ranges too, which is where the service would say no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import regex
from botocore.model import Shape
from botocore.session import get_session

from pipeline_code.core.mistakes import closest

UNKNOWN = object()
"""A value that is known only when it runs."""

_NUMBERS = {"integer", "long", "float", "double"}
_SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
"""How the models write "all other characters of Unicode", in UTF-16, and how Python does."""


@cache
def service(name: str) -> Any:
    """Return the model of one service."""
    return get_session().get_service_model(name)


def input_shape(service_name: str, operation: str) -> Any:
    """Return what a call takes."""
    return service(service_name).operation_model(operation).input_shape


def problems(shape: Any, value: Any, *, place: str = "", generated: str = "") -> Iterator[str]:
    """Yield what the service would refuse in ``value``.

    A member of the name ``generated`` may be missing: somebody else fills it in.
    """
    if value is UNKNOWN:
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_problems(shape, value, place, generated)
    elif kind == "list":
        yield from _list_problems(shape, value, place)
    elif kind == "map":
        yield from _map_problems(shape, value, place)
    elif kind == "string":
        yield from _text_problems(shape, value, place)
    elif kind in _NUMBERS:
        yield from _number_problems(shape, value, place)
    elif kind == "boolean" and str(value).lower() not in {"true", "false"}:
        yield f"{place} must be true or false, got {value!r}"


def member(shape: Any, name: str) -> Shape | None:
    """Return a member by name; CodeBuild writes the first letter small, CloudFormation large."""
    for found, inner in shape.members.items():
        if found.lower() == name.lower():
            return inner
    return None


def _structure_problems(shape: Any, value: Any, place: str, generated: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place} must be an object, got {value!r}"
        return
    given = {name.lower() for name in value}
    for name in shape.required_members:
        inner = shape.members[name]
        is_filled_in = name == generated or inner.metadata.get("idempotencyToken")
        if name.lower() not in given and not is_filled_in:
            yield f"{place}.{name} is missing"
    for name, item in value.items():
        inner = member(shape, name)
        if inner is None:
            yield f"{place}.{name} is unknown{closest(name, list(shape.members))}"
        else:
            yield from problems(inner, item, place=f"{place}.{name}")


def _list_problems(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} must be a list, got {value!r}"
        return
    yield from _size_problems(shape, len(value), place, "items")
    for index, item in enumerate(value):
        yield from problems(shape.member, item, place=f"{place}[{index}]")


def _map_problems(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place} must be a mapping, got {value!r}"
        return
    yield from _size_problems(shape, len(value), place, "keys")
    for key, item in value.items():
        yield from problems(shape.key, key, place=f"{place}, key {key!r}")
        yield from problems(shape.value, item, place=f"{place}.{key}")


def _text_problems(shape: Any, value: Any, place: str) -> Iterator[str]:
    if isinstance(value, Mapping | list):
        yield f"{place} must be text, got {value!r}"
        return
    text = str(value)
    allowed = shape.metadata.get("enum")
    if allowed and text not in allowed:
        yield f"{place} {text!r} is none of the allowed values{closest(text, list(allowed))}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(text):
        yield f"{place} {text!r} does not match {pattern}"
    yield from _size_problems(shape, len(text), place, "characters")


def _number_problems(shape: Any, value: Any, place: str) -> Iterator[str]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        yield f"{place} must be a number, got {value!r}"
        return
    if shape.type_name in {"integer", "long"} and number != int(number):
        yield f"{place} must be a whole number, got {value!r}"
    yield from _size_problems(shape, number, place, "")


def _size_problems(shape: Any, size: float, place: str, unit: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        limits = f"{'' if low is None else low} to {'' if high is None else high}"
        yield f"{place} has {size:g} {unit}, allowed: {limits}".replace("  ", " ")


@cache
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern.replace(*_SURROGATES), regex.DOTALL)
