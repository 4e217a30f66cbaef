"""Delimiter and header are found, whatever the cells hold."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.discovery.dialect import DELIMITERS, Dialect, detect_dialect
from pipeline_code.steps.discovery.encoding import detect_encoding
from tests.steps.discovery.conftest import Write

WORDS = st.text(alphabet="abcdefgh ,'\"\n-", min_size=1, max_size=12)
NUMBERS = st.one_of(st.integers(-999, 999).map(str), st.floats(-9, 9).map(lambda x: f"{x:.3f}"))


def detect(path: Path, **known: object) -> Dialect:
    """Detect with nothing known but what is given."""
    return detect_dialect(path, detect_encoding(path), header=None, **known)  # type: ignore[arg-type]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    delimiter=st.sampled_from(list(DELIMITERS)),
    has_header=st.booleans(),
    rows=st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), min_size=3, max_size=30),
)
def test_what_was_written_is_found(
    write: Write, delimiter: str, has_header: bool, rows: list[tuple[str, ...]]
) -> None:
    """Quoted cells may hold commas, quotation marks and line ends; they part nothing."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    if has_header:
        writer.writerow(["name", "height", "weight"])
    writer.writerows(rows)

    dialect = detect(write(text.getvalue()))

    assert (dialect.delimiter, dialect.header) == (delimiter, has_header)
    names = ("name", "height", "weight") if has_header else ("column_1", "column_2", "column_3")
    assert dialect.names == names


def test_commas_of_numbers_part_nothing(write: Write) -> None:
    """Every line has one decimal comma a number: as many pieces in each row, but in no header."""
    text = "preis;menge;ziel\n" + "1,5;2,25;ja\n3,5;4,75;nein\n" * 20
    assert detect(write(text)).delimiter == ";"


def test_a_named_column_makes_a_header(write: Write) -> None:
    """Years as names look like a row of numbers; whoever names one of them knows better."""
    path = write("2019,2020,2021\n1,2,3\n4,5,6\n")
    assert not detect(path).header
    assert detect(path, named=["2021"]).names == ("2019", "2020", "2021")


def test_counted_columns_are_a_header(write: Write) -> None:
    """A table without names is written with 0, 1, 2, ... above its columns."""
    assert detect(write("0,1,2\n5,6,7\n5,6,7\n")).header


def test_text_above_text_is_judged_by_its_words(write: Write) -> None:
    """Where nothing is a number, a header is what does not occur below."""
    rows = "red,round\nblue,flat\nblue,round\n" * 5
    assert detect(write(f"colour,shape\n{rows}")).header
    assert not detect(write(f"red,round\n{rows}")).header


def test_later_lines_are_looked_at(write: Write) -> None:
    """The first megabyte of a large file need not be like the rest."""
    head = "a;b,c\n" + "1;2,3\n" * 200_000
    assert detect(write(head + "1;2\n" * 1_000_000)).delimiter == ";"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("\n\n", "has no rows"),
        ("x" * (3 << 20), "begins with a line longer than 1 MiB"),
        ("a\n1\n2\n", "has one column only"),
        ("a,b,a\nx,1,2\n", "'a' more than once"),
        ("ID,id,b\nx,y,2\n", "'ID', 'id' more than once"),
        ("a,b,\nx,1,\n", "column 3 of its header without a name"),
        ("'a','b'\n'x','y'\n'x','z'\n", "apostrophes"),
    ],
)
def test_what_is_no_table_is_refused(write: Write, content: str, says: str) -> None:
    """The message says what is wrong and what to do."""
    path = write(content)
    with pytest.raises(PipelineError, match=says) as caught:
        detect_dialect(path, ("utf-8", ""), header=None)
    assert "\n" not in str(caught.value)
