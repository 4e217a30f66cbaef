"""A build machine and an AWS that exist only here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.builds import Machine
from tests.delivery.fake_aws import FakeAws, start


@pytest.fixture
def aws() -> FakeAws:
    """What AWS answers; a test adds operations."""
    return FakeAws()


@pytest.fixture
def port(aws: FakeAws) -> Iterator[int]:
    """Where it answers."""
    server = start(aws)
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def machine(tmp_path: Path, port: int) -> Machine:
    """A build machine that talks to it."""
    folder = tmp_path / "source"
    folder.mkdir()
    return Machine(folder, port)


@pytest.fixture
def other_machine(tmp_path: Path, port: int) -> Machine:
    """Another, for two builds at once."""
    folder = tmp_path / "other"
    folder.mkdir()
    return Machine(folder, port)
