"""Data that do not arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def test_it_watches_what_the_bucket_counts(site: Any) -> None:
    """Writes below the prefix, by the hour; silence for all of them is the alarm."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.access_log_bucket import AccessLogBucket
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.arrival_alarm import ArrivalAlarm
    from ml_constructs.encrypted_bucket import EncryptedBucket

    kept = RemovalPolicy.RETAIN
    bucket = EncryptedBucket(
        site.stack,
        "Raw",
        key=site.key,
        access_logs=AccessLogBucket(site.stack, "Access", expiry_days=30, removal_policy=kept),
        noncurrent_version_days=30,
        removal_policy=kept,
        counted_prefix="canal",
    )
    ArrivalAlarm(
        site.stack,
        "Stale",
        bucket=bucket,
        longest_silence=timedelta(hours=26),
        is_silence_told=True,
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
        runbook="book.md",
    )
    ((_, alarm),) = site.resources("AWS::CloudWatch::Alarm").items()
    counted = [
        (name, metric)
        for name, each in site.resources("AWS::S3::Bucket").items()
        for metric in each["Properties"].get("MetricsConfigurations", [])
    ]
    ((name, metric),) = counted
    dimensions = {each["Name"]: each["Value"] for each in alarm["Properties"]["Dimensions"]}

    assert metric == {"Id": "writes", "Prefix": "canal/"}
    assert dimensions == {"BucketName": {"Ref": name}, "FilterId": "writes"}
    assert alarm["Properties"]["EvaluationPeriods"] == 26
    assert alarm["Properties"]["TreatMissingData"] == "breaching"
