"""Whatever bytes come in whatever pieces, a connection answers in HTTP and leaves nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from pipeline_code.entrypoints.connections import Connection, connections

PARTS = [
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


def connected(client_sec: float = 5.0) -> tuple[Connection, Wire]:
    """Open a connection to `echo`."""
    config = uvicorn.Config(
        echo, http=connections(client_sec), ws="none", lifespan="off", log_level="critical"
    )
    config.load()
    connection = connections(client_sec)(config=config, server_state=ServerState(), app_state={})
    wire = Wire()
    connection.connection_made(wire)
    return connection, wire


async def turns(count: int = 5) -> None:
    """Let what is scheduled run."""
    for _ in range(count):
        await asyncio.sleep(0)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.sampled_from(PARTS) | st.binary(max_size=6), max_size=14))
def test_no_bytes_break_a_connection(parts: list[bytes]) -> None:
    """No exception reaches the event loop, no 5xx the client, and no task or clock is left."""
    faults: list[Any] = []

    async def life() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        connection, wire = connected()
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
