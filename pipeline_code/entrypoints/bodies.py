"""Receive the body of a request: within a size, and within the server's memory.

How long it may take is bounded where packets are received, see `connections`.
"""

from __future__ import annotations

from typing import Self

from starlette.types import Receive

from pipeline_code.entrypoints.http_errors import RequestError, overloaded


class BodyReader:
    """Receive bodies, all of them together in a bounded memory.

    Args:
        body_bytes: a longer body is refused, with 413.
        pending_bytes: while bodies of so many bytes are being received or scored, further ones
            are turned away, with 503.
    """

    def __init__(self, *, body_bytes: int, pending_bytes: int) -> None:
        self._body_bytes = body_bytes
        self._pending_bytes = pending_bytes
        self._pending = 0

    def room(self, announced: int = 0) -> Room:
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
            RequestError: if it is too large, or its client goes away.
        """
        size, parts = 0, []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError(400, "incomplete", "the connection closed before the body ended")
            part: bytes = message.get("body", b"")
            size += len(part)
            room.grow_to(size)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


class Room:
    """The room that one body holds."""

    def __init__(self, reader: BodyReader, announced: int) -> None:
        self._reader = reader
        self._announced = announced
        self.size = 0

    def __enter__(self) -> Self:
        if self._announced:
            self.take(self._announced)
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.release(self.size)

    def take(self, size: int) -> None:
        """Hold room for ``size`` bytes more."""
        self._reader.reserve(self.size + size, size)
        self.size += size

    def hold(self, size: int) -> None:
        """Count ``size`` bytes in all, however full it is: they are here already."""
        more = max(size - self.size, 0)
        self._reader.release(-more)
        self.size += more

    def grow_to(self, size: int) -> None:
        """Hold room for ``size`` bytes in all: a client may send more than it announced."""
        if size > self.size:
            self.take(size - self.size)
