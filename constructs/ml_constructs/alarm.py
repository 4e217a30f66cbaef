"""A CloudWatch alarm that reaches somebody and says what silence means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ml_constructs.alarm_topic import AlarmTopic

Comparison = Literal[
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]


@dataclass(frozen=True)
class Metric:
    """What is measured; ``statistic`` is one of CloudWatch's, or a percentile such as ``p99``."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    period_sec: int = 300

    @property
    def widget(self) -> list[object]:
        """The row of a dashboard's widget that draws it."""
        pairs = [part for pair in self.dimensions.items() for part in pair]
        return [
            self.namespace,
            self.name,
            *pairs,
            {"stat": self.statistic, "period": self.period_sec},
        ]


class Alarm(cloudwatch.CfnAlarm):
    """Define an alarm on one metric that tells the topic, when it starts and when it ends.

    Stateless. ``missing`` has no default: a count of faults that nobody sent is fine, a
    heartbeat that nobody sent is not.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        metric: Metric,
        threshold: float,
        missing: Missing,
        topic: AlarmTopic,
        comparison: Comparison = "GreaterThanOrEqualToThreshold",
        evaluation_periods: int = 1,
        name: str | None = None,
        extra_actions: Sequence[str] = (),
    ) -> None:
        is_percentile = metric.statistic.startswith("p")
        super().__init__(
            scope,
            construct_id,
            alarm_name=name,
            alarm_description=description,
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=[{"name": key, "value": value} for key, value in metric.dimensions.items()]
            or None,
            statistic=None if is_percentile else metric.statistic,
            extended_statistic=metric.statistic if is_percentile else None,
            period=metric.period_sec,
            evaluation_periods=evaluation_periods,
            threshold=threshold,
            comparison_operator=comparison,
            treat_missing_data=missing,
            alarm_actions=[topic.topic_arn, *extra_actions],
            ok_actions=[topic.topic_arn],
        )
