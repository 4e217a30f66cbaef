"""Say in SQL how numbers and times are read that a file writes in a way of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline_code.core.tables import literal

_BLANKS: Final = r"[ \x{a0}\x{202f}]"
"""A blank between groups of digits is often one that does not break the line."""
_APOSTROPHES: Final = "['\u2019]"
_FIRST_YEAR: Final = 1000
_SEPARATORS: Final = {".": r"\.", ",": ",", " ": _BLANKS, "'": _APOSTROPHES}


def number_text(raw: str, *, decimal: str, thousands: str | None, unit: str | None) -> str:
    """Write the SQL of a text as SQL reads numbers: ``1.234,56 €`` becomes ``1234.56``.

    It is NULL where the text is not written so: a point between thousands must be followed by
    three digits, else ``1.5`` would silently be 15.

    Args:
        raw: SQL of the text.
        decimal: what parts the whole from the fraction.
        thousands: what parts groups of three digits, where they may be parted at all.
        unit: a sign before or behind the number, which may be there.
    """
    text = raw if unit is None else _without(raw, unit)
    whole = "[0-9]+"
    if thousands is not None:
        whole = f"([0-9]{{1,3}}({_SEPARATORS[thousands]}[0-9]{{3}})+|{whole})"
    point = _SEPARATORS[decimal]
    number = rf"\s*[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?\s*"
    plain = text
    if thousands is not None:
        plain = f"regexp_replace({plain}, {literal(_SEPARATORS[thousands])}, '', 'g')"
    if decimal != ".":
        plain = f"replace({plain}, {literal(decimal)}, '.')"
    return f"case when regexp_full_match({text}, {literal(number)}) then {plain} end"


def time_value(raw: str, formats: Sequence[str]) -> str:
    """Write the SQL of a time that is written in one of ``formats``; NULL where it is in none.

    A format with ``%z`` gives the time in UTC, as one without is already. A year of two digits
    that stands for one of four would silently be in the first century.
    """
    time = f"cast(try_strptime(trim({raw}), [{', '.join(map(literal, formats))}]) as timestamp)"
    return f"case when year({time}) >= {_FIRST_YEAR} then {time} end"


def _without(raw: str, unit: str) -> str:
    sign = re.escape(unit)
    pattern = rf"^\s*([+-]?)\s*{sign}\s*|\s*{sign}\s*$"
    return rf"regexp_replace({raw}, {literal(pattern)}, '\1')"
