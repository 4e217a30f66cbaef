"""Copy text files that are not in UTF-8 into ones that are, so that one way of reading is enough.

DuckDB knows no UTF-16 of the other byte order and none with characters beyond the first plane.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from pipeline_code.steps.source import SourceFile, damaged

_CHUNK_BYTES = 1 << 20
_MARK = "\ufeff"


def in_utf8(
    files: Iterable[Path], encoding: str, root: Path, scratch: Path
) -> Iterator[SourceFile]:
    """Name where each file is read: Parquet and UTF-8 where it lies, other text from a copy.

    Args:
        files: as they were delivered, below ``root`` or that itself.
        encoding: of the text files.
        root: the source.
        scratch: the folder of the copies, each at the place that its file has below the source.

    Raises:
        SourceError: if a file is not in that encoding, or damaged.
    """
    folder = root if root.is_dir() else root.parent
    for file in files:
        if encoding == "utf-8" or file.suffix.lower() == ".parquet":
            yield SourceFile(file, file)
        else:
            copy = scratch / file.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy(file, encoding, copy)
            yield SourceFile(file, copy)


def _copy(file: Path, encoding: str, copy: Path) -> None:
    decoder = codecs.getincrementaldecoder(_codec(file, encoding))()
    first = True
    try:
        with _opened(file) as source, copy.open("wb") as target:
            while chunk := source.read(_CHUNK_BYTES):
                text = decoder.decode(chunk)
                target.write((text.removeprefix(_MARK) if first else text).encode())
                first = False
            target.write(decoder.decode(b"", final=True).encode())
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise damaged(file, error) from error


def _codec(file: Path, encoding: str) -> str:
    """Choose the byte order of UTF-16: that of the file's mark, else little end first."""
    if encoding != "utf-16":
        return encoding
    try:
        with _opened(file) as stream:
            return "utf-16-be" if stream.read(2) == codecs.BOM_UTF16_BE else "utf-16-le"
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file, error) from error


def _opened(file: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file)) if file.suffix == ".gz" else file.open("rb")
