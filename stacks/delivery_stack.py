"""The delivery pipeline, its projects, and the roles of GitHub's jobs that do the same."""

from __future__ import annotations

import re
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import DeliveryConfig
from config.delivery_source import GithubConfig, SourceConfig
from ml_constructs.build_project import BuildMachine, BuildProject
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.delivery_notices import delivery_notices
from ml_constructs.delivery_pipeline import DeliveryPipeline
from ml_constructs.event_notice import EventNotice
from ml_constructs.github_role import (
    GithubProvider,
    GithubRole,
    branch_subject,
    environment_subject,
)
from ml_constructs.pipeline_source import (
    PipelineSource,
    from_codecommit,
    from_connection,
    from_s3,
)
from ml_constructs.queue_alarm import QueueAlarm
from stacks.delivery_line import define_line
from stacks.delivery_steps import PRODUCTION, STAGING, DeliverySteps, Step, minutes
from stacks.delivery_store_stack import DeliveryStoreStack
from stacks.names import Names

RUNBOOK = "docs/runbooks/delivery.md"
"""Where every notice is explained, under its own heading."""
ALARMS_RUNBOOK = "docs/runbooks/alarms.md"


class DeliveryStack(Stack):
    """Take commits from the repository to production, each step with a role of its own.

    Stateless. Without a source there is no pipeline; with GitHub, its jobs may take the roles.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeliveryConfig,
        names: Names,
        steps: DeliverySteps,
        kept: DeliveryStoreStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._names = names
        self._kept = kept
        self._steps = steps.steps(kept.store)
        if settings.source is not None:
            self._define_pipeline(settings.source)
        if settings.github is not None:
            self._define_github(settings.github)

    def _define_pipeline(self, source: SourceConfig) -> None:
        dead_letters = DeadLetterQueue(self, "DeadLetters", key=self._kept.key)
        self.projects = {name: self._project(step) for name, step in self._steps.items()}
        pipeline_source = _source(source)
        self.pipeline = DeliveryPipeline(
            self,
            "Pipeline",
            name=self._names.platform,
            source=pipeline_source,
            steps=define_line(
                self.projects,
                topic=self._kept.topic,
                source=pipeline_source,
                approval_timeout_min=minutes(self._settings.timeouts.approval),
            ),
            store=self._kept.store,
            dead_letters=dead_letters,
        )
        QueueAlarm(
            self,
            "Undelivered",
            queue=dead_letters,
            owner=self._names.platform,
            topic=self._kept.topic,
            runbook=ALARMS_RUNBOOK,
        )
        for notice in delivery_notices(self._names.platform):
            EventNotice(
                self,
                notice.name,
                notice=notice,
                topic=self._kept.topic,
                dead_letters=dead_letters,
                runbook=RUNBOOK,
            )

    def _project(self, step: Step) -> BuildProject:
        build = self._settings.build
        project = BuildProject(
            self,
            step.name,
            description=f"{step.name} of {self._names.platform}: {step.environment}",
            buildspec=step.project.buildspec,
            variables=step.variables,
            machine=BuildMachine(
                image=build.environment_image,
                compute_type=build.compute_type,
                queue_timeout_min=minutes(self._settings.timeouts.queue),
            ),
            timeout_min=step.timeout_min,
            store=self._kept.store,
            logs=self._kept.logs[step.name],
            is_privileged=step.is_privileged,
        )
        step.grant(project.role)
        return project

    def _define_github(self, github: GithubConfig) -> None:
        provider = GithubProvider(self, "Github", creates=github.creates_provider)
        subjects = {
            STAGING: environment_subject(github.repository, github.staging_environment),
            PRODUCTION: environment_subject(github.repository, github.production_environment),
        }
        branch = branch_subject(github.repository, github.branch)
        for name, step in self._steps.items():
            if name == "Verify":
                continue  # needs no rights
            is_before_approval = name in ("Image", "Platform", "Train")
            role = GithubRole(
                self,
                f"Github{name}",
                name=f"{self._names.platform}-{_kebab(name)}",
                description=f"{name} of {self._names.platform}, by a job of {github.repository}",
                provider=provider,
                subject=branch if is_before_approval else subjects[step.environment],
                timeout_min=step.timeout_min,
            )
            step.grant(role.role)


def _source(source: SourceConfig) -> PipelineSource:
    # What a kind needs is there: the settings were refused otherwise.
    if source.kind == "connection":
        return from_connection(
            connection_arn=source.connection_arn or "",
            repository=source.repository or "",
            branch=source.branch,
            paths=source.paths,
            excluded_paths=source.excluded_paths,
        )
    if source.kind == "codecommit":
        return from_codecommit(repository=source.repository or "", branch=source.branch)
    return from_s3(
        bucket=source.bucket or "", object_key=source.object_key or "", key_arn=source.key_arn
    )


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
