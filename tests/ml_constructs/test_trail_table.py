"""The table over the trail, and the questions that are saved with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ml_constructs

QUERIES = sorted((Path(str(ml_constructs.__file__)).parent / "audit_queries").glob("*.sql"))


def _table(resources: list[Any]) -> dict[str, Any]:
    (table,) = (each for each in resources if each.environment == "prod" and each.stack == "Audit")
    return dict(table.properties["TableInput"])


def test_partitions_are_computed_not_crawled(assembly: Any) -> None:
    """Every partition key is projected, and the template of the folder uses each."""
    table = _table(list(assembly.find("AWS::Glue::Table")))
    keys = [each["Name"] for each in table["PartitionKeys"]]

    assert table["Parameters"]["projection.enabled"] == "true"
    for key in keys:
        assert f"projection.{key}.type" in table["Parameters"]
        assert f"${{{key}}}" in str(table["Parameters"]["storage.location.template"])


def test_the_table_reads_where_the_trail_writes(assembly: Any) -> None:
    """CloudTrail files its records by account, region and day."""
    (table,) = (
        each
        for each in assembly.find("AWS::Glue::Table", environment="prod")
        if each.stack == "Audit"
    )
    parameters = table.properties["TableInput"]["Parameters"]
    text = assembly.text(table, parameters["storage.location.template"])

    assert re.fullmatch(
        r"s3://\$\{Audit\.Files\w+\.Ref\}/AWSLogs/\$\{AWS::AccountId\}/CloudTrail"
        r"/\$\{region\}/\$\{day\}",
        text,
    )


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_saved_query_names_region_and_day(path: Path) -> None:
    """Without a region Athena refuses the query; without a day it reads years."""
    sql = path.read_text(encoding="utf-8")

    assert sql.startswith("-- ")
    assert "region = '$region'" in sql
    assert "day >= " in sql


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_saved_query_asks_for_columns_that_exist(path: Path, assembly: Any) -> None:
    """A slip in a name would show when an auditor is in a hurry."""
    table = _table(list(assembly.find("AWS::Glue::Table")))
    columns = {
        each["Name"] for each in table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
    }
    sql = re.sub(r"'[^']*'|--.*|\"[^\"]*\"|\bAS \w+", "", path.read_text(encoding="utf-8"))
    words = set(re.findall(r"(?<![.\w])[a-z][a-z_0-9]+(?!\w*\()", sql))
    aliases = set(re.findall(r"\bAS (\w+)", path.read_text(encoding="utf-8")))

    assert words - columns - aliases - {"current_date", "interval"} == set()
