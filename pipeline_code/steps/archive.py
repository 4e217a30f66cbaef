"""Unpack a ``model.tar.gz`` that may be damaged or hostile."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

from pipeline_code.core.errors import PipelineError

LARGEST_MODEL_BYTES = 2 * 1024**3
"""A gzip of zeros expands a thousandfold; more than this fills the disk of a small instance."""


class DamagedArchiveError(PipelineError, ValueError):
    """An archive cannot be unpacked, or must not be."""

    def __init__(self, archive: Path, why: str) -> None:
        super().__init__(f"{archive} {why}; train the model again, or name another version")


def unpack_model(archive: Path, folder: Path, *, largest: int = LARGEST_MODEL_BYTES) -> Path:
    """Unpack ``archive`` into ``folder`` and return the folder.

    Refuses what would land outside the folder, links, devices, and more than ``largest`` bytes.

    Raises:
        DamagedArchiveError: if the archive is missing, damaged, hostile or too large.
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            size = 0
            for member in packed:
                size += member.size
                if size > largest:
                    raise DamagedArchiveError(archive, f"holds more than {largest:,} bytes")
                packed.extract(member, folder, filter="data")
    except OSError as error:
        raise DamagedArchiveError(archive, f"cannot be read ({error.strerror or error})") from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DamagedArchiveError(archive, f"is damaged or hostile ({error})") from error
    return folder
