"""The command line from data to a served model, on a small simulation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from acequia.errors import NotFoundError
from acequia.run import Request, as_of, require_libraries, run_pipeline
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.core.usecase import load_usecase
from pipeline_code.local.home import Home
from pipeline_code.usecases.fraud.simulator import write_transactions

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Transactions of a few customers over enough days for every part of the split."""
    folder = tmp_path_factory.mktemp("data")
    return write_transactions(folder, seed=1, customers=300, terminals=600, days=60)


@pytest.fixture(scope="module")
def acequia(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the command with a home of its own."""
    environment = {**os.environ, "ACEQUIA_HOME": str(tmp_path_factory.mktemp("home"))}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from acequia.main import main; main()", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def first(acequia: Run, data: Path) -> dict[str, Any]:
    """The summary of the first execution."""
    result = acequia("run", "--data", str(data), "--json")
    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_run_ends_with_a_version_that_awaits_approval(first: dict[str, Any]) -> None:
    """The whole lock runs, from rows to the registry."""
    statuses = {step["name"]: step["status"] for step in first["execution"]["steps"]}

    assert set(statuses.values()) == {"Succeeded"}
    assert (first["model"]["version"], first["model"]["status"]) == (1, "PendingManualApproval")
    assert Path(first["report"]).is_file()


def test_no_row_is_lost(first: dict[str, Any]) -> None:
    """What went in came out, was quarantined or was a duplicate."""
    rows = first["execution"]["steps"][0]["summary"]

    assert rows["rows_in"] == rows["rows_out"] + rows["quarantined"] + rows["deduplicated"] > 0


def test_a_second_run_comes_from_the_cache_and_adds_no_version(
    acequia: Run, data: Path, first: dict[str, Any]
) -> None:
    """The same content is the same version, however often it is run."""
    second = json.loads(acequia("run", "--data", str(data), "--json").stdout)
    statuses = {step["name"]: step["status"] for step in second["execution"]["steps"]}

    assert statuses["Train"] == statuses["Prepare"] == statuses["Evaluate"] == "Cached"
    assert second["model"]["version"] == first["model"]["version"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--set", "training.max_depht=3"), "did you mean 'training.max_depth'"),
        (("run", "--set", "training.max_depth"), "write it as NAME=VALUE"),
        (("run", "--set", "training.max_depth=99"), "less than or equal to 16"),
        (("run", "--set", "training.algorithm=aws:xgboost"), "name it in usecase.yaml"),
        (("run", "--data", "nothing.csv"), "there is no data at nothing.csv"),
        (("run", "--usecase", "frod"), "did you mean 'fraud'"),
        (("run", "--resume", "never"), "there is no execution 'never'"),
        (("models", "approve", "99"), "has no version 99"),
        (("models", "compare", "1", "99"), "has no version 99"),
        (("serve",), "no version of fraud is approved"),
        (("predict", "x.csv"), "no version of fraud is approved"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_without_a_traceback(
    acequia: Run, words: tuple[str, ...], message: str, first: dict[str, Any]
) -> None:
    """Every refusal has exit code 2 and says what to do."""
    result = acequia(*words)

    assert first["model"]["version"] == 1
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("TRANSACTION_ID,TX_DATETIME\n", "lacks"),
        (
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n",
            "no rows",
        ),
    ],
    ids=["empty", "columns missing", "header only"],
)
def test_bad_data_stops_the_run_before_training(
    acequia: Run, tmp_path: Path, content: str, message: str
) -> None:
    """The job's own reason reaches the person who typed the command."""
    (tmp_path / "t.csv").write_text(content)

    result = acequia("run", "--data", str(tmp_path / "t.csv"), "--json")
    steps = {
        each["name"]: each["status"] for each in json.loads(result.stdout)["execution"]["steps"]
    }

    assert result.returncode == 2
    assert message in result.stderr
    assert steps["Train"] == "NotRun"


def test_the_approved_version_scores_a_file(
    acequia: Run, data: Path, tmp_path: Path, first: dict[str, Any]
) -> None:
    """From approval to scores without leaving the command line."""
    assert acequia("models", "approve", str(first["model"]["version"])).returncode == 0

    source = next(data.glob("*.parquet")) if data.is_dir() else data
    result = acequia("predict", str(source), "-o", str(tmp_path / "scored.parquet"), "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["rows"] > 0
    assert (tmp_path / "scored.parquet").is_file()


def test_today_is_named_only_where_freshness_counts() -> None:
    """A day among the parameters makes every step of yesterday another one for the cache."""
    fraud = load_usecase(contract.usecase_folder("fraud"))
    promised = fraud.contract.model_copy(update={"freshness_days": 7})

    assert as_of(fraud) == {}
    assert date.fromisoformat(
        as_of(fraud.model_copy(update={"contract": promised}))[contract.PARAMETER_AS_OF]
    )


def test_a_missing_library_is_said_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    """Prepare may take an hour; that PyTorch is missing is known before."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else 1)
    request = Request("fraud", data, ["training.algorithm=torch"])

    with pytest.raises(NotFoundError, match=r"pip install 'acequia\[torch\]'"):
        run_pipeline(request, Home(tmp_path), Terminal(quiet=True))

    require_libraries(load_usecase(contract.usecase_folder("fraud")), [])
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("below", ["", "below/it"])
def test_a_home_that_is_a_file_is_one_line(tmp_path: Path, below: str) -> None:
    """A slip in ACEQUIA_HOME must not end in a traceback of the database."""
    file = tmp_path / "home"
    file.write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from acequia.main import main; main()", "models", "list"],
        env={**os.environ, "ACEQUIA_HOME": str(file / below)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "is a file" in done.stderr
    assert "ACEQUIA_HOME=FOLDER" in done.stderr
