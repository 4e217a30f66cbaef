"""What a source is to those who read it: SQL of its rows and columns."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import literal

FILE = "acequia_file"
"""The column that names the file of a row."""


class SourceError(PipelineError, ValueError):
    """A source is absent, empty, damaged or of no known kind."""

    def __init__(self, path: Path, problem: object) -> None:
        super().__init__(f"{path} {' '.join(str(problem).split())}")


@dataclass(frozen=True)
class SourceFile:
    """A file of a source.

    Attributes:
        path: how it was delivered, as messages name it.
        at: where it is read: the same place, or a copy in UTF-8.
    """

    path: Path
    at: Path

    @property
    def is_copy(self) -> bool:
        """Whether a copy is read, which is never packed."""
        return self.path != self.at


@dataclass(frozen=True)
class SourceColumn:
    """How one column of a source is written in SQL, and its DuckDB type."""

    sql: str
    type: str


@dataclass(frozen=True)
class Source:
    """Files that are read alike: the same kind, the same columns.

    Attributes:
        relation: SQL of their rows; the column `FILE` names each row's file.
        columns: by their name in the files.
        record: SQL of a whole row as JSON text, for the quarantine.
        files: what is read.
        rejects: whether lines that the reader refuses come to DuckDB's table of rejects.
        condition: SQL that is false where a row is no record at all; `problem` says why.
        typed: reads the columns named, each as the type given, and fails at the first value or
            line that it cannot read; None where that is not possible, as is its result.
    """

    relation: str
    columns: dict[str, SourceColumn]
    record: str
    files: tuple[SourceFile, ...]
    rejects: bool = False
    condition: str = "true"
    problem: str = ""
    typed: Callable[[Mapping[str, str]], Source | None] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Name the source in a message: its file, or its first one of many."""
        return str(self.files[0].path)

    def delivered(self, at: str) -> Path:
        """Say how a file was delivered that is read at ``at``."""
        return next(file.path for file in self.files if str(file.at) == at)


def damaged(file: Path, problem: object) -> SourceError:
    """Say that a file cannot be read, and why."""
    # DuckDB goes on with the statement that it was given, from "LINE 1:".
    reason = " ".join(str(problem).partition("LINE 1:")[0].split())[:300].removesuffix(".")
    return SourceError(file, f"cannot be read: {reason}; write it anew or remove it")


def path_list(files: Iterable[SourceFile]) -> str:
    """Write paths for DuckDB, which would take brackets and stars as patterns."""
    return f"[{', '.join(literal(glob.escape(str(file.at))) for file in files)}]"
