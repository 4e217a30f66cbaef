"""The schemas of CloudFormation's resource types, as cfn-lint ships them.

Read from its files: importing cfn-lint costs a second, and its parser is not needed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REGION = "us-east-1"
"""The region whose schemas are read: it has every resource type."""


@cache
def schema(resource_type: str) -> Mapping[str, Any]:
    """Return the schema of a resource type; {} for one that CloudFormation does not know."""
    name = _index().get(resource_type)
    if name is None:
        return {}
    text = (_folder() / "resources" / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def create_only(resource_type: str) -> tuple[str, ...]:
    """Return the properties whose change may replace a resource: ``KmsKeyId``, ``A/*/B``."""
    found = schema(resource_type)
    listed = (
        *found.get("createOnlyProperties", ()),
        *found.get("conditionalCreateOnlyProperties", ()),
    )
    return tuple(sorted(each.removeprefix("/properties/") for each in listed))


def tag_property(resource_type: str) -> str | None:
    """Return the name of the property that holds the tags, or None where there is none."""
    found = schema(resource_type)
    tagging = found.get("tagging", {})
    if not tagging.get("taggable", "Tags" in found.get("properties", {})):
        return None
    name = str(tagging.get("tagProperty", "/properties/Tags")).removeprefix("/properties/")
    return name if name in found.get("properties", {}) else None


@cache
def paths(resource_type: str) -> tuple[str, ...]:
    """Return the path of every property, nested ones too; ``*`` stands for items of a list."""
    found = schema(resource_type)
    return tuple(sorted(set(_paths(found, found.get("properties", {}), "", ()))))


def _paths(
    root: Mapping[str, Any], properties: Mapping[str, Any], prefix: str, seen: tuple[str, ...]
) -> Iterator[str]:
    for name, value in properties.items():
        path = f"{prefix}{name}"
        yield path
        yield from _below(root, value, path, seen)


def _below(
    root: Mapping[str, Any], value: Mapping[str, Any], path: str, seen: tuple[str, ...]
) -> Iterator[str]:
    reference = value.get("$ref")
    if reference is not None:
        # A definition may hold itself.
        if reference not in seen:
            target = root["definitions"][reference.rpartition("/")[2]]
            yield from _below(root, target, path, (*seen, reference))
        return
    if isinstance(value.get("items"), Mapping):
        yield from _below(root, value["items"], f"{path}/*", seen)
    yield from _paths(root, value.get("properties", {}), f"{path}/", seen)
    for word in ("oneOf", "anyOf", "allOf"):
        for option in value.get(word, ()):
            yield from _below(root, option, path, seen)


@cache
def _folder() -> Path:
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise RuntimeError("cfn-lint is not installed; run `make lint` once to set up the tests")
    return Path(found.origin).parent / "data" / "schemas"


@cache
def _index() -> Mapping[str, str]:
    text = (_folder() / "providers" / f"{REGION}.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]
