"""How a feature group answers in milliseconds: how long records live, and for how many readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_sagemaker as sagemaker

from ml_constructs.encryption_key import EncryptionKey


@dataclass(frozen=True)
class Capacity:
    """How many units of reading and of writing a second are paid for."""

    read_units: int
    write_units: int


@dataclass(frozen=True)
class OnlineStore:
    """How the newest records are kept; both can be changed while the group is in use.

    Without ``ttl_days`` a record stays until it is deleted; without ``capacity`` the store
    takes what comes and each request is paid for.
    """

    ttl_days: int | None = None
    capacity: Capacity | None = None

    def config(self, key: EncryptionKey) -> dict[str, Any]:
        """Return what a feature group is told about its online store."""
        config: dict[str, Any] = {
            "EnableOnlineStore": True,
            "SecurityConfig": {"KmsKeyId": key.key_arn},
        }
        if self.ttl_days is not None:
            config["TtlDuration"] = {"Unit": "Days", "Value": self.ttl_days}
        return config

    @property
    def throughput(self) -> sagemaker.CfnFeatureGroup.ThroughputConfigProperty:
        """What a feature group is told about its throughput."""
        if self.capacity is None:
            return sagemaker.CfnFeatureGroup.ThroughputConfigProperty(throughput_mode="OnDemand")
        return sagemaker.CfnFeatureGroup.ThroughputConfigProperty(
            throughput_mode="Provisioned",
            provisioned_read_capacity_units=self.capacity.read_units,
            provisioned_write_capacity_units=self.capacity.write_units,
        )
