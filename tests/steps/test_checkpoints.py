"""States are kept whole, found again by what makes a model, and taken away in the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline_code.steps.checkpoints import Checkpoints, State, fingerprint


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def state(rounds: int) -> State:
    """A state whose model has bytes that no text has."""
    return State(rounds, (0.5, float("nan"), 1 / 3), b"\x00\n\xff" + bytes([rounds]))


@pytest.fixture
def said() -> list[str]:
    """What the checkpoints said."""
    return []


@pytest.fixture
def checkpoints(tmp_path: Path, said: list[str]) -> Checkpoints:
    """A place for states that keeps one a minute."""
    return Checkpoints(tmp_path, 60.0, Clock(), said.append)


def test_the_newest_state_comes_back_as_it_was(checkpoints: Checkpoints) -> None:
    """A value that is rounded on the way would stop a resumed training at another round."""
    shelf = checkpoints.of("a")
    assert shelf.newest() is None
    for rounds in (25, 50, 75):
        shelf.keep(state(rounds))

    found = checkpoints.of("a").newest()

    assert found is not None
    assert (found.rounds, found.model) == (75, state(75).model)
    np.testing.assert_array_equal(found.history, state(75).history)


def test_two_states_are_kept(checkpoints: Checkpoints) -> None:
    """A long training must fill neither disk nor bucket, and the last may come broken."""
    shelf = checkpoints.of("a")
    for rounds in (25, 50, 75, 100):
        shelf.keep(state(rounds))
    names = sorted(path.name for path in (checkpoints.folder / "a").iterdir())
    assert names == ["000075.state", "000100.state"]


@pytest.mark.parametrize("length", [0, 1, 60, 120, -1])
def test_a_broken_state_is_left_aside_with_a_reason(
    checkpoints: Checkpoints, said: list[str], length: int
) -> None:
    """A machine that is taken away leaves files cut short; the one before is as good."""
    shelf = checkpoints.of("a")
    shelf.keep(state(25))
    shelf.keep(state(50))
    broken = checkpoints.folder / "a" / "000050.state"
    broken.write_bytes(broken.read_bytes()[:length])

    found = shelf.newest()

    assert found is not None
    assert found.rounds == 25
    assert said[0].startswith("checkpoint 000050.state is left aside: it is")


def test_a_flipped_bit_is_noticed(checkpoints: Checkpoints) -> None:
    """A model with one wrong byte loads, and is another model."""
    shelf = checkpoints.of("a")
    shelf.keep(state(25))
    path = checkpoints.folder / "a" / "000025.state"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    assert shelf.newest() is None


def test_what_is_half_written_is_no_state(checkpoints: Checkpoints) -> None:
    """A process that is killed while it writes leaves a file under another name."""
    folder = checkpoints.folder / "a"
    folder.mkdir()
    (folder / "next.tmp").write_bytes(b"acequia")
    assert checkpoints.of("a").newest() is None


def test_a_state_is_due_when_its_time_has_passed(checkpoints: Checkpoints) -> None:
    """Each state costs a copy to S3; one a round would cost more than it saves."""
    clock = checkpoints.clock
    assert isinstance(clock, Clock)
    shelf = checkpoints.of("a")
    assert not shelf.is_due
    clock.now = 60.0
    assert shelf.is_due
    shelf.keep(state(25))
    assert not shelf.is_due


def test_a_full_disk_is_said_and_ends_nothing(tmp_path: Path, said: list[str]) -> None:
    """A training that is well must not end because its insurance cannot be written."""
    (tmp_path / "file").write_text("in the way")
    Checkpoints(tmp_path / "file", 0.0, Clock(), said.append).of("a").keep(state(25))
    assert said[0].startswith("checkpoint 000025.state cannot be written: ")


def test_the_end_takes_away_only_the_own_states(checkpoints: Checkpoints) -> None:
    """Others that train at the same time keep theirs in the same folder."""
    Checkpoints(checkpoints.folder, 0.0, Clock()).of("of another").keep(state(25))
    checkpoints.of("a").keep(state(25))
    checkpoints.of("a").keep(state(50))
    checkpoints.finish()
    assert [path.name for path in checkpoints.folder.iterdir()] == ["of another"]


def test_whatever_makes_a_model_makes_its_fingerprint() -> None:
    """A training that goes on from another's state gives a model that nobody can reproduce."""
    rows = np.arange(6, dtype=np.float32)
    changed = rows.copy()
    changed[3] = 9
    settings = {"seed": 1, "depth": 3}
    several = [
        fingerprint(settings, [rows, None]),
        fingerprint({**settings, "seed": 2}, [rows, None]),
        fingerprint(settings, [changed, None]),
        fingerprint(settings, [rows.reshape(2, 3), None]),
        fingerprint(settings, [rows.astype(np.float64), None]),
        fingerprint(settings, [rows, rows]),
        fingerprint(settings, [None, rows]),
    ]
    assert len(set(several)) == len(several)
    assert fingerprint({"depth": 3, "seed": 1}, [rows.copy(), None]) == several[0]
