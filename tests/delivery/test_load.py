"""The latency under load is measured, not guessed."""

from __future__ import annotations

import math
import threading

import pytest

from delivery.errors import DeliveryError
from delivery.load import Load, press


@pytest.mark.parametrize(("share", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (0, 1.0)])
def test_percentiles_are_of_the_requests_themselves(share: float, expected: float) -> None:
    """Nearest rank: a latency that some request really had."""
    load = Load(tuple(float(n) for n in range(100, 0, -1)), (), 1.0)
    assert load.percentile(share) == expected


def test_no_answer_is_endlessly_slow() -> None:
    """Nothing measured must not pass a limit."""
    assert Load((), ("broken",), 1.0).percentile(99) == math.inf


def test_each_connection_has_a_client_and_its_first_request_is_not_measured() -> None:
    """The first opens the connection; all connections ask at once."""
    gate = threading.Barrier(3, timeout=10)
    first: set[int] = set()

    def ask(client: list[int]) -> None:
        client.append(1)
        if id(client) not in first:
            first.add(id(client))
            gate.wait()

    clients: list[list[int]] = []

    def new_client() -> list[int]:
        clients.append([])
        return clients[-1]

    load = press(new_client, ask, seconds=0.2, connections=3)
    assert load.errors == ()
    assert len(load.latencies) == sum(map(len, clients)) - 3


def test_failures_are_kept_apart() -> None:
    """They count as requests, not as fast ones."""

    def fail(_: object) -> None:
        raise DeliveryError("broken")

    load = press(object, fail, seconds=0.15, connections=2)
    assert load.latencies == ()
    assert len(load.errors) == load.requests >= 2
