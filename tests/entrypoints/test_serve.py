"""The server as SageMaker sees it: a process that listens, answers, drains and ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.usecase import Costs
from pipeline_code.entrypoints.serve import listen
from pipeline_code.steps.predict import (
    BOOSTER_FILE,
    LinearModel,
    LinearWeights,
    ModelMetadata,
    XgboostModel,
    save_model,
)

ROOT = Path(__file__).parents[2]
METADATA = ModelMetadata(
    algorithm="linear",
    usecase="fraud",
    features=("A", "B"),
    target="TX_FRAUD",
    threshold=0.5,
    costs=Costs(false_positive=5, false_negative=120),
    hyperparameters={},
    weights="weights.json",
    weights_hash="",
)
COMMAND = [sys.executable, "-m", "pipeline_code.entrypoints.serve"]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relocated ``/opt/ml`` whose model scores the sigmoid of A + B."""
    root = tmp_path_factory.mktemp("ml")
    weights = LinearWeights(
        mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, 1.0), intercept=0.0
    )
    save_model(LinearModel(METADATA, weights), root / contract.MODEL_FOLDER)
    return root / contract.MODEL_FOLDER


def environment(folder: Path) -> dict[str, str]:
    """Relocate ``/opt/ml`` to where the model folder lies."""
    return {**os.environ, contract.ML_ROOT_VARIABLE: str(folder.parent)}


@pytest.fixture
def server(model_folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running server and its port."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0"],
        cwd=ROOT,
        env=environment(model_folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(contract.LISTENING_PREFIX)
        try:
            yield process, json.loads(line.removeprefix(contract.LISTENING_PREFIX))["port"]
        finally:
            process.kill()


def call(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Make one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_process_answers_lives_through_bad_requests_and_drains(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    """One life of a server: healthy, attacked, still right, asked to stop, ended with success."""
    process, port = server
    assert call(port, "GET", "/ping")[0] == 200
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(b"\x16\x03\x01 no HTTP \r\n\r\n")
        assert b" 400 " in raw.recv(1_000)
    assert call(port, "POST", "/invocations", b"\xff", content_type="text/csv")[0] == 400
    assert call(port, "POST", "/invocations", b"1" * 26 * 1024 * 1024, content_type="text/csv") == (
        413,
        b'{"error": {"code": "body_too_large", "message": "the body has more than 26214400 bytes; '
        b'send several requests, or a batch transform", "where": {}}}',
    )
    many = b"1,-1\n" * 50_000
    status, body = call(
        port, "POST", "/invocations", many, content_type="text/csv", accept="text/csv"
    )
    assert (status, body) == (200, b"0.5,1\n" * 50_000)

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == "WARNING:  Invalid HTTP request received.\n"


def test_connections_send_at_once() -> None:
    """Without this option every answer waits 40 ms for the client's delayed acknowledgement."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_port_that_is_taken_is_one_line_and_exit_code_2(model_folder: Path) -> None:
    """Nobody has to read a trace to learn that another server runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [*COMMAND, "--port", port, "--model", str(model_folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == contract.EXIT_REFUSED
    assert ended.stderr.splitlines() == [
        f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port"
    ]


def test_missing_model_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """A container without a model ends at once and says why, instead of failing health checks."""
    ended = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=environment(tmp_path / contract.MODEL_FOLDER),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == contract.EXIT_REFUSED
    assert len(ended.stderr.splitlines()) == 1
    assert "has no model.json" in ended.stderr
    assert not list(tmp_path.iterdir()), "it wrote nothing"


def test_booster_scores_with_one_thread_a_request(tmp_path: Path) -> None:
    """Where cores are shared, threads of one row wait for each other ten times its own time."""
    import xgboost

    x = np.array([[0.0], [1.0]], dtype=np.float32)
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(x, [0, 1]), 1
    )
    metadata = METADATA.model_copy(
        update={"algorithm": "xgboost", "features": ("A",), "weights": BOOSTER_FILE}
    )
    save_model(XgboostModel(metadata, booster), tmp_path)
    script = (
        "import sys, pipeline_code.entrypoints.serve as s\n"
        "class Server:\n"
        "    def __init__(self, config): self.model = config.app.model\n"
        "    def run(self, sockets):\n"
        "        import threadpoolctl\n"
        "        self.model.native()\n"
        "        print([p['num_threads'] for p in threadpoolctl.threadpool_info()"
        " if p['user_api'] == 'openmp'])\n"
        "s.uvicorn.Server = Server\n"
        "s.main(sys.argv[1:])\n"
    )
    unset = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    ended = subprocess.run(
        [sys.executable, "-c", script, "--port", "0", "--workers", "1", "--model", str(tmp_path)],
        cwd=ROOT,
        env=unset,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(json.loads(ended.stdout.splitlines()[-1])) == {1}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_server_gives_up_root_before_it_takes_requests(model_folder: Path) -> None:
    """Who finds a hole in the server is nobody on the machine."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--user", "nobody", "--model", str(model_folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = json.loads(line.removeprefix(contract.LISTENING_PREFIX))["port"]
            assert Path(f"/proc/{process.pid}").stat().st_uid != 0
            for body in (b"0,0\n", b"0,0\n" * 10_000):
                status, _ = call(port, "POST", "/invocations", body, content_type="text/csv")
                assert status == 200
        finally:
            process.kill()


def test_unknown_user_is_refused(model_folder: Path) -> None:
    """A wrong name must not leave the server running as root."""
    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--user", "no-such-user", "--model", str(model_folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == contract.EXIT_REFUSED
    assert "cannot serve as user no-such-user: there is no such user" in ended.stderr
