"""Keep the state of a training, so that one that was interrupted goes on where it was.

Each training has a folder of its own, named by a fingerprint of all that makes its model. So no
execution goes on from another's state, and one that does goes on from its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_KEPT: Final = 2  # one may be on its way to S3 when the machine goes
_MAGIC: Final = "acequia.checkpoint.1"
_NAME: Final = re.compile(r"\d{6}\.state")
_TEMPORARY: Final = "next.tmp"


@dataclass(frozen=True)
class State:
    """A training after so many rounds.

    ``history`` holds a value a round, as far as rounds are measured; what early stopping knows
    follows from it. ``model`` is the model so far.
    """

    rounds: int
    history: tuple[float, ...]
    model: bytes


@dataclass(frozen=True)
class Checkpoints:
    """Where states are kept, and how often.

    Args:
        folder: what is written there outlives the machine.
        every_sec: how many seconds lie between two states, at least.
        clock: tells seconds; the time changes when a state is kept, and never the model.
        say: told what was found and what was left aside.
    """

    folder: Path
    every_sec: float
    clock: Callable[[], float]
    say: Callable[[str], None] = lambda _: None
    _used: list[Path] = field(default_factory=list)

    def of(self, fingerprint: str) -> Shelf:
        """Return the place of one training."""
        folder = self.folder / fingerprint
        self._used.append(folder)
        return Shelf(folder, self)

    def finish(self) -> None:
        """Take away the states of the trainings of this job, which has a model now."""
        for folder in self._used:
            shutil.rmtree(folder, ignore_errors=True)


class Shelf:
    """The states of one training, newest last."""

    def __init__(self, folder: Path, settings: Checkpoints) -> None:
        self._folder = folder
        self._settings = settings
        self._kept_at = settings.clock()

    def newest(self) -> State | None:
        """Read the newest state that is whole; say why others are not taken."""
        for path in reversed(self._paths()):
            try:
                state = _unpack(path.read_bytes())
            except (OSError, ValueError) as error:
                self._settings.say(f"checkpoint {path.name} is left aside: {error}")
                continue
            self._settings.say(f"going on after round {state.rounds}, from {path.name}")
            return state
        return None

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep a state again."""
        return self._settings.clock() - self._kept_at >= self._settings.every_sec

    def keep(self, state: State) -> None:
        """Write a state, whole or not at all, and take older ones away.

        What cannot be written is said and costs an interrupted training its rounds; it is no
        reason to end one that is well.
        """
        path = self._folder / f"{state.rounds:06}.state"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = self._folder / _TEMPORARY
            temporary.write_bytes(_pack(state))
            temporary.replace(path)
        except OSError as error:
            self._settings.say(f"checkpoint {path.name} cannot be written: {error}")
        for old in self._paths()[:-_KEPT]:
            with contextlib.suppress(OSError):
                old.unlink()
        self._kept_at = self._settings.clock()

    def _paths(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(one for one in self._folder.iterdir() if _NAME.fullmatch(one.name))


def fingerprint(settings: Mapping[str, Any], arrays: Iterable[NDArray[Any] | None]) -> str:
    """Name a training by all that makes its model: settings, versions, rows by their content."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def _pack(state: State) -> bytes:
    head = json.dumps({"rounds": state.rounds, "history": state.history}).encode()
    body = head + b"\n" + state.model
    return f"{_MAGIC} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def _unpack(content: bytes) -> State:
    first, _, body = content.partition(b"\n")
    magic, _, digest = first.decode("ascii", errors="replace").partition(" ")
    if magic != _MAGIC:
        raise ValueError("it is no checkpoint of this version")
    if hashlib.sha256(body).hexdigest() != digest:
        raise ValueError("it is not whole")
    head, _, model = body.partition(b"\n")
    document = json.loads(head)
    return State(document["rounds"], tuple(document["history"]), model)
