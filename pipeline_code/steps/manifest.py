"""Say what a batch scoring read and wrote, so that its reader can prove that nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError

MANIFEST_VERSION: Final = 1


class LostRowsError(PipelineError, ValueError):
    """What came out is not what went in; so it is not published."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}; nothing is published, start the batch again")


@dataclass(frozen=True)
class ScoredFile:
    """One file before and after: ``rows_in`` is ``rows_out`` and ``quarantined`` together."""

    input: str
    input_hash: str
    rows_in: int
    output: str
    output_hash: str
    rows_out: int
    quarantine: str | None = None
    quarantined: int = 0


def manifest(files: Sequence[ScoredFile], **about: Any) -> dict[str, Any]:
    """Write the manifest of ``files``; ``about`` says who scored them, with which model.

    Raises:
        LostRowsError: if rows are missing, or there are no files.
    """
    if not files:
        raise LostRowsError("the input", "has no files")
    for file in files:
        if file.rows_in != file.rows_out + file.quarantined:
            raise LostRowsError(
                file.input,
                f"has {file.rows_in} rows, but {file.rows_out} came out "
                f"and {file.quarantined} were put aside",
            )
    totals: Mapping[str, int] = {
        name: sum(getattr(file, name) for file in files)
        for name in ("rows_in", "rows_out", "quarantined")
    }
    return {
        "manifest_version": MANIFEST_VERSION,
        **about,
        **totals,
        "files": [asdict(file) for file in files],
    }


def match_files(given: Path, scored: Path) -> list[ScoredFile]:
    """Find for each file below ``given`` what batch transform made of it below ``scored``.

    Rows are lines; blank ones are none.

    Raises:
        LostRowsError: if a file has no counterpart, on either side.
    """
    names = _names(given)
    for name in sorted({f"{name}{contract.SCORED_SUFFIX}" for name in names} ^ _names(scored)):
        raise LostRowsError(name, "is on one side only")
    files = []
    for name in sorted(names):
        output = f"{name}{contract.SCORED_SUFFIX}"
        rows_in, input_hash = _look(given / name)
        rows_out, output_hash = _look(scored / output)
        files.append(ScoredFile(name, input_hash, rows_in, output, output_hash, rows_out))
    return files


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _look(path: Path) -> tuple[int, str]:
    """Count the lines and hash the bytes of a file of any size."""
    digest, rows = hashlib.sha256(), 0
    with path.open("rb") as lines:
        for line in lines:
            digest.update(line)
            rows += bool(line.strip())
    return rows, f"sha256:{digest.hexdigest()}"
