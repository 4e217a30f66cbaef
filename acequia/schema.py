"""The JSON schema of usecase.yaml, by which editors complete and check it while one writes."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.usecase import UseCase

SCHEMA_FILE = "usecase.schema.json"
"""Beside the use cases, so that each finds it as ``../usecase.schema.json``."""


def schema_text() -> str:
    """Write the schema as the file holds it."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "usecase.yaml",
        **UseCase.model_json_schema(),
    }
    return json.dumps(document, indent=1) + "\n"


def write_schema() -> Path:
    """Renew the published schema."""
    path = contract.usecase_folder(SCHEMA_FILE)
    path.write_text(schema_text(), encoding="utf-8")
    return path
