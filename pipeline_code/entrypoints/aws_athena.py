"""Run a query with Athena and read its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.services import Value

MOST_BYTES: Final = 262_144
"""The longest query string. Source: Amazon Athena API, StartQueryExecution."""

_POLL_SEC: Final = (0.2, 5.0)  # the first wait and the longest one
_ATTEMPTS: Final = 3
_NUMBERS: Final[Mapping[str, Callable[[str], Value]]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("float", "real", "double", "decimal"), float),
}


class QueryError(PipelineError, RuntimeError):
    """A query of the offline store failed, was cancelled or took too long."""

    def __init__(self, what: str, workgroup: str, why: object) -> None:
        reason = " ".join(str(why).split()).rstrip(".")
        super().__init__(
            f"{what} with Athena's workgroup {workgroup} failed: {reason}; "
            "see the query in the history of the workgroup"
        )


@dataclass(frozen=True)
class Athena:
    """Athena in one workgroup, which says where results go and how much may be read."""

    client: Any
    workgroup: str
    sleep: Callable[[float], None] = time.sleep
    timeout_sec: float = 900.0

    def rows(self, sql: str, what: str) -> Iterator[tuple[Value, ...]]:
        """Yield the rows of a SELECT; a missing value is None.

        A failure that Athena calls retryable is tried again, at most three times in all.

        Args:
            sql: one statement.
            what: what is being done, as an error will begin with it.

        Raises:
            QueryError: with Athena's reason, in one line.
        """
        try:
            yield from self._read(self._finished(sql, what))
        except (ClientError, BotoCoreError) as error:
            raise QueryError(what, self.workgroup, error) from error

    def _finished(self, sql: str, what: str) -> str:
        """Run a query to its good end and return its id."""
        for attempt in range(1, _ATTEMPTS + 1):
            query = self.client.start_query_execution(QueryString=sql, WorkGroup=self.workgroup)
            name = str(query["QueryExecutionId"])
            status = self._ended(name, what)
            if status["State"] == "SUCCEEDED":
                return name
            error = status.get("AthenaError", {})
            if not error.get("Retryable") or attempt == _ATTEMPTS:
                reason = status.get("StateChangeReason") or error.get("ErrorMessage")
                raise QueryError(what, self.workgroup, reason or status["State"].lower())
            self.sleep(_POLL_SEC[1] * attempt)
        raise AssertionError  # the loop returns or raises

    def _ended(self, name: str, what: str) -> Mapping[str, Any]:
        wait, waited = _POLL_SEC[0], 0.0
        while True:
            answer = self.client.get_query_execution(QueryExecutionId=name)
            status: Mapping[str, Any] = answer["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                return status
            if waited >= self.timeout_sec:
                self.client.stop_query_execution(QueryExecutionId=name)
                raise QueryError(what, self.workgroup, f"it ran longer than {waited:.0f} seconds")
            self.sleep(wait)
            waited += wait
            wait = min(wait * 2, _POLL_SEC[1])

    def _read(self, name: str) -> Iterator[tuple[Value, ...]]:
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=name)
        for number, page in enumerate(pages):
            found = page["ResultSet"]
            kinds = [column["Type"] for column in found["ResultSetMetadata"]["ColumnInfo"]]
            # The first row of the first page is the names of the columns.
            for row in found["Rows"][1 if number == 0 else 0 :]:
                yield tuple(
                    _value(cell.get("VarCharValue"), kind)
                    for cell, kind in zip(row["Data"], kinds, strict=True)
                )


def _value(text: str | None, kind: str) -> Value:
    read = _NUMBERS.get(kind.lower().partition("(")[0])
    return text if text is None or read is None else read(text)
