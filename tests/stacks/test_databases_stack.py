"""Databases and tables that the platform brings: closed, encrypted, hard to lose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config

Templates = dict[str, dict[str, dict[str, Any]]]
ENVIRONMENTS = (*config.ENVIRONMENTS, "everything")
BARE = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


def _find(templates: Templates, environment: str, kind: str) -> list[dict[str, Any]]:
    return [
        each
        for each in templates[environment]["Databases"]["Resources"].values()
        if each["Type"] == kind
    ]


def _cluster(templates: Templates, environment: str = "prod") -> dict[str, Any]:
    (cluster,) = _find(templates, environment, "AWS::RDS::DBCluster")
    return cluster


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_brought_where_the_user_has_one(templates: Templates, environment: str) -> None:
    """The fourth environment names three databases and two tables; two and one are theirs."""
    assert len(_find(templates, environment, "AWS::RDS::DBCluster")) == 1
    assert len(_find(templates, environment, "AWS::DynamoDB::Table")) == 1


def test_the_cluster_costs_nothing_while_idle(templates: Templates) -> None:
    """At no capacity units it is paused; prod may grow further than dev."""
    scaling = {
        environment: _cluster(templates, environment)["Properties"][
            "ServerlessV2ScalingConfiguration"
        ]
        for environment in ("dev", "prod")
    }

    assert {each["MinCapacity"] for each in scaling.values()} == {0}
    assert {each["SecondsUntilAutoPause"] for each in scaling.values()} == {600}
    assert scaling["dev"]["MaxCapacity"] < scaling["prod"]["MaxCapacity"]


def test_nobody_knows_the_password(templates: Templates) -> None:
    """RDS makes it, keeps it under our key and changes it; no template holds a password."""
    properties = _cluster(templates)["Properties"]

    assert properties["ManageMasterUserPassword"] is True
    assert "DataKey" in json.dumps(properties["MasterUserSecret"]["KmsKeyId"])
    assert "MasterUserPassword" not in properties
    assert properties["EnableIAMDatabaseAuthentication"] is True


def test_the_cluster_is_encrypted_at_rest_and_on_the_way(templates: Templates) -> None:
    """Storage and insights with our key; a client without TLS is refused."""
    properties = _cluster(templates)["Properties"]
    (writer,) = _find(templates, "prod", "AWS::RDS::DBInstance")
    (settings,) = _find(templates, "prod", "AWS::RDS::DBClusterParameterGroup")

    assert properties["StorageEncrypted"] is True
    assert "DataKey" in json.dumps(properties["KmsKeyId"])
    assert "DataKey" in json.dumps(writer["Properties"]["PerformanceInsightsKMSKeyId"])
    assert settings["Properties"]["Parameters"]["rds.force_ssl"] == "1"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_cluster_is_not_deleted_by_accident(templates: Templates, environment: str) -> None:
    """Not even in dev: its rows exist nowhere else. Backups reach as far back as RDS allows."""
    properties = _cluster(templates, environment)["Properties"]

    assert properties["DeletionProtection"] is True
    assert properties["BackupRetentionPeriod"] == 35


def test_the_cluster_lets_nobody_in_and_reaches_nothing(templates: Templates) -> None:
    """Who may connect is for the stack of the sources to say, group by group."""
    (group,) = _find(templates, "prod", "AWS::EC2::SecurityGroup")
    (writer,) = _find(templates, "prod", "AWS::RDS::DBInstance")

    assert "SecurityGroupIngress" not in group["Properties"]
    assert [each["CidrIp"] for each in group["Properties"]["SecurityGroupEgress"]] == [
        "255.255.255.255/32"
    ]
    assert writer["Properties"]["PubliclyAccessible"] is False
    assert _cluster(templates)["Properties"]["Port"] not in {5432, 3306}


def test_the_log_of_the_cluster_is_ours(templates: Templates) -> None:
    """RDS would make a group without key or end if it were not there before the cluster."""
    cluster = _cluster(templates)
    name = f"/aws/rds/cluster/{cluster['Properties']['DBClusterIdentifier']}/postgresql"
    ours = {
        logical_id: each["Properties"]
        for logical_id, each in templates["prod"]["Databases"]["Resources"].items()
        if each["Type"] == "AWS::Logs::LogGroup" and each["Properties"]["LogGroupName"] == name
    }
    ((logical_id, group),) = ours.items()

    assert cluster["Properties"]["EnableCloudwatchLogsExports"] == ["postgresql"]
    assert logical_id in cluster["DependsOn"]
    assert "LogsKey" in json.dumps(group["KmsKeyId"])
    assert group["RetentionInDays"] == 365


@pytest.mark.parametrize(("environment", "is_protected"), [("dev", False), ("prod", True)])
def test_the_table_can_be_brought_back(
    templates: Templates, environment: str, is_protected: bool
) -> None:
    """To any second of the last weeks; an export to the lake reads from the same."""
    (table,) = _find(templates, environment, "AWS::DynamoDB::Table")
    properties = table["Properties"]

    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["DeletionProtectionEnabled"] is is_protected
    assert properties["SSESpecification"]["SSEType"] == "KMS"
    assert "DataKey" in json.dumps(properties["SSESpecification"]["KMSMasterKeyId"])
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["KeySchema"] == [{"AttributeName": "merchant_id", "KeyType": "HASH"}]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_landing_job_finds_its_log_groups(templates: Templates, environment: str) -> None:
    """Glue composes their names of those of the security configuration and of the role."""
    groups = {
        each["Properties"]["LogGroupName"]
        for each in _find(templates, environment, "AWS::Logs::LogGroup")
    }
    sources = templates[environment]["Sources"]["Resources"]
    jobs = [each["Properties"] for each in sources.values() if each["Type"] == "AWS::Glue::Job"]

    assert jobs
    for job in jobs:
        encryption = sources[job["SecurityConfiguration"]["Ref"]]["Properties"]["Name"]
        role = sources[job["Role"]["Fn::GetAtt"][0]]["Properties"]["RoleName"]
        for kind in ("error", "output"):
            assert f"/aws-glue/jobs/{encryption}-role/{role}/{kind}" in groups


# --- Backups --------------------------------------------------------------------------------------


def _backup(templates: Templates, environment: str, kind: str) -> dict[str, Any]:
    (found,) = _find(templates, environment, f"AWS::Backup::{kind}")
    properties: dict[str, Any] = found["Properties"]
    return properties


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_that_we_bring_is_in_the_backup_plan(
    templates: Templates, environment: str
) -> None:
    """Named one by one: a tag can be taken off by anybody who may tag."""
    selection = _backup(templates, environment, "BackupSelection")["BackupSelection"]
    text = json.dumps(selection["Resources"])
    brought = [
        name
        for name, each in templates[environment]["Databases"]["Resources"].items()
        if each["Type"] in {"AWS::RDS::DBCluster", "AWS::DynamoDB::Table"}
    ]

    assert len(selection["Resources"]) == len(brought)
    assert all(f'"{name}"' in text for name in brought)
    assert "ListOfTags" not in selection


def test_backups_are_encrypted_and_end(templates: Templates) -> None:
    """With the key of the data, as long as the settings say."""
    vault = _backup(templates, "prod", "BackupVault")
    (rule,) = _backup(templates, "prod", "BackupPlan")["BackupPlan"]["BackupPlanRule"]
    (cold,) = _backup(templates, "everything", "BackupPlan")["BackupPlan"]["BackupPlanRule"]

    assert "DataKey" in json.dumps(vault["EncryptionKeyArn"])
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert cold["Lifecycle"] == {"DeleteAfterDays": 400, "MoveToColdStorageAfterDays": 30}
    assert cold["ScheduleExpression"] == "cron(30 3 * * ? *)"


def test_nobody_deletes_a_backup_of_a_protected_environment(templates: Templates) -> None:
    """The lock lasts as long as the backup unless the settings say less; dev has none."""
    locks = {
        environment: _backup(templates, environment, "BackupVault").get("LockConfiguration")
        for environment in ENVIRONMENTS
    }

    assert locks == {
        "dev": None,
        "staging": {"MinRetentionDays": 35},
        "prod": {"MinRetentionDays": 35},
        "everything": {"MinRetentionDays": 60, "ChangeableForDays": 7},
    }


def test_without_a_database_there_is_no_vault(tmp_path: Path) -> None:
    """A plan that selects nothing is refused by AWS."""
    from pipeline_code.core.mistakes import parse
    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.define([parse(BARE, config.PlatformConfig, source="dev.yaml")])
    databases = app.stages["dev"].databases

    assert not [child for child in databases.node.find_all() if "Backups" in child.node.path]
