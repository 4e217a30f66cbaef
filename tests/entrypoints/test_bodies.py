"""Bodies are received within a size, a time and the server's memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_code.entrypoints.bodies import BodyReader
from pipeline_code.entrypoints.http_errors import RequestError


def reader(**changes: Any) -> BodyReader:
    """Receive bodies of ten bytes, twenty in all."""
    return BodyReader(**{"body_bytes": 10, "pending_bytes": 20, **changes})


def read(bodies: BodyReader, *parts: bytes, announced: int = 0) -> bytes:
    """Receive a body that comes in parts."""
    messages: Iterator[dict[str, Any]] = iter(
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    )

    async def receive() -> Any:
        return next(messages)

    async def run() -> bytes:
        with bodies.room(announced) as room:
            return await bodies.read(receive, room)

    return asyncio.run(run())


def test_a_body_in_parts_is_put_together() -> None:
    """However the network cuts it."""
    assert read(reader(), b"ab", b"", b"c") == b"abc"


@pytest.mark.parametrize(
    ("parts", "announced"), [((b"x" * 11,), 0), ((b"x" * 6,) * 2, 0), ((b"",), 11)]
)
def test_a_body_too_large_is_refused(parts: tuple[bytes, ...], announced: int) -> None:
    """By what it announces already, or as soon as it grows beyond."""
    with pytest.raises(RequestError) as error:
        read(reader(), *parts, announced=announced)
    assert error.value.status == 413


def test_bodies_together_stay_within_the_memory() -> None:
    """The third one is turned away at once, and there is room again when one is answered."""
    bodies = reader()
    with bodies.room(10), bodies.room(10):
        with pytest.raises(RequestError) as error, bodies.room(1):
            pass
        assert error.value.status == 503
        assert error.value.headers == [(b"retry-after", b"1")]

    assert read(bodies, b"x" * 10, announced=10) == b"x" * 10


def test_room_is_given_back_when_a_body_is_refused() -> None:
    """Else every refusal would make the server smaller."""
    bodies = reader()
    for _ in range(5):
        with pytest.raises(RequestError):
            read(bodies, b"x" * 8, b"x" * 8)

    with bodies.room(10), bodies.room(10):
        pass
