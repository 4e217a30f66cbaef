"""The feature store of an account is read as the local one is, and says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import boto3
import duckdb
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from pipeline_code.core.tables import read_columns
from pipeline_code.entrypoints.aws_athena import Athena
from pipeline_code.entrypoints.aws_errors import ServiceError
from pipeline_code.entrypoints.aws_features import (
    AwsFeatures,
    NoOfflineStoreError,
    TooManyMomentsError,
)
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home

GROUP = "fraud-customers-v1"
DEFINITIONS = [
    {"FeatureName": "CUSTOMER_ID", "FeatureType": "Integral"},
    {"FeatureName": "EventTime", "FeatureType": "String"},
    {"FeatureName": "NB", "FeatureType": "Integral"},
    {"FeatureName": "AVG", "FeatureType": "Fractional"},
]
RECORD = [
    {"FeatureName": "CUSTOMER_ID", "ValueAsString": "7"},
    {"FeatureName": "EventTime", "ValueAsString": "2026-01-01T00:00:00Z"},
    {"FeatureName": "AVG", "ValueAsString": "0.1"},
]
READ = {"CUSTOMER_ID": 7, "EventTime": "2026-01-01T00:00:00Z", "NB": None, "AVG": 0.1}


def described(**more: Any) -> dict[str, Any]:
    """Answer as DescribeFeatureGroup does."""
    return {
        "FeatureGroupArn": f"arn:aws:sagemaker:eu-west-1:111122223333:feature-group/{GROUP}",
        "FeatureGroupName": GROUP,
        "RecordIdentifierFeatureName": "CUSTOMER_ID",
        "EventTimeFeatureName": "EventTime",
        "FeatureDefinitions": DEFINITIONS,
        "CreationTime": 0,
        "NextToken": "",
        "OfflineStoreConfig": {
            "S3StorageConfig": {"S3Uri": "s3://curated/fraud"},
            "DataCatalogConfig": {
                "TableName": "customers_v1_17",
                "Catalog": "AwsDataCatalog",
                "Database": "sagemaker_featurestore",
            },
        },
        **more,
    }


def client(service: str) -> Any:
    """Make a client with credentials that open nothing."""
    return boto3.client(
        service,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


class FakeAthena:
    """Run the queries of Athena on DuckDB, over the local offline store, as text by the page."""

    _KINDS: ClassVar = {
        "BIGINT": "bigint",
        "INTEGER": "integer",
        "DOUBLE": "double",
        "VARCHAR": "varchar",
    }

    def __init__(self, store: FeatureStore | None) -> None:
        self.queries: list[str] = []
        self._store = store

    def start_query_execution(self, **request: str) -> dict[str, str]:
        """Keep the query; its number is its id."""
        self.queries.append(request["QueryString"])
        return {"QueryExecutionId": str(len(self.queries) - 1)}

    def get_query_execution(self, **_: str) -> dict[str, Any]:
        """Every query is done at once."""
        return {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}

    def get_paginator(self, _: str) -> Any:
        """Page through the rows, two a page."""
        return SimpleNamespace(paginate=lambda **request: self._pages(request["QueryExecutionId"]))

    def _pages(self, name: str) -> Iterator[dict[str, Any]]:
        assert self._store is not None
        with self._store._offline.opened(GROUP) as (database, table):
            database.execute("create schema sagemaker_featurestore")
            database.execute(
                f"create view sagemaker_featurestore.customers_v1_17 as from {table.relation}"
            )
            result = database.execute(self.queries[int(name)])
            kinds = [self._KINDS[str(column[1])] for column in result.description]
            rows: list[Any] = [[column[0] for column in result.description], *result.fetchall()]
        info = [{"Name": "any", "Type": kind} for kind in kinds]
        for start in range(0, len(rows), 2):
            data = [
                {"Data": [{} if v is None else {"VarCharValue": str(v)} for v in row]}
                for row in rows[start : start + 2]
            ]
            yield {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}


class World:
    """Stubs of what is asked, and the reader that asks."""

    def __init__(self, store: FeatureStore | None = None) -> None:
        sagemaker, runtime = client("sagemaker"), client("sagemaker-featurestore-runtime")
        self.sagemaker, self.runtime = Stubber(sagemaker), Stubber(runtime)
        self.athena = FakeAthena(store)
        self.waits: list[float] = []
        self.features = AwsFeatures(
            sagemaker, runtime, Athena(self.athena, "features"), self.waits.append
        )

    def describe(self, **more: Any) -> None:
        """Let the group be described."""
        self.sagemaker.add_response(
            "describe_feature_group", described(**more), {"FeatureGroupName": GROUP}
        )


@pytest.fixture
def world() -> Iterator[World]:
    """An account in which only what a test says is answered."""
    world = World()
    with world.sagemaker, world.runtime:
        yield world
        world.sagemaker.assert_no_pending_responses()
        world.runtime.assert_no_pending_responses()


def test_one_key_is_read_with_its_types(world: World) -> None:
    """The online store has texts only, and leaves out what is missing."""
    world.describe()
    world.runtime.add_response(
        "get_record",
        {"Record": RECORD},
        {"FeatureGroupName": GROUP, "RecordIdentifierValueAsString": "7"},
    )

    assert world.features.get_records(GROUP, ["7", "7"]) == {"7": READ}


def test_an_unknown_key_has_no_record(world: World) -> None:
    """GetRecord answers it without a word."""
    world.describe()
    world.runtime.add_response("get_record", {})

    assert world.features.get_records(GROUP, ["8"]) == {}
    assert world.features.get_records(GROUP, []) == {}


def test_many_keys_are_asked_a_hundred_at_a_time(world: World) -> None:
    """More are refused by BatchGetRecord; one that has no record is left out."""
    world.describe()
    keys = [str(number) for number in range(150)]
    for part in (keys[:100], keys[100:]):
        records = [
            {"FeatureGroupName": GROUP, "RecordIdentifierValueAsString": key, "Record": RECORD}
            for key in part
            if key != "8"
        ]
        asked = [{"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": part}]
        world.runtime.add_response(
            "batch_get_record",
            {"Records": records, "Errors": [], "UnprocessedIdentifiers": []},
            {"Identifiers": asked},
        )

    found = world.features.get_records(GROUP, keys)

    assert list(found) == [key for key in keys if key != "8"]
    assert found["7"] == READ


def test_keys_that_were_not_processed_are_asked_again(world: World) -> None:
    """A part of a batch may be throttled although the call went well."""
    world.describe()
    left = [{"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": ["8"]}]
    one = {"FeatureGroupName": GROUP, "RecordIdentifierValueAsString": "7", "Record": RECORD}
    world.runtime.add_response(
        "batch_get_record", {"Records": [one], "Errors": [], "UnprocessedIdentifiers": left}
    )
    other = {**one, "RecordIdentifierValueAsString": "8"}
    world.runtime.add_response(
        "batch_get_record",
        {"Records": [other], "Errors": [], "UnprocessedIdentifiers": []},
        {"Identifiers": left},
    )

    assert set(world.features.get_records(GROUP, ["7", "8"])) == {"7", "8"}
    assert world.waits == [0.2]


def test_keys_that_are_never_processed_are_an_error(world: World) -> None:
    """Left out silently they would look like unknown keys."""
    world.describe()
    left = [{"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": ["7", "8"]}]
    for _ in range(6):
        world.runtime.add_response(
            "batch_get_record", {"Records": [], "Errors": [], "UnprocessedIdentifiers": left}
        )

    with pytest.raises(ServiceError, match=f"reading from {GROUP}: it left keys out 6 times"):
        world.features.get_records(GROUP, ["7", "8"])


def test_an_error_of_one_key_is_told(world: World) -> None:
    """BatchGetRecord succeeds and lists what went wrong."""
    world.describe()
    error = {
        "FeatureGroupName": GROUP,
        "RecordIdentifierValueAsString": "7",
        "ErrorCode": "AccessForbidden",
        "ErrorMessage": "no kms:Decrypt",
    }
    world.runtime.add_response(
        "batch_get_record", {"Records": [], "Errors": [error], "UnprocessedIdentifiers": []}
    )

    with pytest.raises(ServiceError, match="AccessForbidden: no kms:Decrypt"):
        world.features.get_records(GROUP, ["7", "8"])


def test_a_group_that_does_not_exist_is_named(world: World) -> None:
    """In one line, with the call that found it out."""
    world.sagemaker.add_client_error("describe_feature_group", "ResourceNotFound", "no group")

    with pytest.raises(ServiceError, match=f"describing feature group {GROUP}: .*no group"):
        world.features.history(GROUP, "7", None, None)


def test_a_wide_group_is_described_to_its_end(world: World) -> None:
    """Beyond a page of features there is a token."""
    world.describe(FeatureDefinitions=DEFINITIONS[:2], NextToken="more")
    world.sagemaker.add_response(
        "describe_feature_group",
        described(FeatureDefinitions=DEFINITIONS[2:]),
        {"FeatureGroupName": GROUP, "NextToken": "more"},
    )
    world.runtime.add_response("get_record", {"Record": RECORD})

    assert world.features.get_records(GROUP, ["7"]) == {"7": READ}


def test_a_group_without_offline_store_has_no_history() -> None:
    """As moto describes one: a group may be online only."""
    with mock_aws():
        sagemaker = client("sagemaker")
        sagemaker.create_feature_group(
            FeatureGroupName=GROUP,
            RecordIdentifierFeatureName="CUSTOMER_ID",
            EventTimeFeatureName="EventTime",
            FeatureDefinitions=DEFINITIONS,
            RoleArn="arn:aws:iam::111122223333:role/store",
            OfflineStoreConfig={
                "S3StorageConfig": {"S3Uri": "s3://curated/fraud"},
                "DisableGlueTableCreation": True,
            },
        )
        answer = sagemaker.describe_feature_group(FeatureGroupName=GROUP)
        answer["OfflineStoreConfig"].pop("DataCatalogConfig", None)  # moto makes one up
        fake = SimpleNamespace(describe_feature_group=lambda **_: answer)
        features = AwsFeatures(fake, None, Athena(FakeAthena(None), "features"))

        with pytest.raises(NoOfflineStoreError, match=f"{GROUP} has no offline store"):
            features.history(GROUP, "7", None, None)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """A local store with an overlap of batches, a correction, a gap and a deletion."""
    home = Home(tmp_path / "home")
    store = FeatureStore(home)
    folder = home.features / "offline" / GROUP
    for number, values in enumerate(
        (
            "(7, '2026-01-01T00:00:00Z', 1, 0.1), (8, '2026-01-02T00:00:00Z', 2, NULL)",
            "(7, '2026-01-01T00:00:00Z', 9, 0.9), (7, '2026-01-03T00:00:00Z', NULL, 0.3)",
        )
    ):
        batch = tmp_path / f"{number}.parquet"
        duckdb.execute(
            "copy (select * replace (AVG::double as AVG) from "  # noqa: S608 - our own rows
            f"(values {values}) as t(CUSTOMER_ID, EventTime, NB, AVG)) to '{batch}'"
        )
        store.append_offline(GROUP, batch)
    duckdb.execute(
        "copy (select 8 as CUSTOMER_ID, '2026-01-04T00:00:00Z' as EventTime, "
        "timestamp '2026-02-01' as api_invocation_time, timestamp '2026-02-01' as write_time, "
        f"true as is_deleted) to '{folder / 'deletion.parquet'}' (format parquet)"
    )
    return store


def moments(path: Path, pairs: str) -> Path:
    """Write keys and instants as the services take them."""
    duckdb.execute(f"copy (from (values {pairs}) as t(entity, moment)) to '{path}'")
    return path


def test_local_and_remote_look_up_the_same(store: FeatureStore, tmp_path: Path) -> None:
    """The job that joins on a laptop joins in the cloud: the same rows, the same types."""
    days = ", ".join(
        f"('{key}', '2026-01-0{day}T{hour}:00:00Z')"
        for key in (7, 8, 9)
        for day in range(1, 6)
        for hour in ("00", "12")
    )
    asked = moments(tmp_path / "moments.parquet", days)
    world = World(store)
    with world.sagemaker:
        world.describe()
        remote = world.features.records_as_of(GROUP, asked, tmp_path / "remote.parquet")
    local = store.as_of(GROUP, asked, tmp_path / "local.parquet")

    assert local == remote == 14
    rows = [
        duckdb.execute(f"from '{tmp_path / name}.parquet' order by 1, 2").fetchall()
        for name in ("local", "remote")
    ]
    assert rows[0] == rows[1]
    assert rows[0][0] == ("7", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 9, 0.9)
    assert list(read_columns(tmp_path / "remote.parquet")) == list(
        read_columns(tmp_path / "local.parquet")
    )


def test_local_and_remote_history_are_the_same(store: FeatureStore) -> None:
    """The correction is there instead of the mistake, and what was deleted is no record."""
    world = World(store)
    with world.sagemaker:
        world.describe()
        remote = {key: world.features.history(GROUP, key, None, None) for key in ("7", "8", "9")}

    local = {key: store.history(GROUP, key) for key in ("7", "8", "9")}
    assert {key: list(map(dict, found)) for key, found in remote.items()} == {
        key: list(found) for key, found in local.items()
    }
    assert [record["NB"] for record in local["7"]] == [9, None]
    assert [record["NB"] for record in local["8"]] == [2]


def test_many_moments_are_several_queries(
    store: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is longer than Athena takes, none is lost, and the answers are put together."""
    limit = 3_000
    monkeypatch.setattr("pipeline_code.entrypoints.aws_features.MOST_BYTES", limit)
    pairs = ", ".join(f"('7', '2026-01-01T00:{m:02}:00Z')" for m in range(60))
    asked = moments(tmp_path / "moments.parquet", pairs)
    world = World(store)
    with world.sagemaker:
        world.describe()
        known = world.features.records_as_of(GROUP, asked, tmp_path / "remote.parquet")

    assert known == 60
    assert len(world.athena.queries) > 1
    assert max(len(query.encode()) for query in world.athena.queries) <= limit
    assert len(read_columns(tmp_path / "remote.parquet")["moment"]) == 60


