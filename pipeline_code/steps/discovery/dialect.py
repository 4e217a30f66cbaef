"""Find out how a CSV file is written: delimiter, header, the names of its columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline_code.steps.discovery.encoding import Encoding, open_bytes
from pipeline_code.steps.discovery.errors import DiscoveryError

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_HEAD: Final = 1 << 20
_BLOCK: Final = 1 << 17
_BLOCKS: Final = 8
_JUDGED_LINES: Final = 2_000
_LONGEST_CELL: Final = 2 << 20
"""DuckDB refuses longer lines. Source: DuckDB documentation, read_csv, max_line_size."""
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")

Row = list[str]


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        delimiter: the character between cells.
        header: whether the first line names the columns.
        encoding: of its bytes.
        names: of the columns; ``column_1``, ... without a header.
        why: what spoke for delimiter, header and encoding, a phrase each.
    """

    delimiter: str
    header: bool
    encoding: Encoding
    names: tuple[str, ...]
    why: dict[str, str]


def detect_dialect(
    file: Path, encoding: tuple[Encoding, str], *, header: bool | None, named: Collection[str] = ()
) -> Dialect:
    """Decide by the beginning of the file, and by blocks spread over the rest of it.

    Args:
        file: a CSV file, which may be packed by gzip.
        encoding: its encoding, and why.
        header: what is known of the first line; None judges it by what stands below.
        named: columns that were named; one of them in the first line makes it a header.

    Raises:
        DiscoveryError: if no table can be seen in it.
    """
    blocks = list(_blocks(file, encoding[0]))
    if not blocks[0].strip():
        too_long = file.stat().st_size >= _HEAD
        raise DiscoveryError(
            f"{file} {'begins with a line longer than 1 MiB' if too_long else 'has no rows'}; "
            "give a file with a header and a row a line"
        )
    delimiter, why_delimiter = _delimiter(file, blocks)
    rows = [row for block in blocks for row in _rows(block, delimiter)]
    is_header, why_header = _has_header(rows, named) if header is None else (header, "as you said")
    if is_header:
        names = _checked_names(file, rows[0])
    else:
        names = tuple(f"column_{place}" for place in range(1, len(rows[0]) + 1))
    why = {"delimiter": why_delimiter, "header": why_header, "encoding": encoding[1]}
    return Dialect(delimiter, is_header, encoding[0], names, why)


