"""The encoding is found by all bytes of a file, and one that Prepare cannot read is refused."""

from __future__ import annotations

import gzip

import pytest

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.discovery import encoding
from pipeline_code.steps.discovery.encoding import detect_encoding
from tests.steps.discovery.conftest import Write

TEXT = "ort,ziel\nKöln,ja\nBonn,nein\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n", "utf-8"),
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("latin-1"), "latin-1"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        ("preis\n5€\n".encode("cp1252"), "cp1252"),
    ],
)
def test_encoding_is_found(write: Write, content: bytes, expected: str) -> None:
    """A wrong guess turns letters into others, and two spellings of one category into two."""
    assert detect_encoding(write(content))[0] == expected


def test_a_letter_far_down_counts(write: Write) -> None:
    """The first letter beyond ASCII may stand in the last row of a large file."""
    content = b"a,b\n" + b"1,2\n" * 2_000_000 + "Köln,2\n".encode("latin-1")
    assert detect_encoding(write(content))[0] == "latin-1"


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pieces_may_cut_a_letter_in_two(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A file is read in pieces; where they end must not matter."""
    path = write("ö€a€ö".encode())
    monkeypatch.setattr(encoding, "_PIECE", size)
    assert detect_encoding(path)[0] == "utf-8"


def test_few_damaged_places_do_not_change_the_encoding(write: Write) -> None:
    """One broken row of a UTF-8 file goes to quarantine; it does not respell all others."""
    assert detect_encoding(write("Köln\n".encode() * 100 + b"K\xf6ln\n"))[0] == "utf-8"


def test_packed_text_is_looked_into(write: Write) -> None:
    """A .gz is no binary file."""
    path = write(gzip.compress(TEXT.encode("latin-1"), mtime=0), "table.csv.gz")
    assert detect_encoding(path)[0] == "latin-1"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (TEXT.encode("utf-16-be"), "iconv -f UTF-16BE"),
        (b"preis\n5\x80\n\x81\n", "in an encoding that its bytes do not tell"),
        (bytes(range(256)) * 10, "is binary, not text"),
    ],
)
def test_what_prepare_cannot_read_is_refused(write: Write, content: bytes, says: str) -> None:
    """The message holds the command that helps."""
    with pytest.raises(PipelineError, match=says):
        detect_encoding(write(content))
