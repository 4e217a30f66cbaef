"""A Glue job that copies tables into the lake, on schedule, and what runs after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.lake import Lake
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

_GLUE_VERSION = "5.0"
_TIMEOUT_MIN = 120
_WORKERS = 2


class LandingJob(Construct):
    """Define the job that lands one source, with a role of its own, and start the crawler after.

    Stateless. Each run writes full snapshots, so it keeps no bookmarks: those see rows that are
    added, not rows that change or go. One run at a time, one retry. The role has a name because
    Glue puts it into the names of the two log groups, which must exist before: see `log_groups`.
    What it may read is granted by what holds the data, to `role`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: str,
        role_name: str,
        lake: Lake,
        arguments: Mapping[str, str],
        connections: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            assumed_by=trusted_service("glue"),
            description=f"Copies the tables of {source} into the lake",
        )
        lake.script.grant_read(self.role)
        lake.bucket.grant_land(self.role, prefix=lake.folder_of(source))
        self._grant_logs(log_groups(lake.encryption.literal_name, role_name))
        self._grant_services()
        self.job = glue.CfnJob(
            self,
            "Resource",
            description=f"Lands the tables of {source} as Parquet, a snapshot each run",
            role=self.role.role_arn,
            command={
                "name": "glueetl",
                "pythonVersion": "3",
                "scriptLocation": lake.script.location,
            },
            connections={"connections": list(connections)} if connections else None,
            default_arguments={
                "--job-language": "python",
                "--job-bookmark-option": "job-bookmark-disable",
                "--enable-metrics": "true",
                "--source": source,
                "--target": lake.uri_of(source),
                **arguments,
            },
            execution_property={"maxConcurrentRuns": 1},
            glue_version=_GLUE_VERSION,
            worker_type="G.1X",
            number_of_workers=_WORKERS,
            max_retries=1,
            timeout=_TIMEOUT_MIN,
            security_configuration=lake.encryption.name,
        )
        wait_for_policies(self.job, self.role)

    def start(self, *, schedule: str | None, then: CatalogCrawler) -> None:
        """Start the job at ``schedule`` (None: when asked), and ``then`` once it succeeded.

        A crawler that ran after a failed job would list half a snapshot. Glue follows only runs
        that a trigger started, so a person starts the trigger, not the job.
        """
        glue.CfnTrigger(
            self,
            "Start",
            type="SCHEDULED" if schedule else "ON_DEMAND",
            schedule=schedule,
            start_on_creation=True if schedule else None,
            actions=[{"jobName": self.job.ref}],
        )
        glue.CfnTrigger(
            self,
            "Landed",
            type="CONDITIONAL",
            start_on_creation=True,
            predicate={
                "conditions": [
                    {
                        "jobName": self.job.ref,
                        "logicalOperator": "EQUALS",
                        "state": "SUCCEEDED",
                    }
                ]
            },
            actions=[{"crawlerName": then.name}],
        )

    def _grant_logs(self, groups: Sequence[str]) -> None:
        arns = [
            format_arn(
                service="logs",
                resource="log-group",
                resource_name=group,
                separator=":",
            )
            for group in groups
        ]
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["logs:AssociateKmsKey", "logs:CreateLogStream", "logs:PutLogEvents"],
            resource_arns=[*arns, *(f"{arn}:log-stream:*" for arn in arns)],
        )

    def _grant_services(self) -> None:
        # Neither action takes a resource; the namespace is what can be limited.
        iam.Grant.add_to_principal(
            grantee=self.role, actions=["glue:GetSecurityConfiguration"], resource_arns=["*"]
        )
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["cloudwatch:PutMetricData"],
            resource_arns=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": "Glue"}},
        )


def log_groups(encryption_name: str, role_name: str) -> list[str]:
    """Name the log groups of a job with an encrypted log: Glue composes them of both names.

    Source: AWS Glue Developer Guide, "Logging for AWS Glue jobs".
    """
    return [
        f"/aws-glue/jobs/{encryption_name}-role/{role_name}/{kind}" for kind in ("error", "output")
    ]
