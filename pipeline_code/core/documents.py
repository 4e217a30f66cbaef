"""Split the text of a request into plain values, or say where it is broken."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any, Final, NoReturn

from pipeline_code.core.errors import PipelineError

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class PayloadError(PipelineError, ValueError):
    """A request that cannot be scored: what, where, and what to do.

    ``code`` is one word for machines; ``where`` holds ``row`` (from 1, a header and empty lines
    not counted) and ``column`` where they are known.
    """

    def __init__(self, code: str, message: str, **where: int | str) -> None:
        self.code = code
        self.where = where
        place = ", ".join(f"{name} {value}" for name, value in where.items())
        super().__init__(f"{place}: {message}" if place else message)


def read_json(text: str) -> Any:
    """Read a JSON document, without NaN and Infinity, which are no JSON.

    Raises:
        PayloadError: if it is none.
    """
    try:
        return _DECODER.decode(text)
    except PayloadError:
        raise
    except json.JSONDecodeError as error:
        raise PayloadError(
            "malformed",
            f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}; correct the body",
        ) from None
    except RecursionError:
        raise PayloadError("malformed", "nested too deeply; send a list of rows") from None
    except ValueError:  # Python's guard against integers of thousands of digits
        raise PayloadError(
            "out_of_range", "a number has thousands of digits; send a finite number"
        ) from None


def read_json_lines(text: str) -> list[Any]:
    """Read one JSON document a line, without the empty lines.

    Raises:
        PayloadError: if a line is none.
    """
    # Not splitlines(), which also breaks at characters that JSON allows inside a string.
    lines = [line for line in text.split("\n") if line.strip()]
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(read_json(line))
        except PayloadError as error:
            raise PayloadError(error.code, str(error), row=number) from None
    return rows


def _refuse_constant(name: str) -> NoReturn:
    raise PayloadError(
        "not_a_number", f"{name} is no number in JSON; send null for a missing value"
    )


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def read_cells(text: str) -> list[list[str]]:
    """Split CSV into rows, without the empty lines.

    Raises:
        PayloadError: if it breaks the rules of CSV.
    """
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise PayloadError("malformed", f"no CSV: {error}; correct the body") from None


def read_number(cell: str) -> float | str | None:
    """Turn a cell into a number; None where it is empty, the cell itself where it is neither."""
    text = cell.strip()
    if not text:
        return None
    return float(text) if NUMBER.fullmatch(text) else cell
