"""The platform of a use case whose model an image of SageMaker trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import config
from pipeline_code import contract
from tests import synthesis
from tests.assembly import Assembly
from tests.proofs.pipeline_model import definition_problems
from tests.proofs.test_api_model import pipeline_definition

DEV = Path(config.__file__).parent / "dev.yaml"


@pytest.fixture(scope="module")
def assembly(
    tmp_path_factory: pytest.TempPathFactory, foreign_usecases: Mapping[str, Path]
) -> Assembly:
    """The templates of dev with ``aws:xgboost``."""
    from stacks.platform_app import PlatformApp

    folder, usecase = tmp_path_factory.mktemp("foreign"), foreign_usecases["aws:xgboost"]
    settings = {**yaml.safe_load(DEV.read_text(encoding="utf-8")), "usecase": usecase.name}
    (folder / "dev.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    app = PlatformApp(outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract, "usecase_folder", lambda name: usecase.parent / name)
        app.define([config.load(folder / "dev.yaml")])
    app.synth()
    return Assembly(synthesis.read(app))


def statements(assembly: Assembly, role: str) -> list[dict[str, Any]]:
    """List what one job's role may do."""
    return [
        statement
        for name, resource in assembly.templates["dev"]["Training"]["Resources"].items()
        if name.startswith(f"{role}RoleDefaultPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_sagemaker_takes_its_pipeline(assembly: Assembly) -> None:
    """With every placeholder filled in."""
    definition = pipeline_definition(assembly, "dev", "Training")

    (on_a_laptop,) = definition_problems(definition)
    assert "sagemaker-xgboost:3.2-0 runs in the cloud only" in on_a_laptop
    assert "{{" not in str(definition)
    assert [step["Name"] for step in definition["Steps"]][:4] == [
        contract.PREPARE,
        contract.ENCODE,
        contract.TRAIN,
        contract.PACKAGE_MODEL,
    ]


def test_training_alone_may_pull_the_image(assembly: Assembly) -> None:
    """The other jobs run ours."""

    def pulls(role: str) -> bool:
        return any("sagemaker-xgboost" in str(one) for one in statements(assembly, role))

    assert pulls(contract.TRAIN)
    assert not any(pulls(role) for role in (contract.ENCODE, contract.PACKAGE_MODEL, "Evaluate"))


@pytest.mark.parametrize("role", [contract.ENCODE, contract.PACKAGE_MODEL])
def test_the_steps_around_it_touch_no_raw_data(assembly: Assembly, role: str) -> None:
    """They read what Prepare left, below the folder of the use case."""
    buckets = [one for one in statements(assembly, role) if "s3:GetObject" in str(one["Action"])]

    assert buckets
    assert "Raw" not in str(buckets)


def test_other_platforms_have_neither_step_nor_role(
    templates: dict[str, dict[str, dict[str, Any]]],
) -> None:
    """A role that nobody assumes is one that somebody will."""
    names = templates["dev"]["Training"]["Resources"]

    assert not [name for name in names if name.startswith(("Encode", "PackageModel"))]
