"""Turn the resolved arguments of a processing or training step into one job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pipeline_code import contract
from pipeline_code.definition.supported import STAND_INS
from pipeline_code.local.errors import LocalError
from pipeline_code.local.expressions import text

_HOST = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
_CHANNELS_FILE = "input/config/inputdataconfig.json"
_OUTPUT_ARCHIVE = "output.tar.gz"


class UnsupportedPathError(LocalError, ValueError):
    """A channel lies outside ``/opt/ml``, which is all that the twin relocates."""

    def __init__(self, path: str) -> None:
        super().__init__(f"LocalPath {path!r} is not below {contract.ML_ROOT}; move it there")


@dataclass(frozen=True)
class Channel:
    """A folder below ``/opt/ml`` and the URI from which it is filled or to which it goes.

    ``packed``: the folder is published as one archive; ``optional``: not at all when empty.
    """

    name: str
    uri: str
    folder: str
    packed: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Job:
    """All that is needed to run a step's container as a process.

    ``identity`` is what the outcome depends on besides the content of the inputs; ``files``
    are written below ``/opt/ml`` first; ``properties`` is what later steps read of the job.
    ``kept`` is a folder that the job finds again when it is run again; ``notes`` say in its log
    what is otherwise than in the cloud.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    identity: Mapping[str, Any]
    properties: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    timeout_sec: float | None = None
    kept: Channel | None = None
    notes: tuple[str, ...] = ()


def processing_job(name: str, arguments: Mapping[str, Any]) -> Job:
    """Read a CreateProcessingJob request."""
    inputs = arguments.get("ProcessingInputs", [])
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    application = arguments["AppSpecification"]
    identity = {
        **arguments,
        "ProcessingInputs": [_without(one, "S3Input", "S3Uri") for one in inputs],
        "ProcessingOutputConfig": [_without(one, "S3Output", "S3Uri") for one in outputs],
    }
    return Job(
        name=name,
        command=(
            *map(text, application["ContainerEntrypoint"]),
            *map(text, application.get("ContainerArguments", [])),
        ),
        environment=_texts(arguments.get("Environment", {})),
        inputs=tuple(_processing_channel(i["InputName"], i["S3Input"]) for i in inputs),
        outputs=tuple(_processing_channel(o["OutputName"], o["S3Output"]) for o in outputs),
        identity=identity,
        properties={
            **arguments,
            "ProcessingJobName": name,
            "ProcessingJobArn": f"arn:local:sagemaker:::processing-job/{name}",
            "ProcessingJobStatus": "Completed",
        },
        timeout_sec=_timeout(arguments),
    )


def training_job(name: str, arguments: Mapping[str, Any]) -> Job:
    """Read a CreateTrainingJob request."""
    channels = arguments.get("InputDataConfig", [])
    algorithm = arguments["AlgorithmSpecification"]
    output = arguments["OutputDataConfig"]
    base = f"{output['S3OutputPath'].rstrip('/')}/{name}/output"
    model = f"{base}/{contract.MODEL_ARCHIVE}"
    hyperparameters = _texts(arguments.get("HyperParameters", {}))
    settings = {
        c["ChannelName"]: {
            "TrainingInputMode": "File",
            "RecordWrapperType": "None",
            **({"ContentType": c["ContentType"]} if "ContentType" in c else {}),
        }
        for c in channels
    }
    return Job(
        name=name,
        command=_training_command(algorithm),
        environment={"TRAINING_JOB_NAME": name, **_texts(arguments.get("Environment", {}))},
        inputs=tuple(
            Channel(
                c["ChannelName"],
                c["DataSource"]["S3DataSource"]["S3Uri"],
                f"{contract.TRAINING_INPUT}/{c['ChannelName']}",
            )
            for c in channels
        ),
        outputs=(
            Channel("model", model, contract.MODEL_FOLDER, packed=True),
            Channel(
                "output",
                f"{base}/{_OUTPUT_ARCHIVE}",
                contract.TRAINING_OUTPUT,
                packed=True,
                optional=True,
            ),
        ),
        identity={
            **arguments,
            "InputDataConfig": [_without(c, "DataSource", "S3DataSource") for c in channels],
            "OutputDataConfig": {k: v for k, v in output.items() if k != "S3OutputPath"},
        },
        properties={
            **arguments,
            "HyperParameters": hyperparameters,
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:local:sagemaker:::training-job/{name}",
            "TrainingJobStatus": "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": model},
        },
        files={
            contract.HYPERPARAMETERS_FILE: json.dumps(hyperparameters),
            contract.RESOURCES_FILE: json.dumps(_HOST),
            _CHANNELS_FILE: json.dumps(settings),
        },
        timeout_sec=_timeout(arguments),
        kept=_checkpoints(arguments.get("CheckpointConfig")),
        notes=_notes(arguments.get("ResourceConfig", {})),
    )


def _checkpoints(config: Mapping[str, Any] | None) -> Channel | None:
    if not config:
        return None
    default = f"{contract.ML_ROOT}/{contract.CHECKPOINTS}"
    place = {"LocalPath": config.get("LocalPath", default), "S3Uri": config["S3Uri"]}
    return _processing_channel(contract.CHECKPOINTS, place)


def _notes(resources: Mapping[str, Any]) -> tuple[str, ...]:
    count = int(text(resources.get("InstanceCount", 1)))
    if count == 1:
        return ()
    return (f"{count} instances are asked for; on this machine one process trains for all of them",)


def _training_command(algorithm: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what an image runs: what the request names, or what stands for it here."""
    if not algorithm.get("ContainerEntrypoint"):
        return ("python", "-m", STAND_INS[algorithm["TrainingImage"]])
    return (
        *map(text, algorithm["ContainerEntrypoint"]),
        *map(text, algorithm.get("ContainerArguments", [])),
    )


def _processing_channel(name: str, place: Mapping[str, Any]) -> Channel:
    path = PurePosixPath(place["LocalPath"])
    if not path.is_relative_to(contract.ML_ROOT) or ".." in path.parts:
        raise UnsupportedPathError(place["LocalPath"])
    return Channel(name, place["S3Uri"], str(path.relative_to(contract.ML_ROOT)))


def _without(document: Mapping[str, Any], part: str, key: str) -> dict[str, Any]:
    """Leave out where data lie: content counts, and the URI carries the execution's id."""
    inner = {name: value for name, value in document.get(part, {}).items() if name != key}
    return {**document, part: inner}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: text(value) for key, value in values.items()}


def _timeout(arguments: Mapping[str, Any]) -> float | None:
    seconds = arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return float(seconds) if seconds else None
