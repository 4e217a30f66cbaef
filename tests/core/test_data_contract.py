"""How a column is written is read strictly: what fits no value is a mistake of the file."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_code.core.data_contract import Column, Contract, SourceFormat


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "number", "format": "%d.%m.%Y"}, "format belongs to a timestamp"),
        ({"type": "timestamp", "format": "%d.%m"}, "lacks a day, a month or a year"),
        ({"type": "timestamp", "format": "dd.mm.yyyy"}, "lacks a day, a month or a year"),
        ({"type": "timestamp", "format": "%d.%m.%Y %Q"}, "has %Q, which is not known"),
        ({"type": "string", "decimal": ","}, "decimal belongs to an integer or a number"),
        ({"type": "number", "decimal": ",", "thousands": ","}, "decimal and thousands are both"),
        ({"type": "number", "thousands": "."}, "decimal and thousands are both"),
        ({"type": "number", "unit": "1"}, "holds a digit"),
        ({"type": "number", "missing": ["NA"]}, "allowed: numbers"),
        ({"type": "string", "missing": ["NA"]}, "under source.missing"),
        ({"type": "boolean", "missing": [1]}, "under source.missing"),
        ({"type": "timestamp", "missing": [1900]}, "times in quotes"),
        ({"type": "timestamp", "missing": ["1900-13-01"]}, "which is no time"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(settings: dict[str, Any], message: str) -> None:
    """Else every row would go to quarantine, or none be read as it was meant."""
    with pytest.raises(ValidationError, match=message):
        Column.model_validate(settings)


def test_columns_of_numbers_are_written_as_the_source_says() -> None:
    """One line for the file, and one for the column that differs."""
    contract = Contract.model_validate(
        {
            "columns": {
                "A": {"type": "number"},
                "B": {"type": "number", "decimal": "."},
                "C": {"type": "string"},
            }
        }
    )
    columns = contract.written(SourceFormat(decimal=",", thousands=".")).columns
    found = {name: (one.decimal, one.thousands) for name, one in columns.items()}

    assert found == {"A": (",", "."), "B": (".", None), "C": (None, None)}
    assert contract.written(SourceFormat()) == contract, "usual files are read as ever"
