"""One step of the delivery: a CodeBuild project that runs a buildspec of the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.artifact_store import ArtifactStore
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service


@dataclass(frozen=True, kw_only=True)
class BuildMachine:
    """On what builds run: an image of AWS by its version, a size, and how long one may wait."""

    image: str
    compute_type: str
    queue_timeout_min: int


class BuildProject(Construct):
    """Define a project with a role of its own, which may read its source and write its log.

    Stateless. It has no VPC: it installs tools from the internet and talks to the APIs of AWS,
    and a private network would need a way out to everywhere. ``variables`` are plain text, seen
    by whoever may look at the project: never a secret. ``is_privileged`` gives it Docker.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        buildspec: str,
        variables: Mapping[str, str],
        machine: BuildMachine,
        timeout_min: int,
        store: ArtifactStore,
        logs: EncryptedLogGroup,
        is_privileged: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.variables = dict(variables)
        self.role = iam.Role(
            self, "Role", assumed_by=trusted_service("codebuild"), description=description
        )
        store.grant_take(self.role)
        self._grant_log(logs)
        project = codebuild.CfnProject(
            self,
            "Resource",
            description=description,
            service_role=self.role.role_arn,
            encryption_key=store.key.key_arn,
            source={"type": "CODEPIPELINE", "buildSpec": buildspec},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": machine.image,
                "imagePullCredentialsType": "CODEBUILD",
                "computeType": machine.compute_type,
                "privilegedMode": is_privileged,
                "environmentVariables": [
                    {"name": name, "type": "PLAINTEXT", "value": value}
                    for name, value in self.variables.items()
                ],
            },
            logs_config={"cloudWatchLogs": {"status": "ENABLED", "groupName": logs.group_name}},
            timeout_in_minutes=timeout_min,
            queued_timeout_in_minutes=machine.queue_timeout_min,
            # Executions queue; two builds of one step at once would be a mistake.
            concurrent_build_limit=1,
        )
        wait_for_policies(project, self.role)
        self.name = project.ref
        self.project_arn = project.attr_arn

    def grant_start(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` start builds and follow them."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            resource_arns=[self.project_arn],
        )

    def _grant_log(self, logs: EncryptedLogGroup) -> None:
        # The ARN that CloudFormation gives stands for the streams of the group.
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resource_arns=[logs.group_arn],
        )
