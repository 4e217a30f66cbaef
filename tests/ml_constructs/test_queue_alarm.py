"""An event that was set aside is heard of."""

from __future__ import annotations

from typing import Any


def test_one_message_is_enough(site: Any) -> None:
    """The alarm stays until the queue is empty, so nobody forgets what lies in it."""
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.dead_letter_queue import DeadLetterQueue
    from ml_constructs.queue_alarm import QueueAlarm

    QueueAlarm(
        site.stack,
        "Undelivered",
        queue=DeadLetterQueue(site.stack, "Queue", key=site.key),
        owner="Canal",
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
        runbook="book.md",
    )
    ((_, alarm),) = site.resources("AWS::CloudWatch::Alarm").items()
    properties = alarm["Properties"]

    assert properties["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert properties["Statistic"] == "Maximum"
    assert properties["Threshold"] == 1
    assert properties["AlarmDescription"].startswith("An event of Canal ")
    assert properties["AlarmDescription"].endswith("book.md#undelivered")
