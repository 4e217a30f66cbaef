"""What placeholders stand for here, and what counts as the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.definition.lock import read_lock
from pipeline_code.local.values import code_digest, local_image, local_values


def test_every_placeholder_of_the_fraud_lock_has_a_value() -> None:
    """Buckets are folders by their short names; groups are named after the use case."""
    lock = read_lock(contract.usecase_folder("fraud"))

    values = local_values(lock, "local/acequia@sha256:1")
    lock.resolve(values)

    assert values[contract.BUCKET_RAW] == "raw"
    assert values[contract.IMAGE] == "local/acequia@sha256:1"
    assert values[contract.MODEL_PACKAGE_GROUP] == "fraud"
    assert values[contract.feature_group_placeholder("customers")] == "fraud-customers-v1"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package."""
    package = tmp_path / "package"
    for name in ("step.py", "features.sql", "usecase.yaml", "report.html", "requirements.txt"):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text("one")
    return package


@pytest.mark.parametrize(
    "name", ["step.py", "features.sql", "usecase.yaml", "report.html", "requirements.txt", "new.py"]
)
def test_a_change_of_code_is_another_image(package: Path, name: str) -> None:
    """The step cache asks: was this made by the code that is here now?"""
    before = code_digest(package)
    (package / name).write_text("two")

    assert code_digest(package) != before


@pytest.mark.parametrize("name", ["pipeline.lock.json", "__pycache__/step.py", "notes.md"])
def test_what_no_job_reads_does_not_count(package: Path, name: str) -> None:
    """A renewed lock or a compiled file throws no cached step away."""
    before = code_digest(package)
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("two")

    assert code_digest(package) == before


def test_other_use_cases_are_part_of_the_code(package: Path, tmp_path: Path) -> None:
    """Jobs read their settings and their SQL."""
    assert code_digest(package, usecases=package) != code_digest(package)
    assert local_image().startswith("local/acequia@sha256:")
