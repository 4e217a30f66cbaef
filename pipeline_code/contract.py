"""Every name that two sides of the platform share.

The definition, the entrypoints, the local twin and the stacks meet only here: a channel
that is renamed in this file is renamed everywhere, and nowhere else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

# --- The container: where SageMaker puts things -------------------------------------------

ML_ROOT: Final = "/opt/ml"
ML_ROOT_VARIABLE: Final = "ACEQUIA_ML_ROOT"
"""Environment variable by which the local twin relocates ``/opt/ml``."""
SERVICES_VARIABLE: Final = "ACEQUIA_SERVICES"
"""Environment variable naming the ``module:Class`` that stands for AWS; unset means AWS."""
SERVICES_ROOT_VARIABLE: Final = "ACEQUIA_SERVICES_ROOT"
"""Environment variable: the folder in which that class keeps its stores."""
WORKGROUP_VARIABLE: Final = "ACEQUIA_WORKGROUP"
"""Environment variable: the Athena workgroup in which a job asks the offline store."""
USECASES_VARIABLE: Final = "ACEQUIA_USECASES"
"""Environment variable: a folder of use cases other than the one in the image."""

DATA_VERSION_VARIABLE: Final = "ACEQUIA_DATA_VERSION"
"""Environment variable of Prepare with the version of its input; it only keys the step cache."""

PROCESSING_INPUT: Final = "processing/input"
PROCESSING_OUTPUT: Final = "processing/output"
TRAINING_INPUT: Final = "input/data"
HYPERPARAMETERS_FILE: Final = "input/config/hyperparameters.json"
RESOURCES_FILE: Final = "input/config/resourceconfig.json"
"""Training jobs: ``{"current_host": "algo-1", "hosts": ["algo-1", ...]}``."""
TRAINING_OUTPUT: Final = "output/data"
CHECKPOINTS: Final = "checkpoints"
"""Training jobs: the folder that SageMaker copies to and from S3, and its place there, below the
use case. No name of an execution is in it: the step cache would never find a training again."""
MODEL_FOLDER: Final = "model"
FAILURE_FILE: Final = "output/failure"
MESSAGE_FILE: Final = "output/message"
"""Processing jobs: what is written here becomes the job's ExitMessage."""

# --- Steps of the training pipeline --------------------------------------------------------

PREPARE: Final = "Prepare"
INGEST_FEATURES: Final = "IngestFeatures"
TRAIN: Final = "Train"
ENCODE: Final = "Encode"
"""Where another image trains: writes the rows as that image wants them."""
PACKAGE_MODEL: Final = "PackageModel"
"""After it: makes what the image left a model of ours."""
TUNE: Final = "Tune"
"""In place of Train, where the use case says how hyperparameters are searched."""
RESOLVE_CHAMPION: Final = "ResolveChampion"
EVALUATE: Final = "Evaluate"
BETTER_THAN_CHAMPION: Final = "BetterThanChampion"
REGISTER: Final = "Register"

JOBS: Final = {
    PREPARE: "prepare",
    INGEST_FEATURES: "ingest_features",
    ENCODE: "encode",
    TRAIN: "train",
    PACKAGE_MODEL: "package_model",
    RESOLVE_CHAMPION: "resolve_champion",
    EVALUATE: "evaluate",
}
"""The module of `pipeline_code.entrypoints` that does the work of a step."""

# --- Steps of the batch pipeline, beside RESOLVE_CHAMPION -----------------------------------

CREATE_MODEL: Final = "CreateModel"
TRANSFORM: Final = "Transform"
WRITE_MANIFEST: Final = "WriteManifest"

BATCH_JOBS: Final = {
    RESOLVE_CHAMPION: JOBS[RESOLVE_CHAMPION],
    WRITE_MANIFEST: "write_manifest",
}
"""The same for the steps of the batch pipeline."""


def job_command(step: str) -> list[str]:
    """Return the command that the image runs for one step."""
    module = {**JOBS, **BATCH_JOBS}[step]
    return ["python", "-m", f"pipeline_code.entrypoints.{module}"]


# --- Channels: a folder name under the input or output root, and an S3 prefix ----------------

RAW: Final = "raw"
TRAIN_CHANNEL: Final = "train"
VALIDATION: Final = "validation"
TEST: Final = "test"
FEATURES: Final = "features"
PROFILE: Final = "profile"
QUARANTINE: Final = "quarantine"
ENCODED_TRAIN: Final = "encoded-train"
ENCODED_VALIDATION: Final = "encoded-validation"
ARTIFACT: Final = "artifact"
"""What another image left, as it left it."""
TRAINING: Final = "training"
MODEL: Final = "model"
CHAMPION: Final = "champion"
TRIALS_FILE: Final = "trials.json"
"""Beside the champion, for it is fetched by the same step: what was tried in tuning."""
EVALUATION: Final = "evaluation"
REPORT: Final = "report"
INGESTION: Final = "ingestion"
BATCH_INPUT: Final = "input"
SCORES: Final = "scores"
MANIFEST: Final = "manifest"

