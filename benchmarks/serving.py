"""Measure the inference server beside the usual one and beside an application that does nothing.

    python benchmarks/serving.py [--seconds 3] [--rounds 5]

Each answers on 127.0.0.1 with two workers and the same HTTP parser and event loop, in turn in
every round, so that a busy machine slows all. The load comes from `wrk` (apt install wrk), which
takes part of the two cores, of each server alike. The model is a booster of 200 trees of depth
6 on 30 features.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import (
    BOOSTER_FILE,
    Matrix,
    ModelMetadata,
    XgboostModel,
    save_model,
)

FEATURES = tuple(f"F{index}" for index in range(30))
WORKERS = 2
MANY = 10_000
ROOT = Path(__file__).parents[1]
UVICORN = ["-m", "uvicorn", "--workers", str(WORKERS), "--log-level", "warning", "--no-access-log"]
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Server:
    """A server to measure: how it is started on a port."""

    name: str
    command: Callable[[int], list[str]]


@dataclass(frozen=True)
class Load:
    """What one round of load showed; latencies in seconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    """Print the medians of all rounds, and what they must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("skipped: the load comes from wrk, which is not here (apt install wrk)")
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = make_model(Path(folder))
        os.environ["BENCH_MODEL"] = str(Path(folder) / BOOSTER_FILE)
        measure(Path(folder), rows, options)


def measure(folder: Path, rows: Matrix, options: argparse.Namespace) -> None:
    """Start the servers in turn for what a start shows, then together for the load."""
    serve = ["-m", "pipeline_code.entrypoints.serve", "--model", str(folder)]
    servers = [
        Server("usual", lambda p: [*UVICORN, "--port", str(p), "benchmarks.servers.usual:app"]),
        Server("empty", lambda p: [*UVICORN, "--port", str(p), "benchmarks.servers.empty:app"]),
        Server("ours", lambda p: [*serve, "--port", str(p), "--workers", str(WORKERS)]),
    ]
    starts: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(options.rounds):
        for server in servers:
            with running(server) as (_, started):
                starts[server.name].append(started.seconds)
    print_starts({name: statistics.median(found) for name, found in starts.items()})
    with contextlib.ExitStack() as stack:
        ports = {}
        processes = {}
        for server in servers:
            ports[server.name], started = stack.enter_context(running(server))
            processes[server.name] = started.process
        script = write_script(folder / "row.lua", csv(rows[:1]))
        for connections in (16, 1):
            found = rounds(ports, script, connections, options)
            print_load(connections, found)
        print_many(ports["ours"], rows, options.rounds)
        print_memory(processes)


def print_starts(found: dict[str, float]) -> None:
    """Say how long each takes from its start to its first healthy answer."""
    print("Start to healthy, median")
    for name, seconds in found.items():
        print(f"  {name:6}{seconds:8.2f} s")
    print(f"  ours : usual = {found['ours'] / found['usual']:.2f} (wanted: at most 0.25)\n")


def print_load(connections: int, found: dict[str, Load]) -> None:
    """Say how many single rows a second each scores."""
    print(f"One row a request, {connections} connection(s), {WORKERS} workers, median of rounds")
    for name, load in found.items():
        print(
            f"  {name:6}{load.rate:10,.0f} requests/s   "
            f"p50 {load.p50 * 1e3:7.2f} ms   p99 {load.p99 * 1e3:7.2f} ms"
        )
    ours, usual, empty = found["ours"], found["usual"], found["empty"]
    if connections == 1:
        print(f"  p50 ours : empty = {ours.p50 / empty.p50:.2f} (wanted: at most 2)\n")
        return
    print(f"  ours : usual = {ours.rate / usual.rate:.1f} (wanted: at least 15)")
    print(f"  ours : empty = {ours.rate / empty.rate:.2f} (wanted: at least 0.45)")
    print(f"  p99 ours : p50 usual = {ours.p99 / usual.p50:.2f} (wanted: below 1)\n")


def print_many(port: int, rows: Matrix, repeats: int) -> None:
    """Say what the server adds to the booster's own time for many rows."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(os.environ["BENCH_MODEL"])
    booster.set_param({"nthread": 1})
    body = csv(rows[:MANY])
    raw, served = [], []
    for _ in range(repeats * 5):
        raw.append(timed(lambda: booster.inplace_predict(rows[:MANY])))
        served.append(timed(lambda: post(port, body)))
    ratio = statistics.median(served) / statistics.median(raw)
    print(f"{MANY:,} rows a request, CSV of {len(body) / 1e6:.1f} MB, median")
    print(f"  model  {statistics.median(raw) * 1e3:8.1f} ms (inplace_predict, one thread)")
    print(f"  ours   {statistics.median(served) * 1e3:8.1f} ms")
    print(f"  ours : model = {ratio:.2f} (wanted: at most 1.3)\n")


