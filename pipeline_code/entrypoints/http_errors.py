"""How a request ends that gets no scores: a status, a word for machines, a sentence for people."""

from __future__ import annotations

import json
from collections.abc import Mapping

Headers = list[tuple[bytes, bytes]]


class RequestError(Exception):
    """A request that ends with a status other than 200.

    ``where`` names the row and the column of a refused value; else it is empty.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        where: Mapping[str, int | str] | None = None,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: Headers = headers or []
        self._error = {"code": code, "message": message, "where": dict(where or {})}

    @property
    def body(self) -> bytes:
        """The answer as JSON."""
        return json.dumps({"error": self._error}).encode()


def overloaded(why: str) -> RequestError:
    """Turn away at once what could only be answered too late."""
    return RequestError(
        503, "overloaded", f"{why}; try again in a second", headers=[(b"retry-after", b"1")]
    )
