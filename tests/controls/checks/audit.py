"""What happened can be told afterwards, nothing is lost on the way, nothing secret is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.assembly import Assembly, Resource
from tests.controls.evidence import Checked, bodies, dig, listed, place, referred, resolved

_TRAIL = (
    "EnableLogFileValidation",
    "IncludeGlobalServiceEvents",
    "IsLogging",
    "IsMultiRegionTrail",
)
_SECRETS = (
    re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    re.compile(r"\bxox[abpr]-[A-Za-z0-9-]{10,}"),
    re.compile(
        r"(?i)(?<![:\w-])[\w-]*(password|passwd|pwd|secret|secret_?access_?key|token|api_?key)"
        r"\s*[=:]\s*['\"]?[^\s'\"{$<,}]{6,}"
    ),
    re.compile(r"(?i)jdbc:[a-z]+://[^/\s]*:[^/@\s{$]+@"),
)
_SECRET_NAMES = re.compile(
    r"(?i)(password|passwd|secret_?(string|key|value)|private_?key|(access|auth|oauth|api)_?token"
    r"|api_?key|credentials?)$"
)
_DYNAMIC = re.compile(r"^(\{\{resolve:secretsmanager:.*\}\}|\$\{[\w.:]+\}|)$")


def audit_trail(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C12: calls, object accesses, logs and flows are recorded, and kept."""
    watched = set()
    for resource, properties in resolved(assembly, environment):
        where = place(resource)
        if resource.type == "AWS::CloudTrail::Trail":
            off = [name for name in _TRAIL if properties.get(name) is not True]
            yield Checked(where, f"set {', '.join(off)}" if off else "")
            watched |= _watched_buckets(properties)
        elif resource.type == "AWS::Logs::LogGroup":
            kept = properties.get("RetentionInDays")
            yield Checked(where, "" if kept else "set RetentionInDays")
        elif resource.type == "AWS::S3::Bucket":
            logged = "LoggingConfiguration" in properties
            yield Checked(
                f"{where}.LoggingConfiguration", "" if logged else "log accesses to a bucket"
            )
        elif resource.type == "AWS::StepFunctions::StateMachine":
            level = dig(properties, "LoggingConfiguration/Level")
            yield Checked(where, "" if level not in ([], ["OFF"]) else "log its executions")
    yield from _trail_covers(assembly, environment, watched)
    yield from _flows(assembly, environment)


def no_secrets(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C18: no template, definition, variable or command holds a secret."""
    for resource, name, body in bodies(assembly, environment):
        faults = [
            f"{'.'.join(path)} holds what looks like a secret; keep it in Secrets Manager"
            for path, text in _texts(body, (name,) if name else ())
            if _is_secret(path, text)
        ]
        yield Checked(place(resource) + (f".{name}" if name else ""), "; ".join(faults))


def nothing_dropped(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C23: an event that reaches nobody is kept, and somebody is told."""
    queues = set()
    for resource, properties in resolved(assembly, environment):
        targets = _targets(resource, properties)
        for where, target in targets:
            queue = referred(assembly, environment, target.get("DeadLetterConfig", {}).get("Arn"))
            if queue is None or queue.type != "AWS::SQS::Queue":
                yield Checked(where, "name a dead-letter queue of this app")
            elif "RetryPolicy" not in target:
                yield Checked(where, "say how often to try again: RetryPolicy")
            else:
                yield Checked(where)
                queues.add(place(queue))
        if resource.type == "AWS::SNS::Subscription" and "email" not in str(
            properties.get("Protocol")
        ):
            fine = "RedrivePolicy" in properties
            yield Checked(place(resource), "" if fine else "set RedrivePolicy")
    watched = {
        place(queue)
        for resource, properties in resolved(assembly, environment)
        if resource.type == "AWS::CloudWatch::Alarm" and properties.get("Namespace") == "AWS/SQS"
        for value in dig(properties, "Dimensions/*/Value")
        if (queue := referred(assembly, environment, value)) is not None
    }
    for name in sorted(queues):
        yield Checked(
            f"{name}[alarm]",
            "" if name in watched else "add an alarm on the messages in this dead-letter queue",
        )


def _targets(resource: Resource, properties: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if resource.type == "AWS::Events::Rule":
        rows = listed(properties.get("Targets"))
        return [
            (f"{place(resource)}.{row.get('Id', index)}", row) for index, row in enumerate(rows)
        ]
    if resource.type == "AWS::Scheduler::Schedule":
        return [(f"{place(resource)}.Target", properties.get("Target", {}))]
    return []


def _watched_buckets(trail: Mapping[str, Any]) -> set[str]:
    values = dig(trail, "EventSelectors/*/DataResources/*/Values/*")
    for selector in dig(trail, "AdvancedEventSelectors/*"):
        for field in selector.get("FieldSelectors", ()):
            if field.get("Field") == "resources.ARN":
                values += [
                    *listed(field.get("Equals")),
                    *listed(field.get("StartsWith")),
                ]
    return {str(each).removesuffix("/") for each in values}


def _trail_covers(assembly: Assembly, environment: str, watched: set[str]) -> Iterator[Checked]:
    everything = any(each == "arn:${AWS::Partition}:s3" for each in watched)
    for bucket in assembly.find("AWS::S3::Bucket", environment=environment):
        arn = f"${{{bucket.stack}.{bucket.logical_id}.Arn}}"
        yield Checked(
            f"{place(bucket)}[data events]",
            "" if everything or arn in watched else "add it to the trail's data events",
        )


def _flows(assembly: Assembly, environment: str) -> Iterator[Checked]:
    logged = {
        place(network)
        for flow, properties in resolved(assembly, environment)
        if flow.type == "AWS::EC2::FlowLog"
        and properties.get("TrafficType") == "ALL"
        and (network := referred(assembly, environment, properties.get("ResourceId"))) is not None
    }
    for network in assembly.find("AWS::EC2::VPC", environment=environment):
        fine = place(network) in logged
        yield Checked(place(network), "" if fine else "record its flows: TrafficType ALL")


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        # A variable: its name is a value, what it holds is beside it.
        name = value.get("Name", value.get("name"))
        for key, item in value.items():
            is_value = key in {"Value", "value"} and isinstance(name, str)
            yield from _texts(item, (*path, name if is_value else str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)


def _is_secret(path: tuple[str, ...], text: str) -> bool:
    if any(pattern.search(text) for pattern in _SECRETS):
        return True
    named = bool(path) and _SECRET_NAMES.search(path[-1]) is not None
    return named and not _DYNAMIC.match(text) and not text.startswith("arn:")
