"""The trail's bucket: the trail adds, and nobody changes."""

from __future__ import annotations

from typing import Any

import pytest


def _bucket(site: Any, *, lock_days: int | None = None) -> Any:
    from aws_cdk import RemovalPolicy

    from ml_constructs.access_log_bucket import AccessLogBucket
    from ml_constructs.trail_bucket import TrailBucket

    kept = RemovalPolicy.RETAIN
    return TrailBucket(
        site.stack,
        "Files",
        trail_name="site",
        key=site.key,
        access_logs=AccessLogBucket(site.stack, "Watch", expiry_days=30, removal_policy=kept),
        expiry_days=400,
        lock_days=lock_days,
        removal_policy=kept,
    )


def _properties(site: Any) -> dict[str, Any]:
    (found,) = (
        each["Properties"]
        for name, each in site.resources("AWS::S3::Bucket").items()
        if name.startswith("Files")
    )
    return dict(found)


def _statements(site: Any) -> list[dict[str, Any]]:
    (found,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in site.resources("AWS::S3::BucketPolicy").items()
        if name.startswith("FilesPolicy")
    )
    return list(found)


def test_only_the_one_trail_may_write(site: Any) -> None:
    """The one permission to write is CloudTrail's, for the trail of this name and account."""
    _bucket(site)
    (write,) = (
        each
        for each in _statements(site)
        if each["Effect"] == "Allow" and each["Action"] == "s3:PutObject"
    )

    assert write["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    source = str(write["Condition"]["StringEquals"]["aws:SourceArn"])
    assert ":trail/site" in source
    assert "AWS::AccountId" in source


@pytest.mark.parametrize(
    "action",
    ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"],
)
def test_nobody_else_may_write_whatever_their_own_policy_says(site: Any, action: str) -> None:
    """A denial beats every permission; administrators are no exception."""
    _bucket(site)
    (denial,) = (
        each for each in _statements(site) if each["Effect"] == "Deny" and action in each["Action"]
    )

    assert denial["Principal"] == {"AWS": "*"}
    assert denial["Condition"] == {
        "StringNotEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}
    }


def test_files_can_be_locked(site: Any) -> None:
    """S3 itself keeps each file for as long as the settings say."""
    _bucket(site, lock_days=90)
    properties = _properties(site)

    assert properties["ObjectLockEnabled"] is True
    rule = properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert rule == {"Mode": "GOVERNANCE", "Days": 90}


def test_files_are_not_locked_unless_asked_for(site: Any) -> None:
    """An environment for trying things can be taken down."""
    _bucket(site)

    assert "ObjectLockConfiguration" not in _properties(site)


def test_the_trail_stays_in_the_encryption_context(site: Any) -> None:
    """The key's policy asks for the trail; a bucket key would put the bucket there instead."""
    _bucket(site)
    (rule,) = _properties(site)["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule.get("BucketKeyEnabled", False) is False
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_the_trail_is_watched_and_versioned(site: Any) -> None:
    """Who reads the trail is recorded too, and an overwritten file keeps its old version."""
    _bucket(site)
    properties = _properties(site)

    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["LoggingConfiguration"]["LogFilePrefix"] == "files/"
    assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 400
