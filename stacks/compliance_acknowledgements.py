"""The register's second part: what we accept of NIST 800-53 R5, HIPAA, PCI DSS and Serverless.

The packs share most of their rules, under names of their own; an entry names the rule only and
is about all of them.
"""

from __future__ import annotations

from stacks.acknowledgements import Acknowledgement

COMPLIANCE: tuple[Acknowledgement, ...] = (
    Acknowledgement(
        path=r"[\w-]+/.*/(Default|\w*)Policy/Resource",
        rule="IAMNoInlinePolicy",
        reason="A policy of one role goes when the role goes and can be given to nobody else; a "
        "managed policy could. Who may do what is read and simulated by our own tests.",
    ),
    Acknowledgement(
        path=r"((Audit|Data)/\w+|Store/Store/\w+)/Resource/Resource",
        rule="S3BucketReplicationEnabled",
        reason="Old versions of each object are kept in the region that was chosen for the data; a "
        "copy in a second region is a decision on residency, not a default.",
    ),
    Acknowledgement(
        path=r"(Audit|Data|Store/Store)/AccessLogs/Resource/Resource",
        rule="S3DefaultEncryptionKMS",
        reason="S3 delivers server access logs to buckets with S3-managed keys only.",
    ),
    Acknowledgement(
        path=r"Network/Vpc/Resource",
        rule="VPCDefaultSecurityGroupClosed",
        reason="No property of a VPC closes its default group; Network/DefaultGroup removes the "
        "group's rules once it is made, and every day after.",
    ),
    Acknowledgement(
        path=r"Network/Jobs/FromMembers",
        rule="EC2RestrictedCommonPorts",
        reason="The source is the group itself: instances of one distributed job reach each other, "
        "and nobody else reaches them.",
    ),
    Acknowledgement(
        path=r"(Batch/Alarms|Monitoring|Monitoring/Pipeline)/(DataStale|PipelineSilent)",
        rule="CloudWatchAlarmAction",
        reason="Only where nothing runs by a schedule, so that silence is no fault: the alarm is "
        "there with its actions off.",
    ),
    Acknowledgement(
        path=r"\w+/DeadLetters/Resource",
        rule="SQSRedrivePolicy",
        reason="It is itself the dead-letter queue, of rules and schedules instead of a queue.",
    ),
    Acknowledgement(
        path=r"(Foundation/Alarms|Store/Notices)/Email\d+",
        rule="SNSRedrivePolicy",
        reason="An alarm that a mailbox refused is of no use later; it stays on in CloudWatch.",
    ),
    Acknowledgement(
        path=r"Databases/Database-\w+/Writer",
        rule="RDSEnhancedMonitoringEnabled",
        reason="Performance Insights under our key shows load and waits; enhanced monitoring would "
        "keep figures of the machine in a log group that RDS makes without key and retention.",
    ),
    Acknowledgement(
        path=r"Databases/Database-\w+/Writer",
        rule="RDSInBackupPlan",
        reason="The plan Databases/Backups names the cluster, which holds the data; AWS Backup "
        "takes no instance of Aurora by itself, and the rule looks at instances only.",
    ),
    Acknowledgement(
        path=r"Delivery/\w+/Resource",
        rule="CodeBuildProjectSourceRepoUrl",
        reason="The source comes from CodePipeline, which fetches it through a connection or from "
        "AWS; a project has neither the address of a repository nor a token.",
    ),
)
