"""From training to a registered version, through real steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.local import records
from pipeline_code.local.home import Home
from pipeline_code.local.registry import Registry
from pipeline_code.local.runner import Runner
from pipeline_code.local.services import LocalServices

Put = Callable[[str, str], str]

FIT = "import os; open(os.environ['ACEQUIA_ML_ROOT'] + '/model/weights', 'w').write('w')"
JUDGE = (
    "import os, json; open(os.environ['ACEQUIA_ML_ROOT'] + '/processing/output/out/e.json', 'w')"
    ".write(json.dumps({'metrics': {'auc_roc': {'value': 0.9}}, 'curves': [1, 2]}))"
)


@pytest.fixture
def definition(build: Any, put: Put) -> Any:
    """Train, evaluate, register; the first two are cached."""
    raw = put("s3://raw/train/a.csv", "rows")
    model = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    evaluation = {"Std:Join": {"On": "/", "Values": [build.output("Evaluate"), "e.json"]}}
    register = {
        "ModelPackageGroupName": "fraud",
        "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": evaluation}}},
        "MetadataProperties": {"CommitId": "c0ffee"},
        "CustomerMetadataProperties": {
            contract.METADATA_AUTHOR: "Ann",
            contract.METADATA_DATA_HASH: "sha256:d",
        },
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": model}]},
        "ModelApprovalStatus": contract.PENDING,
    }
    return build.definition(
        build.training("Train", FIT, channels={"train": raw}, **build.CACHE),
        build.processing("Evaluate", JUDGE, inputs={"model": model}, **build.CACHE),
        {"Name": "Register", "Type": "RegisterModel", "Arguments": register},
        parameters=[{"Name": "Depth", "Type": "Integer", "DefaultValue": 3}],
    )


def run(runner: Runner, definition: Any) -> records.ExecutionResult:
    """Run the definition to its end."""
    return runner.run(definition, pipeline_name="fraud")


def test_a_version_knows_how_it_was_made(definition: Any, runner: Runner, home: Home) -> None:
    """Metrics, hyperparameters, author, commit, and every step with its hashes."""
    result = run(runner, definition)

    assert result.succeeded, result.reason
    version = Registry(home).get("fraud", 1)
    assert version.evaluation == {"metrics": {"auc_roc": {"value": 0.9}}}
    assert version.hyperparameters == {"max_depth": "3"}
    assert (version.author, version.code_commit) == ("Ann", "c0ffee")
    assert (version.execution, version.data_hash) == (result.execution_id, "sha256:d")
    train, evaluate = version.lineage["Train"], version.lineage["Evaluate"]
    assert train["output_hashes"]["model"] == evaluate["inputs"]["model"]
    register = result.step("Register")
    assert register is not None
    assert register.summary == {
        "group": "fraud",
        "version": 1,
        "status": contract.PENDING,
        "is_new": True,
    }


def test_a_second_run_registers_nothing_new(definition: Any, runner: Runner, home: Home) -> None:
    """All from the cache: the version is the one that is there."""
    run(runner, definition)
    again = run(runner, definition)

    assert [step.status for step in again.steps] == ["Cached", "Cached", "Succeeded"]
    assert again.steps[2].summary["is_new"] is False
    assert len(Registry(home).list("fraud")) == 1


def test_a_missing_evaluation_is_refused(definition: Any, runner: Runner, home: Home) -> None:
    """A version without its evidence could not be judged."""
    statistics = definition["Steps"][2]["Arguments"]["ModelMetrics"]["ModelQuality"]["Statistics"]
    statistics["S3Uri"] = "s3://curated/none.json"

    result = run(runner, definition)

    assert result.failed_step == "Register"
    assert "the evaluation at s3://curated/none.json does not exist" in (result.reason or "")
    assert Registry(home).list("fraud") == ()


def test_a_version_keeps_its_card(definition: Any, runner: Runner, home: Home) -> None:
    """As text in the definition, as a document in the registry."""
    arguments = definition["Steps"][2]["Arguments"]
    arguments["ModelCard"] = {"ModelCardContent": '{"model_overview":{}}'}

    assert run(runner, definition).succeeded

    assert Registry(home).get("fraud", 1).card == {"model_overview": {}}


@pytest.mark.parametrize("text", ["no JSON", "[1]"])
def test_a_card_that_is_none_is_refused(
    definition: Any, runner: Runner, home: Home, text: str
) -> None:
    """SageMaker would refuse the version, too."""
    definition["Steps"][2]["Arguments"]["ModelCard"] = {"ModelCardContent": text}

    result = run(runner, definition)

    assert result.failed_step == "Register"
    assert "ModelCardContent is no JSON object" in (result.reason or "")
    assert Registry(home).list("fraud") == ()


def test_jobs_find_the_champion_and_its_model(
    definition: Any, runner: Runner, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job asks the twin as it would ask AWS."""
    run(runner, definition)
    monkeypatch.setenv(contract.SERVICES_ROOT_VARIABLE, str(home.root))
    services = LocalServices()
    assert services.champion("fraud") is None
    Registry(home).approve("fraud", 1, who="Ann")

    champion = services.champion("fraud")

    assert champion is not None
    assert champion.version == 1
    copied = services.fetch(champion.model_uri, home.root / "copy/model.tar.gz")
    assert copied.read_bytes() == home.path(champion.model_uri).read_bytes()
