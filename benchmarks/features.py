"""Measure the features in SQL against the usual pandas script on the same rows, and the simulator.

    python benchmarks/features.py ../shared/data/fraud-handbook-transactions.parquet
    python benchmarks/features.py --simulate

Each run is a process of its own, so that peak memory is that run's. The numbers are compared row
by row: the SQL's windows are closed, [t - N days, t], pandas' are open at the far end and see a
tie only in file order, so the two may differ where a payment lies exactly on an edge or at the
same instant, and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.contract import usecase_folder
from pipeline_code.core.tables import connect, literal, read_columns
from pipeline_code.core.usecase import load_usecase
from pipeline_code.usecases.fraud.simulator import write_transactions

BASELINE = Path(__file__).with_name("features_pandas.py")
FOLDER = usecase_folder("fraud")
INPUTS = load_usecase(FOLDER).features.inputs
EDGES = {"CUSTOMER_ID": (0, 1, 7, 30), "TERMINAL_ID": (7, 8, 14, 37)}


def run_sql(source: Path, target: Path) -> None:
    """Compute the features as Prepare does, then write them; report seconds and peak memory."""
    sql = (FOLDER / "features.sql").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as spill, connect(spill=Path(spill)) as database:
        database.execute(f"create table transactions as from {literal(source)}")
        started = time.perf_counter()
        database.execute(
            "create table featured as select TRANSACTION_ID, "  # noqa: S608
            f"{', '.join(INPUTS)} from (\n{sql}\n)"
        )
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        database.execute(
            f"copy (from featured order by TRANSACTION_ID) to {literal(target)} (format parquet)"
        )
    print(json.dumps({"seconds": seconds, "peak_gib": peak}))


def run_simulator(target: Path) -> None:
    """Simulate the published sizes; report."""
    started = time.perf_counter()
    path = write_transactions(target)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with connect() as database:
        rows, share = database.execute(
            f"select count(*), avg(TX_FRAUD) from {literal(path)}"  # noqa: S608
        ).fetchall()[0]
    print(json.dumps({"seconds": seconds, "peak_gib": peak, "rows": rows, "frauds": share}))


def measured(*command: str) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def median(name: str, runs: list[dict[str, Any]]) -> float:
    """Print the runs of one contender and return its median."""
    seconds = [float(run["seconds"]) for run in runs]
    middle = statistics.median(seconds)
    peak = max(run["peak_gib"] for run in runs)
    every = " ".join(f"{one:.1f}" for one in seconds)
    print(f"{name:<22} {middle:8.2f} s   peak {peak:5.2f} GiB   ({every})", flush=True)
    return middle


def on_an_edge(source: Path, key: str) -> np.ndarray[Any, Any]:
    """Find the rows for which another of the same entity lies exactly on an edge of a window."""
    offsets = ", ".join(f"({days})" for days in EDGES[key])
    with connect(memory_gib=4) as database:
        rows = database.execute(
            f"""
            select distinct this.TRANSACTION_ID as one
            from {literal(source)} as this
            cross join (values {offsets}) as edges(days)
            join {literal(source)} as other
                on other.{key} = this.{key}
                and other.TX_DATETIME = this.TX_DATETIME - to_days(edges.days)
                and other.TRANSACTION_ID <> this.TRANSACTION_ID
            """  # noqa: S608
        ).fetchnumpy()["one"]
    return np.asarray(rows)


def compare(source: Path, ours: Path, theirs: Path) -> bool:
    """Compare every number; say how many rows differ and whether an edge explains each."""
    one, other = read_columns(ours), read_columns(theirs)
    assert np.array_equal(one["TRANSACTION_ID"], other["TRANSACTION_ID"])
    edges = {key: on_an_edge(source, key) for key in EDGES}
    differing: set[int] = set()
    unexplained = 0
    for name in INPUTS:
        unlike = ~np.isclose(one[name].astype(float), other[name].astype(float), 1e-9, 1e-9)
        numbers = one["TRANSACTION_ID"][unlike]
        differing.update(numbers.tolist())
        key = name[: len("CUSTOMER_ID")]
        explained = np.isin(numbers, edges[key]) if key in edges else np.zeros(len(numbers), bool)
        unexplained += int((~explained).sum())
    rows = len(one["TRANSACTION_ID"])
    print(
        f"equal in all {len(INPUTS)} features: {rows - len(differing):,} of {rows:,} rows; "
        f"{len(differing):,} have another payment on an edge of a window or at the same instant, "
        f"{unexplained} differ otherwise"
    )
    return unexplained == 0


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, help="transactions as one Parquet file")
    parser.add_argument("--simulate", action="store_true", help="measure on simulated rows")
    parser.add_argument("--runs", type=int, default=3, help="of each contender (default 3)")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        what, source, target = given.run
        if what == "sql":
            run_sql(Path(source), Path(target))
        else:
            run_simulator(Path(target))
        return 0
    if not given.simulate and not given.path:
        parser.error("give a file of transactions, or --simulate")
    me = str(Path(__file__).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        simulated = [measured(me, "--run", "simulate", "-", str(folder)) for _ in range(given.runs)]
        median("simulator", simulated)
        print(f"  {simulated[0]['rows']:,} rows, {simulated[0]['frauds']:.2%} frauds")
        source = given.path or folder / "transactions.parquet"
        ours, theirs = folder / "ours.parquet", folder / "theirs.parquet"
        sql = median(
            "features.sql",
            [measured(me, "--run", "sql", str(source), str(ours)) for _ in range(given.runs)],
        )
        script = str(BASELINE)
        pandas = median(
            "pandas groupby-rolling",
            [measured(script, str(source), str(theirs)) for _ in range(given.runs)],
        )
        print(f"ratio {pandas / sql:.1f}")
        return 0 if compare(source, ours, theirs) else 1


if __name__ == "__main__":
    sys.exit(main())
