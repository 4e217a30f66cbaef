"""The order in which a commit passes the projects, and what each hands to the next."""

from __future__ import annotations

from collections.abc import Mapping

from delivery import contract
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.build_project import BuildProject
from ml_constructs.delivery_actions import (
    RETRY,
    ROLLBACK,
    ApprovalAction,
    BuildAction,
    Check,
    DeliveryStep,
)
from ml_constructs.pipeline_source import ACTION, PipelineSource

EXECUTION = "#{codepipeline.PipelineExecutionId}"


def define_line(
    projects: Mapping[str, BuildProject],
    *,
    topic: AlarmTopic,
    source: PipelineSource,
    approval_timeout_min: int,
) -> list[DeliveryStep]:
    """Return the stages after the source.

    All that comes after training is passed over, and the execution succeeds, where the champion
    was kept. A stage of production that fails is run again as it was when it last succeeded:
    the version before is deployed. The endpoint itself has rolled back long before, on its own
    alarms, unless it was the test that failed.
    """
    commit = {contract.COMMIT: _of(ACTION, source.commit)}
    digest = {contract.IMAGE_DIGEST: _of("Image", contract.IMAGE_DIGEST), **commit}
    only_if = Check(variable=_of("Train", contract.DECISION), value=contract.REGISTERED)
    staging_platform = (
        [BuildAction(name="Platform", project=projects["StagingPlatform"], variables=digest)]
        if "StagingPlatform" in projects
        else []
    )
    return [
        DeliveryStep(
            name="Verify", actions=[BuildAction(name="Verify", project=projects["Verify"])]
        ),
        DeliveryStep(
            name="Image",
            actions=[_build("Build", projects["Image"], commit, "Image")],
        ),
        DeliveryStep(
            name="Platform",
            actions=[_build("Deploy", projects["Platform"], digest)],
            on_failure=RETRY,
        ),
        DeliveryStep(
            name="Train",
            actions=[
                _build(
                    "Train",
                    projects["Train"],
                    {contract.IMAGE_URI: _of("Image", contract.IMAGE_URI), **commit},
                    "Train",
                )
            ],
        ),
        DeliveryStep(
            name="Staging",
            actions=[*staging_platform, *_deploy_and_try(projects, "Staging", "Smoke")],
            only_if=only_if,
            on_failure=RETRY,
        ),
        DeliveryStep(
            name="Approval",
            actions=[_approval(topic, commit[contract.COMMIT], approval_timeout_min)],
            only_if=only_if,
        ),
        DeliveryStep(
            name="Registry",
            actions=[
                _build(
                    "Approve",
                    projects["Approve"],
                    {
                        contract.MODEL_PACKAGE_ARN: _of("Train", contract.MODEL_PACKAGE_ARN),
                        contract.COMMENT: f"Approved in execution {EXECUTION} of the delivery",
                    },
                )
            ],
            only_if=only_if,
        ),
        DeliveryStep(
            name="Production",
            actions=[
                _build("Platform", projects["ProductionPlatform"], digest),
                *_deploy_and_try(projects, "Production", "ProductionSmoke"),
            ],
            only_if=only_if,
            on_failure=ROLLBACK,
        ),
    ]


def _deploy_and_try(
    projects: Mapping[str, BuildProject], stage: str, smoke: str
) -> list[BuildAction]:
    return [
        _build(
            "Deploy",
            projects[f"{stage}Serving"],
            {contract.MODEL_VERSION: _of("Train", contract.MODEL_VERSION)},
            stage,
        ),
        _build(
            "Smoke",
            projects[f"{stage}Smoke"],
            {
                contract.ENDPOINT_NAME: _of(stage, contract.ENDPOINT_NAME),
                contract.MODEL_PACKAGE_ARN: _of("Train", contract.MODEL_PACKAGE_ARN),
            },
            smoke,
        ),
    ]


def _approval(topic: AlarmTopic, commit: str, timeout_min: int) -> ApprovalAction:
    metric = _of("Train", contract.METRIC_NAME)
    challenger = _of("Train", contract.CHALLENGER_METRIC)
    champion = _of("Train", contract.CHAMPION_METRIC)
    return ApprovalAction(
        name="Approve",
        topic=topic,
        text=(
            f"Version {_of('Train', contract.MODEL_VERSION)}: {metric} {challenger}, "
            f"the champion's {champion}. {_of('Train', contract.REASON)} "
            f"In staging p99 {_of('Smoke', contract.P99_MS)} ms over "
            f"{_of('Smoke', contract.REQUESTS)} requests. Commit {commit}."
        ),
        link=_of("Train", contract.REPORT_URI),
        timeout_min=timeout_min,
    )


def _build(
    name: str, project: BuildProject, variables: Mapping[str, str], namespace: str | None = None
) -> BuildAction:
    return BuildAction(name=name, project=project, variables=variables, namespace=namespace)


def _of(namespace: str, variable: str) -> str:
    """Refer to what an action before exported."""
    return f"#{{{namespace}.{variable}}}"
