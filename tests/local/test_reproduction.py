"""A version is made again from what it was made of: the proof must be one, and leave no trace."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.local import records
from pipeline_code.local.executions import Executions
from pipeline_code.local.home import Home
from pipeline_code.local.registry import Registry
from pipeline_code.local.reproduction import (
    DIFFERENT,
    GONE,
    SAME,
    ChangedCodeError,
    NotReproducibleError,
    Reproduction,
    reproduce,
)
from pipeline_code.local.runner import Runner
from pipeline_code.local.values import code_digest

START = """
import json, os, pathlib, sys
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
outside = pathlib.Path(os.environ["OUTSIDE"])
with (outside / "runs").open("a") as file:
    file.write(os.environ["ME"] + "\\n")
salt = (outside / "salt").read_text()
"""
PREPARE = (
    START
    + """
rows = next((root / "processing/input/raw").iterdir())
(root / "processing/output/out/o").write_text(rows.read_text())
"""
)
TRAIN = (
    START
    + """
if salt == "fail":
    sys.exit("no luck today")
(root / "model/m").write_text(next((root / "input/data/train").iterdir()).read_text() + salt)
"""
)
RESOLVE = (
    START
    + """
from pipeline_code.local.services import LocalServices
found = LocalServices().champion("small")
out = root / "processing/output/champion"
if found:
    LocalServices().fetch(found.model_uri, out / "model.tar.gz")
number = found.version if found else None
(out / "champion.json").write_text(json.dumps(number))
print("acequia.summary " + json.dumps({"champion": number}))
"""
)
EVALUATE = (
    START
    + """
