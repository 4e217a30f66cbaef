"""The batch lock runs on this machine, step by step, as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.lock import BATCH_LOCK_FILE, read_lock
from pipeline_code.local.batch import UnknownBatchStepError, run_batch
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

LOCK = read_lock(contract.usecase_folder("fraud"), BATCH_LOCK_FILE)
CHAMPION = {"version": 3, "arn": "arn:local:3"}


def test_steps_run_in_order_with_values_for_expressions() -> None:
    """The transform gets the champion as its model, the manifest what the transform wrote."""
    seen: dict[str, Mapping[str, Any]] = {}
    run_batch(
        LOCK,
        {contract.PARAMETER_INPUT_DATA_URI: "file:///rows", "MaxConcurrentTransforms": 7},
        champion=CHAMPION,
        actions={
            contract.WRITE_MANIFEST: lambda given: seen.update(manifest=given),
            contract.TRANSFORM: lambda given: seen.update(transform=given),
        },
    )

    assert list(seen) == ["transform", "manifest"]
    assert seen["transform"]["ModelName"] == "arn:local:3"
    assert seen["transform"]["MaxConcurrentTransforms"] == 7
    inputs = seen["manifest"]["ProcessingInputs"]
    assert inputs[0]["S3Input"]["S3Uri"] == "file:///rows"
    assert inputs[1]["S3Input"]["S3Uri"] == seen["transform"]["TransformOutput"]["S3OutputPath"]
    assert '"Get"' not in json.dumps(seen)


def test_unknown_step_is_refused_before_anything_runs() -> None:
    """A step is never skipped."""
    ran: list[str] = []

    with pytest.raises(UnknownBatchStepError, match=contract.WRITE_MANIFEST):
        run_batch(
            LOCK,
            {},
            champion=CHAMPION,
            actions={contract.TRANSFORM: lambda _: ran.append("transform")},
        )
    assert ran == []


def test_steps_are_put_in_order_whatever_the_file_says() -> None:
    """What a step reads decides, as in the cloud."""
    definition = {**LOCK.definition, "Steps": LOCK.definition["Steps"][::-1]}
    ran: list[str] = []
    run_batch(
        replace(LOCK, definition=definition),
        {},
        champion=CHAMPION,
        actions={
            contract.WRITE_MANIFEST: lambda _: ran.append("manifest"),
            contract.TRANSFORM: lambda _: ran.append("transform"),
        },
    )

    assert ran == ["transform", "manifest"]


def test_runner_of_jobs_names_what_scores_files(tmp_path: Path) -> None:
    """`acequia run` cannot execute these steps, and says who can; it never skips them."""
    step = {
        "Name": "CreateModel",
        "Type": "Model",
        "Arguments": {"PrimaryContainer": {"ModelPackageName": "arn:local:3"}},
    }
    definition = {"Version": "2020-12-01", "Parameters": [], "Steps": [step]}
    result = Runner(Home(tmp_path)).run(definition, pipeline_name="batch")

    assert result.exit_code == contract.EXIT_REFUSED
    assert result.reason
    assert "acequia predict" in result.reason
