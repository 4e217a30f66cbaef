"""Data are held against a use case before a training run is spent on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.usecases.fraud.simulator import write_transactions

USECASE = """
name: tips
problem: {type: regression, target: TIP}
contract:
  columns:
    SEAT: {type: integer}
    DAY: {type: timestamp}
    BILL: {type: number, minimum: 0}
    TIP: {type: number}
features:
  sql: features.sql
  inputs: [BILL, FEATURE]
split: {event_time: DAY, validation_days: 5, gap_days: 0, test_days: 10}
gate: {metric: rmse}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A use case of its own, and fifty days of bills."""
    usecase = tmp_path / "usecases" / "tips"
    usecase.mkdir(parents=True)
    (usecase / "usecase.yaml").write_text(USECASE)
    rows = [
        f"{i % 8},2026-{1 + i // 168:02}-{1 + i // 6 % 28:02},{i * 37 % 90},{i * 11 % 13}"
        for i in range(300)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(["SEAT,DAY,BILL,TIP", *rows, "1,soon,5,5"]) + "\n")
    return tmp_path


def check(root: Path, feature: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command with one feature in the SQL."""
    sql = f"select *, {feature} as FEATURE from transactions\n"  # noqa: S608
    (root / "usecases" / "tips" / "features.sql").write_text(sql)
    return acequia(root, "check", "--usecase", "tips", "--data", str(root / "rows.csv"), *words)


def acequia(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a home and use cases of its own."""
    code = (
        "from pathlib import Path; from pipeline_code import contract; "
        f"folder = Path({str(root / 'usecases')!r}); "
        "contract.usecase_folder = lambda name, root=None: folder / name; "
        "from acequia.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "ACEQUIA_HOME": str(root / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_clean_data_pass_and_are_accounted_for(folder: Path) -> None:
    """Every row, every reason, the split; nothing is written."""
    before = sorted(folder.rglob("*"))
    done = check(folder, "BILL * 2", "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["clean"] is True
    assert found["rows"] == {"in": 301, "out": 300, "quarantined": 1, "deduplicated": 0}
    assert found["quarantine_reasons"] == {"DAY is not a time": 1}
    assert found["split"]["test"]["rows"] == 60
    assert found["future_looks"] == found["likely_leaks"] == []
    assert [path for path in sorted(folder.rglob("*")) if path not in before] == [
        folder / "usecases" / "tips" / "features.sql"
    ]


def test_a_look_into_the_future_is_exit_code_2(folder: Path) -> None:
    """With the feature, a row, and what it is when the rest is not known."""
    done = check(folder, "avg(BILL) over (partition by SEAT)")

    assert done.returncode == contract.EXIT_REFUSED
    assert "1 features look into the future" in done.stdout
    assert "FEATURE of the row with DAY 2026-" in done.stdout


def test_a_likely_leak_is_for_a_person_to_judge(folder: Path) -> None:
    """A feature may be that good; it is shown, and the exit code is 0."""
    text = (folder / "rows.csv").read_text()
    (folder / "rows.csv").write_text(text.replace("SEAT,DAY,BILL,TIP", "SEAT,DAY,TIP,BILL"))
    usecase = folder / "usecases" / "tips" / "usecase.yaml"
    usecase.write_text(usecase.read_text().replace("DAY: {", "KNOWN: {type: number}\n    DAY: {"))
    lines = (folder / "rows.csv").read_text().splitlines()
    known = [lines[0] + ",KNOWN", *(f"{line},-{line.split(',')[2]}.5" for line in lines[1:])]
    (folder / "rows.csv").write_text("\n".join(known) + "\n")

    done = check(folder, "KNOWN", "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [leak["feature"] for leak in found["likely_leaks"]] == ["FEATURE"]
    assert found["clean"] is True


def test_rows_beyond_the_budget_are_one_line(folder: Path) -> None:
    """What stops Prepare stops the check."""
    with (folder / "rows.csv").open("a") as file:
        file.write("1,soon,5,5\n" * 40)
    done = check(folder, "BILL")

    assert done.returncode == contract.EXIT_REFUSED
    (line,) = done.stderr.splitlines()
    assert "DAY is not a time (41 rows)" in line


def test_what_the_project_ships_passes(tmp_path: Path) -> None:
    """With its real SQL and the data of a simulation."""
    write_transactions(tmp_path / "data", seed=1, customers=120, terminals=300, days=60)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from acequia.main import main; main()",
            "check",
            "--data",
            str(tmp_path / "data"),
            "--json",
        ],
        env={**os.environ, "ACEQUIA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["clean"] is True


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    """As in a run."""
    done = acequia(tmp_path, "check", "--usecase", "nothing")

    assert done.returncode != 0
    assert "no use case 'nothing'" in done.stderr
