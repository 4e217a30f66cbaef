"""Few different texts become codes: the same ones however the rows came, and none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.data_contract import Column, Contract
from pipeline_code.core.tables import Connection, connect
from pipeline_code.steps import coded_texts, quarantine
from pipeline_code.steps.coded_texts import MOST_TEXTS, code_texts, first_texts, type_of_texts
from pipeline_code.steps.quarantine import ACCEPTED, take_in

CONTRACT = Contract(
    error_budget=1.0,
    columns={
        "A": Column(type="string", nullable=True),
        "B": Column(type="string", nullable=True),
        "N": Column(type="integer"),
    },
)
TEXTS = ["", "red", "blue", "it's", "b\u00e9", "\u4e2d", " x", "Z", "z"]


@pytest.fixture
def database() -> Iterator[Connection]:
    """Open a database."""
    with connect() as database:
        yield database


def types(database: Connection, table: str) -> dict[str, str]:
    """Name the types of a table's columns."""
    return {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}


def taken(path: Path, *, straight: bool = True, first: int = 2) -> tuple[object, object]:
    """Take in rows whose ``first`` ones tell the texts that are expected; return rows and types."""
    with pytest.MonkeyPatch.context() as patch, connect() as database:
        patch.setattr(coded_texts, "_FIRST_ROWS", first)
        if not straight:
            patch.setattr(quarantine, "read_straight", lambda *_: False)
        take_in(database, path, CONTRACT, coded=("A", "B", "N"), ordered=False)
        found = database.execute(f"from {ACCEPTED} order by all").fetchall()
        return sorted(found, key=str), types(database, ACCEPTED)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.integers(0, 9)), min_size=1
    )
)
def test_texts_that_turn_up_late_are_kept(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int]]
) -> None:
    """The first rows only tell what to expect: types and values are those of reading row by row."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = [f'"{a}","{b}",{n}' for a, b, n in rows]
    path.write_text("\n".join(["A,B,N", *lines]) + "\n", encoding="utf-8")

    assert taken(path) == taken(path, straight=False)


def test_the_codes_do_not_tell_in_which_order_rows_came(tmp_path: Path) -> None:
    """Else the bytes of the parts would."""
    lines = [f"{'red' if n % 3 else 'blue'},t{n % 7},{n}" for n in range(100)]
    for name, some in (("one", lines), ("other", lines[::-1])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["A,B,N", *some]) + "\n")

    one, other = (taken(tmp_path / f"{name}.csv") for name in ("one", "other"))

    assert one == other
    assert one[1] == {
        "A": "ENUM('blue', 'red')",
        "B": f"ENUM({', '.join(repr(f't{n}') for n in range(7))})",
        "N": "BIGINT",
        "acequia_row": "UBIGINT",
    }


def test_a_text_that_no_accepted_row_has_is_no_code(database: Connection) -> None:
    """It went with the rows that were quarantined after they were read."""
    database.execute(f"create table t as select 'b'::{type_of_texts(['c', 'b', 'a'])} as x")

    code_texts(database, "t", ["x"])

    assert types(database, "t") == {"x": "ENUM('b')"}


@pytest.mark.parametrize(
    ("texts", "is_coded"), [(0, False), (1, True), (MOST_TEXTS, True), (MOST_TEXTS + 1, False)]
)
@pytest.mark.parametrize("was_coded", [True, False])
def test_only_few_texts_are_coded(
    database: Connection, texts: int, is_coded: bool, was_coded: bool
) -> None:
    """An empty column and one of many texts stay texts."""
    some = ", ".join(f"'t{number}'" for number in range(max(texts, 1)))
    kind = f"enum({some})" if was_coded else "varchar"
    database.execute(
        f"create table t as select nullif('t' || n, 't{texts}')::{kind} as x "  # noqa: S608
        f"from range({texts + 1}) as r(n)"
    )

    code_texts(database, "t", ["x"])

    assert types(database, "t")["x"].startswith("ENUM") == is_coded
    assert database.execute("select count(x), count(distinct x) from t").fetchone() == (
        texts,
        texts,
    )


def test_first_rows_with_many_texts_promise_nothing(database: Connection) -> None:
    """A column of names is no column of codes, and one of gaps neither."""
    rows = (
        "select 'n' || i as names, i % 3 || '' as few, null::varchar as gaps from range(900) r(i)"
    )

    assert first_texts(database, rows, ["names", "few", "gaps"]) == {"few": {"0", "1", "2"}}
    assert first_texts(database, rows, []) == {}


def test_long_texts_are_no_codes(tmp_path: Path) -> None:
    """Neither from the first row on nor where one turns up late; each is still all there."""
    long = "word " * 100
    path = tmp_path / "rows.csv"
    path.write_text(f"A,B,N\n{long},x,1\n{long},y,2\nz,z,3\nz,{long},4\n")

    rows, found = taken(path)

    assert found == {"A": "VARCHAR", "B": "VARCHAR", "N": "BIGINT", "acequia_row": "UBIGINT"}
    assert str(rows).count(long) == 3


def test_a_table_without_rows_has_no_codes(database: Connection) -> None:
    """All rows may contradict each other, and be put aside."""
    database.execute("create table t (x enum('a', 'it''s'))")

    code_texts(database, "t", ["x"])

    assert types(database, "t") == {"x": "VARCHAR"}
