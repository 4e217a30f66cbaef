"""dev, staging and prod differ where somebody decided it, and nowhere else.

What is tried in dev is what runs in prod only if every other property is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import config
from tests.assembly import Assembly, Resource
from tests.schemas import tag_property
from tests.stacks.allowed_differences import ALLOWED, Allowed, Difference


def _body(assembly: Assembly, resource: Resource) -> Any:
    """Return a resource without what must differ: the environment's name in other names."""
    body = dict(assembly.resolve(resource, resource.body))
    tag = tag_property(resource.type)
    if tag is not None:
        body["Properties"] = dict(body["Properties"])
        tags = body["Properties"].pop(tag)
        body["Tags"] = tags if isinstance(tags, dict) else {t["Key"]: t["Value"] for t in tags}
    text = json.dumps(body)
    name = resource.environment
    for before in (f"acequia-{name}", f"acequia_{name}", f"acequia{name}", f"acequia/{name}"):
        text = text.replace(before, before.removesuffix(name) + "<environment>")
    return json.loads(text)


def _differences(here: Any, there: Any, path: str) -> Iterator[str]:
    """Yield the path of each value that is not the same; ``*`` stands for items of a list."""
    here, there = _opened(here), _opened(there)
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for key in sorted(here.keys() | there.keys()):
            below = f"{path}/{key}" if path else key
            if key in here and key in there:
                yield from _differences(here[key], there[key], below)
            else:
                yield below
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for mine, other in zip(here, there, strict=True):
            yield from _differences(mine, other, f"{path}/*")
    elif here != there:
        yield path


def _opened(value: Any) -> Any:
    """Read JSON that stands in a string: a dashboard, a pipeline's definition."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@pytest.fixture(scope="module")
def differences(assembly: Assembly) -> dict[Difference, str]:
    """Every difference to prod, with the address of one example."""
    prod = {
        (each.stack, each.logical_id): each
        for each in assembly.resources
        if each.environment == "prod"
    }
    found: dict[Difference, str] = {}
    for resource in assembly.resources:
        if resource.environment in config.ENVIRONMENTS and resource.environment != "prod":
            other = prod[resource.stack, resource.logical_id]
            for path in _differences(_body(assembly, resource), _body(assembly, other), ""):
                kind = "any" if path.startswith("Tags/") else resource.type
                found.setdefault((kind, path.removeprefix("Properties/")), resource.address)
    return found


def test_environments_differ_only_where_it_was_decided(
    differences: dict[Difference, str],
) -> None:
    """A difference that nobody decided makes dev a rehearsal of something else."""
    undecided = {
        difference: where
        for difference, where in differences.items()
        if not any(entry.covers(difference) for entry in ALLOWED)
    }

    assert undecided == {}


@pytest.mark.parametrize("entry", ALLOWED, ids=lambda entry: f"{entry.kind} {entry.path}")
def test_an_allowed_difference_exists(differences: dict[Difference, str], entry: Allowed) -> None:
    """An entry that matches nothing is a door left open for the next difference."""
    assert any(entry.covers(difference) for difference in differences)


@pytest.mark.parametrize(
    ("here", "there", "paths"),
    [
        ({"A": 1}, {"A": 1}, []),
        ({"A": 1}, {"A": 2}, ["A"]),
        ({"A": 1}, {}, ["A"]),
        ({"A": {"B": [1, 2]}}, {"A": {"B": [1, 3]}}, ["A/B/*"]),
        ({"A": [1]}, {"A": [1, 2]}, ["A"]),
        ({"A": '{"B": 1}'}, {"A": '{"B": 2}'}, ["A/B"]),
        ({"A": "1"}, {"A": 1}, ["A"]),
        ({"A": "{no"}, {"A": "{json"}, ["A"]),
    ],
)
def test_a_difference_is_seen(here: Any, there: Any, paths: list[str]) -> None:
    """Values, keys, lengths and what stands in strings: the comparison misses none."""
    assert list(_differences(here, there, "")) == paths


@pytest.mark.parametrize(
    "difference",
    [
        ("AWS::IAM::Policy", "PolicyDocument/Statement/*/Action/*"),
        ("AWS::IAM::Role", "AssumeRolePolicyDocument/Statement/*/Principal/Service"),
        ("AWS::S3::Bucket", "BucketEncryption/ServerSideEncryptionConfiguration"),
        ("AWS::SageMaker::Pipeline", "PipelineDefinition/PipelineDefinitionBody/Steps/*/Name"),
        ("AWS::CloudWatch::Alarm", "Threshold"),
        ("any", "Tags/OwnerTeam"),
    ],
)
def test_what_protects_is_the_same_everywhere(difference: Difference) -> None:
    """Rights, encryption, steps and thresholds are rehearsed as they are."""
    assert not any(entry.covers(difference) for entry in ALLOWED)
