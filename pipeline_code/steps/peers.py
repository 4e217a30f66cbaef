"""The hosts that train one model together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import PipelineError


class TooFewRowsError(PipelineError, ValueError):
    """Some host would have no row to train on."""

    def __init__(self, rows: int, hosts: int) -> None:
        super().__init__(
            f"{rows} training rows are too few for {hosts} instances; "
            "lower instances.training_count in usecase.yaml"
        )


@dataclass(frozen=True)
class Peers:
    """This host among those that train one model; by default it is alone.

    ``broadcast`` returns on every host what the first one gives: all must call it.
    """

    rank: int = 0
    count: int = 1
    broadcast: Callable[[Any], Any] = lambda value: value

    @property
    def is_first(self) -> bool:
        """Whether this host speaks for all: it keeps states, reports and writes the model."""
        return self.rank == 0

    def share(self, rows: int) -> NDArray[np.int64]:
        """Return this host's rows among so many: every one is some host's, and no two hosts'.

        In turns, for rows that lie next to each other are often alike.

        Raises:
            TooFewRowsError: if a host would have none.
        """
        if rows < self.count:
            raise TooFewRowsError(rows, self.count)
        return np.arange(self.rank, rows, self.count, dtype=np.int64)
