"""Alarms on a DynamoDB table."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic

_OPERATIONS = ("GetItem", "PutItem", "Query")


class TableAlarms(Construct):
    """Define alarms on requests that a table refused or failed.

    Stateless. What nobody asked for is not measured, which is fine.
    Source: Amazon DynamoDB Developer Guide, "DynamoDB metrics and dimensions".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table_name: str,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)

        def alarm(name: str, metric: str, text: str, kind: str, **dimensions: str) -> Alarm:
            return Alarm(
                self,
                name,
                description=f"{construct_id}: {text}. {runbook}#table{kind}",
                metric=Metric("AWS/DynamoDB", metric, {"TableName": table_name, **dimensions}),
                threshold=1,
                evaluation_periods=2,
                missing="notBreaching",
                topic=topic,
            )

        self.alarms: Sequence[Alarm] = (
            alarm("ReadThrottled", "ReadThrottleEvents", "reads are refused", "throttled"),
            alarm("WriteThrottled", "WriteThrottleEvents", "writes are refused", "throttled"),
            *(
                alarm(f"{each}Errors", "SystemErrors", f"{each} fails", "errors", Operation=each)
                for each in _OPERATIONS
            ),
        )
