"""The settings of the sources: what Glue, RDS or DynamoDB would refuse later is refused now."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config.schema import PlatformConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse
from tests.conftest import EVERYTHING

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cards-AbCdEf"
THEIRS = f"name: cards, host: cards.example.com, cidr: 10.0.0.0/8, secret_arn: '{SECRET}'"


def _mistakes(sources: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}sources:\n{sources}", PlatformConfig, source="dev.yaml")
    return list(error.value.mistakes)


@pytest.mark.parametrize(
    ("sources", "place", "says"),
    [
        ("  files: [{name: a, format: xml}]", "files.0.format", "allowed: 'csv'"),
        ("  files: [{name: A-b, format: csv}]", "files.0.name", "lower-case"),
        ("  files: [{name: a, format: csv, prefix: /x/}]", "files.0.prefix", "no slash at the"),
        (
            "  files: [{name: a, format: csv, schedule: cron(0 4 * * *)}]",
            "files.0.schedule",
            "six fields",
        ),
        (
            "  files: [{name: a, format: csv, schedule: rate(1 day)}]",
            "files.0.schedule",
            "six fields",
        ),
        (
            "  files: [{name: a, format: csv, prefix: x}, {name: b, format: csv, prefix: x/y}]",
            "files",
            "b lies in x/y, inside the folder of a (x)",
        ),
        ("  files: [{name: a, format: csv}, {name: a, format: json}]", "files", ""),
        (
            "  files: [{name: f, format: csv, prefix: sources/t}]\n  tables: [{name: t}]",
            "tables",
            "give those another prefix",
        ),
        ("  databases: [{name: a, engine: oracle, tables: [t]}]", "databases.0.engine", "allowed"),
        ("  databases: [{name: a}]", "databases.0.tables", "is required and missing"),
        ("  databases: [{name: a, tables: []}]", "databases.0.tables", "at least one"),
        ("  databases: [{name: a, tables: ['t;drop']}]", "databases.0.tables.0", "letters"),
        ("  databases: [{name: a, tables: [x.y, x_y]}]", "databases.0.tables", "x_y twice"),
        ("  databases: [{name: a, tables: [t], port: 70000}]", "databases.0.port", "65535"),
        ("  databases: [{name: a, tables: [t], port: 5432}]", "databases.0.port", "usual ones"),
        ("  databases: [{name: a, tables: [t], port: 80}]", "databases.0.port", "1150 to 65535"),
        (f"  databases: [{{{THEIRS}, port: 0, tables: [t]}}]", "databases.0.port", "greater"),
        (
            "  databases: [{name: a, engine: mysql, tables: [t]}]",
            "databases.0.host",
            "is needed for mysql",
        ),
        (
            "  databases: [{name: a, tables: [t], host: 'jdbc:x'}]",
            "databases.0.host",
            "without jdbc:",
        ),
        (
            "  databases: [{name: a, tables: [t], host: a.b, cidr: 10.0.0.0/8}]",
            "databases.0.secret_arn",
            "is needed for a database that is there already (host: a.b)",
        ),
        (
            f"  databases: [{{name: a, tables: [t], host: a.b, secret_arn: '{SECRET}'}}]",
            "databases.0.cidr",
            "is needed",
        ),
        (
            f"  databases: [{{name: a, tables: [t], secret_arn: '{SECRET}'}}]",
            "databases.0.secret_arn",
            "give its host, too",
        ),
        (
            f"  databases: [{{{THEIRS.replace('10.0.0.0/8', '10.0.0.256/8')}, tables: [t]}}]",
            "databases.0.cidr",
            "10.20.0.0/16",
        ),
        (
            f"  databases: [{{{THEIRS.replace(':secret:', ':key/')}, tables: [t]}}]",
            "databases.0.secret_arn",
            "the ARN of a secret",
        ),
        (
            "  databases: [{name: a, tables: [t], max_capacity_units: 1.3}]",
            "databases.0.max_capacity_units",
            "0.5",
        ),
        (
            "  databases: [{name: a, tables: [t], max_capacity_units: 300}]",
            "databases.0.max_capacity_units",
            "256",
        ),
        ("  tables: [{}]", "tables.0.name", "is required and missing"),
        ("  tables: [{name: a, table: ab}]", "tables.0.table", "3 to 255"),
        ("  tables: [{name: a, partition_key: '1'}]", "tables.0.partition_key", "no digit first"),
        ("  tables: [{name: a, tabel: abc}]", "tables.0.tabel", "did you mean 'table'"),
        (
            "  databases: [{name: a, tables: [t]}]\n  tables: [{name: a}]",
            "tables",
            "sources names a twice",
        ),
        ("  query_limit_gib: 0", "query_limit_gib", "greater than or equal to 1"),
        ("  query_result_days: 0", "query_result_days", "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(sources: str, place: str, says: str) -> None:
    """One slip, one line; CloudFormation would find it half an hour later, or a job at night."""
    (mistake,) = _mistakes(sources)

    assert f": sources.{place}: " in mistake
    assert says in mistake


def test_all_mistakes_are_named_at_once() -> None:
    """A wrong host hides neither the port beside it nor the table in the next list."""
    mistakes = _mistakes(
        "  files: [{name: f, format: xls}]\n"
        "  databases:\n"
        "    - {name: d, engine: oracle, host: x, port: 99999, tables: []}\n"
        "  tables: [{name: T, schedule: daily}]\n"
        "  query_limit_gib: many"
    )
    text = "\n".join(mistakes)

    for place in (
        "files.0.format",
        "databases.0.engine",
        "databases.0.host",
        "databases.0.port",
        "databases.0.tables",
        "tables.0.name",
        "tables.0.schedule",
        "query_limit_gib",
    ):
        assert f"sources.{place}: " in text, place
    assert len(mistakes) == 8


def test_a_mistake_is_named_with_its_line() -> None:
    """An editor jumps there."""
    (mistake,) = _mistakes("  tables:\n    - {name: a}\n    - {name: b, table: x}")

    assert mistake.startswith("line 9: ")


def test_a_database_of_theirs_may_have_the_usual_port() -> None:
    """The rule about ports is for servers that we choose them for."""
    text = f"{GOOD}sources:\n  databases: [{{{THEIRS}, port: 5432, tables: [t]}}]"
    settings = parse(text, PlatformConfig, source="dev.yaml")

    assert settings.sources.databases[0].port == 5432


def test_without_sources_there_are_none() -> None:
    """The section may be left out."""
    settings = parse(GOOD, PlatformConfig, source="dev.yaml")

    assert settings.sources.landed == []


def test_every_kind_of_source_is_tried() -> None:
    """The fourth environment has what ours leave out, or nothing would check it."""
    sources = config.load(Path(EVERYTHING)).sources

    assert {each.format for each in sources.files} == {"csv", "json", "parquet"}
    assert {each.on_arrival for each in sources.files} == {True, False}
    assert {each.engine for each in sources.databases} == {"postgresql", "mysql"}
    assert {each.host is None for each in sources.databases} == {True, False}
    assert {each.table is None for each in sources.tables} == {True, False}
