"""What is delivered: images, models, endpoints, and how it comes back when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.assembly import Assembly
from tests.controls.evidence import Checked, bodies, dig, jobs, place, resolved

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_IMAGE_KEYS = {"Image", "ImageUri", "TrainingImage"}
_PROD = "prod"
_LIKE_PROD = frozenset({_PROD, "everything"})
_PROD_INSTANCES = 2
_RULES = ("AutoRollbackConfiguration", "BlueGreenUpdatePolicy", "RollingUpdatePolicy")


def endpoint_availability(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C07: in production two instances or more serve, also after scaling in."""
    least = _PROD_INSTANCES if environment in _LIKE_PROD else 1
    for resource, properties in resolved(assembly, environment):
        where = place(resource)
        if resource.type == "AWS::SageMaker::EndpointConfig":
            for variant in properties.get("ProductionVariants", ()):
                if "ServerlessConfig" in variant:
                    yield Checked(f"{where}.{variant['VariantName']}")
                    continue
                count = variant.get("InitialInstanceCount", 0)
                yield _at_least(f"{where}.{variant['VariantName']}", count, least)
        elif resource.type == "AWS::ApplicationAutoScaling::ScalableTarget":
            yield _at_least(f"{where}.MinCapacity", properties.get("MinCapacity", 0), least)


def immutable_images(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C14: a tag never changes its meaning, every image is scanned, old ones go."""
    for resource, properties in resolved(assembly, environment):
        if resource.type != "AWS::ECR::Repository":
            continue
        faults = []
        if properties.get("ImageTagMutability") != "IMMUTABLE":
            faults.append("set ImageTagMutability to IMMUTABLE")
        if properties.get("ImageScanningConfiguration", {}).get("ScanOnPush") is not True:
            faults.append("set ScanOnPush")
        if not properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText"):
            faults.append("add a lifecycle policy")
        yield Checked(place(resource), "; ".join(faults))


def approval_before_production(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C15: in a delivery pipeline a person approves before anything reaches production."""
    for resource, properties in resolved(assembly, environment):
        if resource.type != "AWS::CodePipeline::Pipeline":
            continue
        stages = properties.get("Stages", ())
        approvals = [
            (index, action)
            for index, stage in enumerate(stages)
            for action in stage.get("Actions", ())
            if action.get("ActionTypeId", {}).get("Category") == "Approval"
        ]
        production = [
            index for index, stage in enumerate(stages) if _PROD in stage.get("Name", "").lower()
        ]
        faults = []
        if not approvals or not production or min(production) <= min(i for i, _ in approvals):
            faults.append("put an approval before the first stage of production")
        for _, action in approvals:
            about = action.get("Configuration", {})
            if not about.get("NotificationArn") or not about.get("ExternalEntityLink"):
                faults.append(f"give {action.get('Name')} a topic and a link to the report")
        yield Checked(place(resource), "; ".join(faults))


def rollback(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C16: an endpoint rolls back on alarms that exist, tell somebody and know silence."""
    alarms: set[Any] = set()
    for resource, properties in resolved(assembly, environment):
        if resource.type == "AWS::CloudWatch::Alarm":
            yield Checked(place(resource), _alarm_fault(properties))
            alarms.add(properties.get("AlarmName"))
            alarms.add(f"${{{resource.stack}.{resource.logical_id}.Ref}}")
    for resource, properties in resolved(assembly, environment):
        if resource.type == "AWS::SageMaker::Endpoint":
            names = dig(properties, "DeploymentConfig/AutoRollbackConfiguration/Alarms/*/AlarmName")
            missing = [str(name) for name in names if name not in alarms]
            fault = "" if names else "name alarms in DeploymentConfig.AutoRollbackConfiguration"
            if missing:
                fault = f"rolls back on {', '.join(missing)}, which is no alarm of this app"
            yield Checked(place(resource), fault)


def everything_stops(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C21: jobs, builds, functions and machines end, and steps are tried again."""
    limits = {
        "AWS::CodeBuild::Project": "TimeoutInMinutes",
        "AWS::Glue::Job": "Timeout",
        "AWS::Lambda::Function": "Timeout",
    }
    for job in jobs(assembly, environment):
        # A transform ends with its input; it has no limit to set.
        if job.kind != "Transform":
            seconds = dig(job.arguments, "StoppingCondition/MaxRuntimeInSeconds")
            fine = any(isinstance(each, int) and each > 0 for each in seconds)
            yield Checked(job.where, "" if fine else "set StoppingCondition.MaxRuntimeInSeconds")
        if job.step:
            tried = bool(job.step.get("RetryPolicies"))
            yield Checked(f"{job.where}.RetryPolicies", "" if tried else "add RetryPolicies")
    for resource, properties in resolved(assembly, environment):
        name = limits.get(resource.type)
        if name:
            yield Checked(place(resource), "" if properties.get(name) else f"set {name}")
    for resource, _, body in bodies(assembly, environment):
        if isinstance(body, Mapping) and {"StartAt", "States"} <= body.keys():
            yield Checked(place(resource), "" if "TimeoutSeconds" in body else "set TimeoutSeconds")


def images_by_digest(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C22: what was scanned and approved is what runs: a digest, never a tag."""
    for resource, _, body in bodies(assembly, environment):
        for path, text in _images(body, ()):
            yield Checked(
                f"{place(resource)}.{'.'.join(path)}",
                "" if _DIGEST.search(text) else f"name the image by its digest, not {text!r}",
            )


def _at_least(where: str, count: Any, least: int) -> Checked:
    fine = isinstance(count, int) and count >= least
    return Checked(where, "" if fine else f"{count} instances; set {least} or more")


def _alarm_fault(properties: Mapping[str, Any]) -> str:
    if not properties.get("AlarmActions"):
        return "tells nobody; set AlarmActions"
    if properties.get("ActionsEnabled", True) is not True:
        return "has its actions off; leave ActionsEnabled out"
    return "" if properties.get("TreatMissingData") else "say what silence means: TreatMissingData"


def _images(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str) and (name in _IMAGE_KEYS or ".dkr.ecr." in item):
                # A document in a property is walked by itself.
                if not (item.startswith("{") and item.endswith("}")):
                    yield (*path, name), item
            else:
                yield from _images(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _images(item, path)
