"""Whatever bytes come in whatever pieces, a connection answers in HTTP and leaves nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from pipeline_code.entrypoints.connections import Connection, connections
from pipeline_code.entrypoints.express import Client, Express
from pipeline_code.entrypoints.http_errors import Headers

ROW = b"POST /invocations HTTP/1.1\r\nContent-Length: 3\r\n\r\n0,0"
CHUNKED = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n0,0\r\n0\r\n\r\n"
PARTS = [
    ROW,
    CHUNKED,
    b"POST /invocations HTTP/1.1\r\n",
    b"GET /%ff%00 HTTP/1.1\r\n",
    b"GET http://elsewhere/ping HTTP/1.1\r\n",
    b"HEAD /ping HTTP/1.0\r\n",
    b"CONNECT host:1 HTTP/1.1\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    b"0,0",
    b"3\r\n0,0\r\n0\r\n\r\n",
    b"x" * 33_000,
]


class Wire(asyncio.Transport):
    """A transport to nowhere that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unread = 0
        self._is_closing = False
        self.is_aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - its form
        """Know nothing."""
        return default

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += bytes(data)

    def close(self) -> None:
        """Take no more."""
        self._is_closing = True

    def abort(self) -> None:
        """Throw away what is not fetched."""
        self._is_closing = self.is_aborted = True

    def is_closing(self) -> bool:
        """Whether it takes no more."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def get_write_buffer_size(self) -> int:
        """Say what the client has not fetched."""
        return self.unread


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body and answer, as far as there is a client."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body"})


class Desk:
    """Take the rows ``0,0``; answer them when the event loop comes to it."""

    path = b"/invocations"

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.taken = 0

    def take(self, headers: Headers, body: bytes, client: Client) -> bool:  # noqa: ARG002 - its form
        """Keep the client."""
        if body != b"0,0":
            return False
        if not self.clients:
            asyncio.get_running_loop().call_soon(self.flush)
        self.clients.append(client)
        self.taken += 1
        return True

    def flush(self) -> None:
        """Answer all."""
        clients, self.clients = self.clients, []
        for client in clients:
            client.reply(200, b"text/plain", b"taken", [(b"x", b"y")])


TAKEN = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\nx: y\r\n\r\ntaken"
ECHOED = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def connected(
    client_sec: float = 5.0, express: Express | None = None, app: Any = None
) -> tuple[Connection, Wire]:
    """Open a connection to `echo`."""
    kind = connections(client_sec, express)
    config = uvicorn.Config(
        app or echo, http=kind, ws="none", lifespan="off", log_level="critical", proxy_headers=False
    )
    config.load()
    connection = kind(config=config, server_state=ServerState(), app_state={})
    wire = Wire()
    connection.connection_made(wire)
    return connection, wire


async def turns(count: int = 5) -> None:
    """Let what is scheduled run."""
    for _ in range(count):
        await asyncio.sleep(0)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.lists(st.sampled_from(PARTS) | st.binary(max_size=6), max_size=14),
    is_express=st.booleans(),
)
def test_no_bytes_break_a_connection(parts: list[bytes], is_express: bool) -> None:
    """No exception reaches the event loop, no 5xx the client, and no task or clock is left."""
    faults: list[Any] = []

    async def life() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        connection, wire = connected(express=Desk() if is_express else None)
        for part in parts:
            if not wire.is_closing():
                connection.data_received(part)
                await turns()
        assert wire.written == b"" or wire.written.startswith(b"HTTP/1.1 ")
        assert b"HTTP/1.1 5" not in wire.written
        connection.connection_lost(None)
        await turns()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert connection._receiving is None
        assert connection._sending is None

    asyncio.run(life())
    assert faults == []


def test_a_connection_with_an_unread_answer_ends() -> None:
    """Closing waits for the client to fetch what was written; this one never does."""

    async def life() -> None:
        connection, wire = connected(client_sec=0.01)
        wire.unread = 1
        connection.data_received(b"no HTTP\r\n\r\n")
        assert wire.is_closing()
        assert not wire.is_aborted
        await asyncio.sleep(0.05)
        assert wire.is_aborted

    asyncio.run(life())


def test_a_client_that_fetches_in_time_is_not_cut() -> None:
    """The clock stops when the network takes data again."""

    async def life() -> None:
        connection, wire = connected(client_sec=0.01)
        connection.data_received(b"GET / HTTP/1.1\r\n\r\n")
        await turns()
        wire.unread = 100_000
        connection.pause_writing()
        connection.resume_writing()
        await asyncio.sleep(0.05)
        assert not wire.is_aborted

    asyncio.run(life())


@pytest.mark.parametrize("request_", [ROW, CHUNKED], ids=["length", "chunked"])
def test_a_request_that_comes_at_once_is_taken(request_: bytes) -> None:
    """No task is made for it, and the connection waits for the next one."""

    async def life() -> None:
        desk = Desk()
        connection, wire = connected(express=desk)
        for number in (1, 2):
            connection.data_received(request_)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await turns()
            assert (wire.written, desk.taken) == (TAKEN * number, number)
            assert connection._receiving is None
            assert connection.timeout_keep_alive_task is not None
        connection.connection_lost(None)

    asyncio.run(life())


@pytest.mark.parametrize(
    "parts",
    [
        [ROW[:-1], ROW[-1:]],
        [ROW[:30], ROW[30:-2], ROW[-2:]],
        [ROW.replace(b"0,0", b"1,1")],
        [ROW.replace(b"POST", b"PUT")],
        [ROW.replace(b"/invocations", b"/invocations?explain=true")],
        [ROW.replace(b"Content", b"Expect: 100-continue\r\nContent")],
    ],
    ids=["late byte", "pieces", "other body", "other method", "query", "expects"],
)
def test_every_other_request_is_the_applications(parts: list[bytes]) -> None:
    """With its whole body, as if nobody had looked at it before."""
    bodies: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, message = b"", await receive()
        while message.get("more_body"):
            body += message["body"]
            message = await receive()
        bodies.append(body + message.get("body", b""))
        assert (b"content-length", b"3") in scope["headers"]
        await echo(scope, _nothing, send)

    async def life() -> None:
        desk = Desk()
        connection, wire = connected(express=desk, app=app)
        for part in parts:
            connection.data_received(part)
            await turns()
        assert bodies in ([b"0,0"], [b"1,1"])
        assert wire.written.endswith(ECHOED)
        assert desk.taken == 0
        connection.connection_lost(None)

    asyncio.run(life())


async def _nothing() -> Any:
    return {"type": "http.request"}


def test_answers_have_the_order_of_requests_that_came_together() -> None:
    """Whoever answers them: the first must not wait for the end of the turn, nor overtake."""
    get = b"GET / HTTP/1.1\r\n\r\n"

    async def life() -> None:
        connection, wire = connected(express=Desk())
        connection.data_received(ROW + get + ROW + ROW)
        await turns(10)
        assert wire.written == TAKEN + ECHOED + ECHOED + ECHOED
        connection.data_received(ROW + ROW + get)
        await turns(10)
        assert wire.written == TAKEN + ECHOED * 3 + TAKEN * 2 + ECHOED
        connection.connection_lost(None)

    asyncio.run(life())


def test_a_request_behind_one_that_was_taken_is_not_cut_as_idle() -> None:
    """The clock of an idle connection starts with an answer, but another request is there."""
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await echo(scope, receive, send)

    async def life() -> None:
        connection, wire = connected(express=Desk(), app=app)
        connection.data_received(ROW + b"GET / HTTP/1.1\r\n\r\n")
        await turns()
        assert wire.written == TAKEN
        assert connection.timeout_keep_alive_task is None
        release.set()
        await turns()
        assert wire.written == TAKEN + ECHOED
        connection.connection_lost(None)

    asyncio.run(life())


def test_stopping_lets_what_was_taken_be_answered() -> None:
    """The last answer says that it is the last, and the connection ends after it."""

    async def life() -> None:
        connection, wire = connected(express=Desk())
        connection.data_received(ROW)
        connection.shutdown()
        assert not wire.is_closing()
        await turns()
        assert b"\r\nconnection: close\r\n" in wire.written
        assert wire.written.endswith(b"taken")
        assert wire.is_closing()

    asyncio.run(life())


def test_nothing_is_written_to_a_client_that_left() -> None:
    """It was taken, and its connection ended before the turn did."""

    async def life() -> None:
        connection, wire = connected(express=Desk())
        connection.data_received(ROW)
        wire.close()
        connection.connection_lost(None)
        await turns()
        assert wire.written == b""

    asyncio.run(life())


def test_a_client_that_fetches_nothing_is_not_taken() -> None:
    """The application's answers wait until it does; these would fill the memory."""

    async def life() -> None:
        desk = Desk()
        connection, wire = connected(express=desk)
        wire.unread = 100_000
        connection.pause_writing()
        connection.data_received(ROW)
        await turns()
        assert (desk.taken, wire.written) == (0, b"")
        connection.connection_lost(None)
        await turns()

    asyncio.run(life())


@pytest.mark.parametrize(
    "last",
    [
        ROW.replace(b"Content", b"Connection: close\r\nContent"),
        ROW.replace(b"/1.1", b"/1.0"),
        ROW.replace(b"/1.1", b"/1.0").replace(b"Content", b"Connection: keep-alive\r\nContent"),
    ],
    ids=["close", "1.0", "1.0 keep-alive"],
)
def test_a_connection_that_ends_with_its_request_is_closed(last: bytes) -> None:
    """By whoever answers: the express leaves to the application what it does not keep open."""

    async def life() -> None:
        desk = Desk()
        connection, wire = connected(express=desk)
        connection.data_received(last)
        await turns()
        assert desk.taken == 0
        assert b"connection: close\r\n" in wire.written
        assert wire.is_closing()

    asyncio.run(life())
