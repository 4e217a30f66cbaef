"""What tells that an endpoint serves badly, while it is updated and afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic

_NAMESPACE = "AWS/SageMaker"
_MICROSECONDS_PER_MS = 1000
_SECONDS_PER_MIN = 60
_BAD_MINUTES = 3
"""In a row: one slow minute is no reason to roll a deployment back."""


@dataclass(frozen=True)
class ServiceLevel:
    """What an endpoint promises.

    ``min_invocations_per_5min`` None: it may be idle. ``max_request_age_min`` is for a queue:
    how long a request may wait in it.
    """

    errors_5xx_per_min: int
    latency_p99_ms: int
    min_invocations_per_5min: int | None = None
    max_request_age_min: int | None = None


class EndpointAlarms(Construct):
    """Define the alarms of one variant, by the literal name of its endpoint.

    Stateless. They exist before the endpoint, which names them as reasons to roll back; so
    they cannot refer to it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        variant: str,
        level: ServiceLevel,
        topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint_name = endpoint_name
        self._dimensions = {"EndpointName": endpoint_name, "VariantName": variant}
        self._topic = topic
        self.alarms = [self._errors(level), self._latency(level)]
        if level.min_invocations_per_5min is not None:
            self.alarms.append(self._silence(level.min_invocations_per_5min))
        if level.max_request_age_min is not None:
            self.alarms.append(self._age(level.max_request_age_min))

    def _errors(self, level: ServiceLevel) -> Alarm:
        return Alarm(
            self,
            "Errors",
            name=f"{self._endpoint_name}-5xx",
            description=f"{self._endpoint_name} answers with errors of its own (5xx)",
            metric=self._metric("Invocation5XXErrors", "Sum", period_sec=60),
            threshold=level.errors_5xx_per_min,
            evaluation_periods=_BAD_MINUTES,
            missing="notBreaching",
            topic=self._topic,
        )

    def _latency(self, level: ServiceLevel) -> Alarm:
        return Alarm(
            self,
            "Latency",
            name=f"{self._endpoint_name}-latency-p99",
            description=f"One request in a hundred of {self._endpoint_name} takes "
            f"{level.latency_p99_ms} ms or longer",
            # In microseconds, as the metric is.
            metric=self._metric("ModelLatency", "p99", period_sec=60),
            threshold=level.latency_p99_ms * _MICROSECONDS_PER_MS,
            evaluation_periods=_BAD_MINUTES,
            missing="notBreaching",
            topic=self._topic,
        )

    def _silence(self, least: int) -> Alarm:
        return Alarm(
            self,
            "Silence",
            name=f"{self._endpoint_name}-traffic",
            description=f"{self._endpoint_name} got fewer than {least} requests in five minutes",
            metric=self._metric("Invocations", "Sum", period_sec=300),
            threshold=least,
            comparison="LessThanThreshold",
            # An endpoint that nobody reaches sends no metric at all.
            missing="breaching",
            topic=self._topic,
        )

    def _age(self, most: int) -> Alarm:
        return Alarm(
            self,
            "Age",
            name=f"{self._endpoint_name}-request-age",
            description=f"A request to {self._endpoint_name} waits for {most} minutes or longer",
            # Of the queue, which no variant owns.
            metric=Metric(
                namespace=_NAMESPACE,
                name="ApproximateAgeOfOldestRequest",
                dimensions={"EndpointName": self._endpoint_name},
                statistic="Maximum",
                period_sec=60,
            ),
            threshold=most * _SECONDS_PER_MIN,
            evaluation_periods=_BAD_MINUTES,
            missing="notBreaching",
            topic=self._topic,
        )

    def _metric(self, name: str, statistic: str, *, period_sec: int) -> Metric:
        return Metric(
            namespace=_NAMESPACE,
            name=name,
            dimensions=self._dimensions,
            statistic=statistic,
            period_sec=period_sec,
        )
