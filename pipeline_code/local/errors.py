"""What the local twin refuses, each in one line: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline_code.core.errors import PipelineError


class LocalError(PipelineError):
    """Base of every error that the local twin raises on purpose."""


class UnsupportedUriError(LocalError, ValueError):
    """A URI leads to nothing that lies on this machine."""

    def __init__(self, uri: object, why: str) -> None:
        super().__init__(f"{uri!r} {why}; give s3://BUCKET/KEY or file:///PATH")


class NoObjectsError(LocalError, FileNotFoundError):
    """A job's input holds nothing."""

    def __init__(self, uri: str, path: object) -> None:
        super().__init__(
            f"there is nothing to read at {uri} ({path}); put a file there or name another place"
        )


class ChangedInputError(LocalError, RuntimeError):
    """Files changed while a job was reading them."""

    def __init__(self, channel: str, path: object) -> None:
        super().__init__(
            f"input {channel} changed while the job was reading it ({path}); "
            "run again once nothing writes there"
        )


class UnknownExpressionError(LocalError, ValueError):
    """An expression of the definition has no value here."""

    def __init__(self, expression: object, why: str) -> None:
        super().__init__(f"cannot evaluate {expression}: {why}")


class ParameterError(LocalError, ValueError):
    """Parameters of an execution are unknown or of the wrong type; all are listed."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(self.mistakes))


class UnknownExecutionError(LocalError, LookupError):
    """No execution has this id."""

    def __init__(self, execution_id: str, near: str) -> None:
        super().__init__(f"there is no execution {execution_id!r}{near}; see `acequia runs`")


class NotResumableError(LocalError, RuntimeError):
    """An execution cannot be continued."""

    def __init__(self, execution_id: str, why: str) -> None:
        super().__init__(f"execution {execution_id} cannot be resumed: {why}")
