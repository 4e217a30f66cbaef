"""No release replaces or loses what nobody can make again (control C19)."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import config
from tests import replacement
from tests.assembly import Assembly
from tests.schemas import create_only, schema
from tests.stacks.test_platform_stage import STATEFUL_TYPES

Baseline = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def prod(assembly: Assembly) -> Baseline:
    """What decides over replacement in prod, as the stacks are now."""
    return replacement.baseline(assembly, "prod")


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_nothing_is_replaced_or_lost(assembly: Assembly, environment: str) -> None:
    """An update of the last release keeps every bucket, key, feature group, domain and endpoint.

    What is meant to go is listed, with its reason, in tests/baseline/allowed.yaml; after a
    release ``make baseline`` renews the files beside it.
    """
    before = replacement.read_baseline(environment)
    allowed = {(each.where, each.property) for each in replacement.read_allowed()}
    found = replacement.replacements(before, replacement.baseline(assembly, environment))

    assert before, "there is no baseline; write it with `make baseline`"
    assert [each for each in found if each[:2] not in allowed] == []


def test_the_reviewed_list_is_about_something(assembly: Assembly) -> None:
    """An entry that allows nothing would let the next accident through."""
    found = {
        each[:2]
        for environment in config.ENVIRONMENTS
        for each in replacement.replacements(
            replacement.read_baseline(environment), replacement.baseline(assembly, environment)
        )
    }
    allowed = replacement.read_allowed()

    assert {(each.where, each.property) for each in allowed} <= found
    assert all(len(each.reason.split()) >= 4 for each in allowed)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("AWS::SageMaker::FeatureGroup", "FeatureGroupName", "customers-renamed"),
        ("AWS::SageMaker::FeatureGroup", "RoleArn", "${Features.OtherRole.Arn}"),
        ("AWS::SageMaker::FeatureGroup", "Tags", [{"Key": "git-sha", "Value": "abc"}]),
        ("AWS::SageMaker::Domain", "KmsKeyId", "${Foundation.OtherKey.Arn}"),
        ("AWS::ECR::Repository", "EncryptionConfiguration", {"EncryptionType": "AES256"}),
        ("AWS::Logs::LogGroup", "LogGroupName", "/aws/sagemaker/Elsewhere"),
        ("AWS::EC2::VPC", "CidrBlock", "10.99.0.0/16"),
    ],
)
def test_a_changed_create_only_property_is_found(
    prod: Baseline, kind: str, name: str, value: Any
) -> None:
    """CloudFormation would make a new resource, and leave the data in the old one."""
    after = deepcopy(prod)
    where = next(where for where, each in prod.items() if each["type"] == kind)
    after[where]["create_only"][name] = value

    ((found, changed, text),) = replacement.replacements(prod, after)

    assert (found, changed) == (where, name)
    assert f"{kind}.{name} is create-only" in text


def _rename(after: Baseline, where: str) -> None:
    after[f"{where}Renamed"] = after.pop(where)


def _retype(after: Baseline, where: str) -> None:
    after[where] = {"type": "AWS::SNS::Topic"}


@pytest.mark.parametrize("accident", [_rename, _retype])
def test_a_resource_that_goes_is_found(
    prod: Baseline, accident: Callable[[Baseline, str], None]
) -> None:
    """A renamed construct has another logical id: the old bucket is abandoned."""
    after = deepcopy(prod)
    where = next(where for where, each in prod.items() if each["type"] == "AWS::S3::Bucket")
    accident(after, where)

    ((found, changed, _),) = replacement.replacements(prod, after)

    assert (found, changed) == (where, "")


def test_a_moved_key_counts_as_another_key(assembly: Assembly) -> None:
    """A reference is compared by what it points to: its resource, not its spelling."""
    before = replacement.baseline(assembly, "prod")
    templates = json.loads(json.dumps(assembly.templates["prod"]).replace("DataKey", "MovedKey"))
    after = replacement.baseline(Assembly({"prod": templates}), "prod")
    text = "\n".join(each[2] for each in replacement.replacements(before, after))

    assert "OfflineStoreConfig is create-only" in text
    assert "AWS::KMS::Key is gone" in text


def test_an_addition_is_no_accident(prod: Baseline) -> None:
    """A new bucket, and a property that may change, do not stop a release."""
    after = {**prod, "Data/New": {"type": "AWS::S3::Bucket"}}

    assert list(replacement.replacements(prod, after)) == []


def test_the_schemas_are_the_source() -> None:
    """Spot checks of what the schemas say, nested and conditional ones included."""
    assert "KmsKeyId" in create_only("AWS::SageMaker::Domain")
    assert "VpcId" in create_only("AWS::SageMaker::Domain")
    assert "Tags" in create_only("AWS::SageMaker::FeatureGroup")
    assert "RoleArn" in create_only("AWS::SageMaker::MlflowApp")
    assert "FeatureDefinitions" not in create_only("AWS::SageMaker::FeatureGroup")


def test_every_guarded_type_exists() -> None:
    """A misspelt type would guard nothing."""
    assert [each for each in replacement.GUARDED if not schema(each)] == []


def test_what_the_stage_calls_stateful_is_guarded() -> None:
    """One list of stateful types may be longer than the other, but in one direction only."""
    assert STATEFUL_TYPES <= replacement.STATEFUL


def test_the_baseline_reviews_well(tmp_path: Path, prod: Baseline) -> None:
    """A diff of the baseline shows one property a line, in a stable order."""
    text = json.dumps(prod, indent=1, sort_keys=True)

    assert list(prod) == sorted(prod)
    assert json.loads(text) == prod
    assert len(text) < 100_000
