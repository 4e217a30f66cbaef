"""Run a use case's locked pipeline on this machine and say what it came to."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from acequia.compile import compile_usecases
from acequia.errors import CommandError, NotFoundError
from acequia.progress import ExecutionView, mark
from acequia.project import author, code_commit, shown, usecase_folder
from acequia.summary import RunSummary
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.foreign_algorithms import foreign_algorithm
from pipeline_code.core.mistakes import closest
from pipeline_code.core.usecase import UseCase, load_usecase
from pipeline_code.definition.lock import LOCK_FILE, Lock, lock_source_hash, read_lock
from pipeline_code.local.executions import Executions
from pipeline_code.local.home import Home
from pipeline_code.local.records import ExecutionResult
from pipeline_code.local.registry import Registry
from pipeline_code.local.runner import Runner
from pipeline_code.local.values import local_image, local_values

_CHANGEABLE = {
    path: contract.parameter_name(path)
    for path in (
        *contract.PREPARE_SETTINGS,
        *contract.TRAIN_SETTINGS,
        *contract.EVALUATE_SETTINGS,
    )
}


class StaleLockError(CommandError):
    """The lock was compiled from other sources than those that are here."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the lock of {name} is older than its sources; renew it: acequia compile {name}"
        )


@dataclass(frozen=True)
class Request:
    """What a person asked of ``acequia run``."""

    usecase: str
    data: Path | None = None
    settings: Sequence[str] = ()
    resume: str | None = None


def run_pipeline(request: Request, home: Home, terminal: Terminal) -> RunSummary:
    """Run or resume an execution; the summary tells of its failure, too.

    Raises:
        CommandError: if the request itself cannot be met.
        PipelineError: if settings or the definition are refused before anything runs.
    """
    runner = Runner(home)
    with ExecutionView(terminal) as view:
        if request.resume:
            result = runner.resume(request.resume, on_event=view)
        else:
            folder = usecase_folder(request.usecase)
            usecase = load_usecase(folder)
            require_libraries(usecase, request.settings)
            lock = _fresh_lock(folder, terminal)
            parameters = {
                **changed_parameters(usecase, lock, request.settings),
                **_input(usecase, request.data, home, terminal),
                **as_of(usecase),
                contract.PARAMETER_CODE_COMMIT: code_commit(),
                contract.PARAMETER_AUTHOR: author(),
            }
            definition = lock.resolve(local_values(lock, local_image()))
            result = runner.run(definition, parameters, pipeline_name=lock.usecase, on_event=view)
    return _summary(result, home)


def require_libraries(usecase: UseCase, settings: Iterable[str]) -> None:
    """Refuse an algorithm whose library is not here, before Prepare has read gigabytes for it.

    Raises:
        NotFoundError: with the command that installs it.
    """
    wanted = {path: value for path, _, value in (one.partition("=") for one in settings)}
    algorithm = wanted.get("training.algorithm", usecase.training.algorithm)
    if algorithm == "torch" and importlib.util.find_spec("torch") is None:
        raise NotFoundError(
            "training.algorithm torch needs PyTorch, which is not installed here; install it: "
            "pip install 'acequia[torch]', or choose another algorithm in usecase.yaml"
        )


def _fresh_lock(folder: Path, terminal: Terminal) -> Lock:
    """Read the lock of a use case; one that never had any gets its first.

    Raises:
        StaleLockError: if there is one and it is older than its sources: whoever changed them
            reviews what that does to the pipeline.
    """
    if not (folder / LOCK_FILE).exists():
        compile_usecases([folder.name], terminal)
    lock = read_lock(folder)
    if lock.source_hash != lock_source_hash(folder):
        raise StaleLockError(folder.name)
    return lock


