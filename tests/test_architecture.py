"""The rules of the house that no import contract can state."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("acequia", "config", "delivery", "stacks", "constructs/ml_constructs", "pipeline_code")
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+)/\w+")


def sources(*packages: str) -> Iterator[Path]:
    """Yield the Python files of some packages."""
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def calls(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield every ``owner.method(...)`` of a file with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            yield name, node.func.attr, node.lineno


def test_constructs_folder_never_becomes_a_package() -> None:
    """An ``__init__.py`` there would shadow the PyPI package and break aws_cdk."""
    assert not (ROOT / "constructs" / "__init__.py").exists()


@pytest.mark.parametrize("package", ["stacks", "constructs/ml_constructs", "config"])
def test_synthesis_reads_no_clock_and_draws_no_identifier(package: str) -> None:
    """Two synths of one commit are byte-identical only if nothing else goes in."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {owner}.{method}()"
        for path in sources(package)
        for owner, method, line in calls(path)
        if (owner, method) in CLOCKS
    ]
    assert found == []


@pytest.mark.parametrize("package", ["pipeline_code/core", "pipeline_code/steps"])
def test_steps_draw_only_from_seeded_generators(package: str) -> None:
    """The same seed gives the same model: no clock, no global random state, no environment."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {owner}.{method}()"
        for path in sources(package)
        for owner, method, line in calls(path)
        if (owner, method) in CLOCKS
        or (owner == "random" and method not in {"default_rng", "Generator"})
        or (owner in {"environ", "os"})
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_code_is_free_of_the_paths_of_one_machine(package: str) -> None:
    """What works only in one home directory works nowhere else."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sources(package)
        for match in MACHINE_PATH.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_application_stays_a_page() -> None:
    """app.py wires settings to stages and does nothing else."""
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 40


def test_every_requirement_is_pinned_by_hash() -> None:
    """A newcomer installs the very files that were tested."""
    for purpose in ("", "-dev", "-node", "-checkov"):
        name = f"requirements{purpose}.txt"
        text = (ROOT / name).read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9].*$", text, flags=re.MULTILINE | re.IGNORECASE)
        assert packages, name
        assert [line for line in packages if "==" not in line] == [], name
        assert text.count("--hash=sha256:") >= len(packages), name


def test_the_image_installs_neither_sdk_nor_platform() -> None:
    """A job carries what it runs on, not what wrote it: no SDK, no CDK, no command line."""
    text = (ROOT / "pipeline_code/container/requirements.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", text, flags=re.MULTILINE))
    assert {"xgboost-cpu", "duckdb", "boto3"} <= names
    assert names.isdisjoint({"sagemaker", "aws-cdk-lib", "typer", "pytest", "xgboost-gpu"})
