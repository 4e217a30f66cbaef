"""Receive the body of a request: within a size, within a time, within the server's memory."""

from __future__ import annotations

import asyncio
from typing import Self

from starlette.types import Message, Receive

from pipeline_code.entrypoints.http_errors import RequestError, overloaded


class BodyReader:
    """Receive bodies, all of them together in a bounded memory.

    Args:
        body_bytes: a longer body is refused, with 413.
        pending_bytes: while bodies of so many bytes are being received or scored, further ones
            are turned away, with 503.
        body_sec: a client that is slower loses its connection, with 408.
    """

    def __init__(self, *, body_bytes: int, pending_bytes: int, body_sec: float) -> None:
        self._body_bytes = body_bytes
        self._pending_bytes = pending_bytes
        self._body_sec = body_sec
        self._pending = 0

    def room(self, announced: int) -> Room:
        """Hold room for a body until the end of a ``with`` block, in which it is answered."""
        return Room(self, announced)

    def reserve(self, size: int, more: int) -> None:
        """Take room for ``more`` bytes of a body that has ``size`` with them.

        Raises:
            RequestError: if the body or all bodies become too large.
        """
        if size > self._body_bytes:
            raise RequestError(
                413,
                "body_too_large",
                f"the body has more than {self._body_bytes} bytes; "
                "send several requests, or a batch transform",
            )
        if self._pending + more > self._pending_bytes:
            raise overloaded("too many large requests are being scored")
        self._pending += more

    def release(self, size: int) -> None:
        """Give the room of a body back."""
        self._pending -= size

    async def read(self, receive: Receive, room: Room) -> bytes:
        """Return the whole body.

        Raises:
            RequestError: if it is too large, comes too slowly, or its client goes away.
        """
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            room.grow_to(len(body))
            return body
        try:
            async with asyncio.timeout(self._body_sec):
                return await self._rest(receive, room, message)
        except TimeoutError:
            raise RequestError(
                408,
                "too_slow",
                f"the body took longer than {self._body_sec:g} seconds; send it faster",
                headers=[(b"connection", b"close")],
            ) from None

    async def _rest(self, receive: Receive, room: Room, message: Message) -> bytes:
        size, parts = 0, []
        while True:
            if message["type"] == "http.disconnect":
                raise RequestError(400, "incomplete", "the connection closed before the body ended")
            part: bytes = message.get("body", b"")
            size += len(part)
            room.grow_to(size)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
            message = await receive()


class Room:
    """The room that one body holds."""

    def __init__(self, reader: BodyReader, announced: int) -> None:
        self._reader = reader
        self._announced = announced
        self.size = 0

    def __enter__(self) -> Self:
        self.take(self._announced)
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.release(self.size)

    def take(self, size: int) -> None:
        """Hold room for ``size`` bytes more."""
        self._reader.reserve(self.size + size, size)
        self.size += size

    def grow_to(self, size: int) -> None:
        """Hold room for ``size`` bytes in all: a client may send more than it announced."""
        if size > self.size:
            self.take(size - self.size)
