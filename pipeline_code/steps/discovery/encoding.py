"""Find out how a text file is encoded, by reading all of it once in pieces."""

from __future__ import annotations

import codecs
import gzip
import shlex
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.source import SourceError, damaged

Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252"]

_PIECE: Final = 4 << 20
_UTF8_MARK, _UTF16_LITTLE, _UTF16_BIG = codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
_WINDOWS: Final = bytes(range(0x80, 0xA0))
"""Where Latin-1 has control characters Windows' CP1252 has quotation marks, dashes and €."""
_NOWHERE: Final = b"\x81\x8d\x8f\x90\x9d"
"""Bytes that stand for nothing in CP1252 either."""
_MOST_CONTROLS: Final = 0.01
_UTF8_EVIDENCE: Final = 20
"""So many good sequences for a bad one make a UTF-8 file with damaged lines, no other encoding."""


class UnreadableEncodingError(PipelineError, ValueError):
    """A file is text, but in an encoding that Prepare does not read."""

    def __init__(self, file: Path, encoding: str, name: str) -> None:
        quoted = shlex.quote(str(file))
        super().__init__(
            f"{file} is {name}, which cannot be read; allowed: UTF-8, UTF-16 with its mark, "
            f"Latin-1 and CP1252; write it anew: "
            f"iconv -f {encoding} -t UTF-8 {quoted} > {_renamed(file)}"
        )


@dataclass
class _Evidence:
    """What the bytes of a file have shown: in its first piece, and in all of them.

    Attributes:
        size: bytes of the first piece.
        controls: bytes of the first piece that no text has.
        good: characters beyond ASCII that are UTF-8.
        bad: places that are not.
        windows: bytes that are letters in no other encoding than Windows'.
        nowhere: bytes that are no letters there either.
    """

    size: int = 0
    controls: int = 0
    good: int = 0
    bad: int = 0
    windows: int = 0
    nowhere: int = 0


def detect_encoding(file: Path) -> tuple[Encoding, str]:
    """Name a file's encoding and say what spoke for it; the whole file is read, in pieces.

    Raises:
        SourceError: if the file is no text.
        UnreadableEncodingError: if it is text that Prepare cannot read.
    """
    with suppress(StopIteration):
        marked = _by_mark(file, next(_pieces(file)))
        if marked:
            return marked
    found = _gather(_pieces(file))
    if found.controls > _MOST_CONTROLS * found.size:
        raise SourceError(file, "is binary, not text; give a CSV, JSON lines or Parquet file")
    if not found.bad:
        return "utf-8", "every byte is UTF-8" if found.good else "nothing but ASCII"
    if found.good > _UTF8_EVIDENCE * found.bad:
        return "utf-8", f"UTF-8, but for {found.bad:,} damaged places"
    if found.nowhere:
        raise UnreadableEncodingError(file, "ENCODING", "in an encoding that its bytes do not tell")
    if found.windows:
        return "cp1252", "bytes that are letters in Windows' encoding only"
    return "latin-1", "bytes that are no UTF-8, and letters in Latin-1"


def open_bytes(file: Path) -> BinaryIO:
    """Open a file for reading, unpacked where it is packed."""
    return cast("BinaryIO", gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


def _by_mark(file: Path, head: bytes) -> tuple[Encoding, str] | None:
    """Decide by the byte order mark, or by the zeros that UTF-16 makes of plain letters."""
    if head.startswith(_UTF8_MARK):
        return "utf-8", "it begins with the mark of UTF-8"
    start = head[:1024]
    is_wide = len(start) >= 4 and start.count(0) > len(start) // 4
    if head.startswith((_UTF16_BIG, _UTF16_LITTLE)):
        return "utf-16", "it begins with the mark of UTF-16"
    if is_wide and not any(start[0::2]):
        raise UnreadableEncodingError(file, "UTF-16BE", "UTF-16 without a mark, the big end first")
    if is_wide and not any(start[1::2]):
        return "utf-16", "every second byte is zero"
    return None


def _gather(pieces: Iterable[bytes]) -> _Evidence:
    """Count what speaks for and against UTF-8; ASCII, the usual case, costs next to nothing."""
    found = _Evidence()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in pieces:
        if not found.size:
            found.size = len(piece)
            found.controls = len(piece) - len(piece.translate(None, _CONTROLS))
        if piece.isascii() and not decoder.getstate()[0]:
            continue
        found.windows += len(piece) - len(piece.translate(None, _WINDOWS))
        found.nowhere += len(piece) - len(piece.translate(None, _NOWHERE))
        _judge(decoder.decode(piece), found)
    _judge(decoder.decode(b"", final=True), found)
    return found


def _judge(text: str, found: _Evidence) -> None:
    bad = text.count("\ufffd")
    found.bad += bad
    found.good += len(text) - len(text.encode("ascii", errors="ignore")) - bad


def _pieces(file: Path) -> Iterator[bytes]:
    try:
        with open_bytes(file) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file, error) from error


def _renamed(file: Path) -> str:
    return shlex.quote(file.with_name(f"{file.stem}-utf8{file.suffix}").name)
