"""What a source looks like and what it promises."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from pipeline_code.core.mistakes import Section, closest

ColumnType = Literal["integer", "number", "string", "timestamp", "boolean"]
Share = Annotated[float, Field(ge=0, le=1)]
Decimal = Literal[".", ","]
Thousands = Literal[".", ",", " ", "'"]
Sentinel = StrictInt | StrictFloat | StrictStr

_NUMBERS: Final = ("integer", "number")
_DIRECTIVES: Final = frozenset("dmbBjyYHIMSfgpzaA")
_OF_A_DAY: Final = ({"d", "j"}, {"m", "b", "B", "j"}, {"y", "Y"})


class SourceFormat(Section):
    """How text files of the source are written; Parquet says so itself.

    Attributes:
        delimiter: between the cells of CSV; None takes what makes most columns of the header.
        header: whether the first line names the columns; else they are ``column_1``, ....
        encoding: of text files.
        missing: cells that stand for a missing value, beside empty ones.
        decimal: what parts the whole of a number from its fraction.
        thousands: what parts groups of three digits, where anything does.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header: bool = True
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = "utf-8"
    missing: tuple[str, ...] = ()
    decimal: Decimal = "."
    thousands: Thousands | None = None

    @model_validator(mode="after")
    def _check_separators(self) -> Self:
        _check_differ(self.decimal, self.thousands)
        return self


class Column(Section):
    """What the contract promises of one column of the source, and how a text file writes it.

    Attributes:
        missing: numbers or times that stand for a missing one, like a 999 among days.
        format: of the times, like ``%d.%m.%Y``, or several; None takes them year first.
        decimal: as in `SourceFormat`, for a column that differs from the others; whoever gives
            this or ``thousands`` gives both.
        thousands: likewise.
        unit: a sign before or behind the numbers, like € or %; it is taken off, so 12 % is 12.
    """

    type: ColumnType
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[StrictBool | StrictInt | StrictFloat | StrictStr, ...] | None = None
    missing: tuple[Sentinel, ...] = ()
    format: str | tuple[str, ...] | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    unit: Annotated[str, Field(min_length=1, max_length=8)] | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of its times; none where they are written year first."""
        return (self.format,) if isinstance(self.format, str) else (self.format or ())

    @property
    def is_rewritten(self) -> bool:
        """Whether its texts are read other than as SQL reads them."""
        return bool(self.formats or self.unit or self.thousands) or self.decimal == ","

    def written(self, source: SourceFormat) -> Column:
        """Return it with what the source says of all numbers, unless it says so itself."""
        own = self.decimal is not None or self.thousands is not None
        if own or self.type not in _NUMBERS or (source.decimal == "." and not source.thousands):
            return self
        return self.model_copy(update={"decimal": source.decimal, "thousands": source.thousands})

    @model_validator(mode="after")
    def _check_writing(self) -> Self:
        _check_differ(self.decimal or ".", self.thousands)
        given = [name for name in ("decimal", "thousands", "unit") if getattr(self, name)]
        if given and self.type not in _NUMBERS:
            raise ValueError(f"{given[0]} belongs to an integer or a number; this is {self.type}")
        if self.unit is not None and re.search(r"[0-9.,+\s-]", self.unit):
            raise ValueError(f"unit {self.unit!r} holds a digit, blank, sign, point or comma")
        if self.format is not None and self.type != "timestamp":
            raise ValueError(f"format belongs to a timestamp; this is {self.type}")
        for text in self.formats:
            _check_format(text)
        for value in self.missing:
            _check_missing(value, self.type)
        return self


class Contract(Section):
    """What the source promises; rows that break it are quarantined, up to the error budget.

    ``freshness_days``: how old the newest event may be on the day of an execution.
    """

    error_budget: Share = 0.01
    unique: tuple[str, ...] = ()
    freshness_days: Annotated[int, Field(ge=0)] | None = None
    columns: dict[str, Column]

    def written(self, source: SourceFormat) -> Contract:
        """Return it with what the source says of all numbers in each of the columns."""
        columns = {name: column.written(source) for name, column in self.columns.items()}
        return self.model_copy(update={"columns": columns})

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        for name in self.unique:
            if name not in self.columns:
                near = closest(name, list(self.columns))
                raise ValueError(f"unique names {name!r}, which is not under columns{near}")
        return self


def _check_differ(decimal: str, thousands: str | None) -> None:
    if decimal == thousands:
        raise ValueError(
            f"decimal and thousands are both {decimal!r}; nobody could tell them apart"
        )


def _check_format(text: str) -> None:
    """Refuse a format that does not tell a day, or with a directive that is not known."""
    found = set(re.findall(r"%-?(.)", text.replace("%%", "")))
    if unknown := sorted(found - _DIRECTIVES):
        raise ValueError(
            f"format {text!r} has %{unknown[0]}, which is not known; allowed: "
            f"{' '.join(f'%{one}' for one in sorted(_DIRECTIVES))}"
        )
    if not all(found & part for part in _OF_A_DAY):
        raise ValueError(f"format {text!r} lacks a day, a month or a year, like %d.%m.%Y")


def _check_missing(value: Sentinel, kind: ColumnType) -> None:
    """Refuse a value that no row of the type can have."""
    if kind in ("string", "boolean"):
        raise ValueError(
            f"missing belongs to numbers and times; this is {kind}: words for a missing value "
            "are named for all columns, under source.missing"
        )
    if isinstance(value, str) == (kind in _NUMBERS):
        wanted = "numbers" if kind in _NUMBERS else "times in quotes, like '1900-01-01'"
        raise ValueError(f"missing holds {value!r}, but the column is {kind}; allowed: {wanted}")
    if kind == "timestamp":
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError(
                f"missing holds {value!r}, which is no time; write it like '1900-01-01'"
            ) from None
