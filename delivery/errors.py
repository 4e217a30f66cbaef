"""What stops a delivery on purpose; the message is what the build's log says last."""

from __future__ import annotations

from collections.abc import Iterable


class DeliveryError(Exception):
    """Base of every error a delivery script raises on purpose."""


class VariablesError(DeliveryError, ValueError):
    """Variables are missing or malformed; all of them are listed, one a line."""

    def __init__(self, project: str, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(
            "\n".join(
                [
                    f"{project}: cannot start; set these environment variables:",
                    *(f"  {mistake}" for mistake in self.mistakes),
                ]
            )
        )


class WaitedTooLongError(DeliveryError, TimeoutError):
    """Something did not end in the time it was given."""