def _blocks(file: Path, encoding: Encoding) -> Iterator[str]:
    """Read the head, and whole lines of blocks further on; a packed file is read at its head."""
    with open_bytes(file) as stream:
        head = stream.read(_HEAD)
        codec = _codec(head, encoding)
        yield _whole_lines(_decoded(head, codec), is_first=True, is_last=len(head) < _HEAD)
        size = file.stat().st_size
        if file.suffix == ".gz" or size <= 2 * _HEAD:
            return
        for place in range(1, _BLOCKS + 1):
            # An even offset, as UTF-16 needs it.
            stream.seek(_HEAD + (size - _HEAD - _BLOCK) * place // _BLOCKS // 2 * 2)
            yield _whole_lines(_decoded(stream.read(_BLOCK), codec), is_first=False)


def _decoded(raw: bytes, encoding: str) -> str:
    text = codecs.decode(raw, encoding, errors="replace")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _codec(head: bytes, encoding: Encoding) -> str:
    """Name the byte order of UTF-16, which only the head tells."""
    if encoding != "utf-16":
        return encoding
    return "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"


def _whole_lines(text: str, *, is_first: bool, is_last: bool = False) -> str:
    """Cut off what is no whole line; only the first block begins with one."""
    if not is_first:
        text = text.partition("\n")[2]
    return text if is_last else text.rpartition("\n")[0]


def _rows(text: str, delimiter: str) -> list[Row]:
    """Split lines into cells; a line that csv refuses ends the block."""
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _JUDGED_LINES:
                break
    except csv.Error:
        pass
    return rows


def _delimiter(file: Path, blocks: Sequence[str]) -> tuple[str, str]:
    """Choose the delimiter that gives rows of one width, and cells without other delimiters."""
    if _in_apostrophes(blocks[0]):
        raise DiscoveryError(
            f"{file} quotes its cells with apostrophes, which Prepare reads as part of the text; "
            'write it anew with " as the quotation mark'
        )
    scores = {one: _score([_rows(block, one) for block in blocks], one) for one in DELIMITERS}
    delimiter = max(scores, key=lambda one: scores[one])
    share, width = scores[delimiter][1:]
    if width < 2:
        raise DiscoveryError(
            f"{file} has one column only: no comma, semicolon, tab or vertical bar parts its "
            "lines; a table needs the target and at least one column to learn from"
        )
    return delimiter, f"a {DELIMITERS[delimiter]} gives {width} cells in {share:.1%} of lines"


def _in_apostrophes(text: str) -> bool:
    """Say whether most cells of the first lines stand between apostrophes."""
    lines = text.splitlines()[1:50]
    cells = [cell.strip() for line in lines for cell in re.split(r"[,;\t|]", line) if cell.strip()]
    inside = [cell for cell in cells if len(cell) > 1 and cell[0] == cell[-1] == "'"]
    return len(inside) > len(cells) / 2


def _score(blocks: Sequence[Sequence[Row]], delimiter: str) -> tuple[float, float, int]:
    """Judge a delimiter: its merit, the share of rows of the usual width, and that width."""
    rows = [row for block in blocks for row in block]
    if not rows:
        return 0.0, 0.0, 0
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width == 1:
        return 0.0, 1.0, 1
    usual = sum(len(row) == width for row in rows) / len(rows)
    others = [other for other in DELIMITERS if other not in {delimiter, ","}]
    cells = [cell for row in rows for cell in row]
    mixed = sum(any(other in cell for other in others) for cell in cells) / len(cells)
    # The first line must fit as well: a comma inside numbers gives rows, but no header of theirs.
    fits = 1.0 if len(blocks[0][0]) == width else 0.3
    return usual * fits * (1 - mixed), usual, width


def _has_header(rows: Sequence[Row], named: Collection[str]) -> tuple[bool, str]:
    """Judge whether the first line names the columns or is the first row."""
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if found := [name for name in named if name in first]:
        return True, f"its first line names {found[0]}"
    if named and all(re.fullmatch(r"column_\d+", name) for name in named):
        return False, "columns were named by their numbers"
    if any(first == list(map(str, range(start, start + len(first)))) for start in (0, 1)):
        return True, "its first line counts the columns"
    if any(_NUMBER.fullmatch(cell) for cell in first):
        return False, "its first line holds numbers"
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(_mostly_numbers(column) for column in columns):
        return True, "its first line is text above numbers"
    if any(not cell for cell in first[1:]) or len(set(first)) < len(first):
        return False, "its first line has empty or repeated cells, as no header has"
    seen = sum(cell in set(column) for cell, column in zip(first, columns, strict=False))
    if seen > len(first) / 2:
        return False, "the words of its first line occur again below"
    return True, "no word of its first line occurs again below"


def _mostly_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) * 2 > len(filled)


def _checked_names(file: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Refuse a header that does not tell columns apart."""
    empty = [place for place, name in enumerate(names, start=1) if not name.strip()]
    if len(empty) > 1 or (empty and empty != [1]):
        raise DiscoveryError(
            f"{file} leaves column {', '.join(map(str, empty))} of its header without a name; "
            "name every column, or say --no-header if the first line is a row"
        )
    lower = Counter(name.lower() for name in names)
    twice = list(dict.fromkeys(name for name in names if lower[name.lower()] > 1))
    if twice:
        raise DiscoveryError(
            f"{file} names {', '.join(map(repr, twice))} more than once in its header (capitals "
            "do not count); rename one, or say --no-header if the first line is a row"
        )
    return tuple(names)
