"""What the compiled pipeline promises, read from the lock (no SDK needed)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.core.usecase import load_usecase
from pipeline_code.definition.lock import LOCK_FILE, placeholder, read_lock

FRAUD = contract.usecase_folder("fraud")
LOCK = read_lock(FRAUD)
JOBS = [step for step in LOCK.definition["Steps"] if step["Type"] in {"Processing", "Training"}]
NEEDS_NETWORK = {contract.INGEST_FEATURES, contract.RESOLVE_CHAMPION}


def strings(node: Any) -> Iterator[str]:
    """Yield every string value in a JSON document."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def step(name: str) -> dict[str, Any]:
    """Find a job of the lock by name."""
    return next(dict(job) for job in JOBS if job["Name"] == name)


def references(node: Any) -> set[str]:
    """Name the steps whose results a step reads."""
    return {match[1] for text in strings(node) if (match := re.match(r"Steps\.(\w+)[.\[]", text))}


def test_the_graph_is_the_one_on_the_architecture_page() -> None:
    """Ingestion, training and the champion run side by side; the test rows come last."""
    graph = {job["Name"]: references(job) | set(job.get("DependsOn", [])) for job in JOBS}

    assert graph == {
        contract.PREPARE: set(),
        contract.INGEST_FEATURES: {contract.PREPARE},
        contract.TRAIN: {contract.PREPARE},
        contract.RESOLVE_CHAMPION: {contract.PREPARE},
        contract.EVALUATE: {contract.PREPARE, contract.TRAIN, contract.RESOLVE_CHAMPION},
    }


def test_every_declared_parameter_is_used() -> None:
    """A parameter that nothing reads lies to the operator who sets it."""
    used = {
        text.removeprefix("Parameters.")
        for text in strings(LOCK.definition["Steps"])
        if text.startswith("Parameters.")
    }

    assert {parameter["Name"] for parameter in LOCK.definition["Parameters"]} == used


def test_parameter_defaults_are_the_settings_of_the_use_case() -> None:
    """An execution without parameters runs usecase.yaml as it stands."""
    document = load_usecase(FRAUD).model_dump(mode="json")
    defaults = {each["Name"]: each["DefaultValue"] for each in LOCK.definition["Parameters"]}
    for path in (
        *contract.PREPARE_SETTINGS,
        *contract.TRAIN_SETTINGS,
        *contract.EVALUATE_SETTINGS,
    ):
        section, _, key = path.partition(".")
        assert defaults[contract.parameter_name(path)] == document[section][key], path


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["Name"])
def test_every_job_runs_its_module_from_the_image(job: dict[str, Any]) -> None:
    """Code travels in the image: no script is uploaded and the module exists."""
    arguments = job["Arguments"]
    command = arguments.get("AppSpecification", arguments.get("AlgorithmSpecification"))[
        "ContainerEntrypoint"
    ]
    module = Path(*command[2].split("."))

    assert command[:2] == ["python", "-m"]
    assert (FRAUD.parent.parent.parent / module).with_suffix(".py").exists()


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["Name"])
def test_every_job_encrypts_and_stops(job: dict[str, Any]) -> None:
    """Volumes and outputs use our key, and no job runs for ever (controls C01, C21)."""
    text = json.dumps(job["Arguments"])

    assert text.count("{{keys.data}}") >= 2
    assert job["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] > 0
    assert job["RetryPolicies"]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["Name"])
def test_only_jobs_that_call_a_service_have_a_network(job: dict[str, Any]) -> None:
    """Data preparation, training and evaluation cannot send anything anywhere (control C04)."""
    arguments = job["Arguments"]
    isolated = arguments.get("EnableNetworkIsolation") or arguments.get("NetworkConfig", {}).get(
        "EnableNetworkIsolation"
    )

    assert isolated is (job["Name"] not in NEEDS_NETWORK)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["Name"])
def test_every_job_runs_in_the_vpc(job: dict[str, Any]) -> None:
    """Traffic takes our routes, and is encrypted between hosts (controls C05, C06)."""
    network = job["Arguments"].get("NetworkConfig", job["Arguments"])

    assert network["EnableInterContainerTrafficEncryption"] is True
    assert network["VpcConfig"] == {
        "SecurityGroupIds": [placeholder(contract.NETWORK_SECURITY_GROUPS)],
        "Subnets": [placeholder(contract.NETWORK_SUBNETS)],
    }


def test_each_job_has_a_role_of_its_own() -> None:
    """What one job may do, no other may (control C11)."""
    roles = [job["Arguments"]["RoleArn"] for job in JOBS]

    assert len(set(roles)) == len(roles)


def test_the_champion_is_never_taken_from_the_cache() -> None:
    """Yesterday's champion may have been replaced since."""
    assert "CacheConfig" not in step(contract.RESOLVE_CHAMPION)


def test_prepare_is_keyed_by_the_version_of_its_data() -> None:
    """SageMaker's cache sees URIs, not content; a version tells it that rows have changed."""
    environment = step(contract.PREPARE)["Arguments"]["Environment"]

    assert environment == {
        contract.DATA_VERSION_VARIABLE: {
            "Get": f"Parameters.{contract.PARAMETER_INPUT_DATA_VERSION}"
        }
    }


def test_a_pipeline_cannot_approve_its_own_model() -> None:
    """Approval is a person's word: the parameter does not even allow it."""
    (parameter,) = (
        each
        for each in LOCK.definition["Parameters"]
        if each["Name"] == contract.PARAMETER_APPROVAL_STATUS
    )

    assert parameter["DefaultValue"] == contract.PENDING
    assert contract.APPROVED not in parameter["EnumValues"]


def test_a_version_is_registered_with_its_card() -> None:
    """The text that Evaluate wrote, for a person to review with the version."""
    files = {file["PropertyFileName"]: file for file in step(contract.EVALUATE)["PropertyFiles"]}
    gate = next(s for s in LOCK.definition["Steps"] if s["Name"] == contract.BETTER_THAN_CHAMPION)
    (register,) = gate["Arguments"]["IfSteps"]

    card = register["Arguments"]["ModelCard"]

    assert card["ModelCardStatus"] == "PendingReview"
    read = card["ModelCardContent"]["Std:JsonGet"]
    name = read["PropertyFile"]["Get"].rpartition(".")[2]
    assert files[name]["FilePath"] == contract.MODEL_CARD_TEXT_FILE
    assert read["Path"] == "content"


def test_compiling_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """The lock depends on its sources alone, so its diff is a review of the change.

    Compiled in a process of its own: the SDK takes seconds and 700 MB to import.
    """
    program = (
        "import sys; from pathlib import Path; "
        "from pipeline_code.definition import compile as c; "
        "import json; "
        "print(json.dumps(c.compile_usecase(Path(sys.argv[1])), indent=2, ensure_ascii=False))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(FRAUD)],
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": str(tmp_path), "AWS_PROFILE": "absent"},
        timeout=120,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout == (FRAUD / LOCK_FILE).read_text(encoding="utf-8")
