"""Cut a CSV file into pieces of whole rows, which can be scored by themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pipeline_code.steps.score_files import read_header

_BOM: Final = b"\xef\xbb\xbf"
_MOST_TRIES: Final = 1_000
_LARGEST: Final = 16
"""A piece of more than so many usual ones is no piece: a quotation mark was never closed."""


@dataclass(frozen=True)
class Chunk:
    """Rows of a file: ``size`` bytes from ``start`` on, header not included."""

    index: int
    start: int
    size: int


@dataclass(frozen=True)
class Chunks:
    """A file in pieces, and what it is: ``digest`` of all its bytes, ``columns`` of its header."""

    columns: tuple[str, ...]
    digest: str
    chunks: tuple[Chunk, ...]


def cut_csv(path: Path, chunk_bytes: int) -> Chunks | None:
    """Cut at the last end of a row in each ``chunk_bytes``; None where rows cannot be told apart.

    The file is read once. A line break inside quotation marks ends no row.

    Raises:
        UnscorableFileError: if it has no header.
        OSError: if it cannot be read.
    """
    columns = tuple(read_header(path))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        start = _skip_header(file, digest)
        chunks: list[Chunk] = []
        for size in _sizes(file, digest, chunk_bytes):
            if size > _LARGEST * chunk_bytes:
                return None
            chunks.append(Chunk(len(chunks), start, size))
            start += size
    return Chunks(columns, f"sha256:{digest.hexdigest()}", tuple(chunks))


def _skip_header(file: BinaryIO, digest: hashlib._Hash) -> int:
    header = b""
    while line := file.readline():
        header += line
        if header.count(b'"') % 2 == 0 and header.removeprefix(_BOM).strip():
            break
    digest.update(header)
    return len(header)


def _sizes(file: BinaryIO, digest: hashlib._Hash, chunk_bytes: int) -> Iterator[int]:
    """Yield the size of one piece after another; a row at its end is carried to the next."""
    carried, is_quoted = 0, False
    while data := file.read(chunk_bytes):
        digest.update(data)
        end = _end_of_row(data, is_quoted)
        if end:
            yield carried + end
            carried = 0
        carried += len(data) - end
        is_quoted ^= bool(data.count(b'"') % 2) if b'"' in data else False
        if carried > (_LARGEST + 1) * chunk_bytes:
            yield carried  # too large, which ends it
            return
    if carried:
        yield carried


def _end_of_row(data: bytes, is_quoted: bool) -> int:
    """Return how many bytes of ``data`` end with its last row; 0 where none ends in it."""
    end = data.rfind(b"\n") + 1
    if b'"' not in data:
        return 0 if is_quoted else end
    for _ in range(_MOST_TRIES):
        if not end or is_quoted == bool(data.count(b'"', 0, end) % 2):
            return end
        end = data.rfind(b"\n", 0, end - 1) + 1
    return 0
