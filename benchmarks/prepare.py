"""Measure Prepare against the usual pandas and scikit-learn script on the same mixed table.

    python benchmarks/prepare.py
    python benchmarks/prepare.py --rows 1000000 --runs 3

A table of numbers (some with gaps), categories, whole numbers, a boolean and a time, as CSV. Ours
is the whole job: contract check, quarantine, features, stratified split, hash, profile. Theirs
imputes, scales, encodes and splits, and writes Parquet or CSV. Each run is a process of its own,
and contenders take turns, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.tables import connect, literal

BASELINE = Path(__file__).parent / "baselines" / "prepare_pandas.py"
TARGET = "BOUGHT"
CARDINALITIES = (3, 5, 12, 30, 80, 200)
USECASE = """
name: mixed
problem: {{type: binary, target: {target}}}
contract:
  columns:
{columns}
features:
  inputs: [{inputs}]
split: {{method: stratified}}
gate: {{metric: auc_roc}}
"""


@dataclass(frozen=True)
class Run:
    """One process: how long it took, its time on all CPUs, its memory at the peak."""

    seconds: float
    cpu_seconds: float
    peak_gib: float


def write_table(path: Path, rows: int) -> None:
    """Write mixed rows whose categories are as uneven as real ones."""
    numbers = ", ".join(
        f"case when random() >= {0.05 if place % 3 == 0 else 0} "
        f"then round(exp(2 * random() + {place}) + random(), 4) end as N{place}"
        for place in range(10)
    )
    texts = ", ".join(
        f"'c' || cast(floor({count} * power(random(), 2)) as integer) as C{place}"
        for place, count in enumerate(CARDINALITIES)
    )
    with connect(memory_gib=4) as database:
        database.execute("select setseed(0.5); set threads = 1")
        database.execute(
            f"copy (select {numbers}, {texts}, "  # noqa: S608
            "cast(random() * 90 as bigint) as I0, cast(random() * 100000 as bigint) as I1, "
            "random() < 0.3 as B, "
            "timestamp '2026-01-01' + to_seconds(cast(random() * 1e7 as bigint)) as AT, "
            f"cast(random() < 0.2 as bigint) as {TARGET} from range({rows})) "
            f"to {literal(path)} (format csv, header)"
        )


def write_usecase(folder: Path) -> None:
    """Write the use case of the table."""
    kinds = {
        **{f"N{place}": "type: number, nullable: true" for place in range(10)},
        **{f"C{place}": "type: string" for place in range(len(CARDINALITIES))},
        "I0": "type: integer, minimum: 0",
        "I1": "type: integer, minimum: 0",
        "B": "type: boolean",
        "AT": "type: timestamp",
        TARGET: "type: integer, allowed: [0, 1]",
    }
    columns = "\n".join(f"    {name}: {{{kind}}}" for name, kind in kinds.items())
    inputs = ", ".join(name for name in kinds if name not in ("AT", TARGET))
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(
        USECASE.format(target=TARGET, columns=columns, inputs=inputs)
    )


def measured(*command: str, **environment: str) -> Run:
    """Run a process and wait for it; its peak memory is what the kernel counted."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def ours(root: Path) -> Run:
    """Run the job as the container does."""
    return measured(
        "-m",
        "pipeline_code.entrypoints.prepare",
        "--usecase",
        "mixed",
        **{
            contract.ML_ROOT_VARIABLE: str(root),
            contract.USECASES_VARIABLE: str(root / "usecases"),
        },
    )


def check(root: Path, rows: int) -> None:
    """Make sure that what was measured did its work."""
    folder = root / contract.PROCESSING_OUTPUT
    profile = json.loads((folder / contract.PROFILE / contract.PROFILE_FILE).read_text())
    assert profile["rows"]["out"] == rows
    assert profile["split"]["test"]["rows"] == round(rows * 0.2)
    assert len(profile["columns"]) == len(CARDINALITIES) + 15


def show(name: str, runs: list[Run]) -> Run:
    """Print the runs of one contender; return their medians."""
    middle = Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_seconds for run in runs),
        max(run.peak_gib for run in runs),
    )
    every = " ".join(f"{run.seconds:.2f}" for run in runs)
    print(
        f"{name:<30} {middle.seconds:7.2f} s   CPU {middle.cpu_seconds:7.2f} s   "
        f"peak {middle.peak_gib:5.2f} GiB   ({every})",
        flush=True,
    )
    return middle


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each contender (default 3)")
    parser.add_argument("--only-ours", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        source = root / contract.PROCESSING_INPUT / contract.RAW / "rows.csv"
        source.parent.mkdir(parents=True)
        write_table(source, given.rows)
        write_usecase(root / "usecases" / "mixed")
        print(f"{given.rows:,} rows, {source.stat().st_size / 2**20:.0f} MiB of CSV", flush=True)
        runs: dict[str, list[Run]] = {"prepare": [], "parquet": [], "csv": []}
        for _ in range(given.runs):
            runs["prepare"].append(ours(root))
            for kind in () if given.only_ours else ("parquet", "csv"):
                script = (str(BASELINE), str(source), TARGET, str(root / kind), kind)
                runs[kind].append(measured(*script))
        check(root, given.rows)
        mine = show("Prepare", runs["prepare"])
        for kind in () if given.only_ours else ("parquet", "csv"):
            other = show(f"pandas, scikit-learn, {kind}", runs[kind])
            print(
                f"  {other.seconds / mine.seconds:.1f} times as fast, "
                f"{mine.peak_gib / other.peak_gib:.0%} of the memory"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
