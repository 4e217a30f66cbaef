"""The one list of what may differ between dev, staging and prod, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

Difference = tuple[str, str]
"""The type of a resource and the path of a property in it; the type of tags is ``any``."""


@dataclass(frozen=True)
class Allowed:
    """Accept differences whose type and path match as a whole, and say why."""

    kind: str
    path: str
    why: str

    def covers(self, difference: Difference) -> bool:
        """Say whether this entry is about that difference."""
        kind, path = difference
        return bool(re.fullmatch(self.kind, kind) and re.fullmatch(self.path, path))


ALLOWED = (
    Allowed("any", "Tags/(Environment|DataClassification)", "Each says what it is and holds."),
    Allowed(".*", "DeletionPolicy|UpdateReplacePolicy", "Only protected ones keep their data."),
    Allowed("AWS::DynamoDB::Table", "DeletionProtectionEnabled", "The same, by the service."),
    Allowed("AWS::S3::Bucket", "ObjectLock.*", "Only protected ones keep a trail nobody deletes."),
    Allowed("AWS::KMS::Key", "PendingWindowInDays", "A key of dev need not be brought back."),
    Allowed("AWS::Logs::LogGroup", "RetentionInDays", "Logs of dev are soon forgotten."),
    Allowed(
        "AWS::S3::Bucket",
        "LifecycleConfiguration/.*(ExpirationInDays|NoncurrentDays)",
        "Data of dev are soon forgotten.",
    ),
    Allowed("AWS::Backup::BackupVault", "LockConfiguration.*", "Only protected ones lock backups."),
    Allowed("AWS::Backup::BackupPlan", ".*/Lifecycle/.*", "Backups of dev are soon forgotten."),
    Allowed("AWS::ECR::Repository", "LifecyclePolicy/.*/countNumber", "Images of prod stay."),
    Allowed(
        "AWS::Route53Resolver::FirewallRuleGroup",
        "FirewallRules/\\*/(Action|BlockResponse)",
        "Staging tries what prod will refuse.",
    ),
    Allowed("AWS::EC2::(VPC|Subnet)", "CidrBlock", "Networks may be joined: no overlap."),
    Allowed("AWS::EC2::SecurityGroup", "SecurityGroupIngress/\\*/CidrIp", "Its own network."),
    Allowed("AWS::Glue::Crawler", "Schedule", "Nothing runs by itself in dev."),
    Allowed(
        "AWS::Glue::Trigger", "Schedule|StartOnCreation|Type", "Nothing runs by itself in dev."
    ),
    Allowed("AWS::RDS::DBCluster", "Serverless.*/MaxCapacity", "Sized by what it carries."),
    Allowed("AWS::Athena::WorkGroup", ".*/BytesScannedCutoffPerQuery", "What a query may cost."),
    Allowed("AWS::SageMaker::Domain", ".*/(Max)?IdleTimeoutInMinutes", "What an idle app costs."),
    Allowed("AWS::SageMaker::Domain", ".*EbsVolumeSizeInGb", "Sized by what people do there."),
    Allowed(
        "AWS::IAM::Policy",
        ".*/Condition/ForAnyValue:StringNotEquals/sagemaker:InstanceTypes",
        "Which machines people may start.",
    ),
    Allowed("AWS::SageMaker::ModelPackageGroup", ".*Description", "It names the environment."),
    Allowed("AWS::SageMaker::Pipeline", ".*/MaxParallelExecutionSteps", "How fast it should be."),
    Allowed("AWS::SageMaker::Pipeline", ".*/Parameters/\\*/DefaultValue", "Instances, the image."),
    Allowed("AWS::CloudWatch::Alarm", "ActionsEnabled", "Silence is fine in dev."),
    Allowed(
        "AWS::CloudWatch::Dashboard",
        ".*/(markdown|annotations/horizontal/\\*/value)",
        "It names the budget and how fast the endpoint must be.",
    ),
    Allowed(
        "AWS::Budgets::Budget",
        "Budget/(BudgetLimit/Amount|CostFilters/TagKeyValue/\\*)",
        "What each may cost.",
    ),
)
"""Reviewed: whoever adds a line says why the rehearsal stays one."""
