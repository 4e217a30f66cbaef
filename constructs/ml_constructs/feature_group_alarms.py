"""Alarms on the online stores of feature groups."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic

_NAMESPACE = "AWS/SageMaker"
_OPERATIONS = ("GetRecord", "PutRecord")
_METRICS = {"Operation5XXErrors": "Errors", "ThrottledRequests": "Throttled"}


def feature_group_metric(group: str, metric: str, operation: str, statistic: str = "Sum") -> Metric:
    """Return a metric of one operation on one feature group.

    Source: SageMaker Developer Guide, "Amazon SageMaker Feature Store metrics".
    """
    dimensions = {"FeatureGroupName": group, "OperationName": operation}
    return Metric(_NAMESPACE, metric, dimensions, statistic)


class FeatureGroupAlarms(Construct):
    """Define alarms on requests that a feature group failed or refused.

    Stateless. Reading and writing have alarms of their own: the first hurts who asks for a
    prediction, the second who trains.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms: Sequence[Alarm] = tuple(
            Alarm(
                self,
                f"{operation}{kind}",
                description=f"{operation} on {group_name}: {kind.lower()}. "
                f"{runbook}#featuregroup{kind.lower()}",
                metric=feature_group_metric(group_name, metric, operation),
                threshold=1,
                evaluation_periods=2,
                missing="notBreaching",
                topic=topic,
            )
            for operation in _OPERATIONS
            for metric, kind in _METRICS.items()
        )
