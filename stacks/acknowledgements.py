"""The one register of findings that we accept: which, where, why, who says so and until when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

OWNER = "platform team"
REVIEW = date(2027, 11, 30)
_WILDCARD = "AwsSolutions-IAM5"
_ARN = r"Resource::arn:<AWS::Partition>:{service}:<AWS::Region>:<AWS::AccountId>:"


@dataclass(frozen=True)
class Acknowledgement:
    """Accept the findings of one rule in one place.

    ``path`` and ``finding`` are regular expressions that must match as a whole: the construct's
    path below its stage, and what the rule found there ("" where it says no more than its name).
    ``rule`` is named with its pack, or without where several packs have it.
    """

    path: str
    rule: str
    reason: str
    finding: str = ""
    owner: str = OWNER
    expires: date = REVIEW

    def covers(self, path: str, rule: str, finding: str) -> bool:
        """Say whether this entry is about that finding."""
        return (
            self.rule in (rule, rule.rpartition("-")[2])
            and re.fullmatch(self.path, path) is not None
            and re.fullmatch(self.finding, finding) is not None
        )


REGISTER: tuple[Acknowledgement, ...] = (
    Acknowledgement(
        path=r"(Data/Catalog/Crawler/Role|Sources/[\w-]+/(Crawler|Job)/Role|Features/\w+/StoreRole|(Training|Batch)/\w+|Serving/(Challenger)?Role|Studio/\w+|Delivery/\w+)/.*",
        rule=_WILDCARD,
        finding=r"Resource::(<\w+\.Arn>|\{\"Fn::GetStackOutput\":.*\}\}|arn:<AWS::Partition>:s3:::\{\{[\w:/-]+(\}\}|>>))"
        r"/[a-z0-9-]+/([a-z_-]+/){0,2}\*",
        reason="Objects are named while a job runs; each role is held to its use case's folder.",
    ),
    Acknowledgement(
        path=r"(Network/DefaultGroup/Role|(Training|Batch)/\w+Role|Serving/(Challenger)?Role|Studio/\w+/Role|Delivery/(Github)?Image)/.*",
        rule=_WILDCARD,
        finding=r"Resource::\*",
        reason="ecr:GetAuthorizationToken, cloudwatch:PutMetricData, the Describe actions of EC2 "
        "and the List actions of Studio take no resource; metrics are held to SageMaker's own "
        "namespace.",
    ),
    Acknowledgement(
        path=r"(Data/Catalog/Crawler|Sources/[\w-]+/(Crawler|Job))/Role/.*",
        rule=_WILDCARD,
        finding=r"Resource::\*",
        reason="glue:GetSecurityConfiguration, cloudwatch:PutMetricData and the Describe actions "
        "of EC2 take no resource; metrics are held to Glue's own namespace.",
    ),
    Acknowledgement(
        path=r"((Training|Batch)/\w+Role|Serving/(Challenger)?Role|Audit/Trail/LogsRole"
        r"|Studio/\w+/Role)/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="logs")
        + r"log-group:/aws/(sagemaker/((Processing|Training|Transform)Jobs"
        r"|Endpoints/[a-z0-9-]+|studio):log-stream:"
        r"|cloudtrail/[a-z0-9-]+:log-stream:<AWS::AccountId>_CloudTrail_<AWS::Region>)\*",
        reason="SageMaker names a log stream after each job and instance, CloudTrail after the "
        "account and region and a number.",
    ),
    Acknowledgement(
        path=r"(Data/Catalog/Crawler|Sources/[\w-]+/(Crawler|Job))/Role/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="logs")
        + r"log-group:/aws-glue/(crawlers|jobs/\w+-role/[a-z0-9-]+/(error|output):log-stream:)\*",
        reason="Glue puts the role's generated name into that of a crawler's log group, and names "
        "a log stream after each run of a job.",
    ),
    Acknowledgement(
        path=r"(Data/Catalog|Sources/[\w-]+)/Crawler/Role/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="glue") + r"table/\w+/\*",
        reason="A crawler discovers tables; it is held to the one database that it fills.",
    ),
    Acknowledgement(
        path=r"Features/\w+/StoreRole/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="glue") + r"table/sagemaker_featurestore/\w+\*",
        reason="SageMaker appends the time of creation to the name of an offline store's table.",
    ),
    Acknowledgement(
        path=r"(Registry/(Approver|Reader)|(Training|Batch)/(ResolveChampionRole|Pipeline/Role)|Studio/\w+/Role|Delivery/(Github)?Train)/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="sagemaker") + r"model-package/[a-z0-9-]+/\*",
        reason="Versions are numbered as they are registered; roles are held to one group.",
    ),
    Acknowledgement(
        path=r"(((Training|Batch)/Pipeline|Studio/\w+)/Role|Delivery/(Github)?Train)/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="sagemaker")
        + r"(((processing|training|transform)-job|model)/pipelines-"
        r"|pipeline/[a-z0-9-]+/execution/)\*",
        reason="SageMaker Pipelines names executions as they start, and each job after its own.",
    ),
    Acknowledgement(
        path=r"Studio/\w+/Role/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="sagemaker")
        + r"(app|space)/<Domain\w+\.DomainId>/(<sagemaker:UserProfileName>/)?\*",
        reason="People name their spaces; all rights but reading are held to the owner's own.",
    ),
    Acknowledgement(
        path=r"Network/DefaultGroup/Role/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="ssm") + r"automation-execution/\*",
        reason="A run of the runbook is numbered as it starts; the role only reads its state.",
    ),
    Acknowledgement(
        path=r"((Training|Batch)/\w+Role|Serving/(Challenger)?Role|Sources/Database-\w+/(Crawler|Job)/Role)/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="ec2") + r"network-interface/\*",
        reason="Interfaces are numbered as they are made; roles are held to the jobs' subnets.",
    ),
    Acknowledgement(
        path=r"Sources/Table-\w+/Job/Role/.*",
        rule=_WILDCARD,
        finding=_ARN.format(service="dynamodb") + r"table/(\{.*\}|[\w.-]+)/export/\*",
        reason="An export is named by the moment at which it begins; the job only reads its state.",
    ),
    Acknowledgement(
        path=r"Databases/Backups/Role/.*",
        rule=_WILDCARD,
        finding=r"Resource::<Table\w+\.Arn>/backup/\*|"
        + _ARN.format(service="rds")
        + r"cluster-snapshot:awsbackup:\*",
        reason="AWS Backup numbers its snapshots as it makes them, each of a table or cluster "
        "that the plan names.",
    ),
    Acknowledgement(
        path=r"\w+/DeadLetters/Resource",
        rule="AwsSolutions-SQS3",
        reason="It is itself the dead-letter queue, of rules and schedules instead of a queue.",
    ),
)
