"""Keys, log groups and images: the decisions that everything else relies on."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from ml_constructs.job_role import LOG_GROUPS

Templates = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def resources(templates: Templates) -> dict[str, dict[str, Any]]:
    """The resources of the foundation in prod."""
    found: dict[str, dict[str, Any]] = templates["prod"]["Foundation"]["Resources"]
    return found


def _of_type(resources: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def test_keys_rotate_and_can_be_brought_back(resources: dict[str, dict[str, Any]]) -> None:
    """One key for data, logs and alerts each: rotated, recoverable as long as settings say."""
    keys = _of_type(resources, "AWS::KMS::Key")

    assert len(keys) == 3
    assert all(key["EnableKeyRotation"] is True for key in keys)
    assert {key["PendingWindowInDays"] for key in keys} == {30}


def test_logs_key_serves_the_log_groups_of_this_account_only(statements: list[Any]) -> None:
    """CloudWatch Logs may use the key for our log groups, named with our account."""
    found = [
        each
        for each in statements
        if (each.environment, each.stack, each.kind) == ("prod", "Foundation", "key")
        and "logs." in json.dumps(each.text["Principal"])
    ]

    assert found
    for each in found:
        patterns = each.text["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        assert patterns
        for arn in patterns:
            assert {"Ref": "AWS::AccountId"} in arn["Fn::Join"][1]


@pytest.mark.parametrize("service", ["sagemaker.amazonaws.com", "glue.amazonaws.com"])
def test_data_key_serves_each_service_for_this_account_only(
    statements: list[Any], service: str
) -> None:
    """A service may use the key, and hand it to machines, on behalf of this account alone."""
    found = [
        each
        for each in statements
        if each.environment == "prod"
        and each.kind == "key"
        and service in each.text["Principal"].get("Service", [])
    ]
    grants = [each for each in found if "kms:CreateGrant" in each.actions]

    assert len(found) == 2
    assert len(grants) == 1
    for each in found:
        condition = each.text["Condition"]["StringEquals"]
        assert condition == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert grants[0].text["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_sagemaker_log_groups_are_there_before_sagemaker_makes_them(
    resources: dict[str, dict[str, Any]],
) -> None:
    """SageMaker would make them without key and retention, and they would live forever."""
    groups = _of_type(resources, "AWS::Logs::LogGroup")

    assert {group["LogGroupName"] for group in groups} >= set(LOG_GROUPS)
    for group in groups:
        assert group["RetentionInDays"] == config.load("prod").logs.retention_days
        assert group["KmsKeyId"]["Fn::GetAtt"][0].startswith("LogsKey")


def test_images_are_immutable_scanned_encrypted_and_expire(
    resources: dict[str, dict[str, Any]],
) -> None:
    """A tag that once named an image names it for good, and old images do not pile up."""
    (repository,) = _of_type(resources, "AWS::ECR::Repository")
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]

    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["EncryptionConfiguration"]["EncryptionType"] == "KMS"
    assert [rule["selection"]["countNumber"] for rule in rules] == [30, 500]
