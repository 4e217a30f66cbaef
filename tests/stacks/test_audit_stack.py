"""The audit: nobody but the trail writes the trail, and every change that matters is heard of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from ml_constructs.audited_changes import AUDITED_CHANGES
from pipeline_code.core.mistakes import parse

Templates = dict[str, dict[str, dict[str, Any]]]
WITHOUT_TRAIL = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
audit: {trail: false}
"""
WRITES = {"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:*", "*"}


def _of_type(templates: Templates, kind: str, environment: str = "prod") -> dict[str, Any]:
    return {
        name: each["Properties"]
        for name, each in templates[environment]["Audit"]["Resources"].items()
        if each["Type"] == kind
    }


def test_nobody_but_the_trail_may_write_the_trail(assembly: Any, statements: list[Any]) -> None:
    """In no policy of any stack may anyone else add or delete an object of that bucket."""
    (trail,) = assembly.find("AWS::CloudTrail::Trail", environment="prod")
    bucket = assembly.target(trail, trail.properties["S3BucketName"])
    writers = [
        each
        for each in statements
        if each.environment == "prod"
        and each.text["Effect"] == "Allow"
        and WRITES & set(each.actions)
        and bucket.logical_id in json.dumps(each.resources)
    ]

    assert bucket.logical_id.startswith("Files")
    assert [each.text["Principal"] for each in writers] == [{"Service": "cloudtrail.amazonaws.com"}]


def test_the_trail_is_encrypted_with_a_key_of_its_own(assembly: Any) -> None:
    """Who may decrypt the data cannot read who else did."""
    (trail,) = assembly.find("AWS::CloudTrail::Trail", environment="prod")
    key = assembly.target(trail, trail.properties["KMSKeyId"])

    assert key.stack == "Audit"
    assert key.type == "AWS::KMS::Key"


def test_no_role_may_decrypt_the_trail(assembly: Any, statements: list[Any]) -> None:
    """Reading the trail is granted to people, by the account's own policies."""
    found = [
        each
        for each in statements
        if each.kind == "identity" and "Audit" in json.dumps(each.resources)
    ]

    assert [each for each in found if "kms:Decrypt" in each.actions] == []


@pytest.mark.parametrize("environment", [*config.ENVIRONMENTS, "everything"])
def test_data_and_models_are_watched(templates: Templates, environment: str) -> None:
    """Every read and write of the raw, the curated and the artifacts bucket is recorded."""
    (trail,) = _of_type(templates, "AWS::CloudTrail::Trail", environment).values()
    watched = json.dumps(trail["AdvancedEventSelectors"][1])

    for bucket in ("Raw", "Curated", "Artifacts"):
        assert f"GetAtt{bucket}" in watched


@pytest.mark.parametrize("change", AUDITED_CHANGES, ids=lambda change: change.name)
def test_each_change_is_counted_and_told(templates: Templates, change: Any) -> None:
    """A filter counts it, and an alarm on that very metric reaches the topic."""
    filters = _of_type(templates, "AWS::Logs::MetricFilter").values()
    (counter,) = (each for each in filters if each["FilterPattern"] == change.pattern)
    (metric,) = counter["MetricTransformations"]
    (alarm,) = (
        each
        for each in _of_type(templates, "AWS::CloudWatch::Alarm").values()
        if (each["Namespace"], each["MetricName"])
        == (metric["MetricNamespace"], metric["MetricName"])
    )

    assert "Alarms" in json.dumps(alarm["AlarmActions"])
    assert alarm["TreatMissingData"] == "notBreaching"
    assert change.name in alarm["AlarmDescription"]


def test_thresholds_come_from_the_settings(templates: Templates) -> None:
    """Calls that are denied now and then are usual; one change of the trail is not."""
    alarms = {
        each["MetricName"]: each["Threshold"]
        for each in _of_type(templates, "AWS::CloudWatch::Alarm", "everything").values()
    }

    assert alarms.pop("DeniedCalls") == 25
    assert alarms.pop("FailedSignIn") == 5
    assert set(alarms.values()) == {1}


def test_questions_are_asked_in_a_workgroup_that_encrypts(templates: Templates) -> None:
    """Answers hold who did what: encrypted, whoever asks and whatever the client says."""
    (workgroup,) = _of_type(templates, "AWS::Athena::WorkGroup").values()
    settings = workgroup["WorkGroupConfiguration"]
    queries = _of_type(templates, "AWS::Athena::NamedQuery").values()

    assert settings["EnforceWorkGroupConfiguration"] is True
    encryption = settings["ResultConfiguration"]["EncryptionConfiguration"]
    assert encryption["EncryptionOption"] == "SSE_KMS"
    assert settings["BytesScannedCutoffPerQuery"] > 0
    assert {each["WorkGroup"] for each in queries} == {workgroup["Name"]}
    assert len(queries) == 4


def test_the_trail_can_be_left_to_the_organisation(tmp_path: Path) -> None:
    """Without a trail of its own an environment has no audit stack, and still synthesises."""
    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.define([parse(WITHOUT_TRAIL, config.PlatformConfig, source="dev.yaml")])
    names = {each.stack_name for each in app.stages["dev"].synth().stacks}

    assert "acequia-dev-Audit" not in names
    assert "acequia-dev-Data" in names
