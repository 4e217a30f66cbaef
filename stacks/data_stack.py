"""Where data lie: raw as they came, curated by the pipeline, and what the pipeline made."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.access_log_bucket import AccessLogBucket
from ml_constructs.data_catalog import DataCatalog
from ml_constructs.encrypted_bucket import EncryptedBucket
from pipeline_code import contract
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

EXECUTIONS = "executions"
"""The folder of a use case in which the pipeline keeps what one execution made."""
EXPORTS = "exports"
"""The folder of the curated bucket through which tables pass on their way to the raw one."""
CAPTURE = "capture"
"""The folder of a use case in the artifacts bucket in which requests and answers are kept."""
ASYNCHRONOUS = "asynchronous"
"""The folder in which an asynchronous endpoint finds requests and puts answers."""
QUERY_RESULTS = "queries"
"""The folder of the curated bucket with what people asked Athena."""


class DataStack(Stack):
    """Keep the data of one environment and describe the raw ones in a catalogue.

    Stateful: nothing of it can be made again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._access_logs = AccessLogBucket(
            self,
            "AccessLogs",
            expiry_days=settings.logs.access_log_days,
            removal_policy=removal_policy,
        )

        def bucket(bucket_id: str, **options: Any) -> EncryptedBucket:
            return EncryptedBucket(
                self,
                bucket_id,
                key=foundation.data_key,
                access_logs=self._access_logs,
                noncurrent_version_days=settings.data.noncurrent_version_days,
                removal_policy=removal_policy,
                **options,
            )

        self.raw = bucket("Raw", notifies=True, counted_prefix=settings.usecase)
        # Data of an execution can be made again from the raw ones; models and reports stay.
        self.curated = bucket(
            "Curated",
            expiry_days={
                f"{settings.usecase}/{EXECUTIONS}/": settings.data.execution_data_days,
                f"{EXPORTS}/": settings.data.execution_data_days,
                f"{QUERY_RESULTS}/": settings.sources.query_result_days,
            },
        )
        self.artifacts = bucket(
            "Artifacts",
            expiry_days={
                f"{settings.usecase}/{contract.CHECKPOINTS}/": settings.data.checkpoint_days,
                f"{settings.usecase}/{CAPTURE}/": settings.serving.capture_days,
                f"{settings.usecase}/{ASYNCHRONOUS}/": settings.serving.asynchronous_days,
            },
        )
        self.artifacts.allow_reading(settings.registry.reader_accounts, prefix=settings.usecase)

        self.catalog = DataCatalog(
            self,
            "Catalog",
            name=names.database,
            source=self.raw,
            prefix=settings.usecase,
            data_key=foundation.data_key,
            logs_key=foundation.logs_key,
            schedule=settings.data.crawler_schedule,
            removal_policy=removal_policy,
        )
