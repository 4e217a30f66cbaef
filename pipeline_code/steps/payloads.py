"""Read the rows of a request strictly: a wrong value is refused, never guessed.

Forms, for a model with the features ``A`` and ``B``:

- CSV: ``1,2`` a line in the model's order, or any order under a header ``B,A``;
- JSON: ``{"instances": [[1, 2]]}``, ``{"instances": [{"A": 1, "B": 2}]}``, either list without
  the envelope, or ``{"columns": ["B", "A"], "data": [[2, 1]]}``;
- JSON lines: ``[1, 2]`` or ``{"A": 1, "B": 2}`` a line.

A missing value is an empty cell or ``null``. Everything else that is no finite number is
refused: text, NaN, Infinity, booleans, numbers beyond 32 bits. Of a feature that is a category
every text is taken, and becomes its code: a cell as it stands, a number or boolean of JSON as a
source would write it; one that the model does not know is one of the others.

Bodies as clients usually send them are read by a parser written in C; whatever it does not
take is read again with care, to be understood or to be refused with its place.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Literal, NoReturn

import numpy as np
import orjson

from pipeline_code.core.documents import (
    NUMBER,
    PayloadError,
    read_cells,
    read_json,
    read_json_lines,
    read_number,
)
from pipeline_code.core.encoding import Categories, codes_of
from pipeline_code.core.mistakes import closest
from pipeline_code.core.problem import label_text
from pipeline_code.steps.predict import Matrix

Format = Literal["csv", "json", "jsonlines"]
BodyFormat = Literal["csv", "json", "jsonlines", "parquet"]
"""What a request may hold; an answer is one of `Format`."""

# What a body of bare numbers is made of: nothing that a parser of JSON could take for more.
_IN_NUMBERS: Final = b"0123456789+-.eE"
_PLAIN: Final = _IN_NUMBERS + b",\n"
_LEAST_IN_NUMBERS: Final = ord("-")
_LARGEST: Final = float(np.finfo(np.float32).max)
_PART_BYTES: Final = 256 * 1024
_LARGE: Final = 4 * 1024 * 1024
"""Read, 25 MiB of empty lists or of commas become 1.5 GiB; so much of them does no harm."""
_KINDS: Final = frozenset((int, float, type(None)))
_INSTANCES: Final = frozenset(("instances",))
_COLUMNS: Final = frozenset(("columns", "data"))
_SHOWN: Final = 60
_NONE: Final[Categories] = {}


class TooManyRowsError(PayloadError):
    """More rows than one request may carry."""

    @classmethod
    def of(cls, rows: int, allowed: int) -> TooManyRowsError:
        """Say how many there are, and how many may be."""
        return cls(
            "too_many_rows",
            f"the request has {rows} rows, at most {allowed} are taken; "
            "send several requests, or a batch transform",
        )


class Reader:
    """Read requests for one model.

    Args:
        features: the model's columns in its order.
        max_rows: a request with more rows is refused, not cut.
        categories: the known texts of those features that are no numbers.
    """

    def __init__(
        self, features: Sequence[str], *, max_rows: int, categories: Categories = _NONE
    ) -> None:
        self.features = tuple(features)
        self.max_rows = max_rows
        self._names = frozenset(features)
        self._width = len(self.features)
        # Of the standard kind, which refuses what is beyond 32 bits; the native makes it infinite.
        self._row = struct.Struct(f"={self._width}f")
        self._one_row = b"," * (self._width - 1)
        self._codes = {name: codes_of(known) for name, known in categories.items()}

    def read(self, body: bytes, form: Format) -> Matrix:
        """Return the rows of ``body``, shape (n, features), n at least 1; NaN where missing.

        Raises:
            PayloadError: if the body is not what ``form`` promises, or a value is no number.
            TooManyRowsError: if it has more than ``max_rows`` rows.
        """
        if form == "csv" and not self._codes:
            matrix = self._plain(body.replace(b"\r\n", b"\n").rstrip(b"\n"))
            if matrix is not None:
                return matrix
        if form == "json":
            self._check_density(body, form)
            try:
                return self._document(orjson.loads(body))
            except orjson.JSONDecodeError:
                pass  # told in detail below
        return self._with_care(body, form)

    def read_bytes(self, body: bytes, form: Format) -> bytes:
        """Return the rows of ``body`` as `read` does, as floats of 32 bits one after the other.

        One row of bare numbers, what most requests are, is read without an array for it.
        """
        if form == "csv" and not self._codes:
            text = body.rstrip(b"\r\n")
            if text.translate(None, _IN_NUMBERS) == self._one_row:
                with contextlib.suppress(orjson.JSONDecodeError, OverflowError, struct.error):
                    return self._row.pack(*orjson.loads(b"[%b]" % text))
        return self.read(body, form).tobytes()

    def read_in_parts(self, body: bytes, form: Format) -> Iterator[Matrix]:
        """Yield the rows of ``body`` some at a time, so that the first can be scored meanwhile.

        Raises:
            PayloadError: as `read` does, but perhaps after some parts.
        """
        text = body.rstrip(b"\n")
        if form != "csv" or len(text) <= _PART_BYTES:
            yield self.read(body, form)
            return
        if self._codes:
            yield from self._texts_in_parts(body)
            return
        # Shorter ones hold more rows only where one is too narrow, which is found on the way.
        is_long = len(text) >= self.max_rows * self._width
        if is_long and (rows := text.count(b"\n") + 1) > self.max_rows:
            if text.translate(None, _PLAIN) or b"\n\n" in text or self._has_header(text):
                yield self.read(body, form)
                return
            raise TooManyRowsError.of(rows, self.max_rows)
        parser = _array_parser()
        done = 0
        for part in _parts(text):
            matrix = self._bare(part, parser)
            if matrix is None:
                self._check_density(part, "csv")
                if part.translate(None, _PLAIN) or self._has_header(text):
                    # What it says about other parts, only the whole body tells.
                    yield self._with_care(body, "csv")[done:]
                    return
                matrix = self._part(part, body)
            yield matrix
            done += len(matrix)

    def _texts_in_parts(self, body: bytes) -> Iterator[Matrix]:
        """Yield rows with texts some at a time: all cells at once take thirty times the body.

        A quotation mark may make a row of several lines, so a body with one is read as a whole.
        """
        text = body.replace(b"\r\n", b"\n").strip(b"\n")
        first, _, rest = text.partition(b"\n")
        is_odd = b'"' in text or b"\r" in text or not first.isascii() or not rest.strip(b"\n")
        if is_odd or text.count(b"\n") >= self.max_rows:
            yield self.read(body, "csv")
            return
        header = first.decode().split(",")
        header = header if self._names_columns(header) else []
        for part in _parts(rest if header else text):
            try:
                yield self._cells(read_cells(part.decode()), header)
            except (PayloadError, UnicodeDecodeError):
                self.read(body, "csv")  # tells the row of the body, not of the part
                raise

    def _check_density(self, body: bytes, form: Format) -> None:
        """Refuse, before it is read, what has more rows or cells in it than it may."""
        if len(body) <= _LARGE:
            return
        names = "".join(self.features)
        rows = 0 if form == "json" else body.rstrip().count(b"\n") + 1
        least = rows
        if form != "csv" and rows <= self.max_rows:
            rows = body.count(b"[") + body.count(b"{")
            least = rows // (1 + names.count("[") + names.count("{"))
        if least > self.max_rows + 2:  # a header, or the lists around the rows
            raise TooManyRowsError.of(least, self.max_rows)
        # Twice as many as there should be: whoever is nearer is told the row that is too wide.
        if body.count(b",") > 2 * (rows + 1) * (self._width + names.count(",")):
            raise PayloadError(
                "wrong_width",
                f"has many more values than {self._width} a row; send {', '.join(self.features)}",
            )

    def _part(self, text: bytes, body: bytes) -> Matrix:
        """Read a part that has no header, but numbers of an unusual form or none."""
        try:
            rows = read_cells(text.decode())
            return self._lists([[read_number(cell) for cell in row] for row in rows], "cells")
        except PayloadError:
            self._with_care(body, "csv")  # tells the row of the body, not of the part
            raise

    def _with_care(self, body: bytes, form: Format) -> Matrix:
        self._check_density(body, form)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PayloadError(
                "not_utf8", f"byte {error.start} of the body is not UTF-8; send UTF-8 text"
            ) from None
        if form == "csv":
            # A row of blank cells may be the last one where cells are texts.
            text = text.replace("\r\n", "\n")
            return self._csv(text.rstrip("\n") if self._codes else text.rstrip())
        return self._document(read_json(text) if form == "json" else read_json_lines(text))

    def _csv(self, text: str) -> Matrix:
        rows = read_cells(text)
        header = rows.pop(0) if rows and self._names_columns(rows[0]) else []
        return self._cells(rows, header)

    def _cells(self, rows: list[list[str]], header: Sequence[str]) -> Matrix:
        values = self._values(rows, [name.strip() for name in header] or self.features)
        return self._reordered(values, header, "cells") if header else self._lists(values, "cells")

    def _names_columns(self, row: Sequence[str]) -> bool:
        """Tell a header from a row: of texts, it must be half of names."""
        if not self._codes:
            return _is_header(row, self._names)
        return 2 * len(self._names & {cell.strip() for cell in row}) >= len(row)

    def _values(self, rows: list[list[str]], names: Sequence[str]) -> list[list[Any]]:
        """Read the numbers among the cells; an odd row is refused for its width later."""
        if not self._codes:
            return [[read_number(cell) for cell in row] for row in rows]
        is_text = [name in self._codes for name in names]
        return [
            [cell if text else read_number(cell) for cell, text in zip(row, is_text, strict=True)]
            if len(row) == len(is_text)
            else list(row)
            for row in rows
        ]

    def _plain(self, text: bytes) -> Matrix | None:
        """Read bare numbers fast; None leaves everything unusual to the careful way."""
        count = text.count(b"\n") + 1
        if count > self.max_rows or text.translate(None, _IN_NUMBERS) != self._separators(count):
            return None
        try:
            values = orjson.loads(b"[%b]" % text.replace(b"\n", b","))
        except orjson.JSONDecodeError:
            return None
        matrix = np.array(values, dtype=np.float64)
        # No values: an empty body has as many separators as a row of one.
        if not len(values) or not np.abs(matrix).max() <= _LARGEST:
            return None
        return matrix.astype(np.float32).reshape(count, self._width)

    def _bare(self, text: bytes, parser: Any) -> Matrix | None:
        """Read bare numbers without an object for each; None leaves all else to the careful way.

        Of what the parser takes beside numbers, it would flatten brackets; blanks and quotes,
        whose codes are below those of numbers, are found where there should be separators.
        """
        # A line as long as a part has far too many cells, and is refused with less memory.
        if parser is None or b"+" in text or len(text) > 2 * _PART_BYTES:
            return self._plain(text)
        codes = np.frombuffer(text, dtype=np.uint8)
        separators = codes.compress(codes < _LEAST_IN_NUMBERS).tobytes()
        count = separators.count(b"\n") + 1
        if separators != self._separators(count) or b"[" in text:
            return None
        try:
            document = parser.parse(b"[%b]" % text.replace(b"\n", b","))
            values = np.frombuffer(document.as_buffer(of_type="d"), dtype=np.float64)
        except (ValueError, TypeError):
            return None
        if not -_LARGEST <= values.min() <= values.max() <= _LARGEST:
            return None
        return values.astype(np.float32).reshape(count, self._width)

    def _has_header(self, text: bytes) -> bool:
        first, _, _ = text.partition(b"\n")
        return _is_header(first.decode("latin-1").split(","), self._names)

    def _separators(self, rows: int) -> bytes:
        """Write what stands between the numbers of so many rows."""
        row = self._one_row
        return row if rows == 1 else (row + b"\n") * (rows - 1) + row

    def _document(self, document: Any) -> Matrix:
        if isinstance(document, dict):
            if document.keys() == _COLUMNS:
                return self._table(document["columns"], document["data"])
            if document.keys() != _INSTANCES:
                raise PayloadError("malformed", f"unknown form; {self._usage()}")
            document = document["instances"]
        if not isinstance(document, list):
            raise PayloadError("malformed", f"the rows are no list; {self._usage()}")
        if document and isinstance(document[0], dict):
            return self._records(document)
        return self._lists(document, "values")

    def _table(self, names: Any, rows: Any) -> Matrix:
        if not isinstance(rows, list) or not _is_list_of_text(names):
            raise PayloadError("malformed", f"columns or data is no list; {self._usage()}")
        return self._reordered(rows, names, "values")

    def _records(self, rows: list[Any]) -> Matrix:
        self._check_count(rows)
        pick = itemgetter(*self.features)
        values: list[Any] = []
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise PayloadError(
                    "malformed", "is no object, but the first row is; send rows alike", row=number
                )
            if row.keys() != self._names:
                self._refuse_names(list(row), row=number)
            # With a single name itemgetter gives the bare value instead of a tuple.
            values.extend(pick(row) if self._width > 1 else (pick(row),))
        return self._matrix(values, len(rows))

    def _reordered(self, rows: list[Any], names: Iterable[str], unit: str) -> Matrix:
        header = [name.strip() for name in names]
        if len(header) != self._width or set(header) != self._names:
            self._refuse_names(header)
        matrix = self._lists(rows, unit, header)
        return np.ascontiguousarray(matrix[:, [header.index(name) for name in self.features]])

    def _lists(self, rows: list[Any], unit: str, header: Sequence[str] = ()) -> Matrix:
        """Read rows of values; ``header`` names the columns if they are not the model's."""
        self._check_count(rows)
        for number, row in enumerate(rows, 1):
            if not isinstance(row, list):
                raise PayloadError("malformed", f"is no list; {self._usage()}", row=number)
            if len(row) != self._width:
                raise PayloadError(
                    "wrong_width",
                    f"has {len(row)} {unit}, the model takes {self._width}; "
                    f"send {', '.join(self.features)}",
                    row=number,
                )
        return self._matrix(list(chain.from_iterable(rows)), len(rows), header)

    def _encoded(self, values: list[Any], names: Sequence[str]) -> list[Any]:
        """Write the code for each text of a category, of rows one after the other."""
        for place, name in enumerate(names):
            codes = self._codes.get(name)
            if codes is None:
                continue
            other = float(len(codes) - 1)  # beside the known ones, it says what a missing one is
            for index in range(place, len(values), self._width):
                text = _as_text(values[index], row=index // self._width + 1, column=name)
                values[index] = None if text is None else codes.get(text, other)
        return values

    def _matrix(self, values: list[Any], count: int, header: Sequence[str] = ()) -> Matrix:
        if self._codes:
            values = self._encoded(values, header or self.features)
        if _KINDS.issuperset(map(type, values)):
            with np.errstate(over="ignore"):
                try:
                    matrix = np.array(values, dtype=np.float64).astype(np.float32)
                except OverflowError:  # an integer beyond every float
                    matrix = np.full(len(values), np.inf, dtype=np.float32)
            if not np.isinf(matrix).any():
                return matrix.reshape(count, self._width)
        raise _value_error(values, header or self.features)

    def _check_count(self, rows: list[Any]) -> None:
        if not rows:
            raise PayloadError("empty", f"the request has no rows; {self._usage()}")
        if len(rows) > self.max_rows:
            raise TooManyRowsError.of(len(rows), self.max_rows)

    def _refuse_names(self, given: list[str], **where: int | str) -> NoReturn:
        unknown = [name for name in given if name not in self._names]
        missing = [name for name in self.features if name not in given]
        if unknown:
            hint = closest(unknown[0][:_SHOWN], missing or list(self.features))
            message = f"unknown column {_shown(unknown[0])}{hint or '; leave it out'}"
        elif missing:
            message = f"lacks the column {', '.join(missing)}; send null for a missing value"
        else:
            twice = next(name for name in given if given.count(name) > 1)
            message = f"the column {twice} is given twice; send it once"
        raise PayloadError("wrong_columns", message, **where)

    def _usage(self) -> str:
        return (
            'send CSV, {"instances": [[...], ...]}, {"instances": [{"name": value, ...}, ...]}, '
            '{"columns": [...], "data": [[...], ...]} or one row a line, with '
            + ", ".join(self.features)
        )


def _array_parser() -> Any:
    """Make what reads numbers into an array; None where it is not installed (Python 3.14)."""
    try:
        # Imported here: few servers get such bodies, and the first one can wait for it.
        import simdjson
    except ImportError:
        return None
    return simdjson.Parser()


def _parts(text: bytes) -> Iterator[bytes]:
    """Cut CSV between lines, into parts that the processor's caches hold."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + _PART_BYTES)
        end = len(text) if end < 0 else end
        if part := text[start:end].strip(b"\n"):
            yield part
        start = end


def _value_error(values: list[Any], names: Sequence[str]) -> PayloadError:
    """Say which value is no finite number of 32 bits."""
    limit = float(np.finfo(np.float32).max)
    for index, value in enumerate(values):
        where: dict[str, int | str] = {
            "row": index // len(names) + 1,
            "column": names[index % len(names)],
        }
        if type(value) not in _KINDS:
            hint = "1 or 0" if isinstance(value, bool) else "a finite number"
            return PayloadError(
                "not_a_number",
                f"{_shown(value)} is not a number; send {hint}, or nothing where it is missing",
                **where,
            )
        if value is not None and not abs(value) <= limit:
            return PayloadError(
                "out_of_range",
                f"{_shown(value)} is too large; send a number up to {limit:.1e}",
                **where,
            )
    raise AssertionError("every value is a number")  # pragma: no cover


def _as_text(value: Any, **where: int | str) -> str | None:
    """Write a value of a category as its source would; None where it is missing.

    Raises:
        PayloadError: if it is a list or an object.
    """
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, list | dict):
        raise PayloadError(
            "not_a_text",
            f"{_shown(value)} is no category; send a text, or nothing where it is missing",
            **where,
        )
    return label_text(value)


def _is_header(row: Sequence[str], names: frozenset[str]) -> bool:
    """Tell a header from a broken row: it names a feature, or holds no number at all."""
    cells = [cell.strip() for cell in row]
    return any(cell in names for cell in cells) or not any(
        not cell or NUMBER.fullmatch(cell) for cell in cells
    )


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _shown(value: Any) -> str:
    """Quote what a client sent, cut where it is long."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
