"""The rows of a use case's dashboard: what each shows, and what is worth a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.dashboard import AlarmStates, Expression, Graph, Row, search
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.event_notice import EventNotice
from ml_constructs.feature_group_alarms import feature_group_metric
from ml_constructs.pipeline_alarms import pipeline_metric
from ml_constructs.queue_alarm import queue_depth

_HOUR_SEC = 3600
_DAY_SEC = 24 * _HOUR_SEC
_OUTCOMES = ("ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed", "ExecutionStopped")


def alarms_row(alarms: Sequence[Alarm]) -> Row:
    """Show the state of each alarm of this stack."""
    explanation = "Red tells the topic. What to do: docs/runbooks/alarms.md"
    return Row("Alarms", explanation, [AlarmStates("Alarms", alarms)])


def pipeline_row(pipeline_name: str, longest_duration: timedelta) -> Row:
    """Show how often the pipeline ran, how it ended and how long it took."""
    runs = [pipeline_metric(pipeline_name, name, period_sec=_HOUR_SEC) for name in _OUTCOMES]
    duration = pipeline_metric(
        pipeline_name, "ExecutionDuration", statistic="Maximum", period_sec=_HOUR_SEC
    )
    steps = search(
        "AWS/Sagemaker/ModelBuildingPipeline,PipelineName,StepName",
        f'PipelineName="{pipeline_name}" MetricName="StepFailed"',
        "Sum",
    )
    return Row(
        "Training pipeline",
        f"Executions of {pipeline_name}, an hour a point; what failed has its step beside it.",
        [
            Graph("Executions", runs),
            Graph(
                "Longest execution (ms)",
                [duration],
                {"alarm": longest_duration / timedelta(milliseconds=1)},
            ),
            Graph("Steps that failed", [Expression(steps)]),
        ],
    )


def endpoint_row(endpoint_name: str, *, latency_p99_ms: int, errors_5xx_per_min: int) -> Row:
    """Show requests, errors and latency of the endpoint, over all its variants."""

    def found(metric: str, statistic: str) -> Expression:
        # A search, since the names of the variants are the business of the endpoint.
        text = search(
            "AWS/SageMaker,EndpointName,VariantName",
            f'EndpointName="{endpoint_name}" MetricName="{metric}"',
            statistic,
            period_sec=60,
        )
        return Expression(text)

    return Row(
        "Endpoint",
        f"Requests to {endpoint_name}, by the minute. 4xx is the caller's fault, 5xx is ours.",
        [
            Graph(
                "Requests",
                [found("Invocations", "Sum"), found("Invocation4XXErrors", "Sum")],
            ),
            Graph(
                "Errors of ours (5xx)",
                [found("Invocation5XXErrors", "Sum")],
                {"alarm": errors_5xx_per_min},
            ),
            Graph(
                "Latency of the model, p99 and p50 (µs)",
                [found("ModelLatency", "p99"), found("ModelLatency", "p50")],
                {"alarm": latency_p99_ms * 1000},
            ),
        ],
    )


def data_row(
    raw: EncryptedBucket, failures: Sequence[EventNotice], queues: Mapping[str, DeadLetterQueue]
) -> Row:
    """Show what arrives, which crawlers and jobs failed, and what could not be delivered."""
    tasks = search(
        "Glue,JobName,JobRunId,Type",
        'MetricName="glue.driver.aggregate.numFailedTasks" JobRunId="ALL"',
        "Sum",
    )
    return Row(
        "Data",
        "Writes of raw data by the hour: a gap is a source that sent nothing.",
        [
            Graph("Raw data that arrived (writes)", [raw.writes(period_sec=_HOUR_SEC)]),
            Graph(
                "Crawlers, Glue jobs and rules that failed",
                [*(notice.matches for notice in failures), Expression(tasks)],
            ),
            Graph("Undelivered events", [queue_depth(queue) for queue in queues.values()]),
        ],
    )


def features_row(group_names: Sequence[str]) -> Row:
    """Show reads and writes of the online stores, and what they refused."""

    def both(metric: str, statistic: str = "Sum") -> list[Metric]:
        return [
            feature_group_metric(group, metric, operation, statistic)
            for group in group_names
            for operation in ("GetRecord", "PutRecord")
        ]

    return Row(
        "Feature store",
        "Requests to the online stores. Throttled requests were refused, not lost.",
        [
            Graph("Requests", both("Invocations")),
            Graph("Throttled and failed", both("ThrottledRequests") + both("Operation5XXErrors")),
            Graph("Latency, p99 (µs)", both("Latency", "p99")),
        ],
    )


def cost_row(pipeline_name: str, buckets: Mapping[str, EncryptedBucket], budget: str) -> Row:
    """Show what drives the cost; the cost itself is in the budget.

    CloudWatch knows a bill of the whole account only, once a day and in one region.
    """
    hours = pipeline_metric(pipeline_name, "ExecutionDuration", period_sec=_DAY_SEC)
    sizes = [
        Metric(
            "AWS/S3",
            "BucketSizeBytes",
            {"BucketName": bucket.bucket_name, "StorageType": "StandardStorage"},
            "Average",
            _DAY_SEC,
        )
        for bucket in buckets.values()
    ]
    return Row(
        "Cost",
        f"{budget} The bill by tag: Billing and Cost Management, Budgets.",
        [Graph("Pipeline run time a day (ms)", [hours]), Graph("Stored (bytes)", sizes)],
    )
