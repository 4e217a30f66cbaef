"""What CloudFormation accepts and the service refuses later, and no linter looks at.

Each check takes one resource, its references written as text, and yields what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from botocore.session import get_session

from config.cron import check_cron
from tests.assembly import Assembly, Resource

Check = Callable[[str, Mapping[str, Any]], Iterator[str]]

_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_AT = re.compile(r"at\((?P<time>[^()]*)\)")
_SCHEDULES: Mapping[str, tuple[str, ...]] = {
    "AWS::Backup::BackupPlan": ("cron",),
    "AWS::Events::Rule": ("rate", "cron"),
    "AWS::Scheduler::Schedule": ("rate", "cron", "at"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("rate", "cron", "at"),
    "AWS::Glue::Crawler": ("cron",),
    "AWS::Glue::Trigger": ("cron",),
    "AWS::SSM::Association": ("rate", "cron"),
    "AWS::SageMaker::MonitoringSchedule": ("cron", "NOW"),
}
"""How each service may be told when. Source: the user guide of each, "schedule expressions"."""

_MODES: Mapping[str, tuple[str, ...]] = {
    "SSEAlgorithm": ("AES256", "aws:kms", "aws:kms:dsse"),
    "S3EncryptionMode": ("DISABLED", "SSE-KMS", "SSE-S3"),
    "CloudWatchEncryptionMode": ("DISABLED", "SSE-KMS"),
    "JobBookmarksEncryptionMode": ("DISABLED", "CSE-KMS"),
    "CatalogEncryptionMode": ("DISABLED", "SSE-KMS", "SSE-KMS-WITH-SERVICE-ROLE"),
    "EncryptionOption": ("SSE_S3", "SSE_KMS", "CSE_KMS"),
}
"""Each service spells the ways to encrypt differently, and a slip is easy."""

_KEYS = {"KMSMasterKeyID", "KmsKeyArn", "KmsKey", "SseAwsKmsKeyId"}
_PATTERN_FILTERS = {
    "prefix",
    "suffix",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
    "equals-ignore-case",
    "wildcard",
}


def problems(assembly: Assembly, environment: str) -> list[str]:
    """Return everything that the checks find in one environment."""
    return [
        f"{each.address}: {problem}"
        for each in assembly.resources
        if each.environment == environment
        for problem in resource_problems(each.type, resolved(assembly, each))
    ]


def resolved(assembly: Assembly, resource: Resource) -> Mapping[str, Any]:
    """Return the properties of a resource, its references written as text."""
    return {name: assembly.resolve(resource, value) for name, value in resource.properties.items()}


def resource_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Apply every check to one resource."""
    for check in CHECKS:
        yield from check(kind, properties)


def schedule_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check every schedule: its form, its numbers, its time zone."""
    for key, value in _walk(properties):
        if key in {"Schedule", "ScheduleExpression"} and isinstance(value, str):
            yield from _expression_problems(value, _SCHEDULES.get(kind, ()))
        if key in {"ScheduleExpressionTimezone", "Timezone"} and value not in available_timezones():
            yield f"time zone {value!r} does not exist"


def _expression_problems(expression: str, allowed: tuple[str, ...]) -> Iterator[str]:
    form = expression.partition("(")[0]
    if form not in allowed:
        yield f"schedule {expression!r}: allowed here: {', '.join(allowed) or 'none'}"
    elif form == "cron":
        try:
            check_cron(expression)
        except ValueError as error:
            yield f"schedule: {error}"
    elif form == "rate":
        match = _RATE.fullmatch(expression)
        if match is None or (match["value"] == "1") == bool(match["plural"]):
            yield f"schedule {expression!r} must read as rate(1 hour) or rate(2 hours)"
    elif form == "at":
        match = _AT.fullmatch(expression)
        try:
            datetime.strptime(match["time"] if match else "", "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007
        except ValueError:
            yield f"schedule {expression!r} must read as at(2027-01-31T06:00:00)"


def pace_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Glue starts nothing more often than every five minutes.

    Source: AWS Glue Developer Guide, "Time-based schedules for jobs and crawlers".
    """
    if kind not in {"AWS::Glue::Crawler", "AWS::Glue::Trigger"}:
        return
    for key, value in _walk(properties):
        if key in {"Schedule", "ScheduleExpression"} and isinstance(value, str):
            minutes = value.removeprefix("cron(").split(" ")[0]
            step = minutes.partition("/")[2]
            if minutes == "*" or "-" in minutes or (step.isdigit() and int(step) < 5):
                yield f"schedule {value!r} is faster than every five minutes"


