"""A pipeline that fails, drags or does not run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
def alarms(site: Any) -> dict[str, dict[str, Any]]:
    """The alarms of a pipeline that runs every two days, in an environment that may be silent."""
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.pipeline_alarms import PipelineAlarms

    PipelineAlarms(
        site.stack,
        "X",
        pipeline_name="canal",
        longest_duration=timedelta(minutes=90),
        longest_silence=timedelta(days=2),
        is_silence_told=False,
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
        runbook="book.md",
    )
    found = site.resources("AWS::CloudWatch::Alarm")
    return {each["Properties"]["MetricName"]: each["Properties"] for each in found.values()}


def test_they_watch_one_pipeline(alarms: dict[str, dict[str, Any]]) -> None:
    """The metrics without a dimension count the pipelines of the whole account."""
    assert set(alarms) == {"ExecutionFailed", "ExecutionDuration", "ExecutionSucceeded"}
    for alarm in alarms.values():
        assert alarm["Namespace"] == "AWS/Sagemaker/ModelBuildingPipeline"
        assert alarm["Dimensions"] == [{"Name": "PipelineName", "Value": "canal"}]


def test_duration_is_in_milliseconds(alarms: dict[str, dict[str, Any]]) -> None:
    """As SageMaker sends it; the longest execution counts, not the mean."""
    assert alarms["ExecutionDuration"]["Threshold"] == 90 * 60 * 1000
    assert alarms["ExecutionDuration"]["Statistic"] == "Maximum"


def test_silence_is_counted_in_hours(alarms: dict[str, dict[str, Any]]) -> None:
    """Every one of 48 hours without a success, reported or not."""
    silent = alarms["ExecutionSucceeded"]

    assert (silent["Period"], silent["EvaluationPeriods"]) == (3600, 48)
    assert silent["TreatMissingData"] == "breaching"
    assert silent["ActionsEnabled"] is False


def test_no_execution_is_no_failure(alarms: dict[str, dict[str, Any]]) -> None:
    """SageMaker sends nothing while nothing runs."""
    assert alarms["ExecutionFailed"]["TreatMissingData"] == "notBreaching"
    assert alarms["ExecutionDuration"]["TreatMissingData"] == "notBreaching"
