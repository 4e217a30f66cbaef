"""What makes somebody look when a kind of event turns up in the trail."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.audit_trail import AuditTrail
from ml_constructs.audited_changes import AuditedChange

_RUNBOOK = "docs/runbooks/audit.md"
_PERIOD_SEC = 300


class ChangeAlarm(Construct):
    """Define the filter that counts one kind of event in a trail, and the alarm on the count.

    Stateless.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        change: AuditedChange,
        trail: AuditTrail,
        namespace: str,
        topic: AlarmTopic,
        threshold: int,
    ) -> None:
        super().__init__(scope, construct_id)
        counter = logs.CfnMetricFilter(
            self,
            "Resource",
            log_group_name=trail.log_group_name,
            filter_pattern=change.pattern,
            metric_transformations=[
                {
                    "metricName": change.name,
                    "metricNamespace": namespace,
                    "metricValue": "1",
                }
            ],
        )
        counter.node.add_dependency(trail.log_group)
        asked_by = f" ({', '.join(change.controls)})" if change.controls else ""
        Alarm(
            self,
            "Alarm",
            description=f"{change.description}{asked_by}. What to do: {_RUNBOOK}, {change.name}",
            metric=Metric(namespace=namespace, name=change.name, period_sec=_PERIOD_SEC),
            threshold=threshold,
            missing="notBreaching",
            topic=topic,
        )
