"""Honour the retry policies of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_DEFAULT_INTERVAL_SEC = 1.0
_DEFAULT_BACKOFF = 2.0


class Retries:
    """Count the attempts that each policy of a step grants."""

    def __init__(self, policies: Sequence[Mapping[str, Any]]) -> None:
        self._policies = policies
        self._used = [0] * len(policies)

    def wait_sec(self, fault: str | None, elapsed_sec: float) -> float | None:
        """Return how long to wait before the next attempt; None if there is none.

        Args:
            fault: the exception type of the failure; None is never retried.
            elapsed_sec: how long the step has been tried, for policies that expire.
        """
        for index, policy in enumerate(self._policies):
            kinds = (*policy.get("ExceptionType", ()), *policy.get("FailureReasonType", ()))
            if fault not in kinds:
                continue
            used = self._used[index]
            expires_min = policy.get("ExpireAfterMin")
            if expires_min is not None and elapsed_sec >= 60 * float(expires_min):
                continue
            if "MaxAttempts" in policy and used >= int(policy["MaxAttempts"]):
                continue
            self._used[index] += 1
            interval = float(policy.get("IntervalSeconds", _DEFAULT_INTERVAL_SEC))
            return interval * float(policy.get("BackoffRate", _DEFAULT_BACKOFF)) ** used
        return None
