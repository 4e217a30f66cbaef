"""What every job does alike: find its folders, read its arguments, report, fail in one line."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.services import Services
from pipeline_code.core.usecase import UseCase, load_usecase


@dataclass(frozen=True)
class Hosts:
    """The hosts of a training job by their names in its network, and which one this is."""

    current: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """The container's side of the contract: where channels are, whom to ask, how to report."""

    root: Path
    usecases: Path | None = None

    def input(self, channel: str) -> Path:
        """Return the folder of a processing input."""
        return self.root / contract.PROCESSING_INPUT / channel

    def output(self, channel: str) -> Path:
        """Return the folder of a processing output, made where it is not there."""
        return _made(self.root / contract.PROCESSING_OUTPUT / channel)

    def training_input(self, channel: str) -> Path:
        """Return the folder of a training channel."""
        return self.root / contract.TRAINING_INPUT / channel

    def training_output(self) -> Path:
        """Return the folder of a training job's output that is not the model."""
        return _made(self.root / contract.TRAINING_OUTPUT)

    def model(self) -> Path:
        """Return the folder whose content becomes ``model.tar.gz``."""
        return _made(self.root / contract.MODEL_FOLDER)

    def checkpoints(self) -> Path:
        """Return the folder of a training job that outlives its machine."""
        return _made(self.root / contract.CHECKPOINTS)

    def hosts(self) -> Hosts:
        """Read which hosts train together; one that is told of no others is alone."""
        path = self.root / contract.RESOURCES_FILE
        if not path.is_file():
            return Hosts("algo-1", ("algo-1",))
        document = json.loads(path.read_text(encoding="utf-8"))
        return Hosts(document["current_host"], tuple(document["hosts"]))

    def hyperparameters(self) -> dict[str, str]:
        """Read the training job's hyperparameters; SageMaker gives every value as a string."""
        path = self.root / contract.HYPERPARAMETERS_FILE
        values: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return values

    def usecase_folder(self, name: str) -> Path:
        """Locate the folder of a use case: its YAML and its SQL."""
        return contract.usecase_folder(name, root=self.usecases)

    def usecase(self, name: str, settings: Mapping[str, str]) -> UseCase:
        """Load a use case with the settings of this execution."""
        return load_usecase(self.usecase_folder(name)).with_settings(settings)

    def services(self) -> Services:
        """Return what stands behind the registry and the feature store: AWS or the local twin."""
        module, _, name = os.environ.get(
            contract.SERVICES_VARIABLE, "pipeline_code.entrypoints.aws_services:AwsServices"
        ).partition(":")
        services: Services = getattr(importlib.import_module(module), name)()
        return services

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far the job is."""
        _say(contract.PROGRESS_PREFIX, {"done": done, "total": total, "what": what})

    def metric(self, value: float, step: int | None = None) -> None:
        """Say how good the model is so far, for whoever searches its hyperparameters."""
        suffix = "" if step is None else f" step={step}"
        print(f"{contract.METRIC_PREFIX}validation={value:.6g}{suffix}", flush=True)  # noqa: T201

    def say(self, text: str) -> None:
        """Say something for whoever reads the log."""
        print(text, flush=True)  # noqa: T201

    def summary(self, **figures: Any) -> None:
        """Say once what went in and what came out (``rows_in``, ``rows_out``, ...)."""
        _say(contract.SUMMARY_PREFIX, figures)


def run(main: Callable[[Job, Sequence[str]], None]) -> NoReturn:
    """Run a job's ``main`` as the process: exit 0, 2 when it refuses its input, 1 when it breaks.

    The reason of a failure is the last line on standard error and the content of the files
    that SageMaker shows as the job's failure reason and exit message.
    """
    signal.signal(signal.SIGTERM, _stop)
    variable = os.environ.get(contract.USECASES_VARIABLE)
    job = Job(
        root=Path(os.environ.get(contract.ML_ROOT_VARIABLE, contract.ML_ROOT)),
        usecases=Path(variable) if variable else None,
    )
    try:
        main(job, sys.argv[1:])
    except PipelineError as error:
        _fail(job, str(error))
        sys.exit(contract.EXIT_REFUSED)
    except Exception as error:
        traceback.print_exc()
        _fail(job, f"{type(error).__name__}: {error}")
        sys.exit(1)
    sys.exit(0)


def parse_arguments(arguments: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Split ``--usecase fraud --split.test_days 7 ...`` into the name and the settings."""
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    values = {flag.removeprefix("--"): value for flag, value in pairs.items()}
    return values.pop("usecase"), values


def _fail(job: Job, reason: str) -> None:
    for name in (contract.FAILURE_FILE, contract.MESSAGE_FILE):
        path = job.root / name
        _made(path.parent)
        path.write_text(reason, encoding="utf-8")
    print(reason, file=sys.stderr, flush=True)  # noqa: T201 - CloudWatch keeps what a job prints


def _say(prefix: str, figures: Mapping[str, Any]) -> None:
    print(prefix + json.dumps(figures), flush=True)  # noqa: T201 - read by the local twin


def _stop(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