def print_memory(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Say what each server's processes hold in memory, after the load."""
    print("Memory of each process after the load, shared pages counted by share")
    for name, process in processes.items():
        sizes = [f"{size:.0f} MB" for size in family_memory(process.pid)]
        print(f"  {name:6} {', '.join(sizes)}")
    print("  wanted of ours: below 200 MB a worker")


def rounds(
    ports: dict[str, int], script: Path, connections: int, options: argparse.Namespace
) -> dict[str, Load]:
    """Load the servers in turn, several times."""
    found: dict[str, list[Load]] = {name: [] for name in ports}
    for _ in range(options.rounds):
        for name, port in ports.items():
            found[name].append(wrk(port, script, connections, options.seconds))
    return {
        name: Load(
            statistics.median(load.rate for load in loads),
            statistics.median(load.p50 for load in loads),
            statistics.median(load.p99 for load in loads),
        )
        for name, loads in found.items()
    }


def wrk(port: int, script: Path, connections: int, seconds: int) -> Load:
    """Send the request over some connections for some seconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    url = f"http://127.0.0.1:{port}/invocations"
    text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    return Load(
        float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),  # type: ignore[index]
        _latency(text, "50%"),
        _latency(text, "99%"),
    )


def _latency(text: str, name: str) -> float:
    match = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", text)
    assert match, text
    return float(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True)
class Started:
    """A server that answers: its process, and how long that took."""

    process: subprocess.Popen[bytes]
    seconds: float


@contextlib.contextmanager
def running(server: Server) -> Iterator[tuple[int, Started]]:
    """Run a server until the end of the block; give its port once it is healthy."""
    port = free_port()
    begin = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *server.command(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while not is_healthy(port):
                assert process.poll() is None, f"{server.name} ended"
                time.sleep(0.01)
            yield port, Started(process, time.perf_counter() - begin)
        finally:
            process.terminate()


def is_healthy(port: int) -> bool:
    """Ask once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def post(port: int, body: bytes) -> None:
    """Send one large request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    connection.request("POST", "/invocations", body, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read().count(b"\n") == MANY
    connection.close()


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that ``work`` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def free_port() -> int:
    """Find a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def family_memory(pid: int) -> list[float]:
    """Return the proportional set sizes of a process and its children, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    sizes = []
    for one in (pid, *map(int, children)):
        match = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{one}/smaps_rollup").read_text())
        sizes.append(int(match[1]) / 1024 if match else float("nan"))
    return sizes


def write_script(path: Path, body: bytes) -> Path:
    """Write the request as wrk takes it."""
    text = body.decode().strip()
    path.write_text(
        f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "text/csv"\nwrk.body = "{text}"\n'
    )
    return path


def csv(rows: Matrix) -> bytes:
    """Write rows as clients do."""
    return "\n".join(",".join(f"{value:.6g}" for value in row) for row in rows).encode()


def make_model(folder: Path) -> Matrix:
    """Train a booster of a usual size on noise; return rows."""
    import xgboost

    generator = np.random.default_rng(0)
    x = generator.normal(size=(20_000, len(FEATURES))).astype(np.float32)
    y = (x[:, 0] + x[:, 1] ** 2 > 2.5).astype(np.float32)
    settings = {"objective": "binary:logistic", "max_depth": 6}
    booster = xgboost.train(settings, xgboost.DMatrix(x, y), num_boost_round=200)
    metadata = ModelMetadata(
        algorithm="xgboost",
        usecase="benchmark",
        features=FEATURES,
        target="T",
        threshold=0.5,
        costs=Costs(false_positive=1, false_negative=5),
        hyperparameters={},
        weights=BOOSTER_FILE,
        weights_hash="",
    )
    save_model(XgboostModel(metadata, booster).with_probe(x[:32]), folder)
    return x


if __name__ == "__main__":
    main()
