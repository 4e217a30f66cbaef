"""Reading whole files in the contract's types lets in what reading row by row lets in, no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.contract_check import UnreadableTypeError
from pipeline_code.core.data_contract import Column, Contract, SourceFormat
from pipeline_code.core.problem import Problem
from pipeline_code.core.tables import connect
from pipeline_code.steps import quarantine
from pipeline_code.steps.quarantine import ACCEPTED, take_in
from pipeline_code.steps.quarantine_table import QUARANTINED

TYPES = ("integer", "number", "string", "timestamp", "boolean")
WORDS = [
    *("", " ", "7", " 7 ", "+7", "-7", "007", "7.0", "7.", ".5", "1.5", "1e3", "1E-3", "1_000"),
    *("0x1F", "1e400", "-1e400", "nan", "NaN", "inf", "-Infinity", "1,5", "5f", "12abc", "--1"),
    *("9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808"),
    *("true", "False", "t", "yes", "no", "1", "0", "2", "on", "TRUE "),
    *("2020-01-01", "2020-01-01T01:30:00+02:00", "2020-01-01 00:00:00Z", "2020-02-30", "infinity"),
    *("2020-01-01 00:00:00.123456789", "01/02/2020", "epoch", "1970-01-01 00:00:00 Europe/Madrid"),
    *("NA", " NA ", '"NA"', "null", "NULL", "\u00e9", '"a""b"', '"a, b"', "?"),
]


def outcome(
    source: Path, contract: Contract, *, straight: bool, written: SourceFormat, **more: Any
) -> Any:
    """Take a source in one way or the other; return all that came of it."""
    with pytest.MonkeyPatch.context() as patch:
        if not straight:
            patch.setattr(quarantine, "read_straight", lambda *_: False)
        with connect() as database:
            intake = take_in(database, source, contract, written=written, **more)
            accepted = database.execute(f"from {ACCEPTED} order by all").fetchall()
            types = database.execute(f"describe {ACCEPTED}").fetchall()
            quarantined = database.execute(f"from {QUARANTINED} order by all").fetchall()
    return intake, accepted, types, quarantined


def both(source: Path, contract: Contract, **more: Any) -> tuple[Any, Any]:
    """Take a source in both ways."""
    more = {"written": SourceFormat(), **more}
    one, other = (outcome(source, contract, straight=way, **more) for way in (True, False))
    return one, other


@pytest.mark.parametrize("kind", TYPES)
def test_every_word_is_read_alike(tmp_path: Path, kind: Any) -> None:
    """Each alone in its file, so that none hides behind another that is refused."""
    contract = Contract(columns={"X": Column(type=kind, nullable=True), "Y": Column(type="string")})
    for number, word in enumerate(WORDS):
        cell = word if word.startswith('"') or "," not in word else f'"{word}"'
        path = tmp_path / f"{number}.csv"
        path.write_text(f"X,Y\n{cell},y\n", encoding="utf-8")

        one, other = both(path, contract, written=SourceFormat(missing=("NA", "?")))

        assert one == other, word


@pytest.mark.parametrize("missing", ["-999", "0", "nan"])
def test_numbers_that_stand_for_missing_values_are_read_alike(tmp_path: Path, missing: str) -> None:
    """Also with a space beside them."""
    path = tmp_path / "rows.csv"
    path.write_text(f"X,Y\n{missing},{missing}\n {missing}, {missing}\n5,5\n")
    contract = Contract(
        columns={"X": Column(type="number", nullable=True), "Y": Column(type="integer")}
    )

    one, other = both(path, contract, written=SourceFormat(missing=(missing,)))

    assert one == other


CONTRACT = {
    "amount": {"type": "number", "nullable": True, "unit": "%"},
    "days": {"type": "integer", "nullable": True, "minimum": 0, "missing": [999, -1]},
    "needed": {"type": "integer", "missing": [999]},
    "bought": {
        "type": "timestamp",
        "nullable": True,
        "format": ["%d.%m.%Y", "%d.%m.%Y %H:%M"],
        "missing": ["1900-01-01"],
    },
}


@pytest.mark.parametrize(
    "rows",
    [
        ["1.234,5 %;999;1;31.12.2025"],
        ["0,5;-1;2;01.01.1900", "7;27;3;1.2.2025 14:05", ";;4;"],
        ["1.5;1;1;31.12.2025", "1,5;-2;1;31.12.2025"],
        ["1,5;1;999;31.12.2025", "1,5;1;1;12/31/2025", "1,5;1;;31.12.25"],
    ],
)
def test_what_is_written_otherwise_is_read_alike(tmp_path: Path, rows: list[str]) -> None:
    """Decimal commas, days first and numbers for missing values, all right or some broken."""
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["amount;days;needed;bought", *rows, ""]), encoding="utf-8")
    contract = Contract.model_validate({"columns": CONTRACT})

    one, other = both(path, contract, written=SourceFormat(decimal=",", thousands="."))

    assert one == other


def test_what_stands_for_a_missing_value_is_missing_and_the_reason_says_how_to_write(
    tmp_path: Path,
) -> None:
    """A 999 below a minimum breaks nothing, but a column that must have a value lacks it."""
    path = tmp_path / "rows.csv"
    path.write_text("amount;days;needed;bought\n1,5;-1;2;01.01.1900\n1.5;3;999;2025-12-31\n")
    contract = Contract.model_validate({"columns": CONTRACT})

    _, accepted, _, (refused,) = outcome(
        path, contract, straight=False, written=SourceFormat(decimal=",", thousands=".")
    )

    assert accepted[0][:4] == (1.5, None, 2, None)
    assert refused[1] == (
        "amount is not a finite number written with decimal ',', thousands '.', unit '%'; "
        "needed is missing; bought is not a time like %d.%m.%Y or %d.%m.%Y %H:%M"
    )


def test_blanks_are_no_part_of_an_allowed_text_nor_of_a_label(tmp_path: Path) -> None:
    """Whether it is a label or any other column, in whichever way it is read."""
    path = tmp_path / "rows.csv"
    path.write_text("A,T\n yes ,1 \nno, 0\nyes,1\n", encoding="utf-8")
    columns = {
        "A": Column(type="string", allowed=("yes ", "no")),
        "T": Column(type="string", allowed=(0, 1)),
    }
    problem = Problem(type="binary", target="T")

    one, other = both(path, Contract(columns=columns), problem=problem)

    assert one == other
    assert [row[:2] for row in one[1]] == [("no", "0"), ("yes", "1"), ("yes", "1")]
    path.write_text("A,T\nmaybe,1\n", encoding="utf-8")
    one, other = both(path, Contract(columns=columns), problem=problem)
    assert one == other
    assert one[3][0][1] == "A is not one of yes , no"


@pytest.mark.parametrize(
    "value",
    [
        *("7::tinyint", "7::ubigint", "9223372036854775807::bigint", "7::hugeint", "1e30::hugeint"),
        *("7.0::double", "7.5::float", "'nan'::double", "'inf'::float", "7.00::decimal(9, 2)"),
        *("'7'::varchar", "true::boolean", "date '2020-01-01'", "timestamp '2020-01-01 10:00:00'"),
        *("timestamptz '2020-01-01 10:00:00+02'", "timestamp_ns '2020-01-01 10:00:00'"),
        *("'infinity'::timestamp", "null::integer", "null::double", "[1]", "'x'::blob"),
    ],
)
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_parquet_is_read_alike(tmp_path: Path, value: str, kind: Any) -> None:
    """What fits is taken as it is, the rest is converted or refused as before."""
    path = tmp_path / "rows.parquet"
    with connect() as database:
        database.execute(f"copy (select {value} as X) to '{path}'")
    contract = Contract(columns={"X": Column(type=kind, nullable=True)})
    try:
        expected = outcome(path, contract, straight=False, written=SourceFormat())
    except UnreadableTypeError:
        with pytest.raises(UnreadableTypeError):
            outcome(path, contract, straight=True, written=SourceFormat())
        return

    assert outcome(path, contract, straight=True, written=SourceFormat()) == expected


CELLS = st.sampled_from(["", "1", "2", "3", "4.0", "red", "blue", "2020-01-01", "nan", "x"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.booleans())
def test_every_rule_of_the_contract_is_held_alike(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], nullable: bool
) -> None:
    """Bounds, allowed values, labels, gaps, keys that come twice."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("\n".join(["A,B,C", *(",".join(row) for row in rows)]) + "\n")
    contract = Contract(
        unique=("A",),
        columns={
            "A": Column(type="integer", nullable=nullable, minimum=1, maximum=3),
            "B": Column(type="number", nullable=True, allowed=(1, 2.0)),
            "C": Column(type="string", nullable=nullable),
        },
    )
    problem = Problem(type="multiclass", target="C", classes=("red", "blue", 1, "x"))

    one, other = both(path, contract, problem=problem)

    assert one == other
