"""The trail: all regions, provable files, and the data events that were asked for."""

from __future__ import annotations

from typing import Any

import pytest


def _trail(site: Any, *, watched: list[str]) -> dict[str, Any]:
    from aws_cdk import RemovalPolicy

    from ml_constructs.access_log_bucket import AccessLogBucket
    from ml_constructs.audit_trail import AuditTrail
    from ml_constructs.trail_bucket import TrailBucket

    kept = RemovalPolicy.RETAIN
    bucket = TrailBucket(
        site.stack,
        "Files",
        trail_name="site",
        key=site.key,
        access_logs=AccessLogBucket(site.stack, "Watch", expiry_days=30, removal_policy=kept),
        expiry_days=400,
        lock_days=None,
        removal_policy=kept,
    )
    AuditTrail(
        site.stack,
        "Trail",
        name="site",
        bucket=bucket,
        key=site.key,
        watched_arns=watched,
        log_retention_days=30,
        removal_policy=kept,
    )
    (found,) = site.resources("AWS::CloudTrail::Trail").values()
    return dict(found)


@pytest.mark.parametrize(
    "property_name",
    [
        "IsLogging",
        "IsMultiRegionTrail",
        "IncludeGlobalServiceEvents",
        "EnableLogFileValidation",
    ],
)
def test_nothing_escapes_the_trail(site: Any, property_name: str) -> None:
    """It is on, in every region, with IAM, and a changed file shows."""
    assert _trail(site, watched=[])["Properties"][property_name] is True


def test_every_change_is_recorded(site: Any) -> None:
    """With advanced selectors, management events are recorded only if one selects them."""
    (selector,) = _trail(site, watched=[])["Properties"]["AdvancedEventSelectors"]

    assert selector["FieldSelectors"] == [{"Field": "eventCategory", "Equals": ["Management"]}]


def test_every_object_of_the_watched_buckets_is_recorded(site: Any) -> None:
    """Reads and writes alike, of these buckets and of none whose name begins like theirs."""
    selectors = _trail(site, watched=["arn:x:s3:::raw"])["Properties"]["AdvancedEventSelectors"]

    assert selectors[1]["FieldSelectors"] == [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": ["arn:x:s3:::raw/"]},
    ]


def test_the_trail_waits_for_what_cloudtrail_tries(site: Any) -> None:
    """CloudTrail writes to the bucket and the log group before it makes the trail."""
    needed = " ".join(_trail(site, watched=[])["DependsOn"])

    for name in ("FilesPolicy", "TrailLogsRoleDefaultPolicy", "TrailLogs"):
        assert name in needed


def test_the_key_serves_this_trail_only(site: Any) -> None:
    """Another trail, or another account's, cannot use the key."""
    _trail(site, watched=[])
    (key,) = site.resources("AWS::KMS::Key").values()
    found = [
        each
        for each in key["Properties"]["KeyPolicy"]["Statement"]
        if each["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    ]
    (encrypt,) = (each for each in found if "kms:GenerateDataKey" in each["Action"])

    assert len(found) == 2
    for each in found:
        assert ":trail/site" in str(each["Condition"]["StringEquals"]["aws:SourceArn"])
    context = encrypt["Condition"]["StringLike"]["kms:EncryptionContext:aws:cloudtrail:arn"]
    assert ":trail/site" in str(context)


def test_the_logs_role_writes_its_own_streams_only(site: Any) -> None:
    """Streams of the log group that CloudTrail names, and nothing else."""
    _trail(site, watched=[])
    (statement,) = site.statements("TrailLogsRole")

    assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert "log-group:/aws/cloudtrail/site:log-stream:" in str(statement["Resource"])
    assert "_CloudTrail_" in str(statement["Resource"])
