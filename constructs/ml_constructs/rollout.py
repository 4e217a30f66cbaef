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

_Endpoint = sagemaker.CfnEndpoint


@dataclass(frozen=True)
class Rollout:
    """Move the traffic in steps of a share of the instances, and wait after each.

    Beside the old instances, which stay until the last wait is over: an alarm in between
    gives them the traffic back.
    Source: SageMaker Developer Guide, "Blue/Green Deployments".
    """

    kind: Literal["all_at_once", "canary", "linear"]
    step_percent: int
    wait_sec: int

    def configuration(self, alarms: Sequence[Alarm]) -> _Endpoint.DeploymentConfigProperty:
        """Return the deployment configuration that rolls back on any of ``alarms``."""
        return _Endpoint.DeploymentConfigProperty(
            auto_rollback_configuration=_Endpoint.AutoRollbackConfigProperty(
                # By reference, so that they are there before the endpoint.
                alarms=[_Endpoint.AlarmProperty(alarm_name=alarm.ref) for alarm in alarms]
            ),
            blue_green_update_policy=_Endpoint.BlueGreenUpdatePolicyProperty(
                traffic_routing_configuration=self._routing(),
                termination_wait_in_seconds=self.wait_sec,
                maximum_execution_timeout_in_seconds=self._waits * self.wait_sec + _START_SEC,
            ),
        )

    @property
    def _waits(self) -> int:
        """Count the waits: after each step but the last, and before the old instances go."""
        steps = {"all_at_once": 1, "canary": 2, "linear": math.ceil(100 / self.step_percent)}
        return steps[self.kind] + 1

    def _routing(self) -> _Endpoint.TrafficRoutingConfigProperty:
        step = _Endpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=self.step_percent)
        return _Endpoint.TrafficRoutingConfigProperty(
            type=self.kind.upper(),
            wait_interval_in_seconds=self.wait_sec,
            canary_size=step if self.kind == "canary" else None,
            linear_step_size=step if self.kind == "linear" else None,
        )
