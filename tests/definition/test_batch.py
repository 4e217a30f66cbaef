"""What the compiled batch pipeline promises, read from the lock (no SDK needed)."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.lock import BATCH_LOCK_FILE, lock_source_hash, placeholder, read_lock
from pipeline_code.definition.validate import InvalidDefinitionError, validate

FRAUD = contract.usecase_folder("fraud")
LOCK = read_lock(FRAUD, BATCH_LOCK_FILE)
STEPS = {step["Name"]: step for step in LOCK.definition["Steps"]}


def arguments(step: str) -> dict[str, Any]:
    """Return the arguments of a step."""
    return dict(STEPS[step]["Arguments"])


def test_the_committed_lock_is_fresh() -> None:
    """Whoever changes the definition commits the renewed lock with it."""
    assert LOCK.source_hash == lock_source_hash(FRAUD, BATCH_LOCK_FILE)


def test_the_steps_follow_one_another() -> None:
    """The manifest is last: what it publishes is there."""
    definition = LOCK.resolve(dict.fromkeys(LOCK.placeholders, "x"))
    graph = validate(definition)

    assert {name: set(step.waits_for) for name, step in graph.steps.items()} == {
        contract.RESOLVE_CHAMPION: set(),
        contract.CREATE_MODEL: {contract.RESOLVE_CHAMPION},
        contract.TRANSFORM: {contract.CREATE_MODEL},
        contract.WRITE_MANIFEST: {contract.TRANSFORM, contract.RESOLVE_CHAMPION},
    }


def test_the_model_is_the_approved_package_and_nothing_else() -> None:
    """No image and no files by hand: the package names both, the image by digest."""
    model = arguments(contract.CREATE_MODEL)
    (source,) = model["PrimaryContainer"].items()

    assert source[0] == "ModelPackageName"
    assert source[1]["Std:JsonGet"]["Path"] == "arn"
    assert "true" in arguments(contract.RESOLVE_CHAMPION)["AppSpecification"]["ContainerArguments"]
    assert "CacheConfig" not in STEPS[contract.RESOLVE_CHAMPION]


def test_the_model_is_isolated_and_in_the_network() -> None:
    """As the endpoint's is."""
    model = arguments(contract.CREATE_MODEL)

    assert model["EnableNetworkIsolation"] is True
    assert model["VpcConfig"]["Subnets"] == [placeholder(contract.NETWORK_SUBNETS)]


def test_everything_a_transform_keeps_is_encrypted() -> None:
    """Without a key of ours SageMaker would take its own."""
    transform, key = arguments(contract.TRANSFORM), placeholder(contract.KEY_DATA)

    assert transform["TransformOutput"]["KmsKeyId"] == key
    assert transform["TransformResources"]["VolumeKmsKeyId"] == key


def test_lines_are_joined_with_their_scores() -> None:
    """A score without its id would be of no use."""
    transform = arguments(contract.TRANSFORM)

    assert transform["DataProcessing"]["JoinSource"] == "Input"
    assert transform["TransformInput"]["SplitType"] == "Line"
    assert transform["TransformOutput"]["AssembleWith"] == "Line"


def test_results_lie_under_a_prefix_of_their_own() -> None:
    """One folder an execution, apart from those of the training."""
    text = json.dumps(LOCK.definition["Steps"])

    assert f"{placeholder(contract.BUCKET_ARTIFACTS)}/fraud/batch" in text
    assert "/executions" not in text


def test_every_declared_parameter_is_used() -> None:
    """A parameter that nothing reads lies to the operator who sets it."""
    text = json.dumps(LOCK.definition["Steps"])

    for parameter in LOCK.definition["Parameters"]:
        assert f'"Parameters.{parameter["Name"]}"' in text


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("TransformInput", "SplitType", "RecordIO"),
        ("TransformOutput", "AssembleWith", "None"),
        ("DataProcessing", "JoinSource", "None"),
    ],
)
def test_what_one_machine_would_do_otherwise_is_refused(part: str, key: str, value: str) -> None:
    """The local twin joins line by line; anything else is an error, never skipped."""
    definition = copy.deepcopy(LOCK.resolve(dict.fromkeys(LOCK.placeholders, "x")))
    step = next(s for s in definition["Steps"] if s["Name"] == contract.TRANSFORM)
    step["Arguments"][part][key] = value

    with pytest.raises(InvalidDefinitionError, match=key):
        validate(definition)
