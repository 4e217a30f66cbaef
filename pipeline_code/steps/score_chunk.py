"""Score one piece of a CSV file: the bytes of its rows, each with its score behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.row_chunks import Chunk
from pipeline_code.steps.score import ADDED, score_file
from pipeline_code.steps.score_files import csv_reader
from pipeline_code.steps.verdicts import decide

_MEMORY_GIB: Final = 0.5


@dataclass(frozen=True)
class Part:
    """What became of one piece; ``quarantined`` of its ``rows_in`` are not among the scored."""

    index: int
    rows_in: int
    positives: int
    quarantined: int

    def document(self) -> dict[str, Any]:
        """Return it as it is written to a file."""
        return asdict(self)


class ChunkScorer:
    """Score pieces of one file, one at a time.

    Args:
        model: what scores.
        source: the CSV file.
        columns: its columns, in their order.
        folder: where the parts go: ``00001.out``, and ``00001.aside`` for rows put aside.
        strict: refuse a row that cannot be used instead of putting it aside.
    """

    def __init__(
        self, model: Model, source: Path, columns: Sequence[str], folder: Path, *, strict: bool
    ) -> None:
        self._model = model
        self._source = source
        self._columns = tuple(columns)
        self._folder = folder
        self._strict = strict
        self._database: Connection = connect(memory_gib=_MEMORY_GIB)
        self._database.execute("set threads = 1")

    def score(self, chunk: Chunk) -> Part:
        """Write the part of ``chunk``, whole or not at all.

        Raises:
            UnscorableFileError: if the rows cannot be read, or one cannot be used.
            OSError: if it cannot be written.
        """
        with self._source.open("rb") as file:
            file.seek(chunk.start)
            data = file.read(chunk.size)
        piece = self._folder / f"{chunk.index:06d}.csv"
        piece.write_bytes(_header(self._columns) + data)
        try:
            return self._plainly(chunk, data, piece) or self._with_care(chunk, piece)
        finally:
            piece.unlink(missing_ok=True)

    def _plainly(self, chunk: Chunk, data: bytes, piece: Path) -> Part | None:
        """Score rows of bare cells: they are copied as they stand. None for anything unusual."""
        data = data.replace(b"\r\n", b"\n")
        if b'"' in data or b"\r" in data or not _is_utf8(data):
            return None
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        # DuckDB takes 1_000 for a number, and nobody else does.
        matrix = None if b"_" in data else self._matrix(piece)
        if matrix is None or len(matrix) != len(lines):
            return None
        scores = self._model.predict(matrix)
        decisions = decide(scores, self._model.threshold)
        self._database.register("scored", {"score": scores, "decision": decisions})
        endings = self._database.execute(
            "select ',' || cast(score as varchar) || ',' || cast(decision as varchar) as ending "
            "from scored"
        ).fetchnumpy()["ending"]
        self._database.unregister("scored")
        text = "\n".join(endings.tolist()).encode().split(b"\n")
        out = b"\n".join([line + end for line, end in zip(lines, text, strict=True)])
        _write(self._folder / f"{chunk.index:06d}.out", out + b"\n")
        return Part(chunk.index, len(lines), int(decisions.sum()), 0)

    def _matrix(self, piece: Path) -> Matrix | None:
        features = self._model.features
        kinds = dict.fromkeys(self._columns, "VARCHAR") | dict.fromkeys(features, "FLOAT")
        wanted = ", ".join(quoted(name) for name in features)
        try:
            found = self._database.execute(
                f"select {wanted} from {csv_reader(piece, kinds)}"  # noqa: S608
            ).fetchnumpy()
        except duckdb.Error:
            return None
        matrix = np.empty((len(found[features[0]]), len(features)), dtype=np.float32)
        for index, name in enumerate(features):
            values = found[name]
            if not np.isfinite(np.ma.compressed(values)).all():
                return None
            matrix[:, index] = np.ma.filled(values, np.nan)
        return matrix

    def _with_care(self, chunk: Chunk, piece: Path) -> Part:
        aside = self._folder / f"{chunk.index:06d}.aside"
        scored = score_file(
            self._model,
            piece,
            self._folder / f"{chunk.index:06d}.part.csv",
            spill=None,
            quarantine=None if self._strict else aside,
            is_part=True,
        )
        (self._folder / f"{chunk.index:06d}.part.csv").replace(
            self._folder / f"{chunk.index:06d}.out"
        )
        return Part(
            chunk.index, scored.rows + scored.quarantined, scored.positives or 0, scored.quarantined
        )


def write_header(columns: Sequence[str], path: Path) -> None:
    """Write the header of a result in CSV, names quoted where cells would be."""
    names = ", ".join(f"'' as {quoted(name)}" for name in (*columns, *ADDED))
    with connect() as database:
        database.execute(f"copy (select {names} limit 0) to {literal(path)} (format csv, header)")


def _header(columns: Sequence[str]) -> bytes:
    cells = (name.replace('"', '""') for name in columns)
    return ",".join(f'"{cell}"' for cell in cells).encode() + b"\n"


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
