"""Alarms on the training pipeline: it failed, it was slow, it did not run."""

from __future__ import annotations

from datetime import timedelta

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic

NAMESPACE = "AWS/Sagemaker/ModelBuildingPipeline"
"""Spelled like this by SageMaker. Source: SageMaker Developer Guide, "SageMaker pipelines
metrics", also for the names and dimensions of the metrics."""
_HOUR_SEC = 3600


def pipeline_metric(
    pipeline_name: str, metric: str, *, statistic: str = "Sum", period_sec: int = 300
) -> Metric:
    """Return a metric of one pipeline: ``ExecutionFailed``, ``ExecutionDuration`` and so on."""
    return Metric(NAMESPACE, metric, {"PipelineName": pipeline_name}, statistic, period_sec)


def hours(duration: timedelta) -> int:
    """Count whole hours, the step in which silence is measured."""
    return int(duration / timedelta(hours=1))


class PipelineAlarms(Construct):
    """Define the alarms of one pipeline.

    Stateless. Silence of more than ``longest_silence`` (whole hours, seven days at most) tells
    the topic only if ``is_silence_told``; the alarm is there in any case.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        longest_duration: timedelta,
        longest_silence: timedelta,
        is_silence_told: bool,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)
        failed = Alarm(
            self,
            "PipelineFailed",
            description=f"An execution of {pipeline_name} failed. {runbook}#pipelinefailed",
            metric=pipeline_metric(pipeline_name, "ExecutionFailed"),
            threshold=1,
            missing="notBreaching",
            topic=topic,
        )
        slow = Alarm(
            self,
            "PipelineSlow",
            description=f"An execution of {pipeline_name} took longer than "
            f"{longest_duration}. {runbook}#pipelineslow",
            metric=pipeline_metric(pipeline_name, "ExecutionDuration", statistic="Maximum"),
            threshold=longest_duration / timedelta(milliseconds=1),
            comparison="GreaterThanThreshold",
            missing="notBreaching",
            topic=topic,
        )
        silent = Alarm(
            self,
            "PipelineSilent",
            description=f"No execution of {pipeline_name} succeeded for "
            f"{hours(longest_silence)} hours. {runbook}#pipelinesilent",
            metric=pipeline_metric(pipeline_name, "ExecutionSucceeded", period_sec=_HOUR_SEC),
            threshold=1,
            comparison="LessThanThreshold",
            evaluation_periods=hours(longest_silence),
            missing="breaching",
            topic=topic,
        )
        silent.actions_enabled = is_silence_told
        self.alarms = (failed, slow, silent)
