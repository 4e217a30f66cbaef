"""Copy the tables of one source into the lake: what a landing job of Glue runs.

Glue gets this one file, so it imports nothing of ours. Each run writes a full snapshot of each
table to a folder of its own, ``<target>/<table>/snapshot=<moment>/``, and never touches an
older one. The catalogue learns of a snapshot from a crawler that runs after the job succeeded:
until then no query sees any of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

ENGINES = ("postgresql", "mysql")
DYNAMODB = "dynamodb"
_ALWAYS = ("kind", "source", "target", "tables")
_BY_KIND = {**dict.fromkeys(ENGINES, ("connection",)), DYNAMODB: ("table_arn", "exports")}
_S3_FOLDER = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<folder>.+[^/])")
_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", re.ASCII)


class ArgumentError(ValueError):
    """The job was started with arguments from which no plan can be made; all of them at once."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__(f"{'; '.join(mistakes)}; correct the arguments of the job")


@dataclass(frozen=True)
class Landing:
    """One table: how Glue reads it, and the folder that takes the snapshot."""

    table: str
    connection_type: str
    options: Mapping[str, Any]
    folder: str


def read_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Read ``--name value`` pairs; Glue's own, of which it passes many, are kept too.

    Glue's reader stops at the first name that is missing and exits; this one lets `plan` name
    everything that is wrong.
    """
    found: dict[str, str] = {}
    for name, value in pairwise(arguments):
        if name.startswith("--") and not value.startswith("--"):
            found[name.removeprefix("--")] = value
    return found


def plan(arguments: Mapping[str, str], moment: datetime) -> list[Landing]:
    """Say what to read and where to put it, for each table.

    Raises:
        ArgumentError: with everything that is wrong with the arguments.
    """
    mistakes = _mistakes(arguments)
    if mistakes:
        raise ArgumentError(mistakes)
    kind = arguments["kind"]
    snapshot = f"snapshot={moment.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"
    return [
        Landing(
            table=table,
            connection_type=kind,
            options=_export(arguments) if kind == DYNAMODB else _query(arguments, table),
            folder=f"{arguments['target']}/{_folder_of(table)}/{snapshot}",
        )
        for table in _tables(arguments)
    ]


def land(
    landings: Sequence[Landing],
    read: Callable[[Landing], Any],
    write: Callable[[Any, str], None],
    say: Callable[[str], None],
) -> None:
    """Read and write one table after the other; an error ends the run, and Glue tries again.

    A table without rows has no columns for Spark, and Parquet needs some: it is said and left.
    """
    for landing in landings:
        rows = read(landing)
        if not rows.columns:
            say(f"{landing.table}: no rows, nothing landed")
            continue
        write(rows, landing.folder)
        say(f"{landing.table}: landed in {landing.folder}")


def _mistakes(arguments: Mapping[str, str]) -> list[str]:
    kind = arguments.get("kind", "")
    needed = (*_ALWAYS, *_BY_KIND.get(kind, ()))
    mistakes = [f"--{name} is missing" for name in needed if not arguments.get(name)]
    if kind and kind not in _BY_KIND:
        mistakes.append(f"--kind: given {kind!r}; allowed: {', '.join(_BY_KIND)}")
    for name in ("target", "exports"):
        value = arguments.get(name)
        if value and not _S3_FOLDER.fullmatch(value):
            mistakes.append(f"--{name}: given {value!r}; allowed: s3://bucket/folder")
    tables = _tables(arguments)
    if arguments.get("tables") and not tables:
        mistakes.append(f"--tables: given {arguments['tables']!r}; allowed: names with commas")
    for table in tables:
        if not _TABLE.fullmatch(table):
            mistakes.append(f"--tables: given {table!r}; allowed: table or schema.table")
    folders = [_folder_of(table) for table in tables]
    twice = sorted({folder for folder in folders if folders.count(folder) > 1})
    if twice:
        mistakes.append(f"--tables: {', '.join(twice)} would be written twice")
    return mistakes


def _tables(arguments: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in arguments.get("tables", "").split(",") if name.strip()]


def _folder_of(table: str) -> str:
    return table.lower().replace(".", "_")


def _query(arguments: Mapping[str, str], table: str) -> dict[str, Any]:
    """Read a table by the connection, which knows host and secret."""
    return {
        "useConnectionProperties": "true",
        "connectionName": arguments["connection"],
        "dbtable": table,
    }


def _export(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Ask DynamoDB for an export, and read that as plain columns.

    Source: AWS Glue Developer Guide, "DynamoDB connections", the export connector.
    """
    exports = _S3_FOLDER.fullmatch(arguments["exports"])
    assert exports is not None  # noqa: S101 - `plan` has refused anything else
    return {
        "dynamodb.export": "ddb",
        "dynamodb.tableArn": arguments["table_arn"],
        "dynamodb.s3.bucket": exports["bucket"],
        "dynamodb.s3.prefix": exports["folder"],
        "dynamodb.simplifyDDBJson": True,
    }


def main(arguments: Sequence[str]) -> None:
    """Land every table; Glue calls this file as a program."""
    landings = plan(read_arguments(arguments), datetime.now(UTC))

    # Only inside Glue are these to be had.
    from awsglue.context import GlueContext
    from pyspark.context import SparkContext

    glue = GlueContext(SparkContext.getOrCreate())

    def read(landing: Landing) -> Any:
        frame = glue.create_dynamic_frame.from_options(
            connection_type=landing.connection_type,
            connection_options=dict(landing.options),
        )
        # DynamoDB has no types of columns: one that holds two becomes two.
        return frame.resolveChoice(choice="make_cols").toDF()

    def write(rows: Any, folder: str) -> None:
        # A folder that is there already belongs to another run: stop rather than mix.
        rows.write.mode("errorifexists").parquet(folder)

    land(landings, read, write, say=print)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ArgumentError as error:
        sys.exit(f"land_tables: {error}")
