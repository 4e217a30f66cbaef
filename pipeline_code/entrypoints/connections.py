"""Bound what a connection may cost, in time and in memory, before and after a request is read.

The HTTP server bounds neither: a head may grow for ever, a client that says nothing more keeps
its connection, and one that does not fetch its answer keeps the answer's memory.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from pipeline_code.entrypoints.express import Express
from pipeline_code.entrypoints.http_errors import Headers, RequestError

_LONGEST_HEAD: Final = 32 * 1024


class Connection(HttpToolsProtocol):
    """Read requests as its base does, from clients that may take ``client_sec``.

    That is the time from the connection, or from the first byte of a request, to the request's
    last byte; and the time to fetch an answer that the network does not hold.

    What goes through at once costs no clock: only a request that is incomplete when its packet
    has been read starts one.

    What came in one packet is offered to ``express`` first: a task and the messages of ASGI
    cost more than a row does.
    """

    client_sec: ClassVar[float] = 20.0
    express: ClassVar[Express | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_open = False  # a request has begun and its last byte has not come
        self._is_head = False  # so far only a part of its head
        self._head_bytes = 0
        self._refusal: RequestError | None = None
        self._receiving: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._held: list[bytes] | None = None  # the body of a request that may be taken
        self._is_taken = False  # one is, and not yet answered
        self._is_last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give a new connection time for its first request."""
        super().connection_made(transport)
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        super().connection_lost(exc)
        self._stop_receiving()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read, and start the clock if more must come."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._held is not None:
            self._start()  # it did not come at once
        if self._is_open:
            if self._is_head and self._head_bytes > _LONGEST_HEAD:
                self._refuse(_head_too_large())
            elif self._receiving is None:
                self._wait_for_request()
        elif not self._is_taken and (self.cycle is None or self.cycle.response_complete):
            if self._receiving is None:  # no more than an empty line or the end of a refused body
                self._wait_for_request()
        elif self._receiving is not None:
            self._stop_receiving()
        if not self._is_head:
            self._head_bytes = 0

    def on_message_begin(self) -> None:
        """Remember that a request is coming."""
        if self._is_taken and self.express is not None:
            self.express.flush()  # answers have the order of the requests
            self._unset_keepalive_if_required()
        self._is_open = self._is_head = True
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large although it came at once."""
        self._is_head = False
        if self._head_bytes > _LONGEST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > _LONGEST_HEAD:
                self._refusal = _head_too_large()
                raise self._refusal  # the parser stops, and its error is answered below
        self._held = []
        if not self._is_plain():
            self._start()

    def on_body(self, body: bytes) -> None:
        """Keep it where the request may be taken whole."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        """Remember that the request is here, and have it taken if it may be."""
        self._is_open = False
        if self._held is not None and self.express is not None:
            body = self._held[0] if len(self._held) == 1 else b"".join(self._held)
            if self.express.take(self.headers, body, self):
                self._held = None
                self._is_taken = True
                return
            self._start()
        super().on_message_complete()

    def reply(self, status: int, media_type: bytes, body: bytes, extra: Headers) -> None:
        """Answer the request that was taken."""
        self._is_taken = False
        if self.transport.is_closing():
            return
        self.transport.write(_response(status, media_type, body, extra, self._is_last))
        if self._is_last:
            self._close()
        else:
            super().on_response_complete()

    def shutdown(self) -> None:
        """Close the connection once what was taken is answered."""
        self._is_last = True
        if not self._is_taken:
            super().shutdown()

    def _is_plain(self) -> bool:
        """Tell whether nothing but the body decides who answers: the usual case."""
        return (
            self.express is not None
            and self.url == self.express.path
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _start(self) -> None:
        """Have the application answer, as the base would have from the first byte on."""
        held, self._held = self._held, None
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()
        for part in held or ():
            super().on_body(part)

    def on_response_complete(self) -> None:
        """See to it that a connection that ends with this answer does end."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_unless_fetched()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the form of all refusals."""
        self._refuse(self._refusal or RequestError(400, "malformed", f"{msg} Send HTTP/1.1."))

    def pause_writing(self) -> None:
        """Start the clock of an answer that its client does not fetch."""
        super().pause_writing()
        self._abort_unless_fetched()

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even where its client leaves answers unread."""
        self._close()

    def _wait_for_request(self) -> None:
        self._receiving = self.loop.call_later(self.client_sec, self._give_up)

    def _stop_receiving(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _give_up(self) -> None:
        self._receiving = None
        if not self._is_open:
            self._close()  # it never said a word
        elif self._is_answering():
            self.transport.abort()
        else:
            limit = f"{self.client_sec:g} seconds"
            self._refuse(
                RequestError(
                    408, "too_slow", f"the request took longer than {limit}; send it faster"
                )
            )

    def _is_answering(self) -> bool:
        """Tell whether another answer would get into the middle, or after the end, of one."""
        if self._is_head:
            return self.cycle is not None and not self.cycle.response_complete
        return bool(self.pipeline) or self.cycle.response_started

    def _refuse(self, error: RequestError) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # whoever waits for the body waits no more
            self.cycle.message_event.set()
        self._is_open = False
        self._held = None
        self._stop_receiving()
        self.transport.write(
            _response(error.status, b"application/json", error.body, error.headers, is_last=True)
        )
        self._close()

    def _close(self) -> None:
        self.transport.close()
        self._abort_unless_fetched()

    def _abort_unless_fetched(self) -> None:
        if self._sending is None and self.transport.get_write_buffer_size():
            self._sending = self.loop.call_later(self.client_sec, self.transport.abort)


def _response(status: int, media_type: bytes, body: bytes, extra: Headers, is_last: bool) -> bytes:
    further = b"".join([b"%b: %b\r\n" % pair for pair in extra]) if extra else b""
    return b"%bcontent-type: %b\r\ncontent-length: %d\r\n%b%b\r\n%b" % (
        STATUS_LINE[status],
        media_type,
        len(body),
        further,
        b"connection: close\r\n" if is_last else b"",
        body,
    )


def _head_too_large() -> RequestError:
    return RequestError(
        431, "head_too_large", f"the head has more than {_LONGEST_HEAD} bytes; send less"
    )


def connections(client_sec: float, express: Express | None = None) -> type[Connection]:
    """Return the class of connections with this patience, as the HTTP server takes it."""

    class PatientConnection(Connection):
        pass

    PatientConnection.client_sec = client_sec
    PatientConnection.express = express
    return PatientConnection
