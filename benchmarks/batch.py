"""Score a large CSV file: `acequia predict` against reading, one raw model call and writing.

``python -m benchmarks.batch [--rows 1000000] [--repeats 3]``. Both sides are processes of their
own, run by turns, from their start to their end; the peak is the largest resident memory of
any of a side's processes, and the sum of the peaks where there are several.
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
from pathlib import Path

import duckdb
import numpy as np
import xgboost

from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import ModelMetadata, XgboostModel, save_model

FEATURES = tuple(f"F{index:02d}" for index in range(30))
WANTED_RATIO = 1.5
_TREES, _DEPTH = 200, 6
_BASELINE = """
import sys, duckdb, numpy, xgboost
folder, source, destination = sys.argv[1:]
booster = xgboost.Booster(model_file=f"{folder}/model.ubj")
database = duckdb.connect()
names = [f"F{i:02d}" for i in range(30)]
database.execute(f"create table t as from read_csv('{source}')")
found = database.execute(f"select {', '.join(names)} from t").fetchnumpy()
matrix = numpy.stack([found[n].astype('float32') for n in names], axis=1)
score = booster.inplace_predict(matrix).astype('float64')
database.register("s", {"score": score, "decision": (score >= 0.5).astype('int8')})
database.execute(f"copy (select t.*, s.* from t positional join s) to '{destination}' (header)")
"""
_OURS = """
import sys
from pathlib import Path
from acequia.predict import predict
predict(*map(Path, sys.argv[1:]))
"""


def make_model(folder: Path) -> None:
    """Train a model of the usual size on noise."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(20_000, len(FEATURES))).astype(np.float32)
    labels = rows[:, 0] * rows[:, 1] + rows[:, 2] + random.normal(size=len(rows)) > 0
    booster = xgboost.train(
        {"max_depth": _DEPTH, "objective": "binary:logistic", "min_child_weight": 0},
        xgboost.DMatrix(rows, label=labels),
        num_boost_round=_TREES,
    )
    metadata = ModelMetadata(
        algorithm="xgboost",
        usecase="benchmark",
        features=FEATURES,
        target="Y",
        threshold=0.5,
        costs=Costs(false_positive=1, false_negative=1),
        hyperparameters={},
        weights="model.ubj",
        weights_hash="",
    )
    save_model(XgboostModel(metadata, booster), folder)


def make_rows(path: Path, rows: int) -> None:
    """Write an id and thirty numbers a row."""
    numbers = ", ".join(f"round(random() * 100 - 50, 4) as {name}" for name in FEATURES)
    duckdb.execute(
        f"select setseed(0); copy (select range as ID, {numbers} from range({rows})) "  # noqa: S608
        f"to '{path}' (header)"
    )


def measure(code: str, *arguments: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory in MiB of a process and its children."""
    script = (
        f"{code}\nimport resource, json\n"
        "own, children = (resource.getrusage(w).ru_maxrss for w in "
        "(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))\n"
        "print(json.dumps([own, children]))"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    own, child = json.loads(done.stdout.splitlines()[-1])
    return seconds, (own + child * (len(os.sched_getaffinity(0)) if child else 0)) / 1024


def compare(folder: Path, rows: int, repeats: int) -> dict[str, float]:
    """Run both sides by turns; return medians."""
    source = folder / "rows.csv"
    make_rows(source, rows)
    sides = {"baseline": _BASELINE, "ours": _OURS}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, code in sides.items():
            out = folder / f"{name}.csv"
            found[name].append(measure(code, folder / "model", source, out))
            out.unlink()
            out.with_name(f"{out.name}.manifest.json").unlink(missing_ok=True)
    size = source.stat().st_size / 2**20
    seconds = {n: statistics.median(s for s, _ in each) for n, each in found.items()}
    memory = {n: max(m for _, m in each) for n, each in found.items()}
    return {
        "rows": rows,
        "file_mib": round(size),
        **{f"{n}_sec": round(value, 2) for n, value in seconds.items()},
        "ratio": round(seconds["ours"] / seconds["baseline"], 2),
        **{f"{n}_mib": round(value) for n, value in memory.items()},
    }


def main() -> None:
    """Print one line of JSON for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 4_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_model(folder / "model")
        for rows in given.rows:
            print(json.dumps(compare(folder, rows, given.repeats)))


if __name__ == "__main__":
    main()
