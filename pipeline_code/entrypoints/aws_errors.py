"""How a call to AWS that failed is told."""

from __future__ import annotations


class ServiceError(RuntimeError):
    """A call to AWS failed for good; the message names the call, its object and AWS's reason."""

    def __init__(self, what: str, error: Exception | str) -> None:
        super().__init__(f"{what}: {' '.join(str(error).split())}")
