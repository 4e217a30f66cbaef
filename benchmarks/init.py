"""Learn a use case from large CSV files: seconds and peak memory by size.

``python -m benchmarks.init [--rows 1000000 4000000] [--kind csv]``. The table has ten columns of
every type, one of them missing in a tenth of the rows. The peak is the largest resident memory of a
process of its own, from its start to its end; it must not grow with the file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

_COLUMNS = (
    "range as id",
    "timestamp '2024-01-01' + interval (range * 7) second as seen_at",
    "round(random() * 100, 2) as amount",
    "cast(random() * 80 as integer) as age",
    "['red', 'green', 'blue', 'grey'][cast(random() * 3 as integer) + 1] as colour",
    "round(random() * 1000, 3) as length",
    "round(random() * 1000 - 500, 3) as balance",
    "cast(random() * 9 as integer) as visits",
    "case when random() > 0.1 then cast(random() * 5000 as integer) end as distance",
    "case when random() < 0.05 then 'yes' else 'no' end as churn",
)
_DISCOVER = """
import json, resource, sys, tempfile
from pathlib import Path
from pipeline_code.steps.discovery.discover import Wishes, discover
with tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as spill:
    found = discover(Path(sys.argv[1]), Wishes(target="churn"), spill=Path(spill))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([found.counts.rows, len(found.inputs), round(peak)]))
"""


def make_table(path: Path, rows: int) -> None:
    """Write so many rows, the same ones every time."""
    form = "(header)" if path.suffix == ".csv" else "(format parquet)"
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("select setseed(0.5)")
        database.execute(
            f"copy (select {', '.join(_COLUMNS)} from range({rows})) to '{path}' {form}"  # noqa: S608
        )


def measure(path: Path) -> dict[str, float]:
    """Discover a table in a process of its own."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _DISCOVER, str(path)], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    rows, inputs, peak = json.loads(done.stdout)
    return {
        "rows": rows,
        "file_mib": round(path.stat().st_size / 2**20),
        "inputs": inputs,
        "seconds": round(seconds, 1),
        "peak_mib": peak,
    }


def main() -> None:
    """Print one line of JSON for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000, 4_000_000])
    parser.add_argument("--kind", choices=("csv", "parquet"), default="csv")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for rows in given.rows:
            path = Path(scratch) / f"table.{given.kind}"
            make_table(path, rows)
            print(json.dumps(measure(path)))
            path.unlink()


if __name__ == "__main__":
    main()
