"""Run the trials of a search, some at a time, each told by the results of the last.

A proposal knows the results of all trials but the last few (twice as many as run at a time), in
the order of their numbers. So the search takes the same way each time, whichever trial ends
first, and no core waits for the slowest of a batch. Only Hyperband depends on the clock: it
ends a trial by what the others had reached by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline_code.local.search import Search

if TYPE_CHECKING:
    import optuna

COMPLETED: Final = "Completed"
FAILED: Final = "Failed"
STOPPED: Final = "Stopped"

_AHEAD: Final = 2


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job."""

    name: str
    status: str
    value: float | None
    seconds: float
    hyperparameters: Mapping[str, str]
    reason: str | None = None
    summary: Mapping[str, Any] | None = None


Attempt = Callable[[int, "optuna.Trial", dict[str, str]], Trial]
"""Runs the trial of a number with the hyperparameters that were proposed for it."""


def run_trials(
    search: Search,
    attempt: Attempt,
    *,
    parallel: int,
    on_trial: Callable[[int, int], None] = lambda *_: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> list[Trial]:
    """Run all trials of a search and return them by their numbers.

    Args:
        search: proposes, and is told how good each proposal was.
        attempt: runs one trial, in a thread of its own.
        parallel: how many run at a time.
        on_trial: told how many trials are done, of how many.
        is_stopped: whether somebody ended the whole.
    """
    done: list[Trial] = []
    waiting: deque[tuple[optuna.Trial, Future[Trial]]] = deque()
    asked = 0
    with ThreadPoolExecutor(parallel) as pool:
        while waiting or asked < search.trials:
            if asked < search.trials and len(waiting) < _AHEAD * parallel:
                proposal, values = search.ask()
                waiting.append((proposal, pool.submit(attempt, asked, proposal, values)))
                asked += 1
                continue
            proposal, future = waiting.popleft()
            done.append(future.result())
            search.tell(proposal, done[-1].value, pruned=done[-1].status == STOPPED)
            on_trial(len(done), search.trials)
            # What refuses the first trial will refuse all of them.
            if is_stopped() or (len(done) == 1 and done[0].status == FAILED):
                asked = search.trials
                waiting = deque(pair for pair in waiting if not pair[1].cancel())
    return done


def best_trial(search: Search, trials: list[Trial]) -> Trial | None:
    """Find the best of those that ended well; None if none did."""
    best: Trial | None = None
    for one in trials:
        if one.status != COMPLETED or one.value is None:
            continue
        if best is None or best.value is None or search.is_better(one.value, best.value):
            best = one
    return best
