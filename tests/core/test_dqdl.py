"""The contract in Glue's language: one rule for each promise, and none that it does not make."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline_code.core.dqdl import quality_ruleset
from pipeline_code.core.usecase import Contract


def rules(unique: tuple[str, ...] = (), **columns: dict[str, Any]) -> list[str]:
    """Return the rules of a contract, one a line."""
    text = quality_ruleset(Contract.model_validate({"unique": unique, "columns": columns}))
    assert text.startswith("Rules = [\n")
    assert text.endswith("\n]")
    return [line.strip().removesuffix(",") for line in text.splitlines()[1:-1]]


def test_a_required_column_is_there_and_complete() -> None:
    """The two first things that go wrong with a delivery."""
    found = rules(A={"type": "string"})

    assert found == ["RowCount > 0", 'ColumnExists "a"', 'IsComplete "a"']


def test_an_optional_column_may_be_absent_and_empty() -> None:
    """A rule that the contract does not make would fail good data."""
    found = rules(A={"type": "string", "required": False})

    assert found == ["RowCount > 0"]


@pytest.mark.parametrize(
    ("kind", "spark"),
    [
        ("integer", "bigint"),
        ("number", "double"),
        ("timestamp", "timestamp"),
        ("boolean", "boolean"),
    ],
)
def test_types_are_checked_by_reading_the_values(kind: str, spark: str) -> None:
    """Glue's own type rule takes columns of text only."""
    (rule,) = (each for each in rules(A={"type": kind}) if each.startswith("CustomSql"))

    assert rule.startswith('CustomSql "select count(*) from primary where a is not null and ')
    assert rule.endswith(f'try_cast(a as {spark}) is null" = 0')


def test_ranges_include_their_ends() -> None:
    """DQDL's ``between`` leaves its ends out; the contract does not."""
    found = rules(A={"type": "number", "minimum": 0, "maximum": 100_000})

    assert 'ColumnValues "a" >= 0' in found
    assert 'ColumnValues "a" <= 100000' in found
    assert not any("between" in rule for rule in found)


def test_large_and_small_bounds_keep_their_digits() -> None:
    """A bound of 1234567 must not become 1.23457e+06."""
    found = rules(A={"type": "number", "minimum": 0.125, "maximum": 1_234_567})

    assert 'ColumnValues "a" >= 0.125' in found
    assert 'ColumnValues "a" <= 1234567' in found


def test_categories_are_listed_and_text_is_quoted() -> None:
    """A quotation mark in a category would end the rule early."""
    found = rules(
        A={"type": "integer", "allowed": [0, 1]}, B={"type": "string", "allowed": ["x", 'y"z']}
    )

    assert 'ColumnValues "a" in [0, 1]' in found
    assert 'ColumnValues "b" in ["x", "y\\"z"]' in found


def test_values_that_may_be_missing_are_not_held_against_a_range() -> None:
    """In DQDL a missing value breaks every rule about values."""
    found = rules(A={"type": "integer", "nullable": True, "minimum": 0})

    assert 'IsComplete "a"' not in found
    assert 'ColumnValues "a" >= 0 where "a is not null"' in found


def test_the_key_is_checked_as_one() -> None:
    """Columns that are unique together need not be so alone."""
    found = rules(("A", "B"), A={"type": "integer"}, B={"type": "integer"})

    assert 'IsPrimaryKey "a" "b"' in found


def test_names_are_in_lower_case_as_in_the_catalogue() -> None:
    """Glue folds names; a rule about another name is about no column."""
    text = "\n".join(rules(("TX_ID",), TX_ID={"type": "integer", "minimum": 0}))

    assert not re.search(r"TX_ID", text)


def test_what_only_prepare_can_read_is_not_judged_and_missing_numbers_break_no_range() -> None:
    """Spark takes 3,5 for no number; -1 for unknown days is not below zero."""
    found = rules(
        A={"type": "number", "minimum": 0, "decimal": ","},
        B={"type": "integer", "nullable": True, "minimum": 0, "missing": [-1]},
    )

    assert not [rule for rule in found if '"a"' in rule and "ColumnValues" in rule]
    assert 'ColumnValues "b" >= 0 where "b not in (-1)"' in found
