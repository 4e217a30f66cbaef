"""The feature store: one group for each in the lock, encrypted online and offline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.lock import read_lock

Templates = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def groups(templates: Templates) -> dict[str, dict[str, Any]]:
    """The feature groups of prod by their physical name."""
    return {
        resource["Properties"]["FeatureGroupName"]: resource["Properties"]
        for resource in templates["prod"]["Features"]["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::FeatureGroup"
    }


def test_every_group_of_the_lock_is_there(groups: dict[str, dict[str, Any]]) -> None:
    """The physical name carries environment, use case and schema version."""
    locked = read_lock(contract.usecase_folder("fraud")).feature_groups

    assert set(groups) == {f"acequia-prod-fraud-{group.versioned_name}" for group in locked}


def test_schema_is_the_one_of_the_lock(groups: dict[str, dict[str, Any]]) -> None:
    """Key and event time come first, then the features in the lock's order."""
    for locked in read_lock(contract.usecase_folder("fraud")).feature_groups:
        group = groups[f"acequia-prod-fraud-{locked.versioned_name}"]
        schema = [
            (each["FeatureName"], each["FeatureType"]) for each in group["FeatureDefinitions"]
        ]

        assert group["RecordIdentifierFeatureName"] == locked.key
        assert group["EventTimeFeatureName"] == locked.event_time
        assert schema == [
            (locked.key, locked.key_type),
            (locked.event_time, "String"),
            *locked.features.items(),
        ]


def test_both_stores_are_encrypted_with_our_key(groups: dict[str, dict[str, Any]]) -> None:
    """The online store and the Iceberg tables both need the data key."""
    for group in groups.values():
        online = group["OnlineStoreConfig"]
        offline = group["OfflineStoreConfig"]

        assert online["EnableOnlineStore"] is True
        assert "DataKey" in json.dumps(online["SecurityConfig"]["KmsKeyId"])
        assert "DataKey" in json.dumps(offline["S3StorageConfig"]["KmsKeyId"])
        assert offline["TableFormat"] == "Iceberg"


def test_every_group_has_a_role_of_its_own(groups: dict[str, dict[str, Any]]) -> None:
    """A role that leaks opens one group, not the store."""
    roles = [group["RoleArn"]["Fn::GetAtt"][0] for group in groups.values()]

    assert len(set(roles)) == len(roles)


def test_offline_stores_lie_outside_what_expires(groups: dict[str, dict[str, Any]]) -> None:
    """The lifecycle rule of the curated bucket deletes executions, never the store."""
    for group in groups.values():
        uri = json.dumps(group["OfflineStoreConfig"]["S3StorageConfig"]["S3Uri"])

        assert "/fraud/feature-store" in uri
        assert "executions" not in uri


def test_settings_size_the_online_store(templates: Templates) -> None:
    """Time to live and capacity come from the settings, for every group alike."""
    found = [
        each["Properties"]
        for each in templates["everything"]["Features"]["Resources"].values()
        if each["Type"] == "AWS::SageMaker::FeatureGroup"
    ]

    assert found
    for group in found:
        assert group["OnlineStoreConfig"]["TtlDuration"] == {"Unit": "Days", "Value": 90}
        assert group["ThroughputConfig"] == {
            "ThroughputMode": "Provisioned",
            "ProvisionedReadCapacityUnits": 100,
            "ProvisionedWriteCapacityUnits": 10,
        }


def test_a_breaking_change_stops_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any template is written: the deployment would replace a group."""
    from dataclasses import replace

    import config
    from pipeline_code.definition.schema_lock import BreakingSchemaChangeError
    from stacks import platform_stage
    from stacks.platform_app import PlatformApp

    lock = read_lock(contract.usecase_folder("fraud"))
    first, *others = lock.feature_groups
    shorter = replace(first, features=dict([*first.features.items()][1:]))
    broken = replace(lock, feature_groups=(shorter, *others))
    monkeypatch.setattr(platform_stage, "read_lock", lambda _: broken)

    with pytest.raises(BreakingSchemaChangeError, match=r"customers-v1: \w+ is gone"):
        PlatformApp().define([config.load("dev")])
