"""Numbers and dates that are written in other ways are seen, and what is open is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.core.tables import Connection
from pipeline_code.core.usecase import AS_THEY_ARE, USECASE_FILE, load_usecase
from pipeline_code.steps.discovery.column_types import Seen, see_columns
from pipeline_code.steps.discovery.reading import Table, draw_rows, open_table
from pipeline_code.steps.discovery.usecase_yaml import write_usecase
from pipeline_code.steps.prepare import PrepareOutputs, prepare
from tests.steps.discovery.conftest import Discover, labels

See = Callable[..., dict[str, Seen]]


@pytest.fixture
def see(database: Connection, open_file: Callable[..., Table]) -> See:
    """See the columns of a file, given by their values; ``x`` makes two of one."""

    def see(delimiter: str = ";", **columns: Sequence[str]) -> dict[str, Seen]:
        columns = {"x": ["a"] * len(next(iter(columns.values()))), **columns}
        rows = zip(*columns.values(), strict=True)
        lines = [delimiter.join(f'"{cell}"' for cell in row) for row in (columns, *rows)]
        table = open_file("\n".join([*lines, ""]), header=True)
        draw_rows(database, table)
        return {one.name: one for one in see_columns(database, table.columns, delimiter=delimiter)}

    return see


@pytest.mark.parametrize(
    ("values", "kind", "settings"),
    [
        (["1,5", "2,25"], "number", {"decimal": ","}),
        (["1.000,50", "2"], "number", {"decimal": ",", "thousands": "."}),
        (["1.000.000", "2"], "integer", {"decimal": ",", "thousands": "."}),
        (["1,000", "25", "2,000.5"], "number", {"decimal": ".", "thousands": ","}),
        (["1'000.5", "2"], "number", {"decimal": ".", "thousands": "'"}),
        (["1 000,5", "2"], "number", {"decimal": ",", "thousands": " "}),
        (["12%", "7 %"], "integer", {"unit": "%"}),
        (["$5.50", "-$7"], "number", {"unit": "$"}),
        (["5 kg", "7.5 kg"], "number", {"unit": "kg"}),
        (["0,125", "0,250"], "number", {"decimal": ","}),
        (["kg 5", "kg 7"], "string", {}),
        (["5 kg", "7 cm"], "string", {}),
        (["A1", "A2"], "string", {}),
        (["192.168.1.1", "10.0.0.1"], "string", {}),
        (["1,2,3", "4,5"], "string", {}),
    ],
)
def test_numbers_are_seen_as_they_are_written(
    see: See, values: list[str], kind: str, settings: dict[str, Any]
) -> None:
    """As text such a column would silently be a category of a thousand values."""
    seen = see(v=values)["v"]
    assert (seen.type, seen.settings) == (kind, settings)


@pytest.mark.parametrize(
    ("delimiter", "others", "settings", "is_open"),
    [
        (";", {}, {"decimal": ","}, True),
        (",", {}, {"decimal": ".", "thousands": ","}, True),
        (",", {"o": ["1,5", "2,5"]}, {"decimal": ","}, False),
        (";", {"o": ["1.5", "2.5"]}, {"decimal": ".", "thousands": ","}, False),
        (";", {"o": ["1,000.5", "2"]}, {"decimal": ".", "thousands": ","}, False),
    ],
)
def test_a_thousand_or_a_fraction_is_settled_by_other_columns_or_said(
    see: See, delimiter: str, others: dict[str, list[str]], settings: dict[str, Any], is_open: bool
) -> None:
    """1,234 is a thousand here and one and a bit there: a factor of 1,000."""
    seen = see(delimiter, v=["1,234", "2,500"], **others)["v"]
    assert (seen.settings, bool(seen.doubt)) == (settings, is_open)
    assert ("change decimal and thousands" in seen.doubt) == is_open


def test_a_point_parts_thousands_where_commas_part_fractions(see: See) -> None:
    """Alone, 1.234 is a number with a fraction."""
    assert see(v=["1.234", "2.500"])["v"].settings == {}
    seen = see(v=["1.234", "2.500"], o=["1,5", "2,5"])["v"]
    assert (seen.type, seen.settings) == ("integer", {"decimal": ",", "thousands": "."})


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["31.12.2025", "1.2.2025"], "%d.%m.%Y"),
        (["12/31/2025", "01/02/2025"], "%m/%d/%Y"),
        (["31-12-25", "01-02-25"], "%d-%m-%y"),
        (["31/12/2025 14:05", "01/02/2025"], ["%d/%m/%Y", "%d/%m/%Y %H:%M"]),
        (["12/31/2025 2:05 PM"], "%m/%d/%Y %I:%M %p"),
        (["31-Dec-2025", "01-JAN-2025"], "%d-%b-%Y"),
        (["Dec 31, 2025"], "%b %d, %Y"),
    ],
)
def test_dates_are_seen_as_they_are_written(see: See, values: list[str], formats: Any) -> None:
    """Nobody has to write a file anew for the order of day and month."""
    seen = see(v=values)["v"]
    assert (seen.type, seen.settings, seen.doubt) == ("timestamp", {"format": formats}, "")


@pytest.mark.parametrize(
    ("values", "formats", "why"),
    [
        (["01/02/2025", "03/04/2025"], "%d/%m/%Y", "nothing in the file tells"),
        (["01/02/2025", "01/04/2025"], "%d/%m/%Y", "the first number is the same"),
        (["02/01/2025", "04/01/2025"], "%m/%d/%Y", "the second number is the same"),
    ],
)
def test_a_date_of_two_readings_says_which_was_taken(
    see: See, values: list[str], formats: str, why: str
) -> None:
    """A wrong order splits the rows at wrong days: a person has to look."""
    seen = see(v=values)["v"]
    assert seen.settings == {"format": formats}
    assert why in seen.doubt


def test_a_date_of_two_readings_follows_the_other_dates(see: See) -> None:
    """One file is hardly written in two orders."""
    seen = see(v=["01/02/2025", "03/04/2025"], o=["12/31/2025", "01/02/2025"])["v"]
    assert (seen.settings, seen.doubt) == ({"format": "%m/%d/%Y"}, "")


def spread(common: int, count: int, rows: int = 1_000) -> list[int]:
    """Give numbers from 1 to 60, and ``common`` in ``count`` rows."""
    return [common] * count + [1 + place % 60 for place in range(rows - count)]


@pytest.mark.parametrize(
    ("values", "declared", "noticed"),
    [
        (spread(999, 900), [999], []),
        (spread(-1, 700), [-1], []),
        (spread(-999, 20), [-999], []),
        (spread(9999, 6), [9999], []),
        (spread(999, 2), [], []),
        (spread(99, 500), [], []),
        ([0, *spread(-1, 700)], [], [-1]),
        ([0, 1, -1] * 100, [], []),
        ([*spread(999, 50), *range(900, 1_000)], [], []),
        ([-5, *spread(-1, 700)], [], []),
        (list(range(1_000)), [], []),
        ([], [], []),
        ([999] * 50, [], []),
    ],
)
def test_numbers_far_from_the_rest_are_noticed(
    see: See, values: list[int], declared: list[int], noticed: list[int]
) -> None:
    """A 999 among days is learned as the longest time of all; but -1 may be a value, too."""
    seen = see(v=[str(one) for one in values] or [""])["v"]
    assert seen.settings.get("missing", []) == declared
    assert [one.value for one in seen.sentinels if not one.is_clear] == noticed


def test_parquet_holds_such_numbers_too(database: Connection, tmp_path: Path) -> None:
    """Types say nothing of what a number stands for."""
    path = tmp_path / "rows.parquet"
    days = "case when range % 2 = 0 then 9999 else range % 50 end as days"
    query = f"select {days}, range * 1.5 as other from range(1000)"  # noqa: S608
    database.execute(f"copy ({query}) to '{path}'")
    table = open_table(database, path, header=None, named=(), scratch=tmp_path / "copies")
    draw_rows(database, table)
    seen = {one.name: one for one in see_columns(database, table.columns)}
    assert seen["days"].settings == {"missing": [9999]}
    assert seen["other"].settings == {}


def test_what_is_written_is_what_prepare_reads(found: Discover, tmp_path: Path) -> None:
    """Not a row is put aside, and what stands for a missing value is missing."""
    rows = 1_200
    columns = {
        "amount": [f"{1 + place % 900}.{place % 900:03d},50" for place in range(rows)],
        "share": [f"{place % 97} %" for place in range(rows)],
        "rate": [f"{place % 89 / 8}" for place in range(rows)],
        "days": ["999" if place % 3 else str(place % 30) for place in range(rows)],
        "bought": [f"{1 + place % 28:02d}.{1 + place % 12:02d}.2025" for place in range(rows)],
        "churn": labels(rows),
    }
    text = "\n".join([";".join(columns), *(";".join(row) for row in zip(*columns.values()))])  # noqa: B905
    discovery = found(text + "\n", target="churn", event_time="none")
    written = write_usecase(discovery, "customers")
    (tmp_path / USECASE_FILE).write_text(written, encoding="utf-8")
    usecase = load_usecase(tmp_path)
    outputs = PrepareOutputs.under(tmp_path)
    made = prepare(tmp_path / "table.csv", usecase, AS_THEY_ARE, outputs)

    assert (usecase.source.decimal, usecase.source.thousands) == (",", ".")
    assert usecase.contract.columns["rate"].decimal == "."
    assert usecase.contract.columns["bought"].format == "%d.%m.%Y"
    assert made.intake.reasons == {}
    assert made.profile["columns"]["days"]["missing"] == 800
    assert made.profile["columns"]["share"]["max"] == 96
    assert "999 (800 rows) is read as missing" in " ".join(written.replace("#", "").split())
