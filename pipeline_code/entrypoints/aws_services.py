"""AWS behind the calls that jobs make: only this module and ``aws_*`` beside it meet boto3."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_code import contract
from pipeline_code.core.services import Champion, Record, Services, Store, Trial
from pipeline_code.entrypoints.aws_athena import Athena
from pipeline_code.entrypoints.aws_errors import ServiceError
from pipeline_code.entrypoints.aws_features import AwsFeatures
from pipeline_code.entrypoints.aws_records import WORKERS, put_records

# Adaptive: on throttling the whole client slows down. Access denied is never retried.
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=WORKERS,
    connect_timeout=10,
    read_timeout=60,
)
_EVERYONES_WORKGROUP = "primary"


class AwsServices:
    """The registry, the object store and the feature store of an account."""

    def champion(self, model_package_group: str) -> Champion | None:
        """Return the newest approved version of the group, or None where there is none yet."""
        try:
            arn = self._newest_approved(model_package_group)
            if arn is None:
                return None
            package = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"reading the champion of {model_package_group}", error) from error
        (container, *_) = package["InferenceSpecification"]["Containers"]
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        uri = container.get("ModelDataUrl") or source.get("S3Uri")
        return Champion(int(package["ModelPackageVersion"]), arn, str(uri))

    def fetch(self, uri: str, destination: Path) -> Path:
        """Copy the object at ``uri`` (``s3://bucket/key``) to the file ``destination``."""
        place = urlsplit(uri)
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._s3.download_file(place.netloc, place.path.removeprefix("/"), str(destination))
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"downloading {uri}", error) from error
        return destination

    def trials(self, tuning_job: str) -> list[Trial]:
        """Return what a tuning job tried, in the order in which the trials began."""
        pages = self._sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        try:
            found = [
                _trial(summary)
                for page in pages.paginate(
                    HyperParameterTuningJobName=tuning_job,
                    SortBy="CreationTime",
                    SortOrder="Ascending",
                )
                for summary in page["TrainingJobSummaries"]
            ]
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(f"listing the trials of {tuning_job}", error) from error
        return found

    def put_records(self, feature_group: str, records: Path, store: Store) -> int:
        """Write the rows of a Parquet file to one store of a feature group.

        The online store keeps the row with the latest event time. The offline store keeps every
        write with its ``write_time``; rows written twice differ in nothing else, and queries take
        one row for each key and event time.
        """
        return put_records(self._feature_store, feature_group, records, store)

    def get_records(self, feature_group: str, keys: Sequence[str]) -> Mapping[str, Record]:
        """Return the latest record of each key; unknown keys are left out."""
        return self._features.get_records(feature_group, keys)

    def history(
        self, feature_group: str, key: str, begin: str | None = None, end: str | None = None
    ) -> tuple[Record, ...]:
        """Return the records of one key, the oldest first, one a moment."""
        return self._features.history(feature_group, key, begin, end)

    def records_as_of(self, feature_group: str, moments: Path, destination: Path) -> int:
        """Look up what was known of entities at moments, and never what came later."""
        return self._features.records_as_of(feature_group, moments, destination)

    def _newest_approved(self, model_package_group: str) -> str | None:
        # A page may be empty although a later one is not: the filter runs after the paging.
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=model_package_group,
            ModelApprovalStatus=contract.APPROVED,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
        for page in pages:
            for summary in page["ModelPackageSummaryList"]:
                return str(summary["ModelPackageArn"])
        return None

    # Made when first needed: a job has leave to call only what it needs.
    @cached_property
    def _sagemaker(self) -> Any:
        return boto3.client("sagemaker", config=_CONFIG)

    @cached_property
    def _s3(self) -> Any:
        return boto3.client("s3", config=_CONFIG)

    @cached_property
    def _feature_store(self) -> Any:
        return boto3.client("sagemaker-featurestore-runtime", config=_CONFIG)

    @cached_property
    def _athena(self) -> Any:
        return boto3.client("athena", config=_CONFIG)

    @cached_property
    def _features(self) -> AwsFeatures:
        workgroup = os.environ.get(contract.WORKGROUP_VARIABLE, _EVERYONES_WORKGROUP)
        return AwsFeatures(self._sagemaker, self._feature_store, Athena(self._athena, workgroup))


def _trial(summary: Mapping[str, Any]) -> Trial:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {})
    began, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        value=metric.get("Value"),
        seconds=(ended - began).total_seconds() if began and ended else 0.0,
        hyperparameters=dict(summary["TunedHyperParameters"]),
    )


# The type checker proves here that AWS offers what jobs ask for.
_: type[Services] = AwsServices
