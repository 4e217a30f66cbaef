"""The alarms of an endpoint: units, silence, and no reference to what they guard."""

from __future__ import annotations

from typing import Any


def _alarms(site: Any, *, least: int | None = None) -> dict[str, dict[str, Any]]:
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.endpoint_alarms import EndpointAlarms, ServiceLevel

    EndpointAlarms(
        site.stack,
        "Alarms",
        endpoint_name="shop",
        variant="champion",
        level=ServiceLevel(
            errors_5xx_per_min=4, latency_p99_ms=250, min_invocations_per_5min=least
        ),
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
    )
    found = site.resources("AWS::CloudWatch::Alarm").values()
    return {each["Properties"]["AlarmName"]: each["Properties"] for each in found}


def test_latency_is_compared_in_the_unit_of_the_metric(site: Any) -> None:
    """ModelLatency is in microseconds; 250 of them would always be exceeded."""
    alarm = _alarms(site)["shop-latency-p99"]

    assert alarm["Threshold"] == 250_000
    assert alarm["ExtendedStatistic"] == "p99"


def test_an_idle_endpoint_is_fine_unless_said_otherwise(site: Any) -> None:
    """No request is no error and no delay."""
    alarms = _alarms(site)

    assert set(alarms) == {"shop-5xx", "shop-latency-p99"}
    assert {each["TreatMissingData"] for each in alarms.values()} == {"notBreaching"}


def test_an_endpoint_that_must_be_busy_may_not_fall_silent(site: Any) -> None:
    """No metric at all is the silence that the alarm is for."""
    alarm = _alarms(site, least=20)["shop-traffic"]

    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 20


def test_alarms_name_the_endpoint_and_do_not_refer_to_it(site: Any) -> None:
    """The endpoint waits for its alarms; a reference back would be a circle."""
    for alarm in _alarms(site, least=20).values():
        assert alarm["Dimensions"] == [
            {"Name": "EndpointName", "Value": "shop"},
            {"Name": "VariantName", "Value": "champion"},
        ]
        assert alarm["AlarmActions"]
