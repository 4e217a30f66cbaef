"""Encryption in transit: to buckets, topics, queues and databases, and between containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.assembly import Assembly
from tests.controls.evidence import Checked, jobs, place, resolved, statements


def tls_only(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C02: buckets, topics and queues refuse what does not come by TLS."""
    denied: dict[str, list[Any]] = {}
    for statement in statements(assembly, environment):
        _, values = statement.conditions.get("aws:securetransport", ("", []))
        is_whole = bool({"*", "s3:*", "sqs:*", "sns:Publish", "sns:*"} & set(statement.actions))
        denies = not statement.is_allow and values == ["false"] and statement.is_for_anyone
        if denies and is_whole:
            for text in statement.resources:
                denied.setdefault(_owner(text), []).append(text)
    for resource in assembly.find(
        "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue", environment=environment
    ):
        found = denied.get(f"{resource.stack}.{resource.logical_id}", [])
        whole = resource.type != "AWS::S3::Bucket" or any(each.endswith("/*") for each in found)
        yield Checked(
            place(resource),
            ""
            if found and whole
            else "add a policy that denies aws:SecureTransport=false "
            "to everyone (a bucket: itself and its objects)",
        )
    for resource, properties in resolved(assembly, environment):
        if resource.type == "AWS::Glue::Connection":
            about = properties.get("ConnectionInput", {})
            if about.get("ConnectionType") == "JDBC":
                enforced = about.get("ConnectionProperties", {}).get("JDBC_ENFORCE_SSL")
                yield Checked(
                    f"{place(resource)}.JDBC_ENFORCE_SSL",
                    "" if enforced == "true" else 'set JDBC_ENFORCE_SSL to "true"',
                )


def between_containers(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C05: containers of one job speak to each other encrypted."""
    for job in jobs(assembly, environment):
        count = job.cluster.get("InstanceCount", 1)
        encrypted = job.network.get("EnableInterContainerTrafficEncryption") is True
        # A transform's instances do not speak to each other.
        needed = job.kind != "Transform" and count != 1
        yield Checked(
            job.where,
            f"{count} instances: set EnableInterContainerTrafficEncryption"
            if needed and not encrypted
            else "",
        )


def _owner(text: str) -> str:
    match = re.match(r"\$\{(\w+\.\w+)\.[\w.]+\}", str(text))
    return match[1] if match else str(text)
