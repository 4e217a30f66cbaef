"""The server under bad clients and broken parts: it refuses, lives, and stays as it was."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import (
    BOOSTER_FILE,
    WEIGHTS_FILE,
    LinearModel,
    LinearWeights,
    ModelMetadata,
    XgboostModel,
    save_model,
)

ROOT = Path(__file__).parents[2]
CLIENT_SEC = 1.0
_SILENT = 0  # the status of a connection that was closed before its request
FILES = 256  # fewer than the connections that are opened below: the server raises its limit
METADATA = ModelMetadata(
    algorithm="linear",
    usecase="fraud",
    features=("A", "B"),
    target="TX_FRAUD",
    threshold=0.5,
    costs=Costs(false_positive=5, false_negative=120),
    hyperparameters={},
    weights=WEIGHTS_FILE,
    weights_hash="",
)
WEIGHTS = LinearWeights(mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, 1.0), intercept=0.0)
HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
ROW = HEAD + b"Content-Length: 3\r\n\r\n0,0"


class Server:
    """A server process with two workers."""

    def __init__(self, folder: Path, log: Path) -> None:
        command = [sys.executable, "-m", "pipeline_code.entrypoints.serve", "--port", "0"]
        options = ["--workers", "2", "--client-sec", str(CLIENT_SEC), "--model", str(folder)]
        self._log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                ["sh", "-c", f'ulimit -Sn {FILES}; exec "$@"', "sh", *command, *options],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(contract.LISTENING_PREFIX), log.read_text()
        self.port = int(json.loads(line.removeprefix(contract.LISTENING_PREFIX))["port"])

    @property
    def log(self) -> str:
        """What it wrote about its faults."""
        return self._log.read_text()

    def workers(self) -> list[int]:
        """The processes that serve."""
        parent = self.process.pid
        return [
            int(child)
            for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        ]

    def memory_mib(self) -> float:
        """What the workers hold together."""
        lines = [
            line
            for worker in self.workers()
            for line in Path(f"/proc/{worker}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        ]
        return sum(int(line.split()[1]) for line in lines) / 1024

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Make one request on a connection of its own; the answer is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def score(self, body: bytes = b"0,0", content_type: str = "text/csv") -> tuple[int, Any]:
        """Have rows scored."""
        return self.ask("POST", "/invocations", body, content_type=content_type)

    def is_well(self) -> bool:
        """Whether it still scores a row right."""
        right = (200, {"predictions": [{"score": 0.5, "decision": 1}]})
        return self.process.poll() is None and self.score() == right


@contextlib.contextmanager
def serving(folder: Path, log: Path) -> Iterator[Server]:
    """Serve the model of ``folder`` until the end of the block."""
    server = Server(folder, log)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose score is the sigmoid of A + B."""
    folder = tmp_path_factory.mktemp("model")
    save_model(LinearModel(METADATA, WEIGHTS), folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all faults that it must survive."""
    with serving(folder, tmp_path_factory.mktemp("log") / "log.txt") as running:
        yield running


def refusal(connection: socket.socket) -> tuple[int, str]:
    """Read an answer; return its status and its code."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    error = json.loads(answer.read())["error"]
    assert error["message"]
    return answer.status, error["code"]


def test_a_thousand_connections_at_once_are_answered(server: Server) -> None:
    """With a row or with 503, though the process may at first open fewer files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2_048), most))

    async def one(everyone: asyncio.Barrier) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        opened = time.monotonic()
        await everyone.wait()
        waited = time.monotonic() - opened
        words: list[bytes] = []
        with contextlib.suppress(ConnectionError):
            writer.write(ROW)
            words = (await reader.readline()).split()
            # Where a thousand cannot be opened that fast, the first are closed as silent ones.
            assert words or waited > CLIENT_SEC / 2
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return int(words[1]) if words else _SILENT

    async def all_of_them() -> list[int]:
        everyone = asyncio.Barrier(1_000)
        return await asyncio.gather(*(one(everyone) for _ in range(1_000)))

    try:
        statuses = Counter(asyncio.run(asyncio.wait_for(all_of_them(), 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert statuses.keys() <= {200, 503, _SILENT}
    assert statuses[200] > 0
    assert server.is_well()


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "text/csv", 400, "empty"),
        (b"\n\n", "text/csv", 400, "empty"),
        (b"[]", "application/json", 400, "empty"),
        (b"{", "application/json", 400, "malformed"),
        (b"[" * 200_000, "application/json", 400, "malformed"),
        (b"PAR1" * 20, "application/x-parquet", 400, "malformed"),
        (b"\xff\xfe0\x00", "text/csv", 400, "not_utf8"),
        (b"0,nan", "text/csv", 400, "not_a_number"),
        (b"[[0, NaN]]", "application/json", 400, "not_a_number"),
        (b"[0, Infinity]\n", "application/jsonlines", 400, "not_a_number"),
        (b"0,1e39", "text/csv", 400, "out_of_range"),
        (b"0,a new category", "text/csv", 400, "not_a_number"),
        (b'[{"A": "a new category", "B": 1}]', "application/json", 400, "not_a_number"),
        (b"0", "text/csv", 400, "wrong_width"),
        (b"0,0,0", "text/csv", 400, "wrong_width"),
        (b'[{"A": 1}]', "application/json", 400, "wrong_columns"),
        (b'[{"A": 1, "B": 1, "C": 1}]', "application/json", 400, "wrong_columns"),
        (b"0,0", "image/png", 415, "unsupported_media_type"),
        (b"0,0\n" * 500_001, "text/csv", 413, "too_many_rows"),
    ],
)
def test_a_body_that_cannot_be_scored_is_refused(
    server: Server, body: bytes, content_type: str, status: int, code: str
) -> None:
    """By a status of the client's, a word for machines and a sentence for people."""
    found, answer = server.score(body, content_type)

    assert (found, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]
    assert server.is_well()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", 413, "body_too_large"),
        (
            HEAD + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
            413,
            "body_too_large",
        ),
        (HEAD + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n", 400, "malformed"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "malformed"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed"),
        (HEAD + b"X: " + b"x" * 40_000 + b"\r\n\r\n", 431, "head_too_large"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431, "head_too_large"),
        (HEAD + b"X: \x00\r\n\r\n", 400, "malformed"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"\x16\x03\x01 no HTTP\r\n\r\n", 400, "malformed"),
        (b"GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n", 404, "not_found"),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_read_is_refused(
    server: Server, sent: bytes, status: int, code: str
) -> None:
    """In the same form, also where no request has come about, and before its body is sent."""
    with server.connect() as connection:
        connection.sendall(sent)
        assert refusal(connection) == (status, code)
    assert server.is_well()


def test_a_head_that_never_ends_is_cut(server: Server) -> None:
    """Nobody fills the memory with header lines, however patiently."""
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD)
        for number in range(10_000):
            connection.sendall(b"X-%d: x\r\n" % number)
        pytest.fail("the server took 100 KB of header lines")
    assert server.is_well()


