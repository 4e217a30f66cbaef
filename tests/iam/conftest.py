"""The worlds in which requests are made."""

from __future__ import annotations

import pytest

import config
from tests.assembly import Assembly
from tests.deployed import Deployment
from tests.iam.world import World
from tests.synthesis import DELIVERIES


@pytest.fixture(scope="session")
def worlds(assembly: Assembly) -> dict[str, World]:
    """Roles and policies of every environment and delivery."""
    return {
        environment: World(Deployment(assembly, environment))
        for environment in (*config.ENVIRONMENTS, "everything", *DELIVERIES)
    }
