"""AWS behind the calls that jobs make: the one place where a job meets boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_code import contract
from pipeline_code.core.services import Champion, Services, Store, Trial
from pipeline_code.core.tables import read_columns

_WORKERS = 32  # one PutRecord takes some 10 ms, nearly all of it waiting
_BATCH = 50 * _WORKERS
# Adaptive: on throttling the whole client slows down. Access denied is never retried.
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=_WORKERS,
    connect_timeout=10,
    read_timeout=60,
)


class ServiceError(RuntimeError):
    """A call to AWS failed for good; the message names the call, its object and AWS's reason."""

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__(f"{what}: {' '.join(str(error).split())}")


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

        def put(record: list[dict[str, str]]) -> None:
            self._feature_store.put_record(
                FeatureGroupName=feature_group, Record=record, TargetStores=[store]
            )

        rows, left = 0, _records(records)
        with ThreadPoolExecutor(_WORKERS) as workers:
            try:
                # By batches: what is refused once is not asked for another sixty thousand times.
                while batch := list(islice(left, _BATCH)):
                    rows += len(list(workers.map(put, batch)))
            except (ClientError, BotoCoreError) as error:
                raise ServiceError(f"writing to {store} of {feature_group}", error) from error
        return rows

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


def _records(path: Path) -> Iterator[list[dict[str, str]]]:
    """Write each row of a Parquet file as PutRecord wants it; a missing value is left out."""
    columns = {name: _texts(values) for name, values in read_columns(path).items()}
    for row in zip(*columns.values(), strict=True):
        yield [
            {"FeatureName": name, "ValueAsString": value}
            for name, value in zip(columns, row, strict=True)
            if value is not None
        ]


def _texts(values: np.ndarray[Any, Any]) -> list[str | None]:
    if values.dtype.kind == "f":
        whole = values.astype(np.float64)  # an integer column with gaps comes as floats
        integral = bool(np.all(np.isnan(whole) | (whole == np.floor(whole))))
        return [
            None if np.isnan(value) else str(int(value)) if integral else repr(float(value))
            for value in whole
        ]
    return [None if value is None else str(value) for value in values.tolist()]


# The type checker proves here that AWS offers what jobs ask for.
_: type[Services] = AwsServices
