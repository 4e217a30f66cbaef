"""What the proofs over templates share."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import config
from tests.proofs.checkov_run import PROGRAM, SEEDED, Run, start, write
from tests.synthesis import DELIVERIES

PLATFORMS = (*config.ENVIRONMENTS, "everything")
ENVIRONMENTS = (*PLATFORMS, *DELIVERIES)
Spoil = Callable[[str, Callable[[dict[str, Any]], None]], dict[str, Any]]


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """Each environment in turn, and the one that uses every option."""
    return str(request.param)


@pytest.fixture(scope="session")
def spoil(templates: dict[str, dict[str, dict[str, Any]]]) -> Spoil:
    """Return a copy of dev's first template with a resource of one type, with a fault put in."""

    def copied(kind: str, fault: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        for template in templates["dev"].values():
            changed = copy.deepcopy(template)
            for resource in changed["Resources"].values():
                if resource["Type"] == kind:
                    fault(resource)
                    return changed
        raise LookupError(f"dev has no {kind}")

    return copied


@pytest.fixture(scope="session", autouse=True)
def checkov(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run | None]:
    """Start checkov with the first proof, if it is asked for: it takes longest."""
    is_asked_for = any(item.path.name == "test_checkov.py" for item in request.session.items)
    if not is_asked_for or not PROGRAM.exists():
        yield None
        return
    folder = tmp_path_factory.mktemp("checkov") / "templates"
    for environment, stacks in request.getfixturevalue("templates").items():
        write(folder / environment, stacks)
    spoil = request.getfixturevalue("spoil")
    open_bucket = spoil(
        "AWS::S3::Bucket", lambda each: each["Properties"].pop("PublicAccessBlockConfiguration")
    )
    write(folder / SEEDED, {"Data": open_bucket})
    run = start(folder, tmp_path_factory.mktemp("home"))
    yield run
    run.process.kill()
    run.process.communicate()
