"""AWS is asked for the right things, and its refusals are passed on in one line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import numpy as np
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pipeline_code import contract
from pipeline_code.core.tables import write_columns
from pipeline_code.entrypoints.aws_services import AwsServices, ServiceError

GROUP = "fraud"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServices]:
    """Services of an account that exists only in this process."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        yield AwsServices()


def register(status: str, uri: str) -> str:
    """Register a version and return its ARN."""
    sagemaker = boto3.client("sagemaker")
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": "image@sha256:0", "ModelDataUrl": uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    return arn


def test_the_champion_is_the_newest_approved_version(services: AwsServices) -> None:
    """Neither a newer one that waits for approval, nor an older approved one."""
    assert services.champion(GROUP) is None
    register(contract.APPROVED, "s3://b/1")
    arn = register(contract.APPROVED, "s3://b/2")
    register(contract.PENDING, "s3://b/3")

    champion = services.champion(GROUP)

    assert champion is not None
    assert (champion.arn, champion.version, champion.model_uri) == (arn, 2, "s3://b/2")


def test_an_empty_page_is_not_the_last_one(services: AwsServices) -> None:
    """SageMaker filters after paging: the champion may be on the second page."""
    arn = register(contract.APPROVED, "s3://b/1")
    pages: list[dict[str, Any]] = [
        {"ModelPackageSummaryList": [], "NextToken": "more"},
        {"ModelPackageSummaryList": [{"ModelPackageArn": arn}]},
    ]

    class Paginator:
        def paginate(self, **filters: Any) -> list[dict[str, Any]]:
            assert filters["ModelApprovalStatus"] == contract.APPROVED
            return pages

    services._sagemaker.get_paginator = lambda _: Paginator()

    champion = services.champion(GROUP)

    assert champion is not None
    assert champion.arn == arn


def test_an_object_is_fetched_to_a_file(services: AwsServices, tmp_path: Path) -> None:
    """Folders are made; an object that is not there is named."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="models", Key="a/model.tar.gz", Body=b"model")

    path = services.fetch("s3://models/a/model.tar.gz", tmp_path / "deep" / "model.tar.gz")

    assert path.read_bytes() == b"model"
    with pytest.raises(ServiceError, match=r"downloading s3://models/b: .*404"):
        services.fetch("s3://models/b", tmp_path / "b")


class FeatureStore:
    """Remember records; refuse after so many calls."""

    def __init__(self, refuse_after: int = 10**9) -> None:
        self.calls: list[dict[str, Any]] = []
        self._refuse_after = refuse_after
        self._lock = threading.Lock()

    def put_record(self, **call: Any) -> None:
        """Keep the call, or refuse it as AWS does."""
        with self._lock:
            self.calls.append(call)
            if len(self.calls) > self._refuse_after:
                error = {"Code": "AccessDeniedException", "Message": "no kms:Decrypt on key K"}
                raise ClientError({"Error": error}, "PutRecord")


def with_store(services: AwsServices, store: FeatureStore) -> AwsServices:
    """Put a store in the place of the client that moto does not know."""
    services.__dict__["_feature_store"] = store
    return services


def test_every_row_becomes_a_record_of_texts(services: AwsServices, tmp_path: Path) -> None:
    """Whole numbers stay whole, floats keep all digits, a missing value is left out."""
    path = tmp_path / "records.parquet"
    duckdb.execute(
        "copy (from (values (1, '2018-04-01T00:00:00Z', 5, 0.1), "
        "(2, '2018-04-01T00:00:01Z', null, 1e-7), (3, 'x', 7, null)) "
        f"as t(CUSTOMER_ID, EventTime, NB, AVG)) to '{path}'"
    )
    store = FeatureStore()

    rows = with_store(services, store).put_records("customers", path, "OnlineStore")

    assert rows == 3
    assert {call["FeatureGroupName"] for call in store.calls} == {"customers"}
    assert all(call["TargetStores"] == ["OnlineStore"] for call in store.calls)
    records = sorted(
        {pair["FeatureName"]: pair["ValueAsString"] for pair in call["Record"]}.items()
        for call in store.calls
    )
    assert [dict(record) for record in map(list, records)] == [
        {"CUSTOMER_ID": "1", "EventTime": "2018-04-01T00:00:00Z", "NB": "5", "AVG": "0.1"},
        {"CUSTOMER_ID": "2", "EventTime": "2018-04-01T00:00:01Z", "AVG": "1e-07"},
        {"CUSTOMER_ID": "3", "EventTime": "x", "NB": "7"},
    ]


def test_of_two_rows_of_one_moment_the_last_is_written(
    services: AwsServices, tmp_path: Path
) -> None:
    """Calls run side by side: which of the two came last would be chance, and differ offline."""
    path = tmp_path / "records.parquet"
    duckdb.execute(
        "copy (from (values (1, '2018-04-01T00:00:00Z', 5.0), (1, '2018-04-01T00:00:00Z', 6.5), "
        "(1, '2018-04-01T00:00:01Z', 'inf'::double)) as t(CUSTOMER_ID, EventTime, NB)) "
        f"to '{path}'"
    )
    store = FeatureStore()

    rows = with_store(services, store).put_records("customers", path, "OfflineStore")

    assert rows == 3
    values = [
        {e["FeatureName"]: e["ValueAsString"] for e in call["Record"]} for call in store.calls
    ]
    assert sorted(value.get("NB", "missing") for value in values) == ["6.5", "missing"]


def test_a_refusal_stops_the_rest_and_names_the_group(
    services: AwsServices, tmp_path: Path
) -> None:
    """Sixty thousand more calls would be refused for the same reason."""
    columns = {"KEY": np.arange(20_000), "EventTime": np.full(20_000, "2018-04-01T00:00:00Z")}
    path = write_columns(tmp_path / "records.parquet", columns)
    store = FeatureStore(refuse_after=10)

    with pytest.raises(ServiceError, match=r"OfflineStore of customers: .*no kms:Decrypt on key K"):
        with_store(services, store).put_records("customers", path, "OfflineStore")
    assert len(store.calls) < 10_000
