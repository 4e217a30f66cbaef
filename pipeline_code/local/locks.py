"""Locks between processes that the operating system gives back when their owner dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock at ``path``, waiting for it as long as another process has it."""
    with _opened(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[int | None]:
    """Hold the lock at ``path`` and yield its descriptor, or None where somebody has it.

    A child process that inherits the descriptor holds the lock too, until it ends.
    """
    with _opened(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock at ``path``."""
    if not path.exists():
        return False
    with held_if_free(path) as descriptor:
        return descriptor is None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
