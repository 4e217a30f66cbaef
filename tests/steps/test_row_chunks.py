"""However a file is cut, its pieces are whole rows and nothing is lost between them."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.steps.row_chunks import cut_csv
from pipeline_code.steps.score_files import UnscorableFileError

CELLS = st.text(st.sampled_from(["a", ",", '"', "\n", "é", " "]), max_size=6)


def rows_of(text: str) -> list[list[str]]:
    """Read rows as the standard library does."""
    return list(csv.reader(io.StringIO(text, newline="")))


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=30), size=st.integers(1, 60))
def test_pieces_are_the_rows_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], size: int
) -> None:
    """Commas, quotation marks and line breaks may stand in a cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("A", "B\n"), *rows])
    content = text.getvalue().encode()
    path = tmp_path_factory.mktemp("cut") / "rows.csv"
    path.write_bytes(content)
    cut = cut_csv(path, size)
    if cut is None:  # a row of more than sixteen pieces
        return
    pieces = [content[chunk.start : chunk.start + chunk.size] for chunk in cut.chunks]

    header = len(b'"A","B\n"\n')
    assert b"".join(pieces) == content[header:]
    assert [row for piece in pieces for row in rows_of(piece.decode())] == [*map(list, rows)]
    assert cut.columns == ("A", "B\n")
    assert cut.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_quotation_mark_that_nothing_closes_is_no_piece(tmp_path: Path) -> None:
    """The rest of the file would be one piece, of any size."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b'A,B\n"1,2\n' + b"3,4\n" * 1000)

    assert cut_csv(path, 64) is None


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """Spreadsheets begin with one."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbfA,B\n1,2\n3,4\n")
    cut = cut_csv(path, 4)

    assert cut
    assert cut.columns == ("A", "B")
    assert [(chunk.start, chunk.size) for chunk in cut.chunks] == [(7, 4), (11, 4)]


def test_file_without_a_header_is_refused(tmp_path: Path) -> None:
    """There is nothing to tell features by."""
    path = tmp_path / "rows.csv"
    path.touch()

    with pytest.raises(UnscorableFileError, match="is empty"):
        cut_csv(path, 64)
