"""The Prepare job as a process: channels in, channels out, one line when it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pipeline_code import contract
from pipeline_code.usecases.fraud.simulator import write_transactions


def execute(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the job with its folders under ``root``."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline_code.entrypoints.prepare",
            "--usecase",
            "fraud",
            *arguments,
        ],
        env={**os.environ, contract.ML_ROOT_VARIABLE: str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_job_fills_its_channels_and_sums_up(tmp_path: Path) -> None:
    """Settings arrive as arguments; the summary accounts for every row."""
    write_transactions(
        tmp_path / contract.PROCESSING_INPUT / contract.RAW, customers=100, terminals=200, days=40
    )

    done = execute(tmp_path, "--split.validation_days", "3", "--features.history_days", "2")

    assert (done.returncode, done.stderr) == (0, "")
    *_, last = done.stdout.splitlines()
    summary = json.loads(last.removeprefix(contract.SUMMARY_PREFIX))
    assert summary["rows_in"] == summary["rows_out"] > 0
    assert summary["quarantined"] == summary["deduplicated"] == 0
    output = tmp_path / contract.PROCESSING_OUTPUT
    profile = json.loads((output / contract.PROFILE / contract.PROFILE_FILE).read_text())
    assert profile["split"]["validation"]["from"] == "2018-04-24"
    assert (output / contract.TRAIN_CHANNEL / contract.TRAIN_FILE).is_file()
    assert (output / contract.TEST / contract.TEST_FILE).is_file()
    assert (output / contract.QUARANTINE / contract.QUARANTINE_FILE).is_file()
    assert contract.PROGRESS_PREFIX in done.stdout


def test_a_refused_source_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """No traceback, nothing for the next step to read."""
    folder = tmp_path / contract.PROCESSING_INPUT / contract.RAW
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text("TRANSACTION_ID\n1\n")

    done = execute(tmp_path)

    assert done.returncode == contract.EXIT_REFUSED
    (line,) = done.stderr.splitlines()
    assert "rows.csv lacks CUSTOMER_ID" in line
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_raw_channel_that_is_not_there_is_named(tmp_path: Path) -> None:
    """An input that was not mounted is no empty data set."""
    done = execute(tmp_path)

    assert done.returncode == contract.EXIT_REFUSED
    assert "processing/input/raw does not exist" in done.stderr


def test_the_day_of_the_execution_is_an_argument(tmp_path: Path) -> None:
    """Nothing reads the clock; what is no day is one line."""
    write_transactions(
        tmp_path / contract.PROCESSING_INPUT / contract.RAW, customers=100, terminals=200, days=40
    )

    assert execute(tmp_path, "--as-of", "2030-01-31").returncode == 0, "fraud asks for no freshness"
    assert execute(tmp_path, "--as-of", contract.UNKNOWN).returncode == 0
    done = execute(tmp_path, "--as-of", "tomorrow")

    assert done.returncode == contract.EXIT_REFUSED
    assert "--as-of is 'tomorrow'" in done.stderr