# --- Files ------------------------------------------------------------------------------------

TRAIN_FILE: Final = "train.parquet"
VALIDATION_FILE: Final = "validation.parquet"
TEST_FILE: Final = "test.parquet"
QUARANTINE_FILE: Final = "quarantine.parquet"
PROFILE_FILE: Final = "profile.json"
EVALUATION_FILE: Final = "evaluation.json"
MODEL_CARD_FILE: Final = "model_card.json"
"""Beside the evaluation, in the shape of a model package's card."""
MODEL_CARD_TEXT_FILE: Final = "model_card_text.json"
"""``{"content": "..."}``: the card as text, for a pipeline reads only single values of a file."""
PREDICTIONS_FILE: Final = "predictions.parquet"
REPORT_FILE: Final = "report.html"
INGESTION_FILE: Final = "ingestion.json"
CHAMPION_FILE: Final = "champion.json"
"""``{"version": int | null, "arn": str | null}``; the model's files lie beside it in ``model/``."""
MODEL_ARCHIVE: Final = "model.tar.gz"
MODEL_METADATA_FILE: Final = "model.json"
TRAINING_FILE: Final = "training.json"
MANIFEST_FILE: Final = "manifest.json"
"""What a batch scoring is published by: it is written last, and only if every row is there."""
SCORED_SUFFIX: Final = ".out"
"""What batch transform adds to the name of a file."""


EVENT_TIME: Final = "EventTime"
"""Column of a feature group's records: when they held, as an ISO-8601 string in UTC."""


def features_latest_file(group: str) -> str:
    """Name the file with the latest record of each entity of one feature group."""
    return f"{group}-latest.parquet"


def features_history_file(group: str) -> str:
    """Name the file with the recent records, one a row of the source, of one feature group."""
    return f"{group}-history.parquet"


# --- What a job says while it runs: one JSON object a line on standard output --------------------

SUMMARY_PREFIX: Final = "acequia.summary "
"""Then ``{"rows_in": n, "rows_out": n, "quarantined": n, "deduplicated": n, ...}``, once."""
PROGRESS_PREFIX: Final = "acequia.progress "
"""Then ``{"done": n, "total": n, "what": "..."}``, as often as the job likes."""
METRIC_PREFIX: Final = "acequia.metric "
"""Then ``validation=0.8731 step=10``: how good the model is so far, by the gate's metric."""
METRIC_PATTERN: Final = r"acequia\.metric validation=([-+0-9.eE]+)"
"""How SageMaker and the local twin read that value from a training job's output."""
OBJECTIVE_METRIC: Final = "validation"
LISTENING_PREFIX: Final = "acequia.listening "
"""Then ``{"host": "...", "port": n, "features": [...]}``, once, when the server takes requests."""

EXIT_REFUSED: Final = 2
"""Exit code of a job that refuses its input; its last line on standard error says why."""
EXIT_QUARANTINED: Final = 3
"""Exit code of a batch scoring that put rows aside: the rest is scored and published."""

# --- Placeholders of the lock: CDK tokens at synthesis, local values on the laptop ---------------

IMAGE: Final = "image"
ALGORITHM_IMAGE: Final = "images.algorithm"
"""The image that trains where that is another one than ours."""
BUCKET_RAW: Final = "buckets.raw"
BUCKET_CURATED: Final = "buckets.curated"
BUCKET_ARTIFACTS: Final = "buckets.artifacts"
KEY_DATA: Final = "keys.data"
NETWORK_SUBNETS: Final = "network.subnets"
NETWORK_SECURITY_GROUPS: Final = "network.security_groups"
"""Names of lists: in a list, such a placeholder makes way for all of the items."""
MODEL_PACKAGE_GROUP: Final = "model_package_group"
ROLE_PREPARE: Final = "roles.prepare"
ROLE_INGEST_FEATURES: Final = "roles.ingest_features"
ROLE_ENCODE: Final = "roles.encode"
ROLE_TRAIN: Final = "roles.train"
ROLE_PACKAGE_MODEL: Final = "roles.package_model"
ROLE_RESOLVE_CHAMPION: Final = "roles.resolve_champion"
ROLE_EVALUATE: Final = "roles.evaluate"
ROLE_TRANSFORM: Final = "roles.transform"
ROLE_WRITE_MANIFEST: Final = "roles.write_manifest"