def changed_parameters(usecase: UseCase, lock: Lock, settings: Iterable[str]) -> dict[str, str]:
    """Turn ``training.max_depth=8`` into pipeline parameters, checked like the file itself.

    What tuning searches, or another image does not read, is no parameter of the lock.

    Raises:
        SettingsError: with everything that is wrong, one a line.
    """
    declared = {parameter["Name"] for parameter in lock.definition["Parameters"]}
    changeable = [path for path, name in _CHANGEABLE.items() if name in declared]
    values: dict[str, str] = {}
    mistakes: list[str] = []
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            mistakes.append(f"{setting!r}: write it as NAME=VALUE, like training.max_depth=8")
        elif path not in changeable:
            mistakes.append(
                f"{path}: cannot be changed for one run{closest(path, changeable)}; "
                f"changeable: {', '.join(changeable)}"
            )
        elif path == "training.algorithm" and foreign_algorithm(value):
            mistakes.append(f"{path}: {value} needs steps of its own; name it in usecase.yaml")
        else:
            values[path] = value
    if mistakes:
        raise SettingsError("--set", mistakes)
    usecase.with_settings(values)
    return {_CHANGEABLE[path]: value for path, value in values.items()}


def as_of(usecase: UseCase) -> dict[str, str]:
    """Name today where it matters: a day that changes would empty the step cache every night."""
    if usecase.contract.freshness_days is None:
        return {}
    return {contract.PARAMETER_AS_OF: datetime.now(UTC).date().isoformat()}


def find_data(usecase: UseCase, data: Path | None, home: Home, terminal: Terminal) -> Path:
    """Choose the data: what is named, else what lies in the raw bucket, else a simulation.

    Raises:
        NotFoundError: if there are none.
    """
    if data is not None:
        if not data.exists():
            raise NotFoundError(f"there is no data at {data}; name a file or a folder")
        return data.resolve()
    raw = home.path(f"s3://{contract.RAW}/{usecase.name}/")
    if not raw.is_dir() or not any(raw.iterdir()):
        _simulate(usecase, raw, terminal)
    return raw


def _input(usecase: UseCase, data: Path | None, home: Home, terminal: Terminal) -> dict[str, str]:
    """Name the data where they are not those of the raw bucket, which the lock names."""
    found = find_data(usecase, data, home, terminal)
    return {} if data is None else {contract.PARAMETER_INPUT_DATA_URI: found.as_uri()}


def _simulate(usecase: UseCase, raw: Path, terminal: Terminal) -> None:
    if usecase.simulator is None:
        raise NotFoundError(
            f"no data: {shown(raw)} is empty and {usecase.name} has no simulator; "
            "name a file: acequia run --data FILE"
        )
    module, _, function = usecase.simulator.partition(":")
    draft = raw.with_name(f"{raw.name}.tmp")
    draft.mkdir(parents=True, exist_ok=True)
    with terminal.working(f"Simulating data for {usecase.name}, once"):
        getattr(importlib.import_module(module), function)(draft)
    draft.replace(raw)


def _summary(result: ExecutionResult, home: Home) -> RunSummary:
    evaluate = result.step(contract.EVALUATE)
    outputs = evaluate.outputs if evaluate and evaluate.is_done else {}
    evaluation = report = None
    if contract.EVALUATION in outputs:
        path = home.path(outputs[contract.EVALUATION]) / contract.EVALUATION_FILE
        evaluation = json.loads(path.read_text(encoding="utf-8"))
    if contract.REPORT in outputs:
        report = home.path(outputs[contract.REPORT]) / contract.REPORT_FILE
    return RunSummary(
        result=result, evaluation=evaluation, model=_model(result, home), report=report
    )


def _model(result: ExecutionResult, home: Home) -> dict[str, Any] | None:
    """Describe the version that the execution registered, as it stands now."""
    register = result.step(contract.REGISTER)
    if register is None or not register.is_done:
        return None
    version = Registry(home).get(result.pipeline, int(register.properties["ModelPackageVersion"]))
    return {
        "group": version.group,
        "version": version.version,
        "status": version.status,
        "known": version.execution != result.execution_id,
    }


def executions(home: Home) -> tuple[ExecutionResult, ...]:
    """Return the executions on this machine, the newest first."""
    return Executions(home).list()


def execution_table(found: Iterable[ExecutionResult]) -> Table:
    """Lay executions out, one a row."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="head")
    for column in ("  execution", "pipeline", "status", "started", "seconds", "reason"):
        table.add_column(column, overflow="fold")
    for each in found:
        seconds = f"{each.duration_sec:.1f}" if each.duration_sec is not None else ""
        reason = f"{each.failed_step}: {each.reason}" if each.failed_step else each.reason or ""
        table.add_row(
            f"  {each.execution_id}",
            each.pipeline,
            mark(each.status),
            each.started,
            seconds,
            reason,
        )
    return table