import tarfile
model = tarfile.open(root / "processing/input/model/model.tar.gz").extractfile("m").read().decode()
champion = json.loads((root / "processing/input/champion/champion.json").read_text())
(root / "processing/output/evaluation/evaluation.json").write_text(json.dumps({
    "metrics": {"auc": {"value": len(model) + (champion or 0)}},
    "model": {"weights_hash": model}, "data": {"data_hash": "d"},
    "gate": {"decision": "register"},
}))
"""
)
REGISTER = {
    "Name": "Register",
    "Type": "RegisterModel",
    "Arguments": {
        "ModelPackageGroupName": "small",
        "InferenceSpecification": {
            "Containers": [{"ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}]
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "S3Uri": {
                        "Std:Join": {
                            "On": "/",
                            "Values": [
                                {
                                    "Get": "Steps.Evaluate.ProcessingOutputConfig"
                                    ".Outputs['evaluation'].S3Output.S3Uri"
                                },
                                contract.EVALUATION_FILE,
                            ],
                        }
                    }
                }
            }
        },
        "MetadataProperties": {"CommitId": "abc123"},
        "CustomerMetadataProperties": {"data_hash": "d"},
    },
}


class World:
    """A home, what lies outside of all homes, and a pipeline that sees both."""

    def __init__(self, build: Any, home: Home, outside: Path) -> None:
        self.home, self.outside, self._build = home, outside, build
        outside.mkdir()
        (outside / "salt").write_text("s")
        self.source = home.path("s3://raw/rows.txt")
        self.source.parent.mkdir(parents=True)
        self.source.write_text("rows")

    def run(self, code: str | None = None) -> int:
        """Run the pipeline; return the version that it registered."""
        result = Runner(self.home, code=code or code_digest(), parallelism=2).run(
            self._definition(), {}, pipeline_name="small"
        )
        assert result.succeeded, result.reason
        register = result.step("Register")
        assert register is not None
        return int(register.summary["version"])

    def reproduce(self, number: int = 1, **more: Any) -> Reproduction:
        """Reproduce a version."""
        return reproduce(self.home, "small", number, commit="def456", **more)

    @property
    def runs(self) -> list[str]:
        """Which jobs have run, the latest last."""
        return (self.outside / "runs").read_text().splitlines()

    def _definition(self) -> Any:
        build = self._build

        def job(me: str) -> dict[str, Any]:
            return {"Environment": {"OUTSIDE": str(self.outside), "ME": me}}

        raw = {"Get": "Parameters.InputDataUri"}
        train = build.training("Train", TRAIN, channels={"train": build.output("Prepare")})
        train["Arguments"] |= job("Train")
        train["Arguments"].pop("HyperParameters")
        condition = build.condition(
            "Ask",
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.E"},
                    "Path": "gate.decision",
                }
            },
            "register",
            [REGISTER],
            [],
        )
        cache = build.CACHE
        return build.definition(
            build.processing("Prepare", PREPARE, inputs={"raw": raw}, arguments=job("P"), **cache),
            {**train, **cache},
            build.processing(
                contract.RESOLVE_CHAMPION, RESOLVE, outputs=("champion",), arguments=job("R")
            ),
            build.processing(
                contract.EVALUATE,
                EVALUATE,
                inputs={
                    "model": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
                    "champion": build.output(contract.RESOLVE_CHAMPION, "champion"),
                },
                outputs=("evaluation",),
                arguments=job("E"),
                PropertyFiles=[
                    {
                        "PropertyFileName": "E",
                        "OutputName": "evaluation",
                        "FilePath": contract.EVALUATION_FILE,
                    }
                ],
                **cache,
            ),
            condition,
            parameters=[
                {
                    "Name": "InputDataUri",
                    "Type": "String",
                    "DefaultValue": "s3://raw/rows.txt",
                }
            ],
        )


@pytest.fixture
def world(build: Any, home: Home, tmp_path: Path) -> World:
    """An empty registry and some data."""
    return World(build, home, tmp_path / "outside")


def verdicts(found: Reproduction) -> dict[str, set[str]]:
    """Return what was found of each step."""
    seen: dict[str, set[str]] = {}
    for each in found.comparisons:
        seen.setdefault(each.step, set()).add(each.verdict)
    return seen


def everything(home: Home) -> dict[str, bytes]:
    """Read all that a home keeps for people: registry, executions, objects, features."""
    registry, executions = Registry(home), Executions(home)
    kept = {
        "registry": repr((registry.list(), registry.history("small"))).encode(),
        "executions": repr(executions.list()).encode(),
    }
    folders = (home.objects, home.features, home.runs)
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return kept | {str(path): path.read_bytes() for path in files}


def test_what_is_equal_is_same_and_nothing_is_left_behind(world: World) -> None:
    """No version, no execution, no object, no folder: the home is as it was."""
    world.run()
    before = everything(world.home)

    found = world.reproduce()

    assert found.succeeded
    assert found.is_same_code
    assert set(verdicts(found)) == {
        "Prepare",
        "Train",
        contract.RESOLVE_CHAMPION,
        contract.EVALUATE,
        "Ask",
        "version",
    }
    assert {each.what for each in found.comparisons if each.step == "version"} == {
        "model file",
        "data hash",
        "weights",
        "auc",
    }
    assert everything(world.home) == before
    assert not list(world.home.root.glob(".reproduction-*"))


def test_every_job_runs_again(world: World) -> None:
    """An answer of the cache would prove nothing but that the cache is there."""
    world.run()
    world.run()
    assert sorted(world.runs) == ["E", "P", "R", "R", "Train"]

    world.reproduce()

    assert sorted(world.runs[5:]) == ["E", "P", "R", "Train"]


def test_what_differs_is_told_by_step(world: World) -> None:
    """A model that chance has a hand in: the step before it is the same, those after it are not."""
    world.run()
    (world.outside / "salt").write_text("pepper")

    found = world.reproduce()

    assert not found.succeeded
    seen = verdicts(found)
    assert seen["Prepare"] == {SAME}
    assert seen["Train"] == {DIFFERENT}
    assert seen["version"] == {SAME, DIFFERENT}
    (weights,) = [each for each in found.comparisons if each.what == "weights"]
    assert (weights.recorded, weights.found) == ("rowss", "rowspepper")


def test_a_step_that_fails_now_says_why(world: World) -> None:
    """And those that never ran because of it name it."""
    world.run()
    (world.outside / "salt").write_text("fail")

    found = world.reproduce()

    reasons = {each.step: each.reason for each in found.comparisons if each.reason}
    assert reasons["Train"] == "no luck today"
    assert reasons[contract.EVALUATE] == "did not run: Train failed"
    assert not found.succeeded


def test_changed_code_is_refused_and_compared_only_on_demand(world: World) -> None:
    """The message says which commit to check out."""
    world.run(code="sha256:0123456789abcdef")

    with pytest.raises(ChangedCodeError, match=r"commit abc123 \(0123456789ab\).*def456") as caught:
        world.reproduce()
    assert "git checkout abc123" in str(caught.value)
    assert "--anyway" in str(caught.value)

    found = world.reproduce(anyway=True)
    assert found.succeeded
    assert not found.is_same_code


def test_data_that_are_gone_are_named(world: World) -> None:
    """Before anything runs."""
    world.run()
    world.source.unlink()

    with pytest.raises(NotReproducibleError, match=r"input InputDataUri is gone from .*rows\.txt"):
        world.reproduce()
    assert len(world.runs) == 4


def test_data_that_have_changed_are_refused(world: World) -> None:
    """Other rows would give another model, and the blame would go to the code."""
    world.run()
    world.source.write_text("other rows")

    with pytest.raises(NotReproducibleError, match=r"is not what execution .* read"):
        world.reproduce()


def test_an_execution_that_is_forgotten_cannot_be_run(world: World) -> None:
    """The registry keeps hashes; definition and parameters are in the journal."""
    world.run()
    for path in world.home.root.glob("state.sqlite*"):
        path.unlink()

    with pytest.raises(NotReproducibleError, match=r"no longer recorded in state\.sqlite"):
        world.reproduce()


def test_the_champion_is_the_one_of_that_time(world: World) -> None:
    """Whoever is approved today: the metrics of then were held against that one."""
    world.run()
    registry = Registry(world.home)
    registry.approve("small", 1, who="ana")
    world.source.write_text("more rows")
    assert world.run() == 2
    registry.approve("small", 2, who="ana")

    found = world.reproduce(2)

    assert found.succeeded, found.comparisons
    assert registry.champion("small") == registry.get("small", 2)


def test_where_the_champion_is_gone_the_rest_is_still_compared(world: World) -> None:
    """What needs it is gone with it; that is no success."""
    world.run()
    registry = Registry(world.home)
    registry.approve("small", 1, who="ana")
    world.source.write_text("more rows")
    world.run()
    world.home.path(registry.get("small", 1).model_uri).unlink()

    found = world.reproduce(2)

    seen = verdicts(found)
    assert seen["Prepare"] == seen["Train"] == {SAME}
    assert seen[contract.RESOLVE_CHAMPION] == seen[contract.EVALUATE] == seen["Ask"] == {GONE}
    assert not found.succeeded


def test_lost_outputs_do_not_matter(world: World) -> None:
    """The hashes are in the registry; the proof is to make the outputs again."""
    world.run()
    shutil.rmtree(world.home.path("s3://curated"))

    assert world.reproduce().succeeded


def test_what_says_how_long_something_took_may_differ(world: World) -> None:
    """The trials of a tuning: no two runs agree on seconds. All else must be equal."""
    world.run()
    found = world.reproduce()
    (first, *others) = found.comparisons
    differs = replace(first, verdict=DIFFERENT)

    assert not replace(found, comparisons=(differs, *others)).succeeded
    timed = replace(differs, needed=False)
    assert replace(found, comparisons=(timed, *others)).succeeded


def test_events_are_heard(world: World) -> None:
    """A person sees how far it is."""
    world.run()
    heard: list[records.Event] = []

    world.reproduce(on_event=heard.append)

    finished = [each.record.name for each in heard if isinstance(each, records.StepFinished)]
    assert set(finished) == {
        "Prepare",
        "Train",
        contract.RESOLVE_CHAMPION,
        contract.EVALUATE,
        "Ask",
    }
