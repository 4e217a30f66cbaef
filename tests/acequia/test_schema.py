"""The published schema is the one that the code checks by."""

from __future__ import annotations

import json

import yaml

from acequia.schema import SCHEMA_FILE, schema_text
from pipeline_code import contract

PUBLISHED = contract.usecase_folder(SCHEMA_FILE)


def test_the_published_schema_is_fresh() -> None:
    """`acequia schema` renews it after a change of the settings."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_every_key_of_the_fraud_case_is_in_the_schema() -> None:
    """An editor that underlines what the code takes is worse than none."""
    schema = json.loads(schema_text())
    document = yaml.safe_load((contract.usecase_folder("fraud") / "usecase.yaml").read_text())

    assert document.keys() <= schema["properties"].keys()
    assert schema["additionalProperties"] is False


def test_every_use_case_names_the_schema() -> None:
    """The first line tells editors where it lies."""
    for path in contract.usecase_folder("").glob("*/usecase.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=../{SCHEMA_FILE}", path
