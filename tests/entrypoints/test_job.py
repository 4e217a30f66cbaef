"""Every job fails in one line that names the reason, where SageMaker looks for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.entrypoints.job import Job, parse_arguments

REFUSING = """
from pipeline_code.core.errors import EmptySampleError
from pipeline_code.entrypoints.job import run
def main(job, arguments):
    raise EmptySampleError("test.parquet")
run(main)
"""
BROKEN = """
from pipeline_code.entrypoints.job import run
run(lambda job, arguments: 1 / 0)
"""
REPORTING = """
from pipeline_code.entrypoints.job import run
def main(job, arguments):
    job.progress(1, 2, "rows")
    job.summary(rows_in=3, rows_out=2)
run(main)
"""
WAITING = """
import time
from pipeline_code.entrypoints.job import run
def main(job, arguments):
    try:
        job.summary(rows_in=0)
        time.sleep(30)
    finally:
        (job.output("x") / "cleaned").write_text("")
run(main)
"""


def execute(program: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a small job in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, contract.ML_ROOT_VARIABLE: str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_refused_input_is_one_line_and_its_own_exit_code(tmp_path: Path) -> None:
    """Whoever retries must be able to tell a bad input from a broken machine."""
    result = execute(REFUSING, tmp_path)

    assert result.returncode == contract.EXIT_REFUSED
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("test.parquet has no rows; check")


@pytest.mark.parametrize("name", [contract.FAILURE_FILE, contract.MESSAGE_FILE])
def test_the_reason_is_left_where_sagemaker_shows_it(tmp_path: Path, name: str) -> None:
    """The console shows these files as FailureReason and ExitMessage."""
    execute(REFUSING, tmp_path)

    assert (tmp_path / name).read_text(encoding="utf-8").startswith("test.parquet has no rows")


def test_a_bug_keeps_its_traceback_and_ends_in_its_reason(tmp_path: Path) -> None:
    """The log helps who mends it; the last line helps who reads the console."""
    result = execute(BROKEN, tmp_path)

    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_figures_are_one_json_object_a_line(tmp_path: Path) -> None:
    """The local twin and a log query read the same lines."""
    lines = execute(REPORTING, tmp_path).stdout.splitlines()

    assert json.loads(lines[0].removeprefix(contract.PROGRESS_PREFIX)) == {
        "done": 1,
        "total": 2,
        "what": "rows",
    }
    assert json.loads(lines[1].removeprefix(contract.SUMMARY_PREFIX)) == {
        "rows_in": 3,
        "rows_out": 2,
    }


def test_a_stopped_job_cleans_up(tmp_path: Path) -> None:
    """SageMaker sends SIGTERM before it takes a spot instance away."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        env={**os.environ, contract.ML_ROOT_VARIABLE: str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM

    assert (tmp_path / contract.PROCESSING_OUTPUT / "x" / "cleaned").exists()


def test_arguments_come_in_pairs() -> None:
    """Settings keep their dotted paths, so they need no table of flags."""
    name, settings = parse_arguments(["--usecase", "fraud", "--split.test_days", "7"])

    assert (name, settings) == ("fraud", {"split.test_days": "7"})


def test_a_use_case_folder_can_be_brought_along(tmp_path: Path) -> None:
    """A use case of one's own need not be part of the package."""
    job = Job(root=tmp_path, usecases=tmp_path / "mine")

    assert job.usecase_folder("churn") == tmp_path / "mine" / "churn"
