"""What a script is told is checked before anything happens."""

from __future__ import annotations

import pytest

from delivery import contract as names
from delivery import variables
from delivery.contract import PROJECTS, Project
from delivery.errors import VariablesError
from tests.delivery.world import VALUES


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)
def test_what_is_complete_is_read(project: Project) -> None:
    """Optional variables may be left out, and others of the machine are not looked at."""
    given = {name: VALUES[name] for name in project.reads}
    assert variables.read(project, given | {"PATH": "/bin"}) == given


@pytest.mark.parametrize(
    ("project", "name", "value"),
    [
        (names.IMAGE, "COMMIT", "main"),
        (names.IMAGE, "COMMIT", "0123456"),
        (names.IMAGE, "STOP_AT_SEVERITY", "SEVERE"),
        (names.IMAGE, "BASE_IMAGE", "python:3.11"),
        (names.PLATFORM, "IMAGE_DIGEST", "latest"),
        (names.PLATFORM, "IMAGE_DIGEST", "#{Image.IMAGE_DIGEST}"),
        (names.PLATFORM, "ENVIRONMENT", "prod --all"),
        (names.TRAIN, "IMAGE_URI", "repository:tag"),
        (names.TRAIN, "AUTHOR", "#{Source.AuthorId}"),
        (names.TRAIN, "POLL_SEC", "0"),
        (names.TRAIN, "TIMEOUT_MIN", "1.5"),
        (names.SERVING, "MODEL_VERSION", "none"),
        (names.SERVING, "ROLE_ARN", "tester"),
        (names.SMOKE, "MODEL_PACKAGE_ARN", "none"),
        (names.SMOKE, "CONNECTIONS", "-1"),
        (names.APPROVE, "APPROVER_ROLE_ARN", "  "),
    ],
)
def test_a_malformed_variable_is_refused(project: Project, name: str, value: str) -> None:
    """Its name and what was given are said."""
    given = {each: VALUES[each] for each in project.reads} | {name: value}
    with pytest.raises(VariablesError) as error:
        variables.read(project, given)
    (mistake,) = error.value.mistakes
    assert mistake.startswith(f"{name}: ")


def test_missing_and_malformed_ones_are_told_together() -> None:
    """One run tells everything."""
    with pytest.raises(VariablesError) as error:
        variables.read(names.SMOKE, {"CONNECTIONS": "many"})
    assert len(error.value.mistakes) == len(names.SMOKE.reads)
