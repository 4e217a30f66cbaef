"""The worlds in which requests are made."""

from __future__ import annotations

import pytest

import config
from tests.assembly import Assembly
from tests.deployed import Deployment
from tests.iam.world import World


@pytest.fixture(scope="session")
def worlds(assembly: Assembly) -> dict[str, World]:
    """Roles and policies of every environment."""
    return {
        environment: World(Deployment(assembly, environment))
        for environment in (*config.ENVIRONMENTS, "everything")
    }
