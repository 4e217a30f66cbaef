"""Requests that an online store failed or refused."""

from __future__ import annotations

from typing import Any


def test_reads_and_writes_have_alarms_of_their_own(site: Any) -> None:
    """SageMaker counts them for each group and operation; there is no sum to watch."""
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.feature_group_alarms import FeatureGroupAlarms

    FeatureGroupAlarms(
        site.stack,
        "X",
        group_name="canals-v1",
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
        runbook="book.md",
    )
    watched = set()
    for alarm in site.resources("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        dimensions = {each["Name"]: each["Value"] for each in properties["Dimensions"]}
        assert dimensions["FeatureGroupName"] == "canals-v1"
        assert properties["TreatMissingData"] == "notBreaching"
        watched.add((dimensions["OperationName"], properties["MetricName"]))

    assert watched == {
        ("GetRecord", "Operation5XXErrors"),
        ("GetRecord", "ThrottledRequests"),
        ("PutRecord", "Operation5XXErrors"),
        ("PutRecord", "ThrottledRequests"),
    }
