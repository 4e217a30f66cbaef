"""Pack a training job's folder as SageMaker does, but so that equal content gives equal bytes."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from pipeline_code.local.hashes import files_under

_FASTEST = 1  # models barely compress; the best level took ten times as long


def pack(folder: Path, archive: Path) -> None:
    """Write the files under ``folder`` to ``archive`` (gzip), sorted, without times or owners."""
    with (
        archive.open("wb") as raw,
        # A name or time in the gzip header would differ from one run to the next.
        gzip.GzipFile("", "wb", _FASTEST, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in files_under(folder):
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)
