"""Athena: queries wait, page, try again what may pass, and fail in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from pipeline_code.core.errors import PipelineError
from pipeline_code.entrypoints.aws_athena import Athena, QueryError

SQL = "select 1"
QUERY = {"QueryExecutionId": "q-1"}
WHAT = "reading the history of '7' in customers"


class Sleeper:
    """Count the seconds instead of waiting them."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        """Wait, so to say."""
        self.waits.append(seconds)


@pytest.fixture
def client() -> Any:
    """A client with credentials that open nothing."""
    return boto3.client(
        "athena",
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "adaptive", "total_max_attempts": 4}),
    )


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """What Athena will answer, checked against its API model."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def sleeper() -> Sleeper:
    """How long was waited."""
    return Sleeper()


def ask(stub: Stubber, *states: dict[str, Any]) -> None:
    """Let a query start and go through these states."""
    stub.add_response("start_query_execution", QUERY, {"QueryString": SQL, "WorkGroup": "features"})
    for status in states:
        stub.add_response("get_query_execution", {"QueryExecution": {"Status": status}}, QUERY)


def page(rows: list[list[str | None]], token: str | None = None) -> dict[str, Any]:
    """Write one page of results of three columns."""
    kinds = ("varchar", "bigint", "double")
    columns = [{"Name": f"c{kind}", "Type": kind} for kind in kinds]
    data = [{"Data": [{"VarCharValue": v} if v is not None else {} for v in r]} for r in rows]
    answer = {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": columns}}}
    return {**answer, "NextToken": token} if token else answer


def test_all_pages_are_read_and_only_the_first_has_a_header(
    client: Any, stub: Stubber, sleeper: Sleeper
) -> None:
    """Numbers come as numbers, what is missing as None."""
    ask(stub, {"State": "QUEUED"}, {"State": "RUNNING"}, {"State": "SUCCEEDED"})
    header: list[str | None] = ["a", "b", "c"]
    stub.add_response("get_query_results", page([header, ["x", "1", "0.5"]], "more"), QUERY)
    stub.add_response(
        "get_query_results", page([[None, None, "1E-7"]]), {**QUERY, "NextToken": "more"}
    )

    rows = list(Athena(client, "features", sleeper).rows(SQL, WHAT))

    assert rows == [("x", 1, 0.5), (None, None, 1e-7)]
    assert sleeper.waits == [0.2, 0.4]


def test_a_failed_query_is_one_line_with_its_reason(
    client: Any, stub: Stubber, sleeper: Sleeper
) -> None:
    """What was done, in which workgroup, why, and where to look."""
    ask(stub, {"State": "FAILED", "StateChangeReason": "TABLE_NOT_FOUND: line 1:15:\nno t."})

    with pytest.raises(QueryError) as caught:
        list(Athena(client, "features", sleeper).rows(SQL, WHAT))

    assert isinstance(caught.value, PipelineError)
    assert str(caught.value) == (
        "reading the history of '7' in customers with Athena's workgroup features failed: "
        "TABLE_NOT_FOUND: line 1:15: no t; see the query in the history of the workgroup"
    )


def test_what_athena_calls_retryable_is_asked_again(
    client: Any, stub: Stubber, sleeper: Sleeper
) -> None:
    """Its own capacity is no fault of the query."""
    busy = {"State": "FAILED", "AthenaError": {"Retryable": True, "ErrorMessage": "busy"}}
    ask(stub, busy)
    ask(stub, {"State": "SUCCEEDED"})
    stub.add_response("get_query_results", page([["a", "b", "c"]]), QUERY)

    assert list(Athena(client, "features", sleeper).rows(SQL, WHAT)) == []


def test_what_stays_busy_fails_after_three_times(
    client: Any, stub: Stubber, sleeper: Sleeper
) -> None:
    """With the reason of the last time."""
    busy = {"State": "FAILED", "AthenaError": {"Retryable": True, "ErrorMessage": "busy"}}
    for _ in range(3):
        ask(stub, busy)

    with pytest.raises(QueryError, match="failed: busy;"):
        list(Athena(client, "features", sleeper).rows(SQL, WHAT))


def test_a_cancelled_query_is_an_error(client: Any, stub: Stubber, sleeper: Sleeper) -> None:
    """Somebody stopped it; no rows would be taken for no records."""
    ask(stub, {"State": "CANCELLED"})

    with pytest.raises(QueryError, match="failed: cancelled;"):
        list(Athena(client, "features", sleeper).rows(SQL, WHAT))


def test_a_query_that_takes_too_long_is_stopped(
    client: Any, stub: Stubber, sleeper: Sleeper
) -> None:
    """Nobody waits for it any more, so nobody should pay for it."""
    ask(stub, *[{"State": "RUNNING"}] * 3)
    stub.add_response("stop_query_execution", {}, QUERY)

    with pytest.raises(QueryError, match="it ran longer than 1 seconds"):
        list(Athena(client, "features", sleeper, timeout_sec=0.5).rows(SQL, WHAT))


def test_a_denied_call_is_one_line(client: Any, stub: Stubber, sleeper: Sleeper) -> None:
    """The first call already says that the role may not."""
    stub.add_client_error("start_query_execution", "AccessDeniedException", "no athena:Start")

    with pytest.raises(QueryError, match=r"AccessDeniedException.*no athena:Start"):
        list(Athena(client, "features", sleeper).rows(SQL, WHAT))


class Throttle:
    """Answer the first calls as a service that is asked too much."""

    def __init__(self, times: int, then: bytes) -> None:
        self.calls = 0
        self._times = times
        self._then = then

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        """Answer in the place of the network."""
        self.calls += 1
        throttled = self.calls <= self._times
        body = b'{"__type":"ThrottlingException","message":"slow"}' if throttled else self._then
        answer = AWSResponse(request.url, 400 if throttled else 200, {}, None)
        answer._content = body
        return answer


def test_a_throttled_call_is_made_again(
    client: Any, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's own retries see it through; the query is not lost."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", sleeper)
    throttle = Throttle(2, b'{"QueryExecutionId":"q-1"}')
    client.meta.events.register("before-send.athena.StartQueryExecution", throttle)
    done = Throttle(0, b'{"QueryExecution":{"Status":{"State":"SUCCEEDED"}}}')
    client.meta.events.register("before-send.athena.GetQueryExecution", done)
    empty = Throttle(
        0, b'{"ResultSet":{"Rows":[{"Data":[]}],"ResultSetMetadata":{"ColumnInfo":[]}}}'
    )
    client.meta.events.register("before-send.athena.GetQueryResults", empty)

    assert list(Athena(client, "features", sleeper).rows(SQL, WHAT)) == []
    assert throttle.calls == 3
