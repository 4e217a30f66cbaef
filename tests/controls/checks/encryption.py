"""Encryption at rest: whose key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.assembly import Assembly
from tests.controls.evidence import (
    Checked,
    dig,
    jobs,
    place,
    referred,
    resolved,
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
            is_block = any(each.startswith(f"{path}/") for each in required)
            if dig(properties, path) and not is_block:
                yield from _key(assembly, environment, place(resource), path, properties)
    yield from _glue(assembly, environment)
    for job in jobs(assembly, environment):
        yield from _key(assembly, environment, job.where, "VolumeKmsKeyId", job.cluster)
        for path in _JOB_KEYS.get(job.kind, ()):
            yield from _key(assembly, environment, job.where, path, job.arguments)


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
