"""Encryption: whose key, in transit, between containers, and who may use the keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.assembly import Assembly
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
from tests.schemas import paths

KEYS: Mapping[str, tuple[str, ...]] = {
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration/ResultConfiguration/EncryptionConfiguration/KmsKey",
    ),
    "AWS::CloudTrail::Trail": ("KMSKeyId",),
    "AWS::CodeBuild::Project": ("EncryptionKey",),
    "AWS::CodePipeline::Pipeline": ("ArtifactStore/EncryptionKey/Id",),
    "AWS::DynamoDB::Table": ("SSESpecification/KMSMasterKeyId",),
    "AWS::ECR::Repository": ("EncryptionConfiguration/KmsKey",),
    "AWS::EFS::FileSystem": ("KmsKeyId",),
    "AWS::Events::Archive": ("KmsKeyIdentifier",),
    "AWS::Events::Connection": ("KmsKeyIdentifier",),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
    "AWS::Glue::DataCatalogEncryptionSettings": (
        "DataCatalogEncryptionSettings/ConnectionPasswordEncryption/KmsKeyId",
        "DataCatalogEncryptionSettings/EncryptionAtRest/SseAwsKmsKeyId",
    ),
    "AWS::Glue::SecurityConfiguration": (
        "EncryptionConfiguration/CloudWatchEncryption/KmsKeyArn",
        "EncryptionConfiguration/JobBookmarksEncryption/KmsKeyArn",
        "EncryptionConfiguration/S3Encryptions/*/KmsKeyArn",
    ),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::RDS::DBCluster": ("KmsKeyId",),
    "AWS::RDS::DBInstance": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault/"
        "KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SageMaker::DataQualityJobDefinition": (
        "DataQualityJobOutputConfig/KmsKeyId",
        "JobResources/ClusterConfig/VolumeKmsKeyId",
    ),
    "AWS::SageMaker::Domain": ("KmsKeyId",),
    "AWS::SageMaker::EndpointConfig": ("KmsKeyId", "DataCaptureConfig/KmsKeyId"),
    "AWS::SageMaker::FeatureGroup": (
        "OfflineStoreConfig/S3StorageConfig/KmsKeyId",
        "OnlineStoreConfig/SecurityConfig/KmsKeyId",
    ),
    "AWS::SageMaker::InferenceExperiment": ("DataStorageConfig/KmsKey", "KmsKey"),
    "AWS::SageMaker::ModelBiasJobDefinition": (
        "JobResources/ClusterConfig/VolumeKmsKeyId",
        "ModelBiasJobOutputConfig/KmsKeyId",
    ),
    "AWS::SageMaker::ModelCard": ("SecurityConfig/KmsKeyId",),
    "AWS::SageMaker::ModelExplainabilityJobDefinition": (
        "JobResources/ClusterConfig/VolumeKmsKeyId",
        "ModelExplainabilityJobOutputConfig/KmsKeyId",
    ),
    "AWS::SageMaker::ModelQualityJobDefinition": (
        "JobResources/ClusterConfig/VolumeKmsKeyId",
        "ModelQualityJobOutputConfig/KmsKeyId",
    ),
    "AWS::SageMaker::NotebookInstance": ("KmsKeyId",),
    "AWS::Scheduler::Schedule": ("KmsKeyArn",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::StepFunctions::StateMachine": ("EncryptionConfiguration/KmsKeyId",),
}
"""What must name a key. A property that is optional because its block is, is under OPTIONAL."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "AWS::Athena::WorkGroup": ("WorkGroupConfiguration/CustomerContentEncryptionConfiguration",),
    "AWS::CodePipeline::Pipeline": ("ArtifactStores/*/ArtifactStore/EncryptionKey/Id",),
    "AWS::Glue::Connection": ("ConnectionInput/AuthenticationConfiguration/KmsKeyArn",),
    "AWS::SageMaker::MonitoringSchedule": (
        "MonitoringScheduleConfig/MonitoringJobDefinition/MonitoringOutputConfig/KmsKeyId",
        "MonitoringScheduleConfig/MonitoringJobDefinition/MonitoringResources/ClusterConfig/"
        "VolumeKmsKeyId",
    ),
    "AWS::SageMaker::UserProfile": ("UserSettings/SharingSettings/S3KmsKeyId",),
}
"""Types that may do without: what they keep is held elsewhere, or the block is optional."""

