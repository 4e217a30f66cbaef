"""Run one job once: its folder, its process, what it says, what it leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.archives import pack
from pipeline_code.local.hashes import files_under
from pipeline_code.local.home import Home
from pipeline_code.local.jobs import Job
from pipeline_code.local.objects import link_files, publish
from pipeline_code.local.process import Command, Exit, run_process

SERVICES = "pipeline_code.local.services:LocalServices"
ML_FOLDER = "ml"
LOG_FILE = "job.log"
LOCK_FILE = "job.lock"

_PROJECT = Path(__file__).parent.parent.parent
_ML_PATH = re.compile(rf"(?<![\w/.-]){re.escape(contract.ML_ROOT)}(?![\w.-])")
_PYTHON = ("python", "python3")
# Nothing of AWS, nothing of the caller's Python: a container would not have it either.
_INHERITED = ("HOME", "PATH", "TMPDIR")
_LONGEST_REASON = 1024

# Exit codes by which a job may ask to be tried again (sysexits.h), and what a machine that
# is taken away sends; a crash or a lack of memory would only happen again.
_FAULTS: Mapping[int, str] = {
    os.EX_TEMPFAIL: "Step.THROTTLING",
    os.EX_UNAVAILABLE: "Step.SERVICE_FAULT",
    -signal.SIGTERM: "SageMaker.JOB_INTERNAL_ERROR",
    128 + signal.SIGTERM: "SageMaker.JOB_INTERNAL_ERROR",
}
_NO_START = "SageMaker.CAPACITY_ERROR"


@dataclass(frozen=True)
class Attempt:
    """How one run of a job ended; ``fault`` is the exception type that retry policies name."""

    exit_code: int | None
    reason: str | None = None
    fault: str | None = None
    stopped: bool = False
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the job ended well."""
        return self.reason is None


@dataclass(frozen=True)
class Surroundings:
    """What every job of an execution shares."""

    home: Home
    stop: threading.Event
    usecases: Path | None = None


def run_once(
    job: Job,
    folder: Path,
    surroundings: Surroundings,
    on_progress: Callable[[Mapping[str, Any]], None],
    on_output: Callable[[str], None] = lambda _: None,
) -> Attempt:
    """Run ``job`` in ``folder``; what it made stays there until `publish_outputs`.

    ``on_output`` is told every line that the job prints.
    """
    root = folder / ML_FOLDER
    shutil.rmtree(root, ignore_errors=True)
    _lay_out(job, root, surroundings.home)
    for note in job.notes:
        _note(folder / LOG_FILE, note)
    summary: dict[str, Any] = {}

    def on_line(line: str) -> None:
        on_output(line)
        if line.startswith(contract.SUMMARY_PREFIX):
            summary.update(_figures(line.removeprefix(contract.SUMMARY_PREFIX)))
        elif line.startswith(contract.PROGRESS_PREFIX):
            on_progress(_figures(line.removeprefix(contract.PROGRESS_PREFIX)))

    try:
        ended = run_process(_command(job, folder, surroundings), on_line, surroundings.stop)
    except OSError as error:
        return Attempt(None, f"the job cannot be started: {error}", _NO_START)
    if ended.code == 0 and not ended.stopped and not ended.timed_out:
        return Attempt(0, summary=summary)
    fault = None if ended.stopped or ended.timed_out else _FAULTS.get(ended.code)
    return Attempt(ended.code, _reason(ended, job, root), fault, ended.stopped, summary)


def publish_outputs(job: Job, folder: Path, home: Home) -> dict[str, str]:
    """Move what a job made to where the definition says, and return the URIs by name."""
    root = folder / ML_FOLDER
    outputs = {}
    for channel in job.outputs:
        made = root / channel.folder
        if channel.optional and not files_under(made):
            continue
        if channel.packed:
            archive = folder / f"{channel.name}.tar.gz"
            pack(files_under(made), archive)
            made = archive
        else:
            made.mkdir(parents=True, exist_ok=True)  # should the job have taken it away
        publish(made, home.path(channel.uri), home.objects)
        outputs[channel.name] = channel.uri
    return outputs


def _lay_out(job: Job, root: Path, home: Home) -> None:
    for channel in job.outputs:
        (root / channel.folder).mkdir(parents=True, exist_ok=True)
    for name, content in job.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for channel in job.inputs:
        link_files(home.path(channel.uri), root / channel.folder)
    if job.kept is not None:
        # The folder itself: what is written there must outlive this attempt, however it ends.
        place, kept = root / job.kept.folder, home.path(job.kept.uri)
        kept.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(kept, target_is_directory=True)


def _note(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def _command(job: Job, folder: Path, surroundings: Surroundings) -> Command:
    root = str(folder / ML_FOLDER)
    first, *rest = (_ML_PATH.sub(lambda _: root, part) for part in job.command)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(_PROJECT),
        "PYTHONUNBUFFERED": "1",
        contract.ML_ROOT_VARIABLE: root,
        contract.SERVICES_VARIABLE: SERVICES,
        contract.SERVICES_ROOT_VARIABLE: str(surroundings.home.root),
    }
    if surroundings.usecases is not None:
        environment[contract.USECASES_VARIABLE] = str(surroundings.usecases)
    environment |= {k: _ML_PATH.sub(lambda _: root, v) for k, v in job.environment.items()}
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return Command(
        arguments=[sys.executable if first in _PYTHON else first, *rest],
        environment=environment,
        folder=work,
        log=folder / LOG_FILE,
        lock=folder / LOCK_FILE,
        timeout_sec=job.timeout_sec,
    )


def _reason(ended: Exit, job: Job, root: Path) -> str:
    """Say in one line why a job failed: its own words where it left any."""
    if ended.timed_out:
        return f"ran longer than MaxRuntimeInSeconds ({job.timeout_sec:g}) and was ended"
    if ended.stopped:
        return "was stopped with the execution"
    if ended.code < 0:
        name = signal.Signals(-ended.code).name
        hint = "; the machine probably ran out of memory" if name == "SIGKILL" else ""
        return f"was ended by {name}{hint}"
    for name in (contract.FAILURE_FILE, contract.MESSAGE_FILE):
        path = root / name
        if path.is_file() and (words := path.read_text(encoding="utf-8", errors="replace")):
            return " ".join(words.split())[:_LONGEST_REASON]
    return ended.last_line[:_LONGEST_REASON] or f"ended with exit code {ended.code}"


def _figures(text: str) -> dict[str, Any]:
    """Read what a job says of itself; a garbled line is a matter for its log alone."""
    try:
        figures = json.loads(text)
    except ValueError:
        return {}
    return figures if isinstance(figures, dict) else {}