def test_too_many_moments_are_refused_before_anything_is_asked(
    store: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query reads the whole table, and somebody pays for it."""
    monkeypatch.setattr("pipeline_code.entrypoints.aws_features.MOST_BYTES", 1_500)
    pairs = ", ".join(
        f"('7', '2026-01-01T{h:02}:{m:02}:00Z')" for h in range(20) for m in range(60)
    )
    asked = moments(tmp_path / "moments.parquet", pairs)
    world = World(store)
    with world.sagemaker:
        world.describe()
        with pytest.raises(TooManyMomentsError, match="1,200 moments"):
            world.features.records_as_of(GROUP, asked, tmp_path / "remote.parquet")

    assert world.athena.queries == []


def test_no_moments_are_no_query(store: FeatureStore, tmp_path: Path) -> None:
    """An empty file gives an empty one, with its columns."""
    asked = moments(tmp_path / "moments.parquet", "('a', 'b')")
    duckdb.execute(f"copy (from '{asked}' limit 0) to '{tmp_path / 'empty.parquet'}'")
    world = World(store)
    with world.sagemaker:
        world.describe()
        known = world.features.records_as_of(
            GROUP, tmp_path / "empty.parquet", tmp_path / "remote.parquet"
        )

    assert known == 0
    assert list(read_columns(tmp_path / "remote.parquet")) == [
        "entity",
        "moment",
        "EventTime",
        "NB",
        "AVG",
    ]
