"""Answer small requests that came whole: all of one turn of the event loop by one model call.

What a request costs beside its rows, the call and the way of the model into the processor's
caches, is then shared by all that arrived together; none waits for one that has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np

from pipeline_code.entrypoints.http_errors import Headers
from pipeline_code.steps.onnx_scorer import FEW
from pipeline_code.steps.predict import Matrix, Vector

_BYTES: Final = np.dtype(np.float32).itemsize

Finish = Callable[[Vector | Exception], None]
"""What answers with the scores of a request, or with what went wrong."""


class Client(Protocol):
    """Who sent a request."""

    def reply(self, status: int, media_type: bytes, body: bytes, extra: Headers) -> None:
        """Send the answer, with further headers."""


class Express(Protocol):
    """What answers requests that need no task of their own."""

    @property
    def path(self) -> bytes:
        """The address of such requests."""

    def take(self, headers: Headers, body: bytes, client: Client) -> bool:
        """Take a request, to be answered before the event loop waits again.

        False leaves it to the application. No error is raised.
        """

    def flush(self) -> None:
        """Answer all that were taken, now."""


class Waiting(NamedTuple):
    """A request that was read: its rows, and what answers it."""

    rows: bytes
    finish: Finish


class Batch:
    """Collect the rows of one turn of the event loop, and score them when it ends.

    Args:
        predict: returns a probability a row.
        width: the values of a row.
    """

    def __init__(self, predict: Callable[[Matrix], Vector], width: int) -> None:
        self._predict = predict
        self._width = width
        self._most = FEW * width * _BYTES
        self._size = 0
        self._waiting: list[Waiting] = []

    def add(self, rows: bytes, finish: Finish) -> None:
        """Have ``rows``, floats of 32 bits, scored before the event loop waits again."""
        if self._size + len(rows) > self._most:
            self.flush()  # together they would be many rows, for which the model is another
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._size += len(rows)
        self._waiting.append(Waiting(rows, finish))

    def flush(self) -> None:
        """Score and answer all that were added."""
        waiting, self._waiting = self._waiting, []
        self._size = 0
        if waiting:
            self._answer(waiting)

    def _answer(self, waiting: list[Waiting]) -> None:
        rows = b"".join([one.rows for one in waiting])
        try:
            scores = self._predict(np.frombuffer(rows, np.float32).reshape(-1, self._width))
        except Exception as fault:
            if len(waiting) == 1:
                waiting[0].finish(fault)
                return
            for one in waiting:  # only whose rows break the model learns of it
                self._answer([one])
            return
        start = 0
        for one in waiting:
            end = start + len(one.rows) // (_BYTES * self._width)
            one.finish(scores[start:end])
            start = end
