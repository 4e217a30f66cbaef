"""See how numbers are written that SQL does not read: decimal commas, thousands, units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline_code.core.tables import Connection, literal
from pipeline_code.core.text_values import number_text

_STYLES: Final = (
    (".", None),
    (",", None),
    (".", ","),
    (",", "."),
    (",", " "),
    (".", " "),
    (".", "'"),
    (",", "'"),
)
"""Decimal sign and what parts thousands, the plainest first."""
_CURRENCIES: Final = ("€", "$", "£", "¥", "₹", "zł", "EUR", "USD", "GBP", "CHF", "JPY", "US$")
_BEHIND: Final = (*_CURRENCIES, "%", "‰", "°C", "°F", "kg", "km", "cm", "mm", "kWh", "km/h")
_A_THOUSAND_OR_A_FRACTION: Final = r"\s*[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}\s*"
"""A number that may be either: 1,234 is a thousand here and one and a bit there."""


@dataclass(frozen=True)
class NumberWriting:
    """How a column writes numbers.

    Attributes:
        count: drawn rows that are written so.
        whole: those of them without a fraction.
        is_open: whether all would be numbers too if the sign between thousands parted a fraction.
    """

    decimal: str = "."
    thousands: str | None = None
    unit: str | None = None
    count: int = 0
    whole: int = 0
    is_open: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What `core.data_contract.Column` is told of it."""
        given = {"decimal": self.decimal, "thousands": self.thousands, "unit": self.unit}
        if self.decimal == "." and self.thousands is None:
            del given["decimal"]
        return {name: one for name, one in given.items() if one}

    @property
    def words(self) -> str:
        """Say it in a comment."""
        parts = ["decimal commas"] if self.decimal == "," else []
        signs = {".": "points", ",": "commas", " ": "blanks", "'": "apostrophes"}
        parts += [f"{signs[self.thousands]} between thousands"] if self.thousands else []
        parts += [f"the unit {self.unit}, which is taken off"] if self.unit else []
        return f"written with {' and '.join(parts)}"


def written_numbers(
    database: Connection,
    values: str,
    *,
    enough: float,
    prefers_comma: bool,
    in_groups: bool = False,
) -> NumberWriting | None:
    """Find the one way in which nearly all values are numbers; None where there is none.

    Args:
        database: where the values are.
        values: SQL of a relation with the column ``v`` of texts.
        enough: how many of them must be numbers.
        prefers_comma: whether a comma parts the fraction where nothing in the column tells.
        in_groups: whether a point before three digits parts thousands, where it can.
    """
    unit = _unit(database, values, enough)
    figures = []
    for decimal, thousands in _STYLES:
        text = number_text("v", decimal=decimal, thousands=thousands, unit=unit)
        number = f"try_cast({text} as double)"
        figures += [f"count({number})", f"count(*) filter ({number} = trunc({number}))"]
    plain = "v" if unit is None else f"replace(v, {literal(unit)}, '')"
    open_ = f"regexp_full_match({plain}, {literal(_A_THOUSAND_OR_A_FRACTION)})"
    parted = "regexp_matches(v, '[.,]')"
    figures += [f"count(*) filter ({parted} and not {open_})", f"count(*) filter ({parted})"]
    query = f"select {', '.join(figures)} from {values}"  # noqa: S608
    *counts, clear, with_sign = database.execute(query).fetchall()[0]
    found = {
        style: NumberWriting(*style, unit, int(counts[2 * place]), int(counts[2 * place + 1]))
        for place, style in enumerate(_STYLES)
        if counts[2 * place] >= enough
    }
    if not found:
        return None
    comma, thousand = found.get((",", None)), found.get((".", ","))
    if comma and thousand and with_sign and not clear:
        chosen = comma if prefers_comma else thousand
        return NumberWriting(
            chosen.decimal, chosen.thousands, unit, chosen.count, chosen.whole, is_open=True
        )
    grouped = found.get((",", "."))
    if in_groups and grouped:
        return grouped
    return max(found.values(), key=lambda one: one.count)


def common_writing(
    writings: Iterable[Mapping[str, Any]],
) -> tuple[str, str | None]:
    """Say the decimal sign and what parts thousands for a whole file, by its columns' settings."""
    given = [one for one in writings if "decimal" in one]
    if not given:
        return ".", None
    decimal = Counter(str(one["decimal"]) for one in given).most_common(1)[0][0]
    parted = Counter(
        str(one["thousands"]) for one in given if one["decimal"] == decimal and "thousands" in one
    )
    return decimal, parted.most_common(1)[0][0] if parted else None


def _unit(database: Connection, values: str, enough: float) -> str | None:
    """Find the unit that stands beside at least half of the numbers, and beside no two kinds."""
    figures = [_beside(unit) for unit in _BEHIND]
    row = database.execute(
        f"select {', '.join(f'count(*) filter ({one})' for one in figures)} from {values}"  # noqa: S608
    ).fetchall()[0]
    most, unit = max(zip(row, _BEHIND, strict=True), key=lambda one: (one[0], len(one[1])))
    return unit if most >= enough / 2 else None


def _beside(unit: str) -> str:
    """Write the SQL that is true where a number has the unit, before it only if it is money."""
    behind = f"(regexp_matches(v, '[0-9]') and ends_with(trim(v), {literal(unit)}))"
    if unit not in _CURRENCIES:
        return behind
    before = f"starts_with(ltrim(v, '+- '), {literal(unit)})"
    return f"({behind} or (regexp_matches(v, '[0-9]') and {before}))"
