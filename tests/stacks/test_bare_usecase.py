"""The platform of a use case that is a table and nothing else: no times, no feature groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import config
from tests import synthesis
from tests.assembly import Assembly
from tests.proofs.pipeline_model import definition_problems
from tests.proofs.test_api_model import pipeline_definition

DEV = Path(config.__file__).parent / "dev.yaml"


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The templates of dev, with the wines in place of the card transactions."""
    from stacks.platform_app import PlatformApp

    folder = tmp_path_factory.mktemp("bare")
    settings = {**yaml.safe_load(DEV.read_text(encoding="utf-8")), "usecase": "wine"}
    (folder / "wine.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    app = PlatformApp(outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
    app.define([config.load(folder / "wine.yaml")])
    app.synth()
    return Assembly(synthesis.read(app))


@pytest.fixture(scope="module")
def templates(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The templates by the names of their stacks."""
    return assembly.templates["dev"]


def test_there_is_no_stack_of_nothing(templates: dict[str, dict[str, Any]]) -> None:
    """CloudFormation refuses a template without resources."""
    assert "Features" not in templates
    assert all(template["Resources"] for template in templates.values())


def test_sagemaker_takes_its_pipelines(assembly: Assembly) -> None:
    """No step waits for features that nobody makes."""
    definition = pipeline_definition(assembly, "dev", "Training")
    assert definition_problems(definition) == []
    assert definition_problems(pipeline_definition(assembly, "dev", "Batch")) == []
    assert "IngestFeatures" not in str(definition["Steps"])


def test_no_question_is_saved_that_cannot_be_answered(templates: dict[str, dict[str, Any]]) -> None:
    """Its rows have no day, and the mean of a cultivar means nothing."""
    queries = [
        each["Properties"]["QueryString"]
        for each in templates["Sources"]["Resources"].values()
        if each["Type"] == "AWS::Athena::NamedQuery"
    ]
    assert queries
    assert not any("cultivar" in str(query) for query in queries)
