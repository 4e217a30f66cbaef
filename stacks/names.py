"""The physical names that people, jobs or other accounts type; everything else is unnamed."""

from __future__ import annotations

from dataclasses import dataclass

PLATFORM = "acequia"


@dataclass(frozen=True)
class Names:
    """The names of one use case in one environment."""

    environment: str
    usecase: str

    @property
    def platform(self) -> str:
        """Begin every name, and name the stage: ``acequia-dev``."""
        return f"{PLATFORM}-{self.environment}"

    @property
    def pipeline(self) -> str:
        """Name the training pipeline; also the group of the models that it registers."""
        return f"{self.platform}-{self.usecase}"

    @property
    def batch_pipeline(self) -> str:
        """Name the pipeline that scores files."""
        return f"{self.pipeline}-batch"

    @property
    def model_package_group(self) -> str:
        """Name the group of the versions of the model."""
        return self.pipeline

    @property
    def endpoint(self) -> str:
        """Name the endpoint; clients type it, and its alarms exist before it does."""
        return self.pipeline

    @property
    def parameters(self) -> str:
        """Begin the names of the SSM parameters in which consumers find what they need."""
        return f"/{PLATFORM}/{self.environment}/{self.usecase}"

    @property
    def database(self) -> str:
        """Name the Glue database; Athena wants no hyphens in it."""
        return self.pipeline.replace("-", "_")

    @property
    def audit_database(self) -> str:
        """Name the Glue database over the audit trail."""
        return f"{self.platform}_audit".replace("-", "_")

    @property
    def flow_logs(self) -> str:
        """Name the log group of the VPC's flow logs."""
        return f"/{self.platform}/flow-logs"

    @property
    def dns_logs(self) -> str:
        """Name the log group of what the VPC's resolver is asked."""
        return f"/{self.platform}/dns-logs"

    @property
    def backups(self) -> str:
        """Name the vault of the backups, which whoever restores types, and their plan."""
        return f"{self.platform}-backups"

    def feature_group(self, versioned_name: str) -> str:
        """Name a feature group, its schema version included."""
        return f"{self.pipeline}-{versioned_name}"

    @property
    def sources_encryption(self) -> str:
        """Name Glue's security configuration for sources; it is part of the names of logs."""
        return f"{self.database}_sources"

    def landing_role(self, source: str) -> str:
        """Name the role that lands one source; it is part of the names of its logs."""
        return f"{self.platform}-land-{source.replace('_', '-')}"

    def cluster(self, source: str) -> str:
        """Name the database server of one source; it is part of the name of its log."""
        return f"{self.platform}-{source.replace('_', '-')}"