SLOW = [
    (b"", b"", b""),
    (b"", b"\r\n", b""),
    (HEAD, b"X: x\r\n", b" 408 "),
    (ROW + HEAD, b"X: x\r\n", b" 408 "),
    (HEAD + b"Content-Length: 9\r\n\r\n", b"", b" 408 "),
    (HEAD + b"Content-Length: 99\r\n\r\n", b"0", b" 408 "),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n0\r\n", b" 408 "),
    (HEAD + b"Content-Length: 99999999\r\n\r\n", b"0", b" 413 "),
]


def test_slow_clients_lose_their_connections(server: Server) -> None:
    """They say nothing, drip a head or a body, or go on after they were refused."""

    def drips(start: bytes, drip: bytes) -> bytes:
        found = b""
        with server.connect() as connection:
            connection.settimeout(CLIENT_SEC / 5)
            connection.sendall(start)
            for _ in range(50):
                with contextlib.suppress(TimeoutError):
                    try:
                        part = connection.recv(65_536)
                    except ConnectionError:
                        return found
                    if not part:
                        return found
                    found += part
                with contextlib.suppress(ConnectionError):
                    connection.sendall(drip)
        return b"the connection is still there"

    with ThreadPoolExecutor(len(SLOW)) as clients:
        answers = list(clients.map(lambda case: drips(case[0], case[1]), SLOW))
    for (start, drip, expected), answer in zip(SLOW, answers, strict=True):
        assert (expected in answer) if expected else answer == b"", (start, drip)
    assert server.is_well()


def test_clients_that_go_away_leave_nothing_behind(server: Server) -> None:
    """In the middle of a head, of a body and of an answer."""
    large = b"0,0\n" * 50_000
    for sent in (
        HEAD,
        HEAD + b"Content-Length: 9\r\n\r\n0",
        HEAD + b"Content-Length: 200000\r\n\r\n" + large,
    ):
        for _ in range(20):
            with server.connect() as connection:
                connection.sendall(sent)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(open_sockets(pid) > 10 for pid in server.workers()):
        time.sleep(0.1)
    assert all(open_sockets(pid) <= 10 for pid in server.workers())
    assert server.is_well()


def open_sockets(pid: int) -> int:
    """Count the sockets of a process."""
    links = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(each.readlink())
    return sum(str(link).startswith("socket:") for link in links)


