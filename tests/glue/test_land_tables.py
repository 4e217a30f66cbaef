"""What a landing job reads and writes, decided without Spark."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.glue import land_tables
from pipeline_code.glue.land_tables import ArgumentError, Landing, land, plan, read_arguments

MOMENT = datetime(2027, 3, 1, 2, 30, tzinfo=UTC)
DATABASE = {
    "kind": "postgresql",
    "source": "cards",
    "target": "s3://raw/sources/cards",
    "connection": "Connection-1",
    "tables": "public.cards,public.Limits",
}
TABLE = {
    "kind": "dynamodb",
    "source": "merchants",
    "target": "s3://raw/sources/merchants",
    "table_arn": "arn:x:table/merchants",
    "exports": "s3://curated/exports/merchants",
    "tables": "merchants",
}


class Rows:
    """Stands for a data frame."""

    def __init__(self, *columns: str) -> None:
        self.columns = list(columns)


def test_each_table_gets_a_folder_and_each_run_another_below() -> None:
    """No run can overwrite what an earlier one landed, and snapshots sort by their moment."""
    first = [each.folder for each in plan(DATABASE, MOMENT)]
    second = [each.folder for each in plan(DATABASE, MOMENT + timedelta(seconds=1))]

    assert first == [
        "s3://raw/sources/cards/public_cards/snapshot=2027-03-01T02-30-00Z",
        "s3://raw/sources/cards/public_limits/snapshot=2027-03-01T02-30-00Z",
    ]
    assert first < second
    assert not set(first) & set(second)


def test_the_moment_is_told_in_utc() -> None:
    """Two runs in one hour that the clocks repeat would else have one name."""
    summer = MOMENT.astimezone(timezone(timedelta(hours=2)))

    assert plan(DATABASE, summer) == plan(DATABASE, MOMENT)


def test_a_database_is_read_by_its_connection() -> None:
    """Host and secret are in the connection; no argument of a job holds either."""
    (landing, _) = plan(DATABASE, MOMENT)

    assert landing.connection_type == "postgresql"
    assert landing.options == {
        "useConnectionProperties": "true",
        "connectionName": "Connection-1",
        "dbtable": "public.cards",
    }


def test_a_dynamodb_table_is_exported_not_scanned() -> None:
    """An export takes no read capacity from those who use the table."""
    (landing,) = plan(TABLE, MOMENT)

    assert landing.options["dynamodb.export"] == "ddb"
    assert landing.options["dynamodb.s3.bucket"] == "curated"
    assert landing.options["dynamodb.s3.prefix"] == "exports/merchants"


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (DATABASE, {"kind": "oracle"}, "--kind: given 'oracle'; allowed: postgresql, mysql"),
        (DATABASE, {"kind": ""}, "--kind is missing"),
        (DATABASE, {"connection": ""}, "--connection is missing"),
        (DATABASE, {"tables": " , "}, "--tables: "),
        (DATABASE, {"tables": "a;drop"}, "--tables: given 'a;drop'"),
        (DATABASE, {"tables": "a.b,a_b"}, "a_b would be written twice"),
        (DATABASE, {"target": "raw/cards"}, "--target: given 'raw/cards'; allowed: s3://"),
        (DATABASE, {"target": "s3://raw/cards/"}, "--target: given"),
        (TABLE, {"table_arn": ""}, "--table_arn is missing"),
        (TABLE, {"exports": "curated"}, "--exports: given 'curated'"),
    ],
)
def test_wrong_arguments_are_named(
    base: dict[str, str], change: dict[str, str], message: str
) -> None:
    """A job that starts Spark first and fails then costs minutes."""
    with pytest.raises(ArgumentError, match="correct the arguments of the job") as error:
        plan({**base, **change}, MOMENT)

    assert message in str(error.value)


def test_all_wrong_arguments_are_named_at_once() -> None:
    """Three slips, one run."""
    with pytest.raises(ArgumentError) as error:
        plan({"kind": "dynamodb", "target": "x", "tables": "m"}, MOMENT)

    for name in ("--source", "--table_arn", "--exports", "--target"):
        assert name in str(error.value)


def test_arguments_of_glue_itself_are_left_alone() -> None:
    """Glue passes its own, flags without a value among them."""
    found = read_arguments(["--enable-glue", "--kind", "mysql", "--JOB_NAME", "j", "--last"])

    assert found == {"kind": "mysql", "JOB_NAME": "j"}


def test_every_table_is_written_where_the_plan_says() -> None:
    """What was read of a table lands in that table's folder."""
    written: dict[str, Any] = {}
    rows = {"public.cards": Rows("id"), "public.Limits": Rows("card", "limit")}

    land(
        plan(DATABASE, MOMENT),
        read=lambda landing: rows[landing.table],
        write=lambda data, folder: written.update({folder: data}),
        say=lambda _: None,
    )

    assert [(key.split("/")[5], value) for key, value in written.items()] == [
        ("public_cards", rows["public.cards"]),
        ("public_limits", rows["public.Limits"]),
    ]


def test_an_empty_table_is_said_and_stops_nothing() -> None:
    """A new table has no rows yet; those beside it are landed all the same."""
    written: list[str] = []
    said: list[str] = []

    land(
        plan(DATABASE, MOMENT),
        read=lambda landing: Rows() if landing.table == "public.cards" else Rows("card"),
        write=lambda _, folder: written.append(folder),
        say=said.append,
    )

    assert len(written) == 1
    assert said[0] == "public.cards: no rows, nothing landed"


def test_a_table_that_cannot_be_read_fails_the_run() -> None:
    """A failed job starts no crawler, so nobody sees half of a source."""

    def fail(landing: Landing) -> Rows:
        raise ConnectionError(landing.table)

    with pytest.raises(ConnectionError, match=r"public\.cards"):
        land(plan(DATABASE, MOMENT), read=fail, write=lambda *_: None, say=lambda _: None)


def test_the_file_runs_alone_and_fails_in_one_line() -> None:
    """Glue has this file and none of ours; a slip is a line in its log, not a traceback."""
    done = subprocess.run(
        [sys.executable, "-I", str(Path(land_tables.__file__)), "--kind", "oracle"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("land_tables: --source is missing; ")
    assert len(done.stderr.splitlines()) == 1
