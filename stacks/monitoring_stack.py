"""Who hears of what, when; and one page that shows how the use case is doing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.alarm import Alarm
from ml_constructs.arrival_alarm import ArrivalAlarm
from ml_constructs.cluster_alarms import ClusterAlarms
from ml_constructs.cost_budget import CostBudget
from ml_constructs.dashboard import Dashboard
from ml_constructs.dashboard_rows import (
    alarms_row,
    cost_row,
    data_row,
    endpoint_row,
    features_row,
    pipeline_row,
)
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.event_notice import EventNotice
from ml_constructs.feature_group_alarms import FeatureGroupAlarms
from ml_constructs.notices import (
    Notice,
    backup_notices,
    data_notices,
    endpoint_notices,
    feature_group_notices,
    health_notices,
    image_notices,
    model_notices,
    pipeline_notices,
)
from ml_constructs.pipeline_alarms import PipelineAlarms
from ml_constructs.queue_alarm import QueueAlarm
from ml_constructs.table_alarms import TableAlarms
from stacks.data_stack import DataStack
from stacks.databases_stack import DatabasesStack
from stacks.features_stack import FeaturesStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

RUNBOOK = "docs/runbooks/alarms.md"
"""Where every alarm and notice is explained, under its own heading."""
SERVICES = ("ECR", "GLUE", "KMS", "S3", "SAGEMAKER", "SNS")
"""What the platform stands on, in the words of AWS Health."""


class MonitoringStack(Stack):
    """Watch one environment: alarms, notices of events, a dashboard and the budget.

    Stateless. ``dead_letters`` are the queues of the other stacks, by the stack's name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        data: DataStack,
        databases: DatabasesStack,
        features: FeaturesStack | None,
        dead_letters: Mapping[str, DeadLetterQueue],
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._names = names
        self._common: dict[str, Any] = {"topic": foundation.alarms, "runbook": RUNBOOK}
        undelivered = DeadLetterQueue(self, "DeadLetters", key=foundation.alerts_key)
        self._queues = {**dead_letters, "Monitoring": undelivered}
        groups = features.groups if features is not None else {}
        self._groups = {group.node.id: group.name for group in groups.values()}

        alarms = [*self._define_alarms(data), *self._define_database_alarms(databases)]
        notices = self._define_notices(undelivered)
        self._define_dashboard(data, alarms, notices)
        budget = settings.monitoring.budget
        CostBudget(
            self,
            "Budget",
            monthly_usd=budget.monthly,
            tag=("Environment", settings.environment),
            actual_percent=budget.actual_percent,
            forecast_percent=budget.forecast_percent,
            topic=foundation.alarms,
        )

    def _define_alarms(self, data: DataStack) -> list[Alarm]:
        thresholds = self._settings.monitoring.alarms
        pipeline = PipelineAlarms(
            self,
            "Pipeline",
            pipeline_name=self._names.pipeline,
            longest_duration=thresholds.pipeline_duration,
            longest_silence=thresholds.pipeline_age,
            is_silence_told=thresholds.silence,
            **self._common,
        )
        arrival = ArrivalAlarm(
            self,
            "DataStale",
            bucket=data.raw,
            longest_silence=thresholds.data_age,
            is_silence_told=thresholds.silence,
            **self._common,
        )
        groups = [
            FeatureGroupAlarms(self, group_id, group_name=name, **self._common)
            for group_id, name in self._groups.items()
        ]
        queues = [
            QueueAlarm(self, f"{owner}Undelivered", queue=queue, owner=owner, **self._common)
            for owner, queue in self._queues.items()
        ]
        return [
            *pipeline.alarms,
            arrival,
            *(alarm for group in groups for alarm in group.alarms),
            *queues,
        ]

    def _define_database_alarms(self, databases: DatabasesStack) -> list[Alarm]:
        clusters = [
            ClusterAlarms(
                self,
                f"Database-{name}",
                cluster_name=cluster.name,
                **self._common,
            )
            for name, cluster in databases.clusters.items()
        ]
        tables = [
            TableAlarms(self, f"Table-{name}", table_name=table.table_name, **self._common)
            for name, table in databases.tables.items()
        ]
        return [
            *(alarm for cluster in clusters for alarm in cluster.alarms),
            *(alarm for table in tables for alarm in table.alarms),
        ]

    def _define_notices(self, undelivered: DeadLetterQueue) -> dict[str, EventNotice]:
        names = self._names
        pipeline_arn = self.format_arn(
            service="sagemaker", resource="pipeline", resource_name=names.pipeline
        )
        notices: list[Notice] = [
            *pipeline_notices(pipeline_arn),
            *model_notices(names.model_package_group),
            *endpoint_notices(names.endpoint),
            *(feature_group_notices(list(self._groups.values())) if self._groups else ()),
            *data_notices(names.database),
            *backup_notices(names.backups),
            *image_notices(names.platform),
            *health_notices(SERVICES),
        ]
        return {
            notice.name: EventNotice(
                self, notice.name, notice=notice, dead_letters=undelivered, **self._common
            )
            for notice in notices
        }

    def _define_dashboard(
        self, data: DataStack, alarms: list[Alarm], notices: Mapping[str, EventNotice]
    ) -> None:
        names = self._names
        thresholds = self._settings.monitoring.alarms
        failures = [notices[name] for name in ("CrawlerFailed", "GlueJobFailed", "RulesetFailed")]
        buckets = {"raw": data.raw, "curated": data.curated, "artifacts": data.artifacts}
        limit = f"The budget is {self._settings.monitoring.budget.monthly:,.0f} USD a month."
        Dashboard(
            self,
            "Dashboard",
            name=names.pipeline,
            rows=[
                alarms_row(alarms),
                pipeline_row(names.pipeline, thresholds.pipeline_duration),
                endpoint_row(
                    names.endpoint,
                    latency_p99_ms=self._settings.serving.latency_p99_ms,
                    errors_5xx_per_min=self._settings.serving.errors_5xx_per_min,
                ),
                data_row(data.raw, failures, self._queues),
                *([features_row(list(self._groups.values()))] if self._groups else []),
                cost_row(names.pipeline, buckets, limit),
            ],
        )
