"""Put the scored pieces of a file together in their order, as soon as they are there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline_code.steps.score_chunk import Part, write_header


class Joined:
    """A result that grows by one part after another; the parts stay.

    Args:
        folder: where the parts lie.
        result: the file of scored rows; what is there is replaced.
        aside: the file of rows put aside; it is there only if there are any.
        columns: of the source, for the header.
    """

    def __init__(self, folder: Path, result: Path, aside: Path, columns: Sequence[str]) -> None:
        self._folder, self._result, self._aside = folder, result, aside
        self._digest = hashlib.sha256()
        self._next, self._rows = 0, 0
        aside.unlink(missing_ok=True)
        write_header(columns, result)
        self._digest.update(result.read_bytes())
        self._file = result.open("ab")

    def take(self, parts: Mapping[int, Part]) -> None:
        """Append what follows without a gap."""
        while self._next in parts:
            part = parts[self._next]
            content = (self._folder / f"{part.index:06d}.out").read_bytes()
            self._digest.update(content)
            self._file.write(content)
            if part.quarantined:
                self._put_aside(part)
            self._rows += part.rows_in
            self._next += 1

    def close(self) -> None:
        """Write what is still in memory."""
        self._file.close()

    @property
    def digest(self) -> str:
        """The hash of the result so far."""
        return f"sha256:{self._digest.hexdigest()}"

    def abandon(self) -> None:
        """Remove what is there so far."""
        self._result.unlink(missing_ok=True)
        self._aside.unlink(missing_ok=True)

    def _put_aside(self, part: Part) -> None:
        """Number the rows as in the whole file."""
        given = (self._folder / f"{part.index:06d}.aside").read_text(encoding="utf-8")
        with self._aside.open("a", encoding="utf-8") as file:
            for line in given.splitlines():
                document = json.loads(line)
                document["row"] += self._rows
                file.write(json.dumps(document, ensure_ascii=False) + "\n")
