"""Compile a use case's pipeline to its lock, offline.

``python -m pipeline_code.definition.compile [USECASE ...]`` renews the locks. The SDK wants
AWS at every turn: here it gets a session in which every call to AWS is an error, a bucket that
is a placeholder, and settings in which telemetry is off. What it writes is made neutral (no
region, no nulls), stamped with the hash of its sources and stored beside the use case.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from pipeline_code import contract
from pipeline_code.core.dqdl import quality_ruleset
from pipeline_code.core.usecase import UseCase, load_usecase
from pipeline_code.definition.algorithm_image import algorithm_image
from pipeline_code.definition.lock import (
    BATCH_LOCK_FILE,
    LOCK_FILE,
    LOCK_VERSION,
    LockedFeatureGroup,
    LockError,
    lock_source_hash,
    placeholder,
)
from pipeline_code.definition.schema_lock import SCHEMA_LOCK_FILE, renew_schema_lock

_FEATURE_TYPES = {"integer": "Integral", "number": "Fractional"}
_OFFLINE = {
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_DEFAULT_REGION": "us-east-1",  # the SDK does not import without one
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAGEMAKER_VALIDATE_ROLE": "false",
}
_SDK_DEFAULTS = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


class CompilationNeedsAwsError(LockError, RuntimeError):
    """The definition made the SDK call AWS, which would make its lock depend on an account."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"compiling the pipeline called {operation} of AWS; "
            "pass what the SDK looks up there as an argument in definition/pipeline.py or jobs.py"
        )


def compile_usecase(folder: Path, file: str = LOCK_FILE) -> dict[str, Any]:
    """Return a lock of the use case in ``folder`` as a JSON document."""
    usecase = load_usecase(folder)
    return {
        "lock_version": LOCK_VERSION,
        "usecase": usecase.name,
        "sdk": f"sagemaker {version('sagemaker')}",
        "source_hash": lock_source_hash(folder, file),
        "feature_groups": [
            _feature_group(usecase, index) for index in range(len(usecase.features.groups))
        ],
        "contract": _contract(usecase),
        "definition": _definition(usecase, file),
        "algorithm": _algorithm(usecase, file),
    }


def write_locks(folder: Path) -> list[Path]:
    """Compile the use case in ``folder``; replace its locks and renew that of its schemas.

    Raises:
        BreakingSchemaChangeError: if a deployed feature group cannot follow; nothing is written.
    """
    documents = {file: compile_usecase(folder, file) for file in (LOCK_FILE, BATCH_LOCK_FILE)}
    groups = [LockedFeatureGroup(**group) for group in documents[LOCK_FILE]["feature_groups"]]
    renew_schema_lock(folder, groups)  # before anything is written: it refuses breaking changes
    for file, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        draft = (folder / file).with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        draft.replace(folder / file)
    return [folder / file for file in documents]


def _definition(usecase: UseCase, file: str) -> dict[str, Any]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # a profile of the user's that does not exist stops the SDK's import
    os.environ.update(_OFFLINE)
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Seconds and 700 MB: only here, and only once the environment says offline.
        from pipeline_code.definition.batch import BatchPipeline
        from pipeline_code.definition.jobs import ROLE_PREFIX
        from pipeline_code.definition.pipeline import TrainingPipeline

        kind: Any = {LOCK_FILE: TrainingPipeline, BATCH_LOCK_FILE: BatchPipeline}[file]
        text = kind(usecase, _offline_session()).pipeline().definition()
    logging.disable(logging.NOTSET)
    document: dict[str, Any] = json.loads(text.replace(ROLE_PREFIX, ""))
    return {key: value for key, value in document.items() if value is not None}


def _algorithm(usecase: UseCase, file: str) -> dict[str, Any] | None:
    """Describe the image that trains; only after `_definition`, which takes the SDK offline."""
    return algorithm_image(usecase.training.algorithm) if file == LOCK_FILE else None


def _offline_session() -> Any:
    import boto3
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    class OfflineSession(PipelineSession):  # type: ignore[misc]
        """A pipeline session whose default bucket is a placeholder, never looked up."""

        def default_bucket(self) -> str:
            return placeholder(contract.BUCKET_ARTIFACTS)

    def refuse(model: Any, **_: object) -> NoReturn:
        raise CompilationNeedsAwsError(f"{model.service_model.service_name}:{model.name}")

    boto_session = boto3.Session()
    boto_session.events.register("before-call", refuse)
    return OfflineSession(boto_session=boto_session, sagemaker_config=_SDK_DEFAULTS)


def _feature_group(usecase: UseCase, index: int) -> dict[str, Any]:
    group = usecase.features.groups[index]
    return {
        "name": group.name,
        "versioned_name": group.versioned_name,
        "key": group.key,
        "key_type": _FEATURE_TYPES.get(usecase.contract.columns[group.key].type, "String"),
        "event_time": contract.EVENT_TIME,
        "features": dict(group.features),
    }


def _contract(usecase: UseCase) -> dict[str, Any]:
    return {
        "columns": {name: column.type for name, column in usecase.contract.columns.items()},
        "unique": list(usecase.contract.unique),
        "event_time": usecase.split.event_time,
        "target": usecase.problem.target,
        "quality_ruleset": quality_ruleset(usecase.contract.written(usecase.source)),
    }


def main(names: list[str]) -> None:
    """Renew the locks of the use cases named, or of all."""
    root = contract.usecase_folder("").resolve()
    folders = [root / name for name in names] or sorted(
        path.parent for path in root.glob("*/usecase.yaml")
    )
    for folder in folders:
        try:
            written = (*write_locks(folder), folder / SCHEMA_LOCK_FILE)
        except LockError as error:
            sys.exit(str(error))
        for path in written:
            print(path.relative_to(root.parent.parent))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