def test_memory_stays_bounded(server: Server) -> None:
    """After two hundred large requests it is what it was after twenty."""
    body = b"0.25,1\n" * 10_000
    for _ in range(20):
        assert server.score(body)[0] == 200
    before = server.memory_mib()
    for _ in range(200):
        assert server.score(body)[0] == 200
    assert server.memory_mib() - before < 60


def test_unread_answers_are_thrown_away(server: Server) -> None:
    """A client that asks and does not fetch holds neither memory nor a connection for long."""
    body = b"0.25,1\n" * 100_000
    with contextlib.ExitStack() as opened:
        for _ in range(8):
            connection = opened.enter_context(server.connect())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        deadline = time.monotonic() + 15
        while any(open_sockets(pid) > 10 for pid in server.workers()):
            assert time.monotonic() < deadline, "the connections are still there"
            time.sleep(0.1)
    assert server.is_well()


def test_a_killed_worker_is_missed_by_none_but_its_own_clients(
    folder: Path, tmp_path: Path
) -> None:
    """Under load: others are answered meanwhile, and another worker takes its place."""
    with serving(folder, tmp_path / "log.txt") as server:
        answered: Counter[str] = Counter()
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                try:
                    answered[str(server.score()[0])] += 1
                except (OSError, http.client.HTTPException):
                    answered["lost"] += 1

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.3)
        first, second = server.workers()
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while len(set(server.workers()) - {first}) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        stop.set()
        for client in clients:
            client.join()

        assert len(server.workers()) == 2
        assert second in server.workers()
        assert answered.keys() <= {"200", "lost"}
        assert answered["lost"] <= len(clients)
        assert answered["200"] > 50
        assert "another takes its place" in server.log
        assert server.is_well()


def test_stopping_lets_a_request_in_flight_end(folder: Path, tmp_path: Path) -> None:
    """What was begun is answered; what comes later finds no server; the end is a success."""
    with serving(folder, tmp_path / "log.txt") as server, server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 7\r\n\r\n0,0")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.4)
        with pytest.raises(ConnectionError), server.connect():
            pass
        connection.sendall(b"\n0,0")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.read().count(b'"score":0.5')) == (200, 2)
        assert server.process.wait(timeout=20) == 0
        assert server.log == ""


def test_ping_is_503_in_every_worker_once_the_model_is_broken(tmp_path: Path) -> None:
    """A booster that does not score as in training is seen when it is loaded, by one worker."""
    import xgboost

    x = np.random.default_rng(0).normal(size=(200, 1)).astype(np.float32)
    right, wrong = (
        xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(x, y), 5)
        for y in (x[:, 0] > 0, x[:, 0] < 0)
    )
    metadata = METADATA.model_copy(
        update={"algorithm": "xgboost", "features": ("A",), "weights": BOOSTER_FILE}
    )
    save_model(XgboostModel(metadata, right).with_probe(x[:20]), tmp_path)
    other = XgboostModel(metadata, wrong).weights()
    (tmp_path / BOOSTER_FILE).write_bytes(other)
    description = json.loads((tmp_path / contract.MODEL_METADATA_FILE).read_text())
    description["weights_hash"] = "sha256:" + hashlib.sha256(other).hexdigest()
    (tmp_path / contract.MODEL_METADATA_FILE).write_text(json.dumps(description))

    with serving(tmp_path, tmp_path / "log.txt") as server:
        assert server.ask("GET", "/ping")[0] == 200
        assert server.score(b"0\n" * 100)[0] == 500
        answers = [server.ask("GET", "/ping") for _ in range(20)]

        assert {status for status, _ in answers} == {503}
        assert {answer["error"]["code"] for _, answer in answers} == {"unhealthy"}
        assert server.process.poll() is None


@pytest.mark.parametrize("name", [contract.MODEL_METADATA_FILE, WEIGHTS_FILE])
@pytest.mark.parametrize("damage", ["cut", "altered", "empty", "missing"])
def test_a_damaged_model_is_one_line_and_exit_code_2(
    folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    """A model that was cut on its way, or changed on the disk, never serves."""
    for file in folder.iterdir():
        content = file.read_bytes()
        if file.name == name:
            content = {
                "cut": content[: len(content) // 2],
                "altered": content.replace(b"1.0", b"2.0").replace(
                    b'"threshold": ', b'"threshold": -'
                ),
            }.get(damage, b"")
        if file.name != name or damage != "missing":
            (tmp_path / file.name).write_bytes(content)
    command = [sys.executable, "-m", "pipeline_code.entrypoints.serve", "--port", "0"]
    ended = subprocess.run(
        [*command, "--workers", "2", "--model", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (contract.EXIT_REFUSED, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "Traceback" not in ended.stderr
