"""The control matrix: one test a row and environment, and proof that each of them can fail."""

from __future__ import annotations

import re

import pytest

import config
from tests.assembly import Assembly
from tests.controls.matrix import CHECKS, Control, controls
from tests.controls.seeds import SEEDS, Seed
from tests.synthesis import DELIVERIES

ENVIRONMENTS = (*config.ENVIRONMENTS, "everything", *DELIVERIES)
ROWS = controls()
CHECKED = tuple(each for each in ROWS if each.status == "checked")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("control", ROWS, ids=lambda control: control.id)
def test_control(assembly: Assembly, control: Control, environment: str) -> None:
    """The row holds, but for its exceptions; one that is not built yet is not due."""
    if control.status == "not_built":
        assert assembly.find(*control.due, environment=environment) == (), "the row is due"
    assert control.check(assembly, environment).faults == []


@pytest.mark.parametrize("control", CHECKED, ids=lambda control: control.id)
def test_a_check_looks_at_something(assembly: Assembly, control: Control) -> None:
    """A row that finds nothing to look at proves nothing: it is not built."""
    assert any(control.check(assembly, each).checked for each in ENVIRONMENTS)


@pytest.mark.parametrize(
    ("control", "index"),
    [(each, index) for each in ROWS for index, _ in enumerate(each.exceptions)],
    ids=lambda value: getattr(value, "id", value),
)
def test_an_exception_is_needed(assembly: Assembly, control: Control, index: int) -> None:
    """An exception that covers nothing is a door left open for the next violation."""
    exemption = control.exceptions[index]

    assert len(exemption.reason.split()) >= 4
    assert any(control.check(assembly, each).used(exemption) for each in ENVIRONMENTS)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.control}-{seed.name}")
def test_a_seeded_violation_is_found(seed: Seed) -> None:
    """The very check of the row says what is wrong, in a template that is wrong on purpose."""
    faults = [
        each.fault for each in CHECKS[seed.control](seed.assembly(), seed.environment) if each.fault
    ]

    assert any(re.search(seed.says, fault) for fault in faults), faults


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.control}-{seed.name}")
def test_no_exception_covers_a_seeded_violation(seed: Seed) -> None:
    """An exception is so narrow that a violation elsewhere is none of its business."""
    (control,) = (each for each in ROWS if each.id == seed.control)

    assert control.check(seed.assembly(), seed.environment).faults


def test_every_row_has_a_seeded_violation() -> None:
    """No check is trusted that was never seen to fail."""
    assert {each.control for each in SEEDS} == CHECKS.keys()


def test_the_matrix_is_complete() -> None:
    """C01 to C25, each with a check, a proof and somebody else's name for it."""
    assert [each.id for each in ROWS] == [f"C{number:02}" for number in range(1, 26)]
    assert {each.id for each in ROWS} == CHECKS.keys()
    for row in ROWS:
        assert row.references, row.id
        assert (row.status == "not_built") is bool(row.reason and row.due), row.id


def test_every_sagemaker_control_of_security_hub_is_cited() -> None:
    """SageMaker.1 to 25: a reviewer finds each of them in a row."""
    cited = {name for row in ROWS for name in row.references if name.startswith("SageMaker.")}

    assert cited == {f"SageMaker.{number}" for number in range(1, 26)}
