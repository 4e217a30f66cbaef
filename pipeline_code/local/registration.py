"""Turn a RegisterModel step into a version of the local registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_code import contract
from pipeline_code.local.errors import LocalError
from pipeline_code.local.records import StepRecord
from pipeline_code.local.registry import ModelVersion, NewVersion, Registry

# Drawn in the report; a registry entry holds figures that people compare.
_LEFT_OUT = ("curves",)


class RegistrationError(LocalError, ValueError):
    """What a registration refers to is not there."""

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(
            f"the evaluation at {uri} {why}; let ModelMetrics name the output of the step "
            "(Get Steps...), which also leads to the right place when that step is cached"
        )


class UnreadableCardError(LocalError, ValueError):
    """What was given as a model card is no JSON object."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"ModelCardContent is no JSON object: {given[:60]!r}; let it read the value that "
            f"Evaluate writes to {contract.MODEL_CARD_TEXT_FILE}"
        )


def register(
    arguments: Mapping[str, Any],
    execution_id: str,
    steps: Mapping[str, StepRecord],
    registry: Registry,
    read_text: Callable[[str], str],
) -> ModelVersion:
    """Register what a RegisterModel step's resolved arguments describe.

    Raises:
        RegistrationError: if the evaluation is missing or no JSON.
        UnreadableCardError: if there is a model card and it is no JSON object.
        RegistryError: if the model is missing.
    """
    container = arguments["InferenceSpecification"]["Containers"][0]
    metadata = dict(arguments.get("CustomerMetadataProperties", {}))
    new = NewVersion(
        group=arguments["ModelPackageGroupName"],
        model_uri=container["ModelDataUrl"],
        image=str(container.get("Image", "")),
        data_hash=str(metadata.get(contract.METADATA_DATA_HASH, "")),
        author=str(metadata.get(contract.METADATA_AUTHOR, "unknown")),
        code_commit=str(arguments.get("MetadataProperties", {}).get("CommitId", "unknown")),
        execution=execution_id,
        evaluation=_evaluation(arguments, read_text),
        hyperparameters=_hyperparameters(container["ModelDataUrl"], steps),
        metadata=metadata,
        card=_card(arguments),
        lineage={name: _lineage(record) for name, record in steps.items() if record.is_done},
    )
    return registry.register(new, status=arguments.get("ModelApprovalStatus", contract.PENDING))


def properties(made: ModelVersion) -> dict[str, Any]:
    """Return what later steps read of a RegisterModel step."""
    return {
        "ModelPackageArn": made.arn,
        "ModelPackageGroupName": made.group,
        "ModelPackageVersion": made.version,
        "ModelApprovalStatus": made.status,
    }


def _evaluation(arguments: Mapping[str, Any], read_text: Callable[[str], str]) -> dict[str, Any]:
    quality = arguments.get("ModelMetrics", {}).get("ModelQuality", {})
    uri = quality.get("Statistics", {}).get("S3Uri")
    if uri is None:
        return {}
    try:
        document = json.loads(read_text(uri))
    except FileNotFoundError as error:
        raise RegistrationError(uri, "does not exist") from error
    except ValueError as error:
        raise RegistrationError(uri, "is not JSON") from error
    if not isinstance(document, dict):
        raise RegistrationError(uri, "is not a JSON object")
    return {key: value for key, value in document.items() if key not in _LEFT_OUT}


def _card(arguments: Mapping[str, Any]) -> dict[str, Any]:
    text = arguments.get("ModelCard", {}).get("ModelCardContent")
    if text is None:
        return {}
    try:
        card = json.loads(text)
    except (TypeError, ValueError):
        card = None
    if not isinstance(card, dict):
        raise UnreadableCardError(str(text))
    return card


def _hyperparameters(model_uri: str, steps: Mapping[str, StepRecord]) -> dict[str, Any]:
    for record in steps.values():
        if record.outputs.get(contract.MODEL) == model_uri:
            return dict(record.properties.get("HyperParameters", {}))
    return {}


def _lineage(record: StepRecord) -> dict[str, Any]:
    return {
        "type": record.type,
        "status": record.status,
        "cached_from": record.cached_from,
        "log": record.log,
        "inputs": dict(record.inputs),
        "outputs": dict(record.outputs),
        "output_hashes": dict(record.output_hashes),
        "summary": dict(record.summary),
    }
