"""Answer ``/ping`` and ``/invocations`` as SageMaker asks, and nothing else.

A plain ASGI application instead of a framework's router, which would cost a single row more
than the model does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
from starlette.types import Message, Receive, Scope, Send

from pipeline_code.core.documents import PayloadError
from pipeline_code.core.problem_types import BINARY
from pipeline_code.entrypoints.bodies import BodyReader, Room
from pipeline_code.entrypoints.express import Batch, Client
from pipeline_code.entrypoints.http_errors import Headers, RequestError, overloaded
from pipeline_code.entrypoints.openapi import describe
from pipeline_code.entrypoints.workers import SharedFlag
from pipeline_code.steps.answers import (
    CONTENT_TYPES,
    accepted_format,
    content_format,
    write_verdicts,
)
from pipeline_code.steps.payloads import BodyFormat, Format, Reader, TooManyRowsError
from pipeline_code.steps.predict import Matrix, ModelMetadata, Vector
from pipeline_code.steps.served_model import UnhealthyModelError

_LOGGER: Final = logging.getLogger("acequia.serve")
_SPOKEN: Final = ", ".join(CONTENT_TYPES.values())
_MEDIA_TYPES: Final = {form: name.encode() for form, name in CONTENT_TYPES.items()}
_INFERENCE_ID: Final = b"x-amzn-sagemaker-inference-id"
_ATTRIBUTES: Final = b"x-amzn-sagemaker-custom-attributes"
_LONGEST_ID: Final = 64
_TOGETHER: Final = 2_500
"""So many rows are worth a call of the booster, which costs 0.35 ms before the first row."""
_AT_ONCE: Final = 64 * 1024


class Scorer(Protocol):
    """What the endpoint serves; see `pipeline_code.steps.served_model.ServedModel`."""

    @property
    def metadata(self) -> ModelMetadata:
        """What it is."""

    @property
    def features(self) -> tuple[str, ...]:
        """The columns it takes, in its order."""

    def predict(self, x: Matrix) -> Vector:
        """Return a score a row, or one a class."""

    def explain(self, x: Matrix) -> Vector:
        """Return the SHAP values of each row, the base value last."""

    def check(self) -> None:
        """Raise an error unless the model scores as it should."""


@dataclass(frozen=True)
class Limits:
    """What requests may ask for.

    ``body_bytes`` is four times a batch transform's usual mini-batch, and ``rows`` more than such
    a body holds of any but the narrowest rows; ``explained_rows`` are the rows that SHAP, far
    slower than a score, is computed for. ``inline_bytes``: a longer body is scored in a thread,
    so that it does not hold up the others; a shorter one is done before a thread would have
    started. ``answer_sec`` is below the minute after which SageMaker gives up;
    ``client_sec`` is what a client may take to send a request, and to fetch its answer.
    """

    body_bytes: int = 25 * 1024 * 1024
    pending_bytes: int = 64 * 1024 * 1024
    rows: int = 500_000
    explained_rows: int = 1_000
    inline_bytes: int = 16 * 1024
    answer_sec: float = 55.0
    client_sec: float = 20.0


class Endpoint:
    """Serve one model.

    It is an ASGI application, and the `Express` of its connections: small requests that came
    whole are answered together, without a task for each.

    Args:
        model: what scores.
        limits: what requests may ask for.
        broken: raised for all workers by one whose model breaks, for they have the same.
    """

    path: Final = b"/invocations"

    def __init__(self, model: Scorer, limits: Limits, broken: SharedFlag | None = None) -> None:
        self.model = model
        self.limits = limits
        self._broken = broken or SharedFlag()
        self._categories = model.metadata.categories
        self._reader = Reader(model.features, max_rows=limits.rows, categories=self._categories)
        self._bodies = BodyReader(
            body_bytes=limits.body_bytes,
            pending_bytes=limits.pending_bytes,
        )
        # Two large requests at once are as fast as more, and need little memory.
        self._workers = ThreadPoolExecutor(2)
        self._scorers = ThreadPoolExecutor(2)
        # Requests of other models go the usual way, which costs theirs little beside the model.
        is_plain = model.metadata.problem == BINARY and not self._categories
        self._express_bytes = limits.inline_bytes if is_plain else -1
        self._batch = Batch(model.predict, len(model.features))

    def take(self, headers: Headers, body: bytes, client: Client) -> bool:
        """Take a request of few rows, to be scored with others; False leaves it to `__call__`.

        Whatever is to be refused, or breaks, is left, too.
        """
        if len(body) > self._express_bytes:
            return False
        try:
            form, accepted, extra, is_explained = _understand(dict(headers), b"")
            if form == "parquet" or is_explained:
                return False
            rows = self._reader.read_bytes(body, form)
        except Exception:
            return False
        self._batch.add(rows, partial(self._finish, client, accepted, extra))
        return True

    def flush(self) -> None:
        """Answer all requests that were taken."""
        self._batch.flush()

    def _finish(
        self, client: Client, accepted: Format, extra: Headers, scores: Vector | Exception
    ) -> None:
        if isinstance(scores, Exception):
            ours = self._fault(scores)
            client.reply(ours.status, b"application/json", ours.body, [])
            return
        answer = write_verdicts(self.model.metadata, scores, accepted)
        client.reply(200, _MEDIA_TYPES[accepted], answer, extra)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # The room is held until the answer is fetched: else clients that fetch none would fill
        # the memory with answers.
        with self._bodies.room() as room:
            try:
                media_type, answer, extra = await self._answer(scope, receive, room)
                room.hold(len(answer))
                await _send(send, 200, media_type, answer, extra)
            except RequestError as error:
                await _send(send, error.status, b"application/json", error.body, error.headers)
            except Exception as fault:
                ours = self._fault(fault)
                await _send(send, ours.status, b"application/json", ours.body)

    def _fault(self, fault: Exception) -> RequestError:
        _LOGGER.error("the server broke on a request", exc_info=fault)
        if isinstance(fault, UnhealthyModelError):
            self._broken.set()
        return RequestError(500, "internal", "the server broke on it; see its log")

    async def _answer(
        self, scope: Scope, receive: Receive, room: Room
    ) -> tuple[bytes, bytes, Headers]:
        path, method = scope["path"], scope["method"]
        if path == "/invocations":
            _check_method(method, "POST")
            return await self._invoke(scope, receive, room)
        if path == "/ping":
            _check_method(method, "GET", "HEAD")
            return b"application/json", self._ping(), []
        if path == "/openapi.json":
            _check_method(method, "GET", "HEAD")
            about = self.model.metadata
            names = frozenset(self._categories)
            described = describe(about.features, names, about.problem, about.classes)
            return b"application/json", described, []
        raise RequestError(
            404, "not_found", "there is no such path; use GET /ping or POST /invocations"
        )

    def _ping(self) -> bytes:
        unhealthy = RequestError(503, "unhealthy", "the model does not score; see the log")
        if self._broken.is_set:
            raise unhealthy
        try:
            self.model.check()
        except Exception as error:
            _LOGGER.exception("the self-check failed")
            raise unhealthy from error
        return b'{"status": "ok"}'

    async def _invoke(
        self, scope: Scope, receive: Receive, room: Room
    ) -> tuple[bytes, bytes, Headers]:
        given: dict[bytes, bytes] = dict(scope["headers"])
        query = scope.get("query_string", b"")
        form, accepted, extra, is_explained = _understand(given, query)
        length = given.get(b"content-length", b"0")
        room.grow_to(int(length) if len(length) < 20 and length.isdigit() else 0)
        body = await self._bodies.read(receive, room)
        answer = await self._scored(body, form, accepted, is_explained)
        return _MEDIA_TYPES[accepted], answer, extra

    async def _scored(
        self, body: bytes, form: BodyFormat, accepted: Format, is_explained: bool
    ) -> bytes:
        if len(body) <= self.limits.inline_bytes and form != "parquet" and not is_explained:
            return self._score(body, form, accepted, is_explained)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._workers, self._score, body, form, accepted, is_explained)
        try:
            return await asyncio.wait_for(work, self.limits.answer_sec)
        except TimeoutError:
            raise overloaded("the answer took too long") from None

    def _score(self, body: bytes, form: BodyFormat, accepted: Format, is_explained: bool) -> bytes:
        try:
            if is_explained:
                return self._explain(self._read(body, form), accepted)
            if form == "parquet" or len(body) <= self.limits.inline_bytes:
                scores = self.model.predict(self._read(body, form))
            else:
                scores = self._score_while_reading(body, form)
        except PayloadError as error:
            status = 413 if isinstance(error, TooManyRowsError) else 400
            raise RequestError(status, error.code, str(error), error.where) from None
        return write_verdicts(self.model.metadata, scores, accepted)

    def _read(self, body: bytes, form: BodyFormat) -> Matrix:
        if form != "parquet":
            return self._reader.read(body, form)
        # Imported here: the database costs the start a tenth of a second.
        from pipeline_code.steps.parquet_rows import read_parquet_rows

        return read_parquet_rows(
            body, self.model.features, max_rows=self.limits.rows, categories=self._categories
        )

    def _score_while_reading(self, body: bytes, form: Format) -> Vector:
        """Score the first rows while the next are read: the booster leaves Python alone."""
        parts = self._reader.read_in_parts(body, form)
        scored = [
            self._scorers.submit(self.model.predict, rows) for rows in _at_least(_TOGETHER, parts)
        ]
        return np.concatenate([part.result() for part in scored])

    def _explain(self, rows: Matrix, accepted: Format) -> bytes:
        if len(rows) > self.limits.explained_rows:
            raise TooManyRowsError(
                "too_many_rows",
                f"at most {self.limits.explained_rows} rows are explained at once; "
                "send several requests",
            )
        scores, shap = self.model.predict(rows), self.model.explain(rows)
        return write_verdicts(self.model.metadata, scores, accepted, shap=shap)


def _understand(
    given: dict[bytes, bytes], query: bytes
) -> tuple[BodyFormat, Format, Headers, bool]:
    """Read from the headers what comes, what is accepted, what goes back and what is asked."""
    form = content_format(given.get(b"content-type", b""))
    if form is None or given.get(b"content-encoding", b"identity") != b"identity":
        raise RequestError(
            415,
            "unsupported_media_type",
            "this body cannot be read; send it uncompressed, Content-Type one of "
            f"{_SPOKEN}, application/x-parquet",
        )
    accepted = accepted_format(given.get(b"accept", b""))
    if accepted is None:
        raise RequestError(
            406, "not_acceptable", f"this answer cannot be given; Accept one of {_SPOKEN}"
        )
    return form, accepted, _inference_id(given), _asks_for_explanation(query, given)


def _inference_id(given: dict[bytes, bytes]) -> Headers:
    """Give the id of a request back, by which captured data are joined with what became true."""
    found = given.get(_INFERENCE_ID)
    if found is None:
        return []
    if len(found) > _LONGEST_ID or not found.isascii() or not found.decode().isprintable():
        raise RequestError(
            400, "wrong_inference_id", f"send an id of at most {_LONGEST_ID} printable characters"
        )
    return [(_INFERENCE_ID, found)]


def _asks_for_explanation(query: bytes, given: dict[bytes, bytes]) -> bool:
    """Look where a client can ask: in the address, or, through SageMaker, in an attribute."""
    if not query and _ATTRIBUTES not in given:
        return False
    asked = {*query.split(b"&"), *given.get(_ATTRIBUTES, b"").replace(b" ", b"").split(b",")}
    return b"explain=true" in asked


def _check_method(given: str, *allowed: str) -> None:
    if given not in allowed:
        raise RequestError(
            405,
            "method_not_allowed",
            f"use {allowed[0]} on this path",
            headers=[(b"allow", ", ".join(allowed).encode())],
        )


async def _send(
    send: Send, status: int, media_type: bytes, body: bytes, extra: Iterable[Any] = ()
) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", media_type),
            (b"content-length", b"%d" % len(body)),
            *extra,
        ],
    }
    await send(start)
    if len(body) > _AT_ONCE:
        # What comes after it is taken only when the client has fetched most of it.
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


def _at_least(rows: int, parts: Iterable[Matrix]) -> Iterator[Matrix]:
    """Join parts until they have so many rows."""
    waiting: list[Matrix] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count >= rows:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)
