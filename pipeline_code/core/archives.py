"""Pack files as SageMaker packs a training job's folder; equal content gives equal bytes."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path

_FASTEST = 1  # models barely compress; the best level took ten times as long


def pack(files: Iterable[tuple[str, Path]], archive: Path) -> None:
    """Write ``files``, each with its name, to ``archive`` (gzip): sorted, no times, no owners."""
    with (
        archive.open("wb") as raw,
        # A name or time in the gzip header would differ from one run to the next.
        gzip.GzipFile("", "wb", _FASTEST, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)
