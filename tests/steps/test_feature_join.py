"""Rows get what was known at their time; they keep their order, their values and their count."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline_code.core.tables import read_columns
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.services import LocalServices
from pipeline_code.steps.feature_join import Joined, JoinedGroup, UnjoinableFileError, join_file

CARDS = JoinedGroup("cards", "shop-cards-v1", "CARD")
SHOPS = JoinedGroup("shops", "shop-shops-v1", "SHOP")
RECORDS = {
    CARDS: "(7, '2026-01-02T00:00:00Z', 2, 0.2), (7, '2026-01-04T00:00:00Z', 4, NULL)",
    SHOPS: "('007', '2026-01-03T00:00:00Z', 3, 0.3)",
}

Write = Callable[[str, str], Path]
Run = Callable[..., Joined]


@pytest.fixture
def services(tmp_path: Path) -> LocalServices:
    """A store that knows one card and one shop, whose key has zeros in front."""
    home = Home(tmp_path / "home")
    for group, values in RECORDS.items():
        batch = tmp_path / f"{group.name}.parquet"
        duckdb.execute(
            "copy (select * replace (RISK::double as RISK) from "  # noqa: S608 - our own rows
            f"(values {values}) as t({group.key}, EventTime, NB, RISK)) to '{batch}'"
        )
        FeatureStore(home).append_offline(group.feature_group, batch)
    return LocalServices(home)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text file."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(services: LocalServices, tmp_path: Path) -> Run:
    """Join groups to a file by its column AT; the result is ``out`` with the same suffix."""

    def run(source: Path, *groups: JoinedGroup, time: str = "AT", out: str | None = None) -> Joined:
        destination = tmp_path / (out or f"out{source.suffix}")
        return join_file(source, destination, groups, time, services)

    return run


def cells(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_row_sees_the_latest_record_not_after_it(run: Run, write: Write, tmp_path: Path) -> None:
    """The future stays unknown, the very moment is known, the order of the rows is kept."""
    source = write(
        "rows.csv",
        "ID,CARD,AT\nc,7,2026-01-05\na,7,2026-01-02T00:00:00Z\nb,7,2026-01-01T23:59:59Z\n"
        "d,7,2026-01-03 12:00:00.5\ne,8,2026-01-05\nf,,2026-01-05\n",
    )

    joined = run(source, CARDS)

    rows = cells(tmp_path / "out.csv")
    assert [(row["ID"], row["NB"]) for row in rows] == [
        ("c", "4"),
        ("a", "2"),
        ("b", ""),
        ("d", "2"),
        ("e", ""),
        ("f", ""),
    ]
    assert rows[3]["cards_EventTime"] == "2026-01-02T00:00:00Z"
    assert joined == Joined(6, {"cards": 3})


def test_zones_are_heeded(run: Run, write: Write, tmp_path: Path) -> None:
    """One in the morning in Madrid is still yesterday in UTC."""
    source = write("rows.csv", "CARD,AT\n7,2026-01-02T00:30:00+01:00\n7,2026-01-02T00:30:00Z\n")

    run(source, CARDS)

    assert [row["NB"] for row in cells(tmp_path / "out.csv")] == ["", "2"]


def test_several_groups_join_at_once_and_names_stay_apart(
    run: Run, write: Write, tmp_path: Path
) -> None:
    """The second NB gets the name of its group; the key 007 is not seven."""
    source = write("rows.csv", "CARD,SHOP,AT\n7,007,2026-01-05\n7,7,2026-01-05\n")

    joined = run(source, CARDS, SHOPS)

    rows = cells(tmp_path / "out.csv")
    assert list(rows[0]) == [
        "CARD",
        "SHOP",
        "AT",
        "cards_EventTime",
        "NB",
        "RISK",
        "shops_EventTime",
        "shops_NB",
        "shops_RISK",
    ]
    assert [(row["SHOP"], row["NB"], row["shops_NB"]) for row in rows] == [
        ("007", "4", "3"),
        ("7", "4", ""),
    ]
    assert joined.known == {"cards": 2, "shops": 1}


def test_json_lines_come_out_as_they_went_in(run: Run, write: Write, tmp_path: Path) -> None:
    """Values keep their types; what is missing is null."""
    source = write(
        "rows.jsonl",
        '{"CARD": 7, "AT": "2026-01-03", "NOTE": "a b"}\n{"CARD": 9, "AT": "2026-01-03"}\n',
    )

    run(source, CARDS)

    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["CARD"], first["NOTE"], first["NB"]) == (7, "a b", 2)
    assert (second["NB"], second["cards_EventTime"]) == (None, None)


@pytest.mark.parametrize("kind", ["bigint", "integer", "double", "varchar"])
def test_a_key_is_found_whatever_its_type(run: Run, tmp_path: Path, kind: str) -> None:
    """A column with gaps becomes floats in many tools; 7.0 is still the card 7."""
    source = tmp_path / "rows.parquet"
    duckdb.execute(
        f"copy (select * from (values (7::{kind}, timestamp '2026-01-03 00:00:00'), "  # noqa: S608
        f"(NULL, timestamp '2026-01-03 00:00:00')) as t(CARD, \"AT\")) to '{source}'"
    )

    run(source, CARDS)

    found = read_columns(tmp_path / "out.parquet")
    assert found["NB"][0] == 2
    assert found["NB"][1] != found["NB"][1]


def test_another_format_is_written_where_its_name_says_so(
    run: Run, write: Write, tmp_path: Path
) -> None:
    """Text of CSV becomes a table."""
    source = write("rows.csv", "CARD,AT\n7,2026-01-03\n")

    run(source, CARDS, out="out.parquet")

    assert read_columns(tmp_path / "out.parquet")["NB"].tolist() == [2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CARDS,AT\n7,2026-01-03\n", r"has no column 'CARD'; did you mean 'CARDS'\?"),
        ("CARD,WHEN\n7,2026-01-03\n", "has no column 'AT'"),
        (
            "CARD,AT\n7,2026-01-03\n7,31.1.2026\n7,\n",
            r"2 rows have no time in AT, the first is row 2 with '31.1.2026'",
        ),
        ("CARD,AT,NB,cards_NB\n7,2026-01-03,1,1\n", "has columns 'NB' and 'cards_NB' already"),
    ],
)
def test_a_file_that_cannot_be_joined_says_why(
    run: Run, write: Write, tmp_path: Path, text: str, message: str
) -> None:
    """Nothing is written, and the row is named."""
    with pytest.raises(UnjoinableFileError, match=message) as caught:
        run(write("rows.csv", text), CARDS)

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_numbers_are_no_times(run: Run, tmp_path: Path) -> None:
    """Seconds, milliseconds, days? Nobody knows, so nobody guesses."""
    source = tmp_path / "rows.parquet"
    duckdb.execute(f"copy (select 7 as CARD, 1767398400 as \"AT\") to '{source}'")

    with pytest.raises(UnjoinableFileError, match="AT is of type INTEGER and no time"):
        run(source, CARDS)