def encryption_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check the words for how to encrypt, and that a mode with a key has one."""
    for mapping in _mappings(properties):
        for key, allowed in _MODES.items():
            if key not in mapping:
                continue
            mode = mapping[key]
            if mode not in allowed:
                yield f"{key} {mode!r} is none of {', '.join(allowed)}"
            elif "kms" in mode.lower() and not _KEYS & mapping.keys():
                yield f"{key} {mode!r} names no key"


def build_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check the size of a build, and that it is one of its kind of machine."""
    if kind != "AWS::CodeBuild::Project":
        return
    environment = properties.get("Environment", {})
    size, machine = environment.get("ComputeType"), environment.get("Type", "")
    allowed = get_session().get_service_model("codebuild").shape_for("ComputeType").enum
    if size not in allowed:
        yield f"ComputeType {size!r} is none of {', '.join(allowed)}"
    elif ("LAMBDA" in size) != ("LAMBDA" in machine):
        yield f"ComputeType {size!r} is not for a machine of type {machine!r}"


def worker_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check how a Glue job is sized: by workers, at least two, or by capacity, never both."""
    if kind != "AWS::Glue::Job":
        return
    by_workers = {"WorkerType", "NumberOfWorkers"} & properties.keys()
    if by_workers and ("MaxCapacity" in properties or len(by_workers) < 2):
        yield "WorkerType and NumberOfWorkers go together, and never with MaxCapacity"
    command = properties.get("Command", {}).get("Name")
    if command == "glueetl" and by_workers and int(properties.get("NumberOfWorkers", 0)) < 2:
        yield "a Spark job needs two workers: one of them drives"


def pattern_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check an event pattern: every leaf is a list of values, or of filters that exist."""
    if kind == "AWS::Events::Rule" and "EventPattern" in properties:
        yield from _pattern_problems(properties["EventPattern"], "EventPattern")


def _pattern_problems(node: Any, place: str) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            branches = value if key == "$or" else [value]
            for branch in branches:
                yield from _pattern_problems(branch, f"{place}.{key}")
    elif not isinstance(node, list) or not node:
        yield f"{place} must be a list of at least one value, got {node!r}"
    else:
        for each in node:
            if isinstance(each, Mapping) and not each.keys() <= _PATTERN_FILTERS:
                yield f"{place}: filter {', '.join(each)} does not exist"


def alarm_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check the time that an alarm looks back on.

    Source: CloudWatch API Reference, PutMetricAlarm: periods of 10, 20 or 30 seconds or whole
    minutes; a day at most, seven where the period is an hour or more.
    """
    if kind != "AWS::CloudWatch::Alarm":
        return
    period = properties.get("Period")
    if period is None:
        return
    if period not in {10, 20, 30} and period % 60:
        yield f"Period {period} is neither 10, 20, 30 nor a multiple of 60"
    days = 7 if period >= 3600 else 1
    if period * properties.get("EvaluationPeriods", 1) > days * 86400:
        yield f"the alarm looks back more than {days} day{'s' if days > 1 else ''}"


def size_problems(kind: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Check how long policies are; white space does not count.

    Source: IAM User Guide, "IAM and AWS STS quotas"; the quotas of S3, KMS, SQS and SNS.
    """
    limits = {
        ("AWS::IAM::Policy", "PolicyDocument"): 10_240,
        ("AWS::IAM::ManagedPolicy", "PolicyDocument"): 6_144,
        ("AWS::IAM::Role", "AssumeRolePolicyDocument"): 2_048,
        ("AWS::S3::BucketPolicy", "PolicyDocument"): 20_480,
        ("AWS::KMS::Key", "KeyPolicy"): 32_768,
        ("AWS::Logs::ResourcePolicy", "PolicyDocument"): 5_120,
    }
    for (owner, name), limit in limits.items():
        if kind == owner and name in properties:
            size = len(json.dumps(properties[name], separators=(",", ":")))
            if size > limit:
                yield f"{name} has {size} characters, {limit} are allowed"


CHECKS: tuple[Check, ...] = (
    schedule_problems,
    pace_problems,
    encryption_problems,
    build_problems,
    worker_problems,
    pattern_problems,
    alarm_problems,
    size_problems,
)


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of every mapping with its value."""
    for mapping in _mappings(node):
        yield from mapping.items()


def _mappings(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from _mappings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _mappings(value)
