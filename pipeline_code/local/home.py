"""Where the local twin keeps things: one folder, found again by every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline_code.local.errors import UnsupportedUriError

FOLDER = ".acequia"


@dataclass(frozen=True)
class Home:
    """The folders and databases under one root.

    ``objects/BUCKET/KEY`` is the object store, ``runs/EXECUTION/STEP`` holds the jobs' folders
    and logs, ``features`` the feature store.
    """

    root: Path

    def __post_init__(self) -> None:
        # Jobs work in folders of their own, where a relative path would lead elsewhere.
        object.__setattr__(self, "root", self.root.resolve())

    @classmethod
    def of_project(cls, project: Path) -> Home:
        """Return the home of a checkout: ``.acequia`` in it."""
        return cls(project / FOLDER)

    @property
    def objects(self) -> Path:
        """The object store: a folder a bucket."""
        return self.root / "objects"

    @property
    def runs(self) -> Path:
        """The job folders: a folder an execution, in it one a step."""
        return self.root / "runs"

    @property
    def features(self) -> Path:
        """The feature store."""
        return self.root / "features"

    @property
    def state(self) -> Path:
        """The database of executions, of the step cache and of content hashes."""
        return self.root / "state.sqlite"

    @property
    def registry(self) -> Path:
        """The database of model versions."""
        return self.root / "registry.sqlite"

    def execution(self, execution_id: str) -> Path:
        """Return the folder of one execution."""
        return self.runs / execution_id

    def path(self, uri: str) -> Path:
        """Turn ``s3://BUCKET/KEY`` or ``file:///PATH`` into the path of a file or folder.

        Raises:
            UnsupportedUriError: if it is neither or leads out of the object store.
        """
        parts = urlsplit(uri) if isinstance(uri, str) else urlsplit("")
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            return Path(unquote(parts.path))
        if parts.scheme != "s3" or not parts.netloc:
            raise UnsupportedUriError(uri, "is no place on this machine")
        # Taken from the text, not from the parsed URI: a key may hold ``?`` and ``#``.
        keys = [part for part in uri.removeprefix("s3://").split("/") if part]
        if any(part in (".", "..") for part in keys):
            raise UnsupportedUriError(uri, "leads out of its bucket")
        return self.objects.joinpath(*keys)