def feature_group_placeholder(group: str) -> str:
    """Name the placeholder that stands for the physical name of one feature group."""
    return f"feature_groups.{group}"


# --- Pipeline parameters -------------------------------------------------------------------------

PARAMETER_IMAGE_URI: Final = "ImageUri"
PARAMETER_INPUT_DATA_URI: Final = "InputDataUri"
PARAMETER_INPUT_DATA_VERSION: Final = "InputDataVersion"
"""SageMaker's step cache compares URIs, not content: whoever starts an execution on new
data under an old prefix says so with a new version."""
PARAMETER_AS_OF: Final = "AsOf"
"""The day on which an execution looks at its data, as ``2026-01-31``: how fresh are they?"""
PARAMETER_CODE_COMMIT: Final = "CodeCommit"
PARAMETER_AUTHOR: Final = "Author"
PARAMETER_APPROVAL_STATUS: Final = "ModelApprovalStatus"
PARAMETER_PROCESSING_INSTANCE_TYPE: Final = "ProcessingInstanceType"
PARAMETER_TRAINING_INSTANCE_TYPE: Final = "TrainingInstanceType"

PARAMETER_CONTENT_TYPE: Final = "ContentType"
PARAMETER_INPUT_FILTER: Final = "InputFilter"
PARAMETER_INSTANCE_TYPE: Final = "InstanceType"
PARAMETER_INSTANCE_COUNT: Final = "InstanceCount"
PARAMETER_MAX_PAYLOAD_MB: Final = "MaxPayloadInMB"
PARAMETER_MAX_CONCURRENT_TRANSFORMS: Final = "MaxConcurrentTransforms"
PARAMETER_BATCH_STRATEGY: Final = "BatchStrategy"
"""Of the batch pipeline."""

JSON_LINES: Final = "application/jsonlines"
CSV: Final = "text/csv"
INPUT_FILTERS: Final = {JSON_LINES: "$.features", CSV: "$[1:]"}
"""Which part of a record the model gets: the rest goes round it and is joined to the score."""
BATCH_FOLDER: Final = "batch"
"""Below a use case: what waits to be scored in the raw bucket, what was in the artifacts."""

PREPARE_SETTINGS: Final = (
    "contract.error_budget",
    "split.end",
    "split.train_days",
    "split.validation_days",
    "split.gap_days",
    "split.test_days",
    "split.validation_share",
    "split.test_share",
    "split.seed",
    "features.history_days",
)
TRAIN_SETTINGS: Final = (
    "training.algorithm",
    "training.seed",
    "training.n_estimators",
    "training.max_depth",
    "training.learning_rate",
    "training.min_child_weight",
    "training.subsample",
    "training.colsample_bytree",
    "training.reg_lambda",
    "training.early_stopping_rounds",
    "training.num_leaves",
    "training.inverse_regularization",
    "training.hidden_units",
    "training.epochs",
    "training.class_weight",
)
EVALUATE_SETTINGS: Final = (
    "evaluation.bootstrap_samples",
    "evaluation.explained_rows",
    "gate.minimum_uplift",
    "gate.win_share",
)
"""What an operator may change for one execution, by the job that reads it."""


def parameter_name(setting: str) -> str:
    """Turn the path of a setting into its pipeline parameter.

    ``training.max_depth`` becomes ``TrainingMaxDepth``: SageMaker allows no dots in a name.
    """
    return "".join(word.capitalize() for word in re.split(r"[._]", setting))


# --- Registry ------------------------------------------------------------------------------------

PENDING: Final = "PendingManualApproval"
APPROVED: Final = "Approved"
REJECTED: Final = "Rejected"
ARCHIVED: Final = "Archived"

REGISTER_DECISION: Final = "register"
KEEP_DECISION: Final = "keep_champion"
"""Values of ``gate.decision`` in the evaluation; the condition step compares with the first."""

METADATA_DATA_HASH: Final = "data_hash"
METADATA_FEATURE_VERSIONS: Final = "feature_versions"
METADATA_AUTHOR: Final = "author"
METADATA_USECASE: Final = "usecase"
METADATA_EXECUTION: Final = "pipeline_execution"
METADATA_REPORT: Final = "report"
METADATA_CARD: Final = "model_card"
"""Keys of a model package's CustomerMetadataProperties."""


UNKNOWN: Final = "unknown"
"""Value of a parameter that whoever started the execution does not know."""


def usecase_folder(name: str, *, root: Path | None = None) -> Path:
    """Locate the folder of a use case: in the image unless ``root`` names another place."""
    return (root or Path(__file__).parent / "usecases") / name
