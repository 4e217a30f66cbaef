"""Key policies: the services that use a key by themselves, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from tests.assembly import Assembly
from tests.controls.checks.encryption import KEYS, OPTIONAL
from tests.controls.evidence import (
    Checked,
    dig,
    jobs,
    listed,
    place,
    referred,
    resolved,
    statements,
)


def key_policies(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C13: a key that a service must use by itself names that service in its policy."""
    for key, properties in resolved(assembly, environment):
        if key.type == "AWS::KMS::Key":
            rotates = properties.get("EnableKeyRotation") is True
            yield Checked(f"{place(key)}[rotation]", "" if rotates else "set EnableKeyRotation")
    granted = _granted(assembly, environment)
    for user, key_text, service, context in _users_of_keys(assembly, environment):
        key = referred(assembly, environment, key_text)
        if key is None or key.type != "AWS::KMS::Key":
            continue  # C01 speaks of it
        rows = [
            (actions, contexts)
            for principal, actions, contexts in granted.get(place(key), [])
            if principal.startswith(f"{service}.")
            and any(each.startswith("kms:GenerateDataKey") for each in actions)
        ]
        in_context = not context or any(
            fnmatchcase(context, each.rpartition(":log-group:")[2].removesuffix(":*"))
            for _, contexts in rows
            for each in contexts
        )
        yield Checked(
            f"{user}[{service}]",
            ""
            if rows and in_context
            else f"let {service} use {place(key)} in its key policy"
            + (f" for the log group {context}" if rows else ""),
        )
    for key in _sagemaker_keys(assembly, environment):
        is_granted = any(
            principal.startswith("sagemaker.") and "kms:CreateGrant" in actions
            for principal, actions, _ in granted.get(key, [])
        )
        yield Checked(
            f"{key}[kms:CreateGrant]",
            "" if is_granted else "let sagemaker make grants of this key, for AWS resources only",
        )


def _granted(
    assembly: Assembly, environment: str
) -> dict[str, list[tuple[str, list[str], list[str]]]]:
    found: dict[str, list[tuple[str, list[str], list[str]]]] = {}
    for each in statements(assembly, environment):
        if each.owner.type == "AWS::KMS::Key" and each.is_allow:
            _, contexts = each.conditions.get("kms:encryptioncontext:aws:logs:arn", ("", []))
            for service in each.services:
                row = (service, each.actions, contexts)
                found.setdefault(place(each.owner), []).append(row)
    return found


def _users_of_keys(assembly: Assembly, environment: str) -> Iterator[tuple[str, Any, str, str]]:
    """Yield user, key, the service that uses it by itself, and the log group's name."""
    told = _told_by_services(assembly, environment)
    for resource, properties in resolved(assembly, environment):
        where = place(resource)
        if resource.type == "AWS::Logs::LogGroup":
            yield where, properties.get("KmsKeyId"), "logs", properties.get("LogGroupName", "")
        elif resource.type == "AWS::CloudTrail::Trail":
            yield where, properties.get("KMSKeyId"), "cloudtrail", ""
        elif resource.type in {"AWS::SNS::Topic", "AWS::SQS::Queue"}:
            for service in sorted(told.get(where, ())):
                yield where, properties.get("KmsMasterKeyId"), service, ""
        elif resource.type == "AWS::Glue::SecurityConfiguration":
            path = "EncryptionConfiguration/CloudWatchEncryption/KmsKeyArn"
            for key in dig(properties, path):
                yield where, key, "logs", "/aws-glue/jobs"


def _told_by_services(assembly: Assembly, environment: str) -> dict[str, set[str]]:
    """Say which services send to which topics and queues by themselves."""
    told: dict[str, set[str]] = {}

    def tell(text: Any, service: str) -> None:
        target = referred(assembly, environment, text)
        if target is not None:
            told.setdefault(place(target), set()).add(service)

    for resource, properties in resolved(assembly, environment):
        if resource.type in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}:
            for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
                for text in listed(properties.get(name)):
                    tell(text, "cloudwatch")
        elif resource.type == "AWS::Events::Rule":
            for target in listed(properties.get("Targets")):
                tell(target.get("Arn"), "events")
                tell(target.get("DeadLetterConfig", {}).get("Arn"), "events")
        elif resource.type == "AWS::Budgets::Budget":
            for address in dig(properties, "NotificationsWithSubscribers/*/Subscribers/*/Address"):
                tell(address, "budgets")
        elif resource.type == "AWS::SNS::Subscription":
            tell(properties.get("Endpoint"), "sns")
        elif resource.type == "AWS::S3::Bucket":
            for kind in ("Queue", "Topic"):
                for text in dig(properties, f"NotificationConfiguration/{kind}Configurations/*"):
                    tell(text.get(kind), "s3")
    return told


def _sagemaker_keys(assembly: Assembly, environment: str) -> list[str]:
    texts = [
        value
        for resource, properties in resolved(assembly, environment)
        if resource.type.startswith("AWS::SageMaker::")
        for path in (*KEYS.get(resource.type, ()), *OPTIONAL.get(resource.type, ()))
        for value in dig(properties, path)
    ]
    texts += [job.cluster.get("VolumeKmsKeyId") for job in jobs(assembly, environment)]
    keys = (referred(assembly, environment, text) for text in texts)
    return sorted({place(key) for key in keys if key is not None})
