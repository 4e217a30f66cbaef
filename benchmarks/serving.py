"""Measure requests a second of one row each, beside an application that does nothing.

    python benchmarks/serving.py [MODEL_FOLDER] [--seconds 2] [--rounds 5] [--connections 4]

Both answer on 127.0.0.1, each in a process of its own, in turn in every round, so that a busy
machine slows both. Without a folder a booster of 200 trees of depth 6 is made for the fraud
features. The client is the same plain socket for both and costs part of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline_code import contract
from pipeline_code.core.usecase import load_usecase
from pipeline_code.steps.predict import ModelMetadata, XgboostModel, load_model, save_model

EMPTY = """
import socket, uvicorn
async def app(scope, receive, send):
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
listener = socket.create_server(("127.0.0.1", 0))
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print('acequia.listening {"port": %d}' % listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, lifespan="off", ws="none", access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[listener])
"""


def main() -> None:
    """Print the medians of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        model = options.model or make_model(Path(folder))
        features = load_model(model).features
        serve = ["-m", "pipeline_code.entrypoints.serve", "--port", "0", "--model", str(model)]
        ports = {
            "an empty application": stack.enter_context(running(["-c", EMPTY])),
            "the endpoint, one row": stack.enter_context(running(serve)),
        }
        body = ",".join(str(index + 0.5) for index in range(len(features)))
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
        for _ in range(options.rounds):
            for name, port in ports.items():
                found[name].append(load(port, body, options.seconds, options.connections))
    for name, rounds in found.items():
        rate = statistics.median(rate for rate, _ in rounds)
        latency = statistics.median(latency for _, latency in rounds)
        print(f"{name:24}{rate:8,.0f} requests/s   median {latency * 1e3:6.2f} ms")
    print(f"{options.connections} connections, median of {options.rounds} rounds")


@contextlib.contextmanager
def running(arguments: list[str]) -> Iterator[int]:
    """Run a server, give its port, end it."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield json.loads(line.removeprefix(contract.LISTENING_PREFIX))["port"]
        finally:
            process.terminate()


def load(port: int, body: str, seconds: float, connections: int) -> tuple[float, float]:
    """Ask on several connections at once; return requests a second and the median latency."""
    latencies: list[list[float]] = [[] for _ in range(connections)]
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=ask, args=(port, body, end, times)) for times in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [latency for one in latencies for latency in one]
    return len(times) / seconds, statistics.median(times)


def ask(port: int, body: str, end: float, latencies: list[float]) -> None:
    """Send the same request over one connection until the time is over."""
    request = (
        "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (start := time.perf_counter()) < end:
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"}"):
                part = connection.recv(65_536)
                assert part, "the server closed the connection"
                answer += part
            assert answer.startswith(b"HTTP/1.1 200"), answer
            latencies.append(time.perf_counter() - start)


def make_model(folder: Path) -> Path:
    """Train a booster of a usual size on noise."""
    import xgboost

    usecase = load_usecase(contract.usecase_folder("fraud"))
    generator = np.random.default_rng(0)
    x = generator.normal(size=(20_000, len(usecase.features.inputs))).astype(np.float32)
    y = (x[:, 0] + x[:, 1] ** 2 > 2.5).astype(np.float32)
    settings = {"objective": "binary:logistic", "max_depth": 6}
    booster = xgboost.train(settings, xgboost.DMatrix(x, y), num_boost_round=200)
    metadata = ModelMetadata(
        algorithm="xgboost",
        usecase=usecase.name,
        features=usecase.features.inputs,
        target=usecase.problem.target,
        threshold=0.5,
        costs=usecase.costs,
        hyperparameters={},
        weights="model.ubj",
        weights_hash="",
    )
    save_model(XgboostModel(metadata, booster), folder)
    return folder


if __name__ == "__main__":
    main()
