"""Read the feature store of an account: the latest records online, their history with Athena."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.feature_sql import (
    ENTITY,
    MOMENT,
    OfflineTable,
    as_of_sql,
    history_sql,
    moments_values,
)
from pipeline_code.core.services import Record, Value
from pipeline_code.core.tables import Columns, connect, literal, quoted, read_columns
from pipeline_code.entrypoints.aws_athena import MOST_BYTES, Athena
from pipeline_code.entrypoints.aws_errors import ServiceError

_MOST_KEYS: Final = 100
"""Keys of one BatchGetRecord. Source: Amazon SageMaker API."""
_MOST_QUERIES: Final = 50
_ROUNDS: Final = 6  # of asking again for what was not processed: 0.2 + 0.4 + ... seconds
_TYPES: Final[Mapping[str, tuple[Callable[[str], Value], str]]] = {
    "Integral": (int, "bigint"),
    "Fractional": (float, "double"),
    "String": (str, "varchar"),
}
"""How a value of a feature type is read, and what it is in a table."""


class NoOfflineStoreError(PipelineError, LookupError):
    """A feature group has no table that could be asked for its history."""

    def __init__(self, group: str) -> None:
        super().__init__(
            f"feature group {group} has no offline store in the data catalogue; "
            "ask for a group of the platform, whose groups all have one"
        )


class TooManyMomentsError(PipelineError, ValueError):
    """More rows are to be looked up than single queries are good for."""

    def __init__(self, group: str, moments: int) -> None:
        super().__init__(
            f"{moments:,} moments are to be looked up in {group}, which takes more than "
            f"{_MOST_QUERIES} queries; put the rows into the lake and join them there, "
            "or give fewer rows"
        )


@dataclass(frozen=True)
class _Group:
    """What DescribeFeatureGroup says: the names and types of the columns, and the table."""

    name: str
    key: str
    event_time: str
    types: Mapping[str, str]
    relation: str | None

    @property
    def table(self) -> OfflineTable:
        if self.relation is None:
            raise NoOfflineStoreError(self.name)
        features = [name for name in self.types if name not in (self.key, self.event_time)]
        return OfflineTable(self.relation, self.key, tuple(features), self.event_time)

    def record(self, values: Mapping[str, str]) -> dict[str, Value]:
        """Read a record as the online store gives it: texts, and nothing where one is missing."""
        order = dict.fromkeys((self.key, self.event_time, *self.types))
        return {
            name: _TYPES[self.types[name]][0](values[name]) if name in values else None
            for name in order
        }


class AwsFeatures:
    """Read feature groups; clients retry what is throttled, and nothing that is denied."""

    def __init__(
        self,
        sagemaker: Any,
        runtime: Any,
        athena: Athena,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sagemaker = sagemaker
        self._runtime = runtime
        self._athena = athena
        self._sleep = sleep
        self._groups: dict[str, _Group] = {}

    def get_records(self, feature_group: str, keys: Sequence[str]) -> dict[str, Record]:
        """Return the latest record of each key; unknown keys are left out."""
        group = self._described(feature_group)
        wanted = list(dict.fromkeys(keys))
        try:
            if len(wanted) == 1:
                answer = self._runtime.get_record(
                    FeatureGroupName=feature_group, RecordIdentifierValueAsString=wanted[0]
                )
                found = {wanted[0]: answer.get("Record", [])}
            else:
                found = {}
                for start in range(0, len(wanted), _MOST_KEYS):
                    found |= self._batch(feature_group, wanted[start : start + _MOST_KEYS])
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"reading from {feature_group}", error) from error
        return {
            key: group.record({each["FeatureName"]: each["ValueAsString"] for each in found[key]})
            for key in wanted
            if found.get(key)
        }

    def history(
        self, feature_group: str, key: str, begin: str | None, end: str | None
    ) -> tuple[Record, ...]:
        """Return the records of one key, the oldest first, one a moment."""
        table = self._described(feature_group).table
        names = (table.key, table.event_time, *table.features)
        sql = history_sql(table, key, begin, end)
        rows = self._athena.rows(sql, f"reading the history of {key!r} in {feature_group}")
        return tuple(dict(zip(names, row, strict=True)) for row in rows)

    def records_as_of(self, feature_group: str, moments: Path, destination: Path) -> int:
        """Look up what was known of entities at moments; see `Services.records_as_of`.

        Each query carries as many moments as its text may hold: no right to write tables is
        needed, and each query reads the table once.

        Raises:
            TooManyMomentsError: before anything is asked.
            QueryError: if a query fails.
        """
        group = self._described(feature_group)
        table = group.table
        pairs = read_columns(moments, [ENTITY, MOMENT])
        queries = list(_queries(table, pairs))
        if len(queries) > _MOST_QUERIES:
            raise TooManyMomentsError(feature_group, len(pairs[ENTITY]))
        names = (ENTITY, MOMENT, table.event_time, *table.features)
        kinds = [_TYPES[group.types.get(name, "String")][1] for name in names]
        columns = dict(zip(names, kinds, strict=True))
        what = f"looking up moments in {feature_group}"
        with tempfile.TemporaryDirectory() as scratch:
            lines = Path(scratch) / "found.jsonl"
            known = 0
            with lines.open("w", encoding="utf-8") as file:
                for sql in queries:
                    for row in self._athena.rows(sql, what):
                        known += row[2] is not None
                        finite = [_finite(value) for value in row]
                        file.write(json.dumps(dict(zip(names, finite, strict=True))) + "\n")
            _write(lines, columns, destination)
        return known

    def _batch(self, group: str, keys: list[str]) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = {}
        left = [{"FeatureGroupName": group, "RecordIdentifiersValueAsString": keys}]
        for attempt in range(_ROUNDS):
            answer = self._runtime.batch_get_record(Identifiers=left)
            for error in answer.get("Errors", []):
                reason = f"{error['ErrorCode']}: {error['ErrorMessage']}"
                raise ServiceError(f"reading from {group}", reason)
            found |= {
                each["RecordIdentifierValueAsString"]: each["Record"] for each in answer["Records"]
            }
            left = answer.get("UnprocessedIdentifiers", [])
            if not left:
                return found
            self._sleep(0.2 * 2**attempt)
        raise ServiceError(f"reading from {group}", f"it left keys out {_ROUNDS} times; try later")

    def _described(self, name: str) -> _Group:
        if name not in self._groups:
            try:
                self._groups[name] = self._describe(name)
            except (ClientError, BotoCoreError) as error:
                raise ServiceError(f"describing feature group {name}", error) from error
        return self._groups[name]

    def _describe(self, name: str) -> _Group:
        answer = self._sagemaker.describe_feature_group(FeatureGroupName=name)
        definitions = list(answer["FeatureDefinitions"])
        page = answer
        while page.get("NextToken"):  # beyond 2,500 features
            page = self._sagemaker.describe_feature_group(
                FeatureGroupName=name, NextToken=page["NextToken"]
            )
            definitions += page["FeatureDefinitions"]
        catalogue = answer.get("OfflineStoreConfig", {}).get("DataCatalogConfig")
        relation = catalogue and f"{quoted(catalogue['Database'])}.{quoted(catalogue['TableName'])}"
        return _Group(
            name,
            key=answer["RecordIdentifierFeatureName"],
            event_time=answer["EventTimeFeatureName"],
            types={each["FeatureName"]: each["FeatureType"] for each in definitions},
            relation=relation,
        )


def _queries(table: OfflineTable, pairs: Columns) -> Iterator[str]:
    """Write as few queries as the limit of Athena allows."""
    room = MOST_BYTES - len(as_of_sql(table, moments_values([])).encode())
    part: list[tuple[str, str]] = []
    used = 0
    for pair in zip(pairs[ENTITY].tolist(), pairs[MOMENT].tolist(), strict=True):
        size = len(moments_values([pair]).encode())
        if part and used + size > room:
            yield as_of_sql(table, moments_values(part))
            part, used = [], 0
        part.append(pair)
        used += size
    if part:
        yield as_of_sql(table, moments_values(part))


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(lines: Path, columns: Mapping[str, str], destination: Path) -> None:
    fields = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in columns.items())
    source = f"read_json({literal(lines)}, format = 'newline_delimited', columns = {{{fields}}})"
    with connect() as database:
        database.execute(
            f"copy (from {source} order by {ENTITY}, {MOMENT}) "
            f"to {literal(destination)} (format parquet)"
        )
