"""Which arguments of a step can be honoured on one machine; all others are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_code.core.mistakes import closest

# True: honoured. False: means nothing on one machine (keys, networks, roles, tags), so it may
# stand there. What is in neither is refused, for it could change what the job does.
_ARGUMENTS: Mapping[str, Mapping[str, bool]] = {
    "Processing": {
        "AppSpecification": True,
        "Environment": True,
        "ProcessingInputs": True,
        "ProcessingOutputConfig": True,
        "StoppingCondition": True,
        "ProcessingJobName": False,
        "ProcessingResources": False,
        "NetworkConfig": False,
        "RoleArn": False,
        "ExperimentConfig": False,
        "Tags": False,
    },
    "Training": {
        "AlgorithmSpecification": True,
        "CheckpointConfig": True,
        "Environment": True,
        "HyperParameters": True,
        "InputDataConfig": True,
        "OutputDataConfig": True,
        "StoppingCondition": True,
        "TrainingJobName": False,
        "ResourceConfig": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "EnableNetworkIsolation": False,
        "ExperimentConfig": False,
        "DebugHookConfig": False,
        "ProfilerConfig": False,
        "RoleArn": False,
        "Tags": False,
        "VpcConfig": False,
    },
    "Tuning": {
        "HyperParameterTuningJobConfig": True,
        "TrainingJobDefinition": True,
        "WarmStartConfig": True,
        "Tags": False,
    },
    "RegisterModel": {
        "CustomerMetadataProperties": True,
        "InferenceSpecification": True,
        "MetadataProperties": True,
        "ModelApprovalStatus": True,
        "ModelCard": True,
        "ModelMetrics": True,
        "ModelPackageDescription": True,
        "ModelPackageGroupName": True,
        "Domain": False,
        "SamplePayloadUrl": False,
        "SkipModelValidation": False,
        "Tags": False,
        "Task": False,
    },
    "Model": {
        "PrimaryContainer": True,
        "ExecutionRoleArn": False,
        "EnableNetworkIsolation": False,
        "Tags": False,
        "VpcConfig": False,
    },
    "Transform": {
        "DataProcessing": True,
        "MaxConcurrentTransforms": True,
        "MaxPayloadInMB": True,
        "ModelName": True,
        "TransformInput": True,
        "TransformOutput": True,
        "BatchStrategy": False,  # each row is scored by itself, in any company
        "ExperimentConfig": False,
        "ModelClientConfig": False,
        "Tags": False,
        "TransformJobName": False,
        "TransformResources": False,
    },
    "Condition": {"Conditions": True},
    "Fail": {"ErrorMessage": True},
}

# Several instances train the model that one process trains, only sooner; of what several
# processing instances do nobody knows.
_SEVERAL_INSTANCES = ("Training", "Tuning")

# Where an argument has several values of which one machine can honour some only.
_VALUES: Mapping[str, tuple[object, ...]] = {
    "AssembleWith": ("Line",),
    "CompressionType": ("GZIP", "None"),
    "InputMode": ("File", "FastFile"),
    "InstanceCount": (1,),
    "JoinSource": ("Input",),
    "S3CompressionType": ("None",),
    "S3DataType": ("S3Prefix",),
    "S3InputMode": ("File",),
    "S3UploadMode": ("EndOfJob",),
    "SplitType": ("Line",),
    "Strategy": ("Grid", "Random", "Bayesian", "Hyperband"),
    "TrainingInputMode": ("File", "FastFile"),
}
STAND_INS: Mapping[str, str] = {
    "aws:xgboost": "pipeline_code.local.stand_ins.xgboost",
    "aws:linear-learner": "pipeline_code.local.stand_ins.linear_learner",
}
"""Which module takes, on one machine, what an image of SageMaker takes, and leaves the same."""
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification",),
    "Training": ("AlgorithmSpecification", "OutputDataConfig"),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition"),
    "RegisterModel": ("ModelPackageGroupName", "InferenceSpecification"),
    "Model": ("PrimaryContainer",),
    "Transform": ("ModelName", "TransformInput", "TransformOutput"),
    "Condition": ("Conditions",),
    "Fail": ("ErrorMessage",),
}


def unsupported_arguments(kind: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Say which arguments of a step of type ``kind`` the local twin would have to ignore."""
    known = _ARGUMENTS[kind]
    for key in arguments:
        if key not in known:
            yield f"argument {key!r} of a {kind} step is not supported{closest(key, list(known))}"
    for key in _REQUIRED[kind]:
        if not arguments.get(key):
            yield f"argument {key!r} is required and missing"
    entrypoint = {
        "Processing": arguments.get("AppSpecification", {}),
        "Training": arguments.get("AlgorithmSpecification", {}),
    }.get(kind)
    if entrypoint is not None and not entrypoint.get("ContainerEntrypoint"):
        yield from _unsupported_image(entrypoint.get("TrainingImage"))
    if len(arguments.get("InferenceSpecification", {}).get("Containers", [])) > 1:
        yield "a model of several containers is not supported; register one container"
    for part in known:
        if part in ("HyperParameters", "Environment", "CustomerMetadataProperties"):
            continue
        yield from _unsupported_values(kind, arguments.get(part))


def _unsupported_image(image: Any) -> Iterator[str]:
    """Refuse an image that runs by itself, unless something stands for it here."""
    if image is None:
        yield "ContainerEntrypoint is required: the local twin runs commands, not images"
    elif image not in STAND_INS:
        yield (
            f"the image {image} runs in the cloud only: the local twin runs commands, not "
            f"images, and has stand-ins for {' and '.join(STAND_INS)}; start the pipeline in "
            "the cloud, or name another algorithm to try it here"
        )


def _unsupported_values(kind: str, node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            allowed = _VALUES.get(key)
            if key == "InstanceCount" and kind in _SEVERAL_INSTANCES:
                allowed = None
            if allowed and not isinstance(value, Mapping | list) and value not in allowed:
                given = ", ".join(str(one) for one in allowed)
                yield f"{key} {value!r} is not supported on one machine; supported: {given}"
            yield from _unsupported_values(kind, value)
    elif isinstance(node, list):
        for value in node:
            yield from _unsupported_values(kind, value)
