"""Every statement of every policy says something that IAM understands and acts on."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.iam.world import World, listed, run_node

Json = dict[str, Any]

_VARIABLE = re.compile(r"\$\{[^}]*\}")
"""A part that AWS fills in: of the ARN of a kind of resource, or of a statement."""

ON_EVERYTHING: Mapping[str, str] = {
    "cloudwatch:PutMetricData": "A metric has no ARN; the statement is held to one namespace.",
}
"""Actions that could name a resource and are allowed on all of them: action and reason."""

IN_VAIN: Mapping[tuple[str, str], str] = {
    ("kms:DescribeKey", "kms:EncryptionContext:aws:logs:arn"): (
        "CloudWatch Logs documents this statement for its keys; asking for the description "
        "carries no context, so that one action is not granted, and it is not needed."
    ),
}
"""Conditions on a key that an action never sends: action, key and reason."""

OF_ANOTHER_KIND: Mapping[str, str] = {
    "sagemaker:CreateModel": "Of a model package: SageMaker Developer Guide, Deploy a Model "
    "Version from a Different Account.",
}
"""Actions that AWS documents for a kind of resource that its list leaves out: action, reason."""


@dataclass(frozen=True)
class Place:
    """One statement, with where it stands."""

    name: str
    kind: str
    statement: Json

    @property
    def actions(self) -> list[str]:
        """The actions that are spelled out; ``kms:*`` is the account's right to its keys."""
        return [action for action in listed(self.statement["Action"]) if "*" not in action]

    @property
    def condition_keys(self) -> set[str]:
        """The keys of all conditions."""
        return {key for test in self.statement.get("Condition", {}).values() for key in test}


@dataclass(frozen=True)
class Catalogue:
    """What AWS says of actions."""

    actions: Mapping[str, Json | None]
    global_keys: frozenset[str]


@pytest.fixture(scope="module")
def places(worlds: dict[str, World]) -> list[Place]:
    """Every statement of every environment."""
    return [place for name, world in worlds.items() for place in _places(name, world)]


@pytest.fixture(scope="module")
def catalogue(places: list[Place]) -> Catalogue:
    """What AWS says of every action that is written anywhere."""
    actions = sorted({action for place in places for action in place.actions})
    found = run_node("actions.mjs", actions)
    return Catalogue(found["actions"], frozenset(key.lower() for key in found["globalKeys"]))


def _places(environment: str, world: World) -> Iterator[Place]:
    for name, role in world.roles.items():
        for policy in world.identity_policies(role):
            for statement in policy["policy"]["Statement"]:
                yield Place(f"{environment}/{name}", "identity", statement)
    for arn, policy in world.resource_policies.items():
        for statement in policy["Statement"]:
            yield Place(f"{environment}/{arn}", "resource", statement)


def test_there_are_statements_to_check(places: list[Place]) -> None:
    """Identity policies, trust, keys and buckets of four environments."""
    assert len(places) > 400
    assert {place.kind for place in places} == {"identity", "resource"}


def test_every_action_exists(catalogue: Catalogue) -> None:
    """IAM takes a misspelled action without a word, and it grants nothing."""
    assert [action for action, details in catalogue.actions.items() if details is None] == []


def test_every_condition_key_is_one_of_its_actions(
    places: list[Place], catalogue: Catalogue
) -> None:
    """A key that an action never sends makes an Allow empty and a Deny toothless."""
    unknown = {
        (action, key)
        for place in places
        for action in place.actions
        for key in place.condition_keys
        if not _sends(catalogue, action, key)
    }

    assert unknown == IN_VAIN.keys()


def test_no_action_that_takes_a_resource_is_allowed_on_all(
    places: list[Place], catalogue: Catalogue
) -> None:
    """``*`` stands only where AWS knows nothing narrower."""
    broad = {
        action
        for place in places
        if place.kind == "identity"
        and place.statement["Effect"] == "Allow"
        and "*" in listed(place.statement["Resource"])
        for action in place.actions
        if (catalogue.actions[action] or {}).get("takesResource")
    }

    assert broad == ON_EVERYTHING.keys()


def test_every_action_finds_a_resource_it_fits(places: list[Place], catalogue: Catalogue) -> None:
    """An action on an ARN of another kind grants nothing, and nobody hears of it."""
    empty = {
        (place.name, action)
        for place in places
        if place.kind == "identity"
        for action in place.actions
        if not _fits(catalogue.actions[action] or {}, listed(place.statement["Resource"]))
    }

    assert {each for each in empty if each[1] not in OF_ANOTHER_KIND} == set()
    assert {action for _, action in empty} >= OF_ANOTHER_KIND.keys()


def _sends(catalogue: Catalogue, action: str, key: str) -> bool:
    if _is_one_of(key, catalogue.global_keys):
        return True
    if action == "sts:AssumeRoleWithWebIdentity" and key.endswith((":aud", ":sub")):
        return True  # of whichever issuer signed the token; the list knows Amazon's own only
    details = catalogue.actions[action] or {"keys": [], "types": []}
    own = {*details["keys"]}
    for each in details["types"]:
        own |= {*each["keys"], *each.get("conditionKeys", [])}
    return _is_one_of(key, {each.lower() for each in own})


def _is_one_of(key: str, known: frozenset[str] | set[str]) -> bool:
    # Some keys end in a name: aws:RequestTag/${TagKey}, kms:EncryptionContext:${...}.
    patterns = (re.sub(r"\$\{[^}]*\}|<[^>]*>|tag-key$", "*", each) for each in known)
    return any(fnmatch.fnmatchcase(key.lower(), pattern) for pattern in patterns)


def _fits(details: Json, resources: list[str]) -> bool:
    if not details.get("takesResource") or "*" in resources:
        return True
    return any(_meet(each, resource) for each in details["types"] for resource in resources)


def _meet(kind: Json, resource: str) -> bool:
    """Say whether some ARN of a kind is among those that a statement names."""
    if kind["key"] == "bucket" and "/" in resource:
        return False
    _, _, service, _, _, name = _VARIABLE.sub("*", kind["arn"]).split(":", 5)
    _, _, its_service, _, _, its_name = _VARIABLE.sub("*", resource).split(":", 5)
    return service == its_service and _overlap(name, its_name)


@cache
def _overlap(one: str, other: str) -> bool:
    """Say whether some text matches both patterns; ``*`` is any text."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(other, one)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


@pytest.mark.parametrize(
    ("action", "resource", "fits"),
    [
        ("s3:GetObject", "arn:aws:s3:::raw/fraud/*", True),
        ("s3:GetObject", "arn:aws:s3:::raw", False),
        ("s3:ListBucket", "arn:aws:s3:::raw", True),
        ("s3:ListBucket", "arn:aws:s3:::raw/*", False),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:*", True),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b", False),
        ("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:eu-west-1:1:training-job/a-*", True),
        ("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:eu-west-1:1:processing-job/*", False),
        ("sagemaker:DescribeModelPackage", "arn:aws:sagemaker:eu-west-1:1:model/a", False),
    ],
)
def test_an_action_on_a_thing_of_another_kind_is_found(
    action: str, resource: str, fits: bool
) -> None:
    """The comparison of patterns tells buckets from objects, groups from streams."""
    details = run_node("actions.mjs", [action])["actions"][action]

    assert _fits(details, [resource]) is fits


def test_a_misspelled_action_is_found() -> None:
    """What AWS does not know comes back as nothing."""
    actions = ["s3:GetObjects", "sagemaker:ApproveModel", "s4:GetObject"]

    assert run_node("actions.mjs", actions)["actions"] == dict.fromkeys(actions)
