"""Send requests over several connections for a while, and measure each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from delivery.errors import DeliveryError


@dataclass(frozen=True)
class Load:
    """What was measured: milliseconds of each request that was answered, and all failures."""

    latencies: tuple[float, ...]
    errors: tuple[str, ...]
    seconds: float

    @property
    def requests(self) -> int:
        """Count the requests, those that failed too."""
        return len(self.latencies) + len(self.errors)

    def percentile(self, share: float) -> float:
        """Return the latency that ``share`` percent of the requests keep; infinite for none."""
        if not self.latencies:
            return math.inf
        ranked = sorted(self.latencies)
        return ranked[max(0, math.ceil(share / 100 * len(ranked)) - 1)]


def press(
    new_client: Callable[[], Any],
    ask: Callable[[Any], object],
    *,
    seconds: float,
    connections: int,
) -> Load:
    """Ask over ``connections`` at once, each its next request as soon as the last is answered.

    The first request of a connection is not measured: it opens the connection.
    """
    clients = [new_client() for _ in range(connections)]  # not thread-safe to make
    started = time.monotonic()

    def one_connection(client: Any) -> tuple[list[float], list[str]]:
        latencies: list[float] = []
        errors: list[str] = []
        _timed(client, ask, [], errors)
        while time.monotonic() - started < seconds:
            _timed(client, ask, latencies, errors)
        return latencies, errors

    with ThreadPoolExecutor(connections) as pool:
        measured = list(pool.map(one_connection, clients))
    return Load(
        latencies=tuple(one for latencies, _ in measured for one in latencies),
        errors=tuple(one for _, errors in measured for one in errors),
        seconds=time.monotonic() - started,
    )


def _timed(
    client: Any, ask: Callable[[Any], object], latencies: list[float], errors: list[str]
) -> None:
    before = time.perf_counter()
    try:
        ask(client)
    except (DeliveryError, ClientError, BotoCoreError) as error:
        errors.append(str(error))
        time.sleep(0.1)  # an endpoint that is down is not hammered
    else:
        latencies.append(1000 * (time.perf_counter() - before))
