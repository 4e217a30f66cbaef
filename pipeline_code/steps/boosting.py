"""Boost trees round by round, so that a training can be kept, resumed and shared by hosts.

The loop does what `xgboost.train` does: without checkpoints the booster is that of the library,
byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline_code.steps.checkpoints import Shelf, State
from pipeline_code.steps.peers import Peers

STATE_ROUNDS: Final = 50
"""How many rounds lie between two points at which a state may be kept, at least."""

_SHARE: Final = 10

_LARGER_IS_BETTER: Final = ("auc", "aucpr")


def is_pause(done: int) -> bool:
    """Tell whether a state may be kept after so many rounds; the rounds alone decide.

    Every 50 rounds; from 1000, 2000, 4000, ... on half as often. Where boosters are made anew each
    time, a tree is so scored not more than 15 times, however long the training is.
    """
    octave = max(1, done // (_SHARE * STATE_ROUNDS)).bit_length() - 1
    return done % (STATE_ROUNDS << octave) == 0


@dataclass
class EarlyStop:
    """End a boosting that has not become better for ``patience`` rounds.

    As `xgboost.callback.EarlyStopping`: equal is not better, and nothing is better than NaN, or
    worse.
    """

    metric: str
    patience: int
    values: list[float] = field(default_factory=list)
    best: int = 0

    def note(self, value: float) -> bool:
        """Take the value of the next round, and tell whether it is the best so far."""
        self.values.append(value)
        if len(self.values) == 1:
            return True
        reached = self.values[self.best]
        is_better = value > reached if self.metric in _LARGER_IS_BETTER else value < reached
        if is_better:
            self.best = len(self.values) - 1
        return is_better

    @property
    def is_due(self) -> bool:
        """Whether it has been long enough."""
        return bool(self.values) and len(self.values) - 1 - self.best >= self.patience


@dataclass(frozen=True)
class Boosting:
    """One boosting, from its rows to its booster.

    Args:
        parameters: of the booster.
        data: the training rows, an `xgboost.DMatrix`; with peers, this host's share of them.
        watched: the held-out rows, where they say when to stop.
        total: how many rounds there are at most.
        metric: what is measured on the held-out rows.
        patience: see `EarlyStop`.
        shelf: where states are kept; None on a host that keeps none.
        peers: the hosts that boost together.
        after_round: told the booster after each round, and the round's number from 0.
    """

    parameters: Mapping[str, Any]
    data: Any
    watched: Any | None
    total: int
    metric: str
    patience: int
    after_round: Callable[[Any, int], None] = lambda *_: None
    is_resumable: bool = False
    shelf: Shelf | None = None
    peers: Peers = field(default_factory=Peers)

    def run(self) -> tuple[Any, EarlyStop]:
        """Boost to the end; go on from the newest state, where there is one."""
        stop = EarlyStop(self.metric, self.patience)
        booster, done = self._begin(stop)
        while done < self.total and not stop.is_due:
            booster.update(self.data, iteration=done)
            if self.watched is not None and stop.note(value := self._measure(booster, done)):
                booster.set_attr(best_score=str(value), best_iteration=str(done))
            self.after_round(booster, done)
            done += 1
            if self.is_resumable and is_pause(done):
                booster = self._pause(booster, State(done, tuple(stop.values), b""))
        return booster.reset(), stop

    def _begin(self, stop: EarlyStop) -> tuple[Any, int]:
        """Make a booster of the first host's newest state, on every host."""
        found = self.shelf.newest() if self.shelf is not None else None
        (state,) = self.peers.broadcast([found]) if self.is_resumable else [None]
        if state is None:
            return self._booster(None), 0
        for value in state.history:
            stop.note(value)
        return self._booster(state.model), state.rounds

    def _pause(self, booster: Any, state: State) -> Any:
        """Keep the state, if it is time; begin anew from it where chance has a part.

        A booster draws columns by a generator that is in no file. One that is made anew draws
        as one that is resumed does, so both grow the same trees.
        """
        is_due = self.shelf is not None and self.shelf.is_due
        draws = self.parameters["subsample"] < 1 or self.parameters["colsample_bytree"] < 1
        if not is_due and not draws:
            return booster
        model = bytes(booster.save_raw("ubj"))
        if self.shelf is not None and is_due:
            self.shelf.keep(State(state.rounds, state.history, model))
        return self._booster(model) if draws else booster

    def _booster(self, model: bytes | None) -> Any:
        import xgboost  # a second to import: only who trains trees pays

        cached = [self.data] if self.watched is None else [self.data, self.watched]
        file = None if model is None else bytearray(model)
        return xgboost.Booster(dict(self.parameters), cached, model_file=file)

    def _measure(self, booster: Any, done: int) -> float:
        """Measure the held-out rows; all hosts stop by what the first one measures."""
        text = booster.eval_set([(self.watched, "validation")], iteration=done)
        value: float = self.peers.broadcast(float(text.rpartition(":")[2]))
        return value
