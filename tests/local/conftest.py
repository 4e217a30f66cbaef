"""Small pipeline definitions whose jobs are one-line scripts, and runners for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

Step = dict[str, Any]
Definition = dict[str, Any]


class Build:
    """Write the steps of a definition as the SDK does, with the least around them."""

    COPY = (
        "import os, pathlib as p; r = p.Path(os.environ['ACEQUIA_ML_ROOT']) / 'processing';"
        "t = ''.join(f.read_text() for f in sorted(r.glob('input/*/*')));"
        "(r / 'output/out/out.txt').write_text(t + '!')"
    )
    """A job that writes all it reads, and an exclamation mark, to its output ``out``."""

    CACHE: ClassVar[dict[str, Any]] = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}

    @classmethod
    def processing(
        cls,
        name: str,
        script: str = COPY,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Sequence[str] = ("out",),
        arguments: Mapping[str, Any] | None = None,
        **envelope: Any,
    ) -> Step:
        """Return a processing step that runs a Python script."""
        command = ["python", "-c", script]
        given = [cls._channel("Input", c, uri) for c, uri in (inputs or {}).items()]
        made = [cls._channel("Output", o, cls.place(name, o)) for o in outputs]
        request = {
            "AppSpecification": {"ImageUri": "image@sha256:0", "ContainerEntrypoint": command},
            "ProcessingInputs": given,
            "ProcessingOutputConfig": {"Outputs": made},
            **(arguments or {}),
        }
        return {"Name": name, "Type": "Processing", "Arguments": request, **envelope}

    @staticmethod
    def _channel(kind: str, name: str, uri: Any) -> dict[str, Any]:
        path = f"/opt/ml/processing/{kind.lower()}/{name}"
        return {f"{kind}Name": name, f"S3{kind}": {"S3Uri": uri, "LocalPath": path}}

    @staticmethod
    def training(name: str, script: str, *, channels: Mapping[str, Any], **envelope: Any) -> Step:
        """Return a training step that runs a Python script."""
        return {
            "Name": name,
            "Type": "Training",
            "Arguments": {
                "AlgorithmSpecification": {
                    "TrainingImage": "image@sha256:0",
                    "TrainingInputMode": "File",
                    "ContainerEntrypoint": ["python", "-c", script],
                },
                "HyperParameters": {"max_depth": {"Get": "Parameters.Depth"}},
                "InputDataConfig": [
                    {"ChannelName": c, "DataSource": {"S3DataSource": {"S3Uri": uri}}}
                    for c, uri in channels.items()
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://artifacts/models"},
            },
            **envelope,
        }

    @staticmethod
    def condition(name: str, left: Any, right: Any, then: list[Step], other: list[Step]) -> Step:
        """Return a condition step that asks whether two values are equal."""
        return {
            "Name": name,
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "Equals", "LeftValue": left, "RightValue": right}],
                "IfSteps": then,
                "ElseSteps": other,
            },
        }

    @staticmethod
    def definition(*steps: Step, parameters: Sequence[Mapping[str, Any]] = ()) -> Definition:
        """Return a definition of these steps."""
        return {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}

    @staticmethod
    def place(step: str, output: str) -> dict[str, Any]:
        """Return where an output goes: a folder of the execution."""
        execution = {"Get": "Execution.PipelineExecutionId"}
        return {"Std:Join": {"On": "/", "Values": ["s3://curated", execution, step, output]}}

    @staticmethod
    def output(step: str, output: str = "out") -> dict[str, str]:
        """Return the expression for the output of another step."""
        return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri"}


@pytest.fixture
def build() -> type[Build]:
    """How tests write definitions."""
    return Build


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture
def runner(home: Home) -> Runner:
    """A runner with room for two steps at once."""
    return Runner(home, code="sha256:code", parallelism=2)


@pytest.fixture
def put(home: Home) -> Callable[[str, str], str]:
    """Write an object and return its URI."""

    def put(uri: str, content: str) -> str:
        path = home.path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return uri

    return put
