"""How a new version takes over from the old one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import aws_sagemaker as sagemaker

from ml_constructs.alarm import Alarm

_START_SEC = 3600
"""For new instances to start, on top of the waits."""
_BATCH_START_SEC = 900
"""The same for one batch of a rolling update: each starts its own."""
_BLUE_GREEN = {"all_at_once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}

_Endpoint = sagemaker.CfnEndpoint


@dataclass(frozen=True)
class Rollout:
    """Move the traffic in steps of a share of the instances, and wait after each.

    Blue/green (``all_at_once``, ``canary``, ``linear``) starts as many new instances as there
    are old ones, which stay until the last wait is over: an alarm in between gives them the
    traffic back. ``rolling`` starts and stops one step at a time, so it needs fewer instances
    and goes back slower. ``shadow`` is a word for a challenger beside the champion: the
    champion itself is replaced all at once.
    Source: SageMaker Developer Guide, "Blue/Green Deployments", "Rolling deployments".
    """

    kind: Literal["all_at_once", "canary", "linear", "rolling", "shadow"]
    step_percent: int
    wait_sec: int

    def configuration(self, alarms: Sequence[Alarm]) -> _Endpoint.DeploymentConfigProperty:
        """Return the deployment configuration that rolls back on any of ``alarms``."""
        is_rolling = self.kind == "rolling"
        return _Endpoint.DeploymentConfigProperty(
            auto_rollback_configuration=_Endpoint.AutoRollbackConfigProperty(
                # By reference, so that they are there before the endpoint.
                alarms=[_Endpoint.AlarmProperty(alarm_name=alarm.ref) for alarm in alarms]
            ),
            rolling_update_policy=self._rolling() if is_rolling else None,
            blue_green_update_policy=None if is_rolling else self._blue_green(),
        )

    def _rolling(self) -> _Endpoint.RollingUpdatePolicyProperty:
        steps = math.ceil(100 / self.step_percent)
        return _Endpoint.RollingUpdatePolicyProperty(
            maximum_batch_size=self._step,
            # Back in one go: a bad version is worse than a moment of twice the instances.
            rollback_maximum_batch_size=_share(100),
            wait_interval_in_seconds=self.wait_sec,
            maximum_execution_timeout_in_seconds=steps * (self.wait_sec + _BATCH_START_SEC),
        )

    def _blue_green(self) -> _Endpoint.BlueGreenUpdatePolicyProperty:
        return _Endpoint.BlueGreenUpdatePolicyProperty(
            traffic_routing_configuration=_Endpoint.TrafficRoutingConfigProperty(
                type=_BLUE_GREEN.get(self.kind, "ALL_AT_ONCE"),
                wait_interval_in_seconds=self.wait_sec,
                canary_size=self._step if self.kind == "canary" else None,
                linear_step_size=self._step if self.kind == "linear" else None,
            ),
            termination_wait_in_seconds=self.wait_sec,
            maximum_execution_timeout_in_seconds=self._waits * self.wait_sec + _START_SEC,
        )

    @property
    def _waits(self) -> int:
        """Count the waits: after each step but the last, and before the old instances go."""
        steps = {"canary": 2, "linear": math.ceil(100 / self.step_percent)}
        return steps.get(self.kind, 1) + 1

    @property
    def _step(self) -> _Endpoint.CapacitySizeProperty:
        return _share(self.step_percent)


def _share(percent: int) -> _Endpoint.CapacitySizeProperty:
    return _Endpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=percent)