_BLOCKS = {
    "DataCaptureConfig/KmsKeyId": "DataCaptureConfig",
    "OfflineStoreConfig/S3StorageConfig/KmsKeyId": "OfflineStoreConfig",
    "OnlineStoreConfig/SecurityConfig/KmsKeyId": "OnlineStoreConfig",
    "DataStorageConfig/KmsKey": "DataStorageConfig",
}
_KEY_PROPERTY = re.compile(
    r"(^|/)((\w*kms(master|data)?key(id|arn|identifier)?)|encryptionkey(/id)?)$", re.IGNORECASE
)
_SECURITY_CONFIGURATION = {
    "AWS::Glue::Crawler": "CrawlerSecurityConfiguration",
    "AWS::Glue::DevEndpoint": "SecurityConfiguration",
    "AWS::Glue::Job": "SecurityConfiguration",
}
_JOB_KEYS = {
    "Processing": ("ProcessingOutputConfig/KmsKeyId",),
    "Training": ("OutputDataConfig/KmsKeyId",),
    "Transform": ("TransformOutput/KmsKeyId",),
}


def customer_managed_keys(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C01: whatever can name a key names one of this app."""
    for resource, properties in resolved(assembly, environment):
        known = {path for path in paths(resource.type) if _KEY_PROPERTY.search(path)}
        if known and resource.type not in {**KEYS, **OPTIONAL}:
            yield Checked(
                place(resource),
                f"{resource.type} takes a key and the control does not say where; add it to "
                "KEYS in tests/controls/checks/encryption.py",
            )
        required = KEYS.get(resource.type, ())
        if "DBClusterIdentifier" in properties:
            required = ()  # the storage, and so the key, is the cluster's
        for path in required:
            if _BLOCKS.get(path, path.split("/")[0]) in properties or path not in _BLOCKS:
                yield from _key(assembly, environment, place(resource), path, properties)
        for path in sorted(known - set(required)):
            if dig(properties, path):
                yield from _key(assembly, environment, place(resource), path, properties)
    yield from _glue(assembly, environment)
    for job in jobs(assembly, environment):
        yield from _key(assembly, environment, job.where, "VolumeKmsKeyId", job.cluster)
        for path in _JOB_KEYS.get(job.kind, ()):
            yield from _key(assembly, environment, job.where, path, job.arguments)


def tls_only(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C02: buckets, topics and queues refuse what does not come by TLS."""
    denied: dict[str, list[Any]] = {}
    for statement in statements(assembly, environment):
        _, values = statement.conditions.get("aws:securetransport", ("", []))
        if not statement.is_allow and values == ["false"] and statement.is_for_anyone:
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


def key_policies(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C13: a key that a service must use by itself names that service in its policy."""
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


def _key(
    assembly: Assembly, environment: str, where: str, path: str, properties: Any
) -> Iterator[Checked]:
    values = dig(properties, path)
    if not values:
        yield Checked(f"{where}.{path}", "names no key; give it one of this app")
    for value in values:
        yield Checked(
            f"{where}.{path}",
            ""
            if _is_ours(assembly, environment, value)
            else f"{value!r} is no key of this app; use foundation's",
        )


def _is_ours(assembly: Assembly, environment: str, value: Any) -> bool:
    found = referred(assembly, environment, value)
    if found is None:
        aliases = assembly.find("AWS::KMS::Alias", environment=environment)
        return any(value == each.properties["AliasName"] for each in aliases)
    return found.type in {"AWS::KMS::Key", "AWS::KMS::Alias"}


def _glue(assembly: Assembly, environment: str) -> Iterator[Checked]:
    ours = {
        name
        for each, properties in resolved(assembly, environment)
        if each.type == "AWS::Glue::SecurityConfiguration"
        for name in (properties.get("Name"), f"${{{each.stack}.{each.logical_id}.Ref}}")
    }
    for resource, properties in resolved(assembly, environment):
        name = _SECURITY_CONFIGURATION.get(resource.type)
        if name:
            yield Checked(
                f"{place(resource)}.{name}",
                "" if properties.get(name) in ours else "name our Glue security configuration",
            )


def _owner(text: str) -> str:
    match = re.match(r"\$\{(\w+\.\w+)\.[\w.]+\}", str(text))
    return match[1] if match else str(text)


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
