"""What the proofs over templates share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import config

ENVIRONMENTS = (*config.ENVIRONMENTS, "everything")


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """Each environment in turn, and the one that uses every option."""
    return str(request.param)


@pytest.fixture
def spoil(templates: dict[str, dict[str, dict[str, Any]]]) -> Callable[..., dict[str, Any]]:
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
