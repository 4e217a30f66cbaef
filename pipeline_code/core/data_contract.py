"""What a source looks like and what it promises."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from pipeline_code.core.mistakes import Section, closest

ColumnType = Literal["integer", "number", "string", "timestamp", "boolean"]
Share = Annotated[float, Field(ge=0, le=1)]


class SourceFormat(Section):
    """How text files of the source are written; Parquet says so itself.

    Attributes:
        delimiter: between the cells of CSV; None takes what makes most columns of the header.
        header: whether the first line names the columns; else they are ``column_1``, ....
        encoding: of text files.
        missing: cells that stand for a missing value, beside empty ones.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header: bool = True
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = "utf-8"
    missing: tuple[str, ...] = ()


class Column(Section):
    """What the contract promises of one column of the source."""

    type: ColumnType
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[StrictBool | StrictInt | StrictFloat | StrictStr, ...] | None = None


class Contract(Section):
    """What the source promises; rows that break it are quarantined, up to the error budget.

    ``freshness_days``: how old the newest event may be on the day of an execution.
    """

    error_budget: Share = 0.01
    unique: tuple[str, ...] = ()
    freshness_days: Annotated[int, Field(ge=0)] | None = None
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        for name in self.unique:
            if name not in self.columns:
                near = closest(name, list(self.columns))
                raise ValueError(f"unique names {name!r}, which is not under columns{near}")
        return self
