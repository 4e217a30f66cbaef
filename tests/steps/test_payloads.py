"""A request is read exactly or refused with what is wrong, where, and what to do."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.documents import PayloadError
from pipeline_code.steps import payloads
from pipeline_code.steps.payloads import Format, Reader, TooManyRowsError

READER = Reader(("A", "B", "C"), max_rows=5)
NAN = float("nan")

ROWS = [[1.0, 2.5, -3.0], [4.0, NAN, 0.001]]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("csv", "1,2.5,-3\n4,,1e-3\n"),
        ("csv", "1,2.5,-3\r\n4,,1e-3\r\n"),
        ("csv", '"1"," 2.5 ",-3\n\n4,"",.001'),
        ("csv", "A,B,C\n1,2.5,-3\n4,,1e-3"),
        ("csv", "C, A ,B\n-3,1,2.5\n1e-3,4,\n"),
        ("csv", "\ufeff1,2.5,-3\n4,,0.001"),
        ("json", '{"instances": [[1, 2.5, -3], [4, null, 0.001]]}'),
        ("json", "[[1, 2.5, -3], [4, null, 0.001]]"),
        ("json", '[{"A": 1, "B": 2.5, "C": -3}, {"C": 0.001, "B": null, "A": 4}]'),
        ("json", '{"instances": [{"A":1,"B":2.5,"C":-3}, {"C":0.001,"B":null,"A":4}]}'),
        ("json", '{"columns": ["B","C","A"], "data": [[2.5, -3, 1], [null, 0.001, 4]]}'),
        ("jsonlines", "[1, 2.5, -3]\n[4, null, 0.001]"),
        ("jsonlines", '{"A": 1, "B": 2.5, "C": -3}\r\n\n{"C": 0.001, "B": null, "A": 4}\n'),
    ],
)
def test_every_form_gives_the_same_rows(form: Format, body: str) -> None:
    """How the rows were written does not change what is scored, nor does the order of names."""
    rows = READER.read(body.encode(), form)

    assert rows.dtype == np.float32
    assert rows.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(rows, np.array(ROWS, dtype=np.float32))


@pytest.mark.parametrize(
    ("form", "body", "code", "where"),
    [
        ("csv", "", "empty", {}),
        ("csv", " \n\n", "empty", {}),
        ("csv", "A,B,C\n", "empty", {}),
        ("csv", "1,2\n", "wrong_width", {"row": 1}),
        ("csv", "1,2,3\n1,2,3,4\n", "wrong_width", {"row": 2}),
        # As many cells as two rows have, but in rows of other widths.
        ("csv", "1,2,3,4\n1,2\n", "wrong_width", {"row": 1}),
        ("csv", "1,x,3", "not_a_number", {"row": 1, "column": "B"}),
        ("csv", "C,A,B\n1,2,3\n4,5,x", "not_a_number", {"row": 2, "column": "B"}),
        ("csv", "1,nan,3", "not_a_number", {"row": 1, "column": "B"}),
        ("csv", "1,2,inf", "not_a_number", {"row": 1, "column": "C"}),
        ("csv", "1,2,1_000", "not_a_number", {"row": 1, "column": "C"}),
        ("csv", "1,2,٣", "not_a_number", {"row": 1, "column": "C"}),
        ("csv", "1,2,1e39", "out_of_range", {"row": 1, "column": "C"}),
        ("csv", "1,2,1e999", "out_of_range", {"row": 1, "column": "C"}),
        ("csv", "1,2,-e", "not_a_number", {"row": 1, "column": "C"}),
        ("csv", '1,2,"3', "malformed", {}),
        ("csv", "A,B,D\n1,2,3", "wrong_columns", {}),
        ("csv", "A,B,C,A\n1,2,3,1", "wrong_columns", {}),
        ("csv", "A,B\n1,2", "wrong_columns", {}),
        ("csv", "ID,X,Y\n1,2,3", "wrong_columns", {}),
        ("csv", b"1,2,\xff", "not_utf8", {}),
        ("json", "", "malformed", {}),
        ("json", "[[1, 2,", "malformed", {}),
        ("json", "[" * 100_000, "malformed", {}),
        ("json", "9" * 5_000, "out_of_range", {}),
        ("json", "7", "malformed", {}),
        ("json", "[]", "empty", {}),
        ("json", '{"instances": []}', "empty", {}),
        ("json", '{"instances": {"A": 1}}', "malformed", {}),
        ("json", '{"rows": [[1, 2, 3]]}', "malformed", {}),
        ("json", '{"columns": "ABC", "data": [[1, 2, 3]]}', "malformed", {}),
        ("json", '{"columns": ["A", "B"], "data": [[1, 2]]}', "wrong_columns", {}),
        ("json", "[1, 2, 3]", "malformed", {"row": 1}),
        ("json", '[[1, 2, 3], {"A": 1, "B": 2, "C": 3}]', "malformed", {"row": 2}),
        ("json", '[{"A": 1, "B": 2, "C": 3}, [1, 2, 3]]', "malformed", {"row": 2}),
        ("json", '[{"A": 1, "B": 2}]', "wrong_columns", {"row": 1}),
        ("json", '[{"A": 1, "B": 2, "C": 3, "D": 4}]', "wrong_columns", {"row": 1}),
        ("json", "[[1, 2]]", "wrong_width", {"row": 1}),
        ("json", '[[1, "2", 3]]', "not_a_number", {"row": 1, "column": "B"}),
        ("json", "[[1, true, 3]]", "not_a_number", {"row": 1, "column": "B"}),
        ("json", "[[1, [], 3]]", "not_a_number", {"row": 1, "column": "B"}),
        ("json", "[[1, NaN, 3]]", "not_a_number", {}),
        ("json", "[[1, -Infinity, 3]]", "not_a_number", {}),
        ("json", f"[[1, 1{'0' * 400}, 3]]", "out_of_range", {"row": 1, "column": "B"}),
        ("json", "[[1, 1e999, 3]]", "out_of_range", {"row": 1, "column": "B"}),
        ("jsonlines", "", "empty", {}),
        ("jsonlines", "[1, 2, 3]\n[1, 2", "malformed", {"row": 2}),
        ("jsonlines", '[1, 2, 3]\n{"A": 1}', "malformed", {"row": 2}),
    ],
)
def test_refusal_says_what_and_where(
    form: Format, body: str | bytes, code: str, where: dict[str, Any]
) -> None:
    """A client can find the value from the answer, in one line."""
    with pytest.raises(PayloadError) as caught:
        READER.read(body if isinstance(body, bytes) else body.encode(), form)

    assert (caught.value.code, caught.value.where) == (code, where)
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value), "it says what to do"


def test_slip_in_a_name_gets_the_name_that_was_meant() -> None:
    """The commonest mistake is a typing error, so the answer holds its correction."""
    reader = Reader(("TX_AMOUNT", "TX_NIGHT"), max_rows=5)
    with pytest.raises(PayloadError, match=r"'TX_AMOUNTS'; did you mean 'TX_AMOUNT'"):
        reader.read(b"TX_AMOUNTS,TX_NIGHT\n1,2", "csv")


def test_long_values_are_cut_in_the_message() -> None:
    """An answer does not send a megabyte back."""
    with pytest.raises(PayloadError) as caught:
        READER.read(b"1,2," + b"x" * 100_000, "csv")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("csv", "1,2,3\n" * 6),
        ("csv", "A,B,C\n" + "1,2,3\n" * 6),
        ("json", json.dumps([[1, 2, 3]] * 6)),
        ("json", json.dumps([{"A": 1, "B": 2, "C": 3}] * 6)),
        ("jsonlines", "[1,2,3]\n" * 6),
    ],
)
def test_more_rows_than_allowed_are_refused_not_cut(form: Format, body: str) -> None:
    """An answer with fewer rows than the request would be joined to the wrong ones."""
    with pytest.raises(TooManyRowsError, match="6 rows, at most 5"):
        READER.read(body.encode(), form)


def test_one_feature_is_enough() -> None:
    """A model with a single column is read in every form."""
    reader = Reader(("A",), max_rows=5)
    bodies: list[tuple[Format, bytes]] = [
        ("csv", b"1\n2\n"),
        ("csv", b"A\n1\n2\n"),
        ("json", b'[{"A": 1}, {"A": 2}]'),
        ("json", b"[[1], [2]]"),
    ]
    for form, body in bodies:
        np.testing.assert_array_equal(reader.read(body, form), [[1.0], [2.0]])


_numbers = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)
_tables = st.lists(st.tuples(_numbers, _numbers, _numbers), min_size=1, max_size=5)


def _csv(rows: list[tuple[float | None, ...]]) -> str:
    return "\n".join(",".join("" if x is None else repr(x) for x in row) for row in rows)


def _records(rows: list[tuple[float | None, ...]]) -> str:
    return json.dumps([dict(zip("CBA", row[::-1], strict=True)) for row in rows])


@settings(deadline=None)
@given(rows=_tables)
@pytest.mark.parametrize(
    ("form", "write"),
    [("csv", _csv), ("json", json.dumps), ("json", _records)],
)
def test_numbers_arrive_bit_for_bit(
    form: Format, write: Callable[[Any], str], rows: list[tuple[float | None, ...]]
) -> None:
    """Whatever finite number a client has, the model gets that number."""
    expected = np.array(rows, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(READER.read(write(rows).encode(), form), expected)


@settings(deadline=None)
@given(body=st.text(alphabet='0123456789.,-+eE_naif \n\r\t"ABC[]{}:#;\x00', max_size=60))
@pytest.mark.parametrize("form", ["csv", "json", "jsonlines"])
def test_any_text_is_read_or_refused(form: Format, body: str) -> None:
    """Nothing but a `PayloadError` leaves the reader, and what it returns is never infinite."""
    try:
        rows = READER.read(body.encode(), form)
    except PayloadError:
        return
    assert rows.shape[1] == 3
    assert not np.isinf(rows).any()


@pytest.mark.parametrize(
    ("form", "body", "code"),
    [
        ("json", b"[" + b"[]," * 2_000_000 + b"[]]", "too_many_rows"),
        ("json", b"[" + b"{}," * 2_000_000 + b"{}]", "too_many_rows"),
        ("json", b"[" * 5_000_000, "too_many_rows"),
        ("json", b"[" + b"1," * 3_000_000 + b"1]", "wrong_width"),
        ("jsonlines", b"[]\n" * 2_000_000, "too_many_rows"),
        ("jsonlines", b"[" + b"1," * 3_000_000 + b"1]", "wrong_width"),
        ("csv", b"," * 5_000_000, "wrong_width"),
        ("csv", b'"",""\n' * 1_000_000, "too_many_rows"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_body_of_nothing_but_separators_is_refused_unread(
    form: Format, body: bytes, code: str
) -> None:
    """Read, it would take sixty times its size: a few such requests would fill the memory."""
    tracemalloc.start()
    try:
        with pytest.raises(PayloadError) as error:
            list(Reader(("A", "B"), max_rows=500_000).read_in_parts(body, form))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.value.code == code
    assert most < 3 * len(body)


@pytest.mark.parametrize("name", ["A", "A[0], {x}"])
@pytest.mark.parametrize("form", ["csv", "json", "jsonlines"])
def test_a_large_body_with_many_rows_is_read(form: Format, name: str) -> None:
    """Also where the name of a column holds what else separates rows and cells."""
    row = json.dumps({name: 1.0, "long" * 10: None}).encode()
    rows, bodies = (
        60_000,
        {
            "csv": b'"%b",%b\n' % (name.encode(), b"long" * 10)
            + (b"1.%b,\n" % (b"0" * 80)) * 60_000,
            "json": b"[" + b",".join([row] * 60_000) + b"]",
            "jsonlines": b"\n".join([row + b" " * 30] * 60_000),
        },
    )
    reader = Reader((name, "long" * 10), max_rows=rows)
    found = reader.read(bodies[form], form)
    lists = b"[" + b",".join([b"[1.%b,null]" % (b"0" * 80)] * rows) + b"]"

    assert len(bodies[form]) > 4 * 1024 * 1024 or form == "json"
    assert found.shape == (rows, 2)
    assert reader.read(lists, "json").shape == (rows, 2)


def _outcome(read: Callable[[], Any]) -> Any:
    try:
        return np.asarray(read(), dtype=np.float32).tolist()
    except PayloadError as error:
        return error.code, error.where


LINES = st.sampled_from(
    [
        "1,2,3",
        "-0.5,1e-3,7E2",
        "1,,3",
        ",,",
        "1e+5,.5,2.",
        "1,2",
        "1,2,3,4",
        "1,2,1e39",
        "1,[2],3",
        '"1",2,3',
        '"1\n",2,3',
        "1, 2,3",
        "1,true,3",
        "C,B,A",
        "A,B,C",
        "1,2,3\r",
        "",
        "99999999999999999999,1,1",
        "1,2,\xe9",
        "1,2-,3",
    ]
)


@settings(deadline=None, max_examples=300)
@given(lines=st.lists(LINES, min_size=1, max_size=7), has_simdjson=st.booleans())
def test_parts_are_the_whole(lines: list[str], has_simdjson: bool) -> None:
    """Where a large body is cut, and by what read, changes neither rows nor refusals."""
    body = "\n".join(lines).encode()
    whole = _outcome(lambda: READER.read(body, "csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payloads, "_PART_BYTES", 10)
        if not has_simdjson:
            patch.setitem(sys.modules, "simdjson", None)
        parts = _outcome(lambda: np.concatenate(list(READER.read_in_parts(body, "csv"))))

    np.testing.assert_equal(parts, whole)


def test_a_header_of_signs_that_numbers_have_is_one() -> None:
    """Columns may be called E1 and E2, and come in another order in a large body as well."""
    reader = Reader(("E1", "E2"), max_rows=500_000)
    body = b"E2,E1\n" + b"1.5,2.5\n" * 100_000
    rows = np.concatenate(list(reader.read_in_parts(body, "csv")))

    assert rows.shape == (100_000, 2)
    assert rows.min(axis=0).tolist() == rows.max(axis=0).tolist() == [2.5, 1.5]


@settings(deadline=None, max_examples=300)
@given(lines=st.lists(LINES, min_size=1, max_size=2))
@pytest.mark.parametrize("form", ["csv", "json"])
def test_bytes_are_the_rows(form: Format, lines: list[str]) -> None:
    """The way of one plain row is as strict as the others, and gives the same numbers."""
    body = "\n".join(lines).encode()
    if form == "json":
        body = b"[[%b]]" % body
    found = _outcome(
        lambda: np.frombuffer(READER.read_bytes(body, form), np.float32).reshape(-1, 3)
    )

    np.testing.assert_equal(found, _outcome(lambda: READER.read(body, form)))


def test_nothing_is_no_row_of_one_feature() -> None:
    """An empty body has as many separators as a row of one value."""
    with pytest.raises(PayloadError) as caught:
        Reader(("A",), max_rows=5).read_bytes(b"\n", "csv")
    assert caught.value.code == "empty"


KNOWN = {"B": ("red", "1", "true", "a, b"), "C": ("x",)}
MIXED = Reader(("A", "B", "C"), max_rows=5, categories=KNOWN)


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("csv", '1,red,x\n2,"a, b",new\n3,,\n-4,1,X\n,true,x\n'),
        ("csv", 'C,A,B\r\nx,1,red\r\nnew,2,"a, b"\r\n,3,\r\nX,-4,1\r\nx,,true\r\n'),
        (
            "json",
            '[[1, "red", "x"], [2, "a, b", "new"], [3, null, ""], [-4, 1, "X"], [null, true, "x"]]',
        ),
        (
            "json",
            '{"columns": ["B", "A", "C"], "data": [["red", 1, "x"], ["a, b", 2, 5], '
            '[null, 3, null], [1.0, -4, false], [true, null, "x"]]}',
        ),
        (
            "jsonlines",
            '{"C": "x", "A": 1, "B": "red"}\n{"A": 2, "B": "a, b", "C": "y"}\n'
            '{"A": 3, "B": "", "C": null}\n{"A": -4, "B": 1, "C": 1.5}\n'
            '{"A": null, "B": true, "C": "x"}',
        ),
    ],
)
def test_texts_of_categories_become_their_codes(form: Format, body: str) -> None:
    """A code for each known text, one for all others, and NaN where there is none."""
    rows = MIXED.read(body.encode(), form)
    expected = [[1, 0, 0], [2, 3, 1], [3, NAN, NAN], [-4, 1, 1], [NAN, 2, 0]]

    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.array(expected, dtype=np.float32))
    assert MIXED.read_bytes(body.encode(), form) == rows.tobytes()
    np.testing.assert_array_equal(
        np.concatenate(list(MIXED.read_in_parts(body.encode(), form))), rows
    )


def test_numbers_are_no_codes() -> None:
    """A row of bare numbers is not taken for codes: 0 is a text that nobody knows."""
    for form, body in (("csv", b"1,0,0"), ("json", b"[[1, 0, 0]]")):
        np.testing.assert_array_equal(MIXED.read(body, form), [[1, 4, 1]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "body", "code", "where"),
    [
        ("csv", "x,red,x", "not_a_number", {"row": 1, "column": "A"}),
        ("csv", "C,B,A\nx,red,nan", "not_a_number", {"row": 1, "column": "A"}),
        ("csv", "1,red\n", "wrong_width", {"row": 1}),
        ("csv", "1,red,x,y\n", "wrong_width", {"row": 1}),
        ("csv", "A,B,D\n1,red,x", "wrong_columns", {}),
        ("json", '[["1", "red", "x"]]', "not_a_number", {"row": 1, "column": "A"}),
        # A category that is missing in an earlier row is not to blame.
        ("json", '[[1, null, ""], ["x", "red", "x"]]', "not_a_number", {"row": 2, "column": "A"}),
        ("csv", "1,,\nx,red,x", "not_a_number", {"row": 2, "column": "A"}),
        ("json", '[[true, "red", "x"]]', "not_a_number", {"row": 1, "column": "A"}),
        ("json", '[[1, "red", ["x"]]]', "not_a_text", {"row": 1, "column": "C"}),
        ("json", '[[1, "red", "x"], [1, {}, "x"]]', "not_a_text", {"row": 2, "column": "B"}),
        ("json", '[{"A": 1, "B": "red"}]', "wrong_columns", {"row": 1}),
    ],
)
def test_numbers_stay_strict_beside_categories(
    form: Format, body: str, code: str, where: dict[str, Any]
) -> None:
    """A text where a number is wanted is refused with its place, whatever the others take."""
    with pytest.raises(PayloadError) as caught:
        MIXED.read(body.encode(), form)

    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_row_of_texts_alone_is_no_header() -> None:
    """Where all features are categories only names make a header."""
    reader = Reader(("A", "B"), max_rows=5, categories={"A": ("u",), "B": ("v",)})

    np.testing.assert_array_equal(reader.read(b"u,v\nw, v\n", "csv"), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(reader.read(b"B,A\nv,u\n", "csv"), [[0, 0]])


@settings(deadline=None)
@given(body=st.text(alphabet='01.,-xredX \n\r\t"ABC[]{}:null\x00', max_size=60))
@pytest.mark.parametrize("form", ["csv", "json", "jsonlines"])
def test_any_text_with_categories_is_read_or_refused(form: Format, body: str) -> None:
    """Nothing but a `PayloadError` leaves the reader, and a code is one of the known ones."""
    try:
        rows = MIXED.read(body.encode(), form)
    except PayloadError:
        return
    assert np.nan_to_num(rows[:, 1:]).min() >= 0
    assert (np.nan_to_num(rows[:, 1:]).max(axis=0) <= [4, 1]).all()


TEXT_LINES = st.sampled_from(
    [
        "1,red,x",
        ",,",
        "-2.5,new, x",
        "x,red,x",
        "1,red",
        "1,red,x,y",
        '1,"a, b",x',
        '1,"a\nb",x',
        "C,B,A",
        "A,B,D",
        "1,grün,x",
        "1,r\xeed\r,x",
        "1,red,x\r",
        "",
        " ",
    ]
)


@settings(deadline=None, max_examples=300)
@given(
    lines=st.lists(TEXT_LINES, min_size=1, max_size=7),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
)
def test_parts_of_texts_are_the_whole(lines: list[str], encoding: str) -> None:
    """Where a large body is cut changes neither codes nor refusals."""
    body = "\n".join(lines).encode(encoding)
    whole = _outcome(lambda: MIXED.read(body, "csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payloads, "_PART_BYTES", 10)
        parts = _outcome(lambda: np.concatenate(list(MIXED.read_in_parts(body, "csv"))))

    np.testing.assert_equal(parts, whole)


def test_a_large_body_of_texts_needs_little_memory() -> None:
    """All its cells at once would take thirty times its size."""
    body = b"1.25,red,some other text\n" * 80_000
    reader = Reader(("A", "B", "C"), max_rows=90_000, categories=KNOWN)
    tracemalloc.start()
    try:
        rows = sum(len(part) for part in reader.read_in_parts(body, "csv"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows == 80_000
    assert most < 8 * len(body)
