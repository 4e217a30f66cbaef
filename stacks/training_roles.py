"""Which job of the training pipeline runs with which role, and what data it may touch."""

from __future__ import annotations

from collections.abc import Mapping

from constructs import Construct

from ml_constructs.job_role import PROCESSING, TRAINING, JobRole
from pipeline_code import contract
from stacks.data_stack import DataStack
from stacks.foundation_stack import FoundationStack

_KINDS = {
    contract.ROLE_PREPARE: (contract.PREPARE, PROCESSING),
    contract.ROLE_INGEST_FEATURES: (contract.INGEST_FEATURES, PROCESSING),
    contract.ROLE_ENCODE: (contract.ENCODE, PROCESSING),
    contract.ROLE_TRAIN: (contract.TRAIN, TRAINING),
    contract.ROLE_PACKAGE_MODEL: (contract.PACKAGE_MODEL, PROCESSING),
    contract.ROLE_RESOLVE_CHAMPION: (contract.RESOLVE_CHAMPION, PROCESSING),
    contract.ROLE_EVALUATE: (contract.EVALUATE, PROCESSING),
}


_WHERE_ANOTHER_IMAGE_TRAINS = {contract.ROLE_ENCODE, contract.ROLE_PACKAGE_MODEL}


def define_job_roles(
    scope: Construct, foundation: FoundationStack, *, trains_elsewhere: bool
) -> dict[str, JobRole]:
    """Define a role for each job, by its placeholder in the lock."""
    left_out = frozenset() if trains_elsewhere else _WHERE_ANOTHER_IMAGE_TRAINS
    return {
        placeholder: JobRole(
            scope,
            f"{step}Role",
            kind=kind,
            description=f"Runs the step {step} of the training pipeline",
            images=foundation.images,
            key=foundation.data_key,
        )
        for placeholder, (step, kind) in _KINDS.items()
        if placeholder not in left_out
    }


def grant_data(roles: Mapping[str, JobRole], data: DataStack, *, prefix: str) -> None:
    """Say which job reads and writes which bucket; all of it below the use case's folder."""
    reads = {
        contract.ROLE_PREPARE: [data.raw],
        contract.ROLE_INGEST_FEATURES: [data.curated],
        contract.ROLE_ENCODE: [data.curated],
        contract.ROLE_TRAIN: [data.curated],
        contract.ROLE_PACKAGE_MODEL: [data.curated, data.artifacts],
        contract.ROLE_RESOLVE_CHAMPION: [data.artifacts],
        contract.ROLE_EVALUATE: [data.curated, data.artifacts],
    }
    writes = {
        contract.ROLE_PREPARE: data.curated,
        contract.ROLE_INGEST_FEATURES: data.artifacts,
        contract.ROLE_ENCODE: data.curated,
        contract.ROLE_TRAIN: data.artifacts,
        contract.ROLE_PACKAGE_MODEL: data.artifacts,
        contract.ROLE_RESOLVE_CHAMPION: data.artifacts,
        contract.ROLE_EVALUATE: data.artifacts,
    }
    for name, job in roles.items():
        for bucket in reads[name]:
            bucket.grant_read(job.role, prefix=prefix)
        writes[name].grant_write(job.role, prefix=prefix)
    # Whether a use case trains on spot capacity or not: its role stays the same.
    data.artifacts.grant_synchronise(
        roles[contract.ROLE_TRAIN].role, prefix=f"{prefix}/{contract.CHECKPOINTS}"
    )
