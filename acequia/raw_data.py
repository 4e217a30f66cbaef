"""Lay a person's file where a run looks for the data of a use case: in the local raw bucket."""

from __future__ import annotations

from pathlib import Path

from pipeline_code import contract
from pipeline_code.local.hashes import files_under
from pipeline_code.local.home import Home


def offer(home: Home, usecase: str, data: Path) -> bool:
    """Link ``data`` into the raw bucket, so that ``acequia run`` needs no ``--data``.

    Links, not copies: 10 GB stay where they are, and a file that changes is seen as new rows.
    What else lies there is somebody's data and stays.

    Returns:
        Whether a run without ``--data`` reads these files and no others.
    """
    raw = home.path(f"s3://{contract.RAW}/{usecase}/")
    wanted = {name: file.resolve() for name, file in files_under(data.resolve())}
    if raw.is_dir():
        if any(not file.is_symlink() for _, file in files_under(raw)):
            return False
        for _, link in files_under(raw):
            link.unlink()
    for name, file in wanted.items():
        link = raw / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return True
