"""Every row that comes in goes somewhere: accepted, quarantined with its reason, or a duplicate."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.contract_check import UnreadableTypeError
from pipeline_code.core.data_hash import ROW
from pipeline_code.core.errors import ErrorBudgetExceededError, MissingColumnsError
from pipeline_code.core.tables import connect
from pipeline_code.core.usecase import Column, Contract, SourceFormat
from pipeline_code.steps.quarantine import (
    ACCEPTED,
    Intake,
    check_budget,
    take_in,
)
from pipeline_code.steps.quarantine_table import QUARANTINED
from pipeline_code.steps.source import SourceError

CONTRACT = Contract(
    error_budget=0.5,
    unique=("ID",),
    columns={
        "ID": Column(type="integer", minimum=0),
        "AT": Column(type="timestamp"),
        "AMOUNT": Column(type="number", minimum=0, maximum=1000),
        "NAME": Column(type="string", nullable=True),
        "FLAG": Column(type="boolean", nullable=True, required=False),
        "LABEL": Column(type="integer", allowed=(0, 1)),
    },
)
HEADER = "ID,AT,AMOUNT,NAME,LABEL\n"
GOOD = "1,2020-02-29 12:00:00,5.5,ann,0\n"


def take(
    path: Path, contract: Contract = CONTRACT, **written: Any
) -> tuple[Intake, list[Any], list[Any]]:
    """Take a source in; return what became of it, its accepted and its quarantined rows."""
    with connect() as database:
        intake = take_in(database, path, contract, written=SourceFormat(**written))
        accepted = database.execute(
            f"select * exclude ({ROW}) from {ACCEPTED} order by all"  # noqa: S608
        ).fetchall()
        quarantined = database.execute(f"from {QUARANTINED} order by all").fetchall()
    assert intake.rows_in == intake.rows_out + intake.quarantined + intake.deduplicated
    assert (intake.rows_out, intake.quarantined) == (len(accepted), len(quarantined))
    return intake, accepted, quarantined


def csv(folder: Path, text: str) -> Path:
    """Write one CSV file."""
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,2020-01-01,5,ann,0", "ID is not an integer of 64 bits"),
        ("1.5,2020-01-01,5,ann,0", "ID is not an integer of 64 bits"),
        ("9223372036854775808,2020-01-01,5,ann,0", "ID is not an integer of 64 bits"),
        ("-1,2020-01-01,5,ann,0", "ID is below 0"),
        (",2020-01-01,5,ann,0", "ID is missing"),
        ("2,2020-02-30,5,ann,0", "AT is not a time"),
        ("2,01/02/2020,5,ann,0", "AT is not a time"),
        ("2,infinity,5,ann,0", "AT is not a time"),
        ("2,2020-01-01,nan,ann,0", "AMOUNT is not a finite number"),
        ("2,2020-01-01,-inf,ann,0", "AMOUNT is not a finite number"),
        ("2,2020-01-01,1e999,ann,0", "AMOUNT is not a finite number"),
        ("2,2020-01-01,1000.01,ann,0", "AMOUNT is above 1000"),
        ("2,2020-01-01,5,ann,2", "LABEL is not one of 0, 1"),
        ("2,2020-01-01,-5,ann,2", "AMOUNT is below 0; LABEL is not one of 0, 1"),
        ("2,2020-01-01,5", "line cannot be read: missing columns"),
        ("2,2020-01-01,5,ann,0,7", "line cannot be read: too many columns"),
        ('2,2020-01-01,5,"a"nn,0', "line cannot be read: unquoted value"),
        (f"2,2020-01-01,5,{'x' * 3_000_000},0", "line cannot be read: line size over maximum"),
    ],
)
def test_a_broken_row_is_quarantined_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    """One broken row costs one row: its neighbours are let in, and its text is kept."""
    intake, accepted, ((source, reasons, record),) = take(csv(tmp_path, f"{HEADER}{GOOD}{row}\n"))

    assert (source, reasons) == ("rows.csv", reason)
    assert row[:12].split(",")[0] in record
    assert len(accepted) == 1
    assert intake.reasons == dict.fromkeys(reason.split("; "), 1)


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("7.0,2020-01-01,5,ann,1", (7, "2020-01-01 00:00:00", 5.0, "ann", 1)),
        (" 7 ,2020-01-01T01:30:00+02:00,5,,1", (7, "2019-12-31 23:30:00", 5.0, None, 1)),
        ("7,2020-01-01T00:00:00Z,1e2,ann,1", (7, "2020-01-01 00:00:00", 100.0, "ann", 1)),
        ('7,2020-01-01,5,"a ""b"", c\nd",1', (7, "2020-01-01 00:00:00", 5.0, 'a "b", c\nd', 1)),
    ],
)
def test_what_is_right_in_other_clothes_is_let_in(
    tmp_path: Path, row: str, values: tuple[Any, ...]
) -> None:
    """Whole numbers written as floats, offsets, quoted commas and line ends are no faults."""
    _, ((number, at, *rest),), _ = take(csv(tmp_path, f"{HEADER}{row}\n"))

    assert (number, str(at), *rest) == values


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", (HEADER + GOOD).encode()),
        ("bom.csv", b"\xef\xbb\xbf" + (HEADER + GOOD).encode()),
        ("crlf.csv", (HEADER + GOOD).replace("\n", "\r\n").encode()),
        ("semicolon.csv", (HEADER + GOOD).replace(",", ";").encode()),
        ("packed.csv.gz", gzip.compress((HEADER + GOOD).encode(), mtime=0)),
        ("part[1]*.csv", (HEADER + GOOD).encode()),
        ("more.csv", b"LABEL,NAME,EXTRA,AMOUNT,AT,ID\n0,ann,x,5.5,2020-02-29 12:00:00,1\n"),
        (
            "rows.jsonl",
            b'{"ID": 1, "AT": "2020-02-29 12:00:00", "AMOUNT": 5.5, "NAME": "ann", "LABEL": 0}\n\n',
        ),
        (
            "rows.json",
            b'[{"ID": 1, "AT": "2020-02-29 12:00:00",\n "AMOUNT": 5.5, "NAME": "ann", "LABEL": 0}]',
        ),
    ],
)
def test_the_kind_of_file_changes_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    """Encoding mark, line ends, delimiter, order of columns, extra columns, JSON: the same row."""
    (tmp_path / name).write_bytes(content)

    intake, ((number, at, *rest),), _ = take(tmp_path)

    assert (number, str(at), *rest) == (1, "2020-02-29 12:00:00", 5.5, "ann", 0)
    assert intake.rows_in == 1


def test_an_optional_column_may_be_in_some_files_only(tmp_path: Path) -> None:
    """A column that a later delivery added is empty in the earlier rows."""
    (tmp_path / "1.csv").write_text(HEADER + GOOD)
    (tmp_path / "2.csv").write_text("ID,AT,AMOUNT,NAME,FLAG,LABEL\n2,2020-01-01,5,bob,true,1\n")

    intake, accepted, _ = take(tmp_path)

    assert [(row[0], row[4]) for row in accepted] == [(1, None), (2, True)]
    assert "FLAG" in intake.columns


def test_hidden_and_empty_parts_are_no_rows(tmp_path: Path) -> None:
    """Spark leaves ``_SUCCESS`` behind; a partition of a day without rows is only a header."""
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1" / "a.csv").write_text(HEADER + GOOD)
    (tmp_path / "b.csv").write_text(HEADER)
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden.csv").write_text("nothing")

    assert take(tmp_path)[0].rows_in == 1


def test_a_row_that_came_twice_is_counted_and_kept_once(tmp_path: Path) -> None:
    """A delivery that was repeated changes nothing but the count."""
    (tmp_path / "1.csv").write_text(HEADER + GOOD)
    (tmp_path / "2.csv").write_text(HEADER + GOOD + GOOD)

    intake, accepted, _ = take(tmp_path)

    assert (intake.rows_in, len(accepted), intake.deduplicated) == (3, 1, 2)


def test_rows_that_contradict_each_other_are_all_quarantined(tmp_path: Path) -> None:
    """Two labels for one identifier: nobody can say which is right, so neither is learned."""
    text = HEADER + GOOD + GOOD + GOOD.replace(",0\n", ",1\n") + GOOD.replace("1,", "2,", 1)

    intake, accepted, quarantined = take(csv(tmp_path, text))

    assert [row[0] for row in accepted] == [2]
    assert {row[1] for row in quarantined} == {"ID occurs with different contents"}
    assert (len(quarantined), intake.deduplicated) == (2, 1)


def test_a_broken_line_of_json_is_one_row(tmp_path: Path) -> None:
    """And what is no object is told apart from an object that lacks a value."""
    good = '{"ID": 1, "AT": "2020-01-01", "AMOUNT": 5, "NAME": "ann", "LABEL": 0}'
    lines = [good, '{"ID": 2, "AT', "[1]", "null", '{"ID": 3, "AT": "2020-01-01"}']
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))

    intake, accepted, quarantined = take(tmp_path)

    assert len(accepted) == 1
    assert [row[2] for row in quarantined if "object" in row[1]] == ["[1]", "null", '{"ID": 2, "AT']
    assert intake.reasons["LABEL is missing"] == 1


def test_a_line_that_the_reader_refuses_is_counted_once(tmp_path: Path) -> None:
    """The columns of JSON are learned by reading twice; a refused line is still one row."""
    good = b'{"ID": 1, "AT": "2020-01-01", "AMOUNT": 5, "NAME": "ann", "LABEL": 0}'
    (tmp_path / "rows.jsonl").write_bytes(good + b"\n" + good.replace(b"ann", b"\xff\xfe") + b"\n")

    intake, _, _ = take(tmp_path)

    assert (intake.rows_in, intake.quarantined) == (2, 1)
    assert intake.reasons == {"line cannot be read: invalid encoding": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", HEADER.encode(), "has a header but no rows"),
        ("rows.csv", b"\n\n", "has no header line"),
        ("rows.csv", b"ID,ID\n1,2\n", "names ID twice"),
        ("rows.csv", HEADER.encode("utf-16"), "is UTF-16"),
        ("rows.csv", (HEADER + '1,"2020' + "\n1,2" * 9).encode(), "line 2 opens a quotation mark"),
        ("rows.csv.gz", gzip.compress(GOOD.encode() * 9, mtime=0)[:-9], "cannot be read"),
        ("rows.csv.gz", GOOD.encode(), "cannot be read"),
        ("rows.parquet", b"PAR1" + bytes(99), "cannot be read"),
        ("rows.json", b'[{"ID": 1}, {"ID"', "cannot be read"),
        ("rows.xlsx", b"PK", "is of no known kind"),
    ],
)
def test_an_unusable_file_is_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """The message names the file and says what to do; nothing is guessed from a damaged file."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SourceError, match=message) as caught:
        take(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_among_many_is_named(tmp_path: Path) -> None:
    """One message for a thousand files must say which one to replace."""
    with connect() as database:
        for number in range(3):
            database.execute(
                f"copy (select {number} * 9000 + i as ID, timestamp '2020-01-01' as AT, "  # noqa: S608
                "random() as AMOUNT, 'x' as NAME, 0 as LABEL from range(5000) as r(i)) "
                f"to '{tmp_path}/{number}.parquet'"
            )
    content = bytearray((tmp_path / "1.parquet").read_bytes())
    content[20_000:20_400] = bytes(400)
    content[10:200] = bytes([255]) * 190
    (tmp_path / "1.parquet").write_bytes(content)

    with pytest.raises(SourceError, match=r"1\.parquet cannot be read") as caught:
        take(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """Also a folder without files."""
    with pytest.raises(SourceError, match="does not exist"):
        take(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="holds no files"):
        take(tmp_path)


@pytest.mark.parametrize("name", ["AMOUNTS", "amount", "AMUONT"])
def test_a_renamed_column_is_recognised(tmp_path: Path, name: str) -> None:
    """A did-you-mean, in whatever file of the folder it is."""
    (tmp_path / "1.csv").write_text(HEADER + GOOD)
    (tmp_path / "2.csv").write_text((HEADER + GOOD).replace("AMOUNT", name))

    with pytest.raises(MissingColumnsError, match=rf"2\.csv lacks AMOUNT.*'{name}' for AMOUNT"):
        take(tmp_path)


def test_a_whole_column_of_another_type_is_one_line(tmp_path: Path) -> None:
    """Seconds since 1970 are no times: better one message than a million quarantined rows."""
    with connect() as database:
        database.execute(
            "copy (select 1 as ID, 5 as AT, 5.0 as AMOUNT, 'x' as NAME, 0 as LABEL) "
            f"to '{tmp_path}/rows.parquet'"
        )

    with pytest.raises(UnreadableTypeError, match=r"AT has type INTEGER.*read as timestamp"):
        take(tmp_path)


def test_parquet_floats_are_checked_like_text(tmp_path: Path) -> None:
    """NaN where pandas had a gap, 1.5 where an integer is promised."""
    with connect() as database:
        database.execute(
            "copy (from (values (1.0::double, 5::float), (2.5, 5), (3, 'nan'), (4, 'inf'), "
            "(null, 5)) as t(ID, AMOUNT) cross join "
            "(select timestamp_ns '2020-01-01' as AT, 'x' as NAME, 0::tinyint as LABEL)) "
            f"to '{tmp_path}/rows.parquet'"
        )

    intake, accepted, _ = take(tmp_path)

    assert [row[0] for row in accepted] == [1]
    assert intake.reasons == {
        "AMOUNT is not a finite number": 2,
        "ID is missing": 1,
        "ID is not an integer of 64 bits": 1,
    }


def test_the_budget_is_a_share_of_the_rows(tmp_path: Path) -> None:
    """At the budget the run goes on, beyond it stops with the most frequent reason."""
    bad = "x,2020-01-01,5,ann,0\n"
    intake, _, _ = take(csv(tmp_path, HEADER + GOOD + bad))

    check_budget(tmp_path, intake, 0.5)
    with pytest.raises(
        ErrorBudgetExceededError, match=r"1 of 2 rows \(50\.00%\).*ID is not an integer"
    ):
        check_budget(tmp_path, intake, 0.49)


def test_no_rows_left_is_beyond_any_budget(tmp_path: Path) -> None:
    """A budget of 100 % does not make an empty training set."""
    intake, _, _ = take(csv(tmp_path, HEADER + "x,2020-01-01,5,ann,0\n"))

    with pytest.raises(ErrorBudgetExceededError):
        check_budget(tmp_path, intake, 1.0)


VALUES = {
    "ID": st.one_of(st.integers(0, 3), st.sampled_from(["", "x", 1.5, -1])),
    "AT": st.sampled_from(["2020-01-01", "2020-01-02T00:00:00Z", "soon", ""]),
    "AMOUNT": st.one_of(st.floats(0, 1000), st.sampled_from(["", "nan", "1e999", -1])),
    "NAME": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    "LABEL": st.sampled_from([0, 1, 1, 0, 2, ""]),
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=30))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    """``rows_in == rows_out + quarantined + deduplicated``, whatever the rows say."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))

    intake, _, _ = take(folder)

    assert intake.rows_in == len(rows)


ACCENTS = "ID,AT,AMOUNT,NAME,LABEL\n1,2020-02-29 12:00:00,5.5,\u00c5s\u00e9 \u00bd,0\n"
OBJECT = (
    '{"ID": 1, "AT": "2020-02-29 12:00:00", "AMOUNT": 5.5, "NAME": "\u00c5s\u00e9 \u00bd", '
    '"LABEL": 0}'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.csv", ACCENTS), ("a.jsonl", OBJECT), ("a.json", f"[{OBJECT}]"), ("a.csv.gz", ACCENTS)],
)
@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("latin-1", "latin-1"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be with a mark"),
    ],
)
def test_other_encodings_say_the_same(
    tmp_path: Path, name: str, text: str, encoding: str, codec: str
) -> None:
    """Files of a spreadsheet or a mainframe, with and without a byte order mark, packed or not."""
    marked = codec.endswith("mark")
    content = (("\ufeff" if marked else "") + text).encode(codec.split()[0])
    (tmp_path / name).write_bytes(
        gzip.compress(content, mtime=0) if name.endswith("gz") else content
    )

    intake, ((number, _, _, who, _),), _ = take(tmp_path, encoding=encoding)

    assert (number, who, intake.rows_in) == (1, "\u00c5s\u00e9 \u00bd", 1)


@pytest.mark.parametrize("start", ["", "x"])
def test_utf_16_knows_all_characters(tmp_path: Path, start: str) -> None:
    """A smiling face is two units of UTF-16, and may lie on the edge of two chunks."""
    name = start + "\U0001f600" * 300_000
    (tmp_path / "a.csv").write_bytes(f"{HEADER}1,2020-02-29,5.5,{name},0\n".encode("utf-16"))

    assert take(tmp_path, encoding="utf-16")[1][0][3] == name


def test_a_broken_row_of_another_encoding_names_its_file(tmp_path: Path) -> None:
    """The file that was delivered, below the source, not the copy that was read."""
    (tmp_path / "day 1").mkdir()
    (tmp_path / "day 1" / "a.csv").write_bytes(
        (ACCENTS + "x,2020-01-01,5,\u00e9,0\n1,2\n").encode("latin-1")
    )

    _, _, quarantined = take(tmp_path, encoding="latin-1")

    assert {source for source, _, _ in quarantined} == {"day 1/a.csv"}
    assert any("\u00e9" in record for _, _, record in quarantined)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((HEADER + GOOD).encode("utf-16")[:-1], r"a\.csv cannot be read: .*truncated"),
        (
            (HEADER + '1,"2020' + "\n1,2" * 9).encode("utf-16"),
            r"a\.csv line 2 opens a quotation mark",
        ),
        ("ID\n1\n".encode("utf-16"), r"a\.csv lacks AMOUNT"),
    ],
)
def test_a_damaged_file_of_another_encoding_is_named(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """As it was delivered."""
    (tmp_path / "a.csv").write_bytes(content)

    with pytest.raises((SourceError, MissingColumnsError), match=message) as caught:
        take(tmp_path, encoding="utf-16")
    assert str(tmp_path / "a.csv") in str(caught.value)


def test_a_file_without_header_has_numbered_columns(tmp_path: Path) -> None:
    """Its first line is a row like the others."""
    columns = {"column_1": Column(type="integer"), "column_3": Column(type="string")}
    path = csv(tmp_path, "1;x;a\n2;y;b\n")

    _, accepted, _ = take(path, Contract(columns=columns), header=False)

    assert accepted == [(1, "a"), (2, "b")]


def test_a_delimiter_can_be_told(tmp_path: Path) -> None:
    """A header of one comma and one hash has two columns either way."""
    path = csv(tmp_path, "ID#NAME, full\n1#a\n")
    columns = {"ID": Column(type="integer"), "NAME, full": Column(type="string")}

    _, accepted, _ = take(path, Contract(columns=columns), delimiter="#")

    assert accepted == [(1, "a")]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_words_for_missing_values_are_missing_values(tmp_path: Path, name: str) -> None:
    """Before the contract is checked: where no gap is allowed, the row is put aside."""
    rows = [
        {"ID": 1, "AT": "2020-01-01", "AMOUNT": 5, "NAME": " ? ", "LABEL": 0},
        {"ID": 2, "AT": "2020-01-01", "AMOUNT": "NA", "NAME": "NA", "LABEL": 0},
        {"ID": 3, "AT": "2020-01-01", "AMOUNT": 5, "NAME": "NAN", "LABEL": 0},
    ]
    lines = [",".join(str(value) for value in row.values()) for row in rows]
    text = HEADER + "\n".join(lines) if name == "a.csv" else "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(text)

    intake, accepted, _ = take(tmp_path, missing=("NA", "?"))

    assert intake.reasons == {"AMOUNT is missing": 1}
    assert sorted((row[0], row[3]) for row in accepted) == [(1, None), (3, "NAN")]


def test_an_empty_first_line_is_no_row(tmp_path: Path) -> None:
    """Without a header it would be a file of no columns."""
    with pytest.raises(SourceError, match="begins with an empty line"):
        take(csv(tmp_path, "\n1,2\n"), header=False)


def test_two_sources_are_counted_apart(tmp_path: Path) -> None:
    """What one leaves in the quarantine is not the other's; a folder can be left out."""
    (tmp_path / "more").mkdir()
    csv(tmp_path, HEADER + GOOD + "x,2020-01-01,5,ann,0\n")
    csv(tmp_path / "more", HEADER + GOOD + "1,soon,5,ann,0\n" * 2)

    with connect() as database:
        first = take_in(database, tmp_path, CONTRACT, without=("more",))
        second = take_in(database, tmp_path / "more", CONTRACT, table="others")

    assert (first.rows_in, first.reasons) == (2, {"ID is not an integer of 64 bits": 1})
    assert (second.rows_in, second.reasons) == (3, {"AT is not a time": 2})
