"""Numbers and times that a file writes in a way of its own are read so, and no other text is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.tables import Connection, connect, literal
from pipeline_code.core.text_values import number_text, time_value

GERMAN = {"decimal": ",", "thousands": ".", "unit": None}


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    """A database in memory."""
    with connect() as opened:
        yield opened


def number(database: Connection, text: str, **how: Any) -> float | None:
    """Read one text."""
    sql = number_text(literal(text), **{"decimal": ".", "thousands": None, "unit": None, **how})
    found = database.execute(f"select try_cast({sql} as double)").fetchall()[0][0]
    return None if found is None else float(found)


def time(database: Connection, text: str, *formats: str) -> str | None:
    """Read one text."""
    found = database.execute(f"select {time_value(literal(text), formats)}").fetchall()[0][0]
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [
        ("1.234,56", GERMAN, 1234.56),
        ("-1.234.567", GERMAN, -1234567.0),
        (" 3,5 ", GERMAN, 3.5),
        (",5", GERMAN, 0.5),
        ("1,5e3", GERMAN, 1500.0),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1\u202f234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("12 %", {"unit": "%"}, 12.0),
        ("-$5", {"unit": "$"}, -5.0),
        ("\u20ac -1.234,5", {**GERMAN, "unit": "\u20ac"}, -1234.5),
        ("7", {**GERMAN, "unit": "\u20ac"}, 7.0),
    ],
)
def test_number_is_read_as_it_is_written(
    database: Connection, text: str, how: dict[str, Any], expected: float
) -> None:
    """Files of half the world are written so."""
    assert number(database, text, **how) == expected


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("1.5", GERMAN),
        ("1.23.456", GERMAN),
        ("1,234,5", GERMAN),
        ("1234.567", GERMAN),
        ("12,34", {"thousands": ","}),
        ("5 $", {"unit": "%"}),
        ("$$5", {"unit": "$"}),
        ("", GERMAN),
        ("nan", GERMAN),
        ("%", {"unit": "%"}),
    ],
)
def test_other_texts_are_no_numbers(database: Connection, text: str, how: dict[str, Any]) -> None:
    """A point that is not between thousands would silently make 15 of 1.5."""
    assert number(database, text, **how) is None


@given(st.integers(-(10**9), 10**9), st.integers(0, 99), st.sampled_from([".", " ", "'"]))
def test_what_is_written_is_read_back(whole: int, cents: int, thousands: str) -> None:
    """Whatever the number, groups of three digits and a comma give it back."""
    text = f"{whole:,}".replace(",", thousands) + f",{cents:02d}"
    with connect() as database:
        found = number(database, text, decimal=",", thousands=thousands)
    sign = -1 if text.startswith("-") else 1
    assert found == pytest.approx(whole + sign * cents / 100)


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("31.12.2025", ["%d.%m.%Y"], "2025-12-31 00:00:00"),
        (" 1.2.2025 ", ["%d.%m.%Y"], "2025-02-01 00:00:00"),
        ("31/12/2025 14:05", ["%d/%m/%Y", "%d/%m/%Y %H:%M"], "2025-12-31 14:05:00"),
        ("31.12.25", ["%d.%m.%y"], "2025-12-31 00:00:00"),
        ("31.12.2025 14:05 +0200", ["%d.%m.%Y %H:%M %z"], "2025-12-31 12:05:00"),
        ("31.12.25", ["%d.%m.%Y"], None),
        ("12/31/2025", ["%d/%m/%Y"], None),
        ("31.02.2025", ["%d.%m.%Y"], None),
        ("2025-12-31", ["%d.%m.%Y"], None),
        ("", ["%d.%m.%Y"], None),
    ],
)
def test_time_is_read_in_its_formats_only(
    database: Connection, text: str, formats: list[str], expected: str | None
) -> None:
    """A year of two digits is no year of the first century, and no other order is guessed."""
    assert time(database, text, *formats) == expected
