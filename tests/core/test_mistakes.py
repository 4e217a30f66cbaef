"""Reading settings: every mistake at once, each with its place and the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import Section, closest, describe, load, parse


class Column(Section):
    """One column."""

    name: str
    kind: Literal["number", "string"] = "number"


class Limits(Section):
    """Nested settings."""

    retries: int = 3
    days: Literal[1, 3, 5] = 1

    @field_validator("retries")
    @classmethod
    def _check(cls, value: int) -> int:
        if value > 9:
            raise ValueError("retries must be at most 9")
        return value


class Example(Section):
    """A model with every kind of nesting that settings use."""

    title: str
    limits: Limits = Limits()
    columns: tuple[Column, ...] = ()
    named: dict[str, Column] = Field(default_factory=dict)


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, Example, source="example.yaml")
    return list(error.value.mistakes)


def test_a_right_document_is_read() -> None:
    """Values, nested values, lists and mappings arrive in their models."""
    result = parse(
        "title: x\nlimits: {retries: 5}\ncolumns: [{name: a}]\nnamed: {b: {name: b, kind: string}}",
        Example,
        source="example.yaml",
    )

    assert result.limits.retries == 5
    assert result.columns[0].name == "a"
    assert result.named["b"].kind == "string"


def test_a_section_is_immutable() -> None:
    """Nothing changes settings behind the back of whoever validated them."""
    result = parse("title: x", Example, source="example.yaml")

    with pytest.raises(ValidationError, match="frozen"):
        result.title = "y"  # type: ignore[misc]


def test_every_mistake_is_one_line_with_its_place() -> None:
    """Four mistakes are found in one run, in every kind of nesting."""
    mistakes = _mistakes(
        "limits:\n  retries: many\n  day: 1\ncolumns:\n  - name: a\n    kind: numbr\n"
        "named:\n  b: {nme: b}\n"
    )

    assert any(line.startswith("title: is required") for line in mistakes)
    assert "line 2: limits.retries: input should be a valid integer" in " ".join(mistakes)
    assert (
        "line 3: limits.day: unknown key; allowed: days, retries; did you mean 'days'?" in mistakes
    )
    assert any(
        line.startswith("line 6: columns.0.kind: given 'numbr'; allowed: 'number' or 'string'")
        and line.endswith("did you mean 'number'?")
        for line in mistakes
    )
    assert "line 8: named.b.nme: unknown key; allowed: kind, name; did you mean 'name'?" in mistakes
    assert all("\n" not in line for line in mistakes)


def test_numbers_get_no_suggestion() -> None:
    """31 is no misspelling of 731: what is allowed is said, what was meant is not guessed."""
    (mistake,) = _mistakes("title: x\nlimits: {days: 31}")

    assert mistake == "line 2: limits.days: given 31; allowed: 1, 3 or 5"


def test_own_checks_speak_for_themselves() -> None:
    """The message of a validator is passed on as it is."""
    (mistake,) = _mistakes("title: x\nlimits: {retries: 10}")

    assert mistake == "line 2: limits.retries: retries must be at most 9"


def test_a_key_that_is_given_twice_is_a_mistake() -> None:
    """YAML would silently keep the second one."""
    (mistake,) = _mistakes("title: x\ntitle: y\n")

    assert mistake == "line 2: title: given twice"


def test_broken_yaml_is_named_with_its_line() -> None:
    """A stray bracket is no stack trace."""
    (mistake,) = _mistakes("title: x\nlimits: [")

    assert "is not valid YAML" in mistake
    assert mistake.startswith("line ")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "null"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    """An empty file has no settings, and a list has none either."""
    assert _mistakes(text) == ["must be a mapping of settings, one `name: value` a line"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with pytest.raises(SettingsError, match=r"absent\.yaml: 1 mistake") as error:
        load(tmp_path / "absent.yaml", Example)

    assert "cannot be read" in str(error.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """UTF-16 from some editor is said to be just that."""
    path = tmp_path / "wide.yaml"
    path.write_bytes("title: x".encode("utf-16"))

    with pytest.raises(SettingsError, match="UTF-8"):
        load(path, Example)


def test_values_from_elsewhere_are_described_alike() -> None:
    """A command line has no lines, but the same words."""
    with pytest.raises(ValidationError) as error:
        Example.model_validate({"titel": "x"})

    lines = describe(error.value, Example)

    assert "title: is required and missing" in lines
    assert any("did you mean 'title'?" in line for line in lines)


def test_a_suggestion_needs_some_likeness() -> None:
    """Nothing is suggested for a word that is like none of them."""
    assert closest("stagging", ["dev", "staging"]) == "; did you mean 'staging'?"
    assert closest("zzz", ["dev", "staging"]) == ""
