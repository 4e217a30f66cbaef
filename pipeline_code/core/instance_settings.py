"""On what jobs run in the cloud, how many instances train, and whether they may be taken away."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from pipeline_code.core.mistakes import MisplacedError, Section

SEVERAL_INSTANCES: Final = ("xgboost", "aws:xgboost")
"""Algorithms that several instances can train together."""
_WAITS: Final = 2  # as long as the training itself: spot capacity may be short for hours


class Instances(Section):
    """On what the jobs run in the cloud.

    ``spot`` trains on spare capacity, which is cheaper and may be taken away at any moment;
    ``max_wait_sec`` bounds the waiting for it and the training together (by default twice
    ``timeout_sec``). ``checkpoints`` keeps the state of a training every ``checkpoint_sec``
    seconds, so that one that was interrupted goes on; with ``spot`` always.
    """

    processing: str = "ml.m5.xlarge"
    training: str = "ml.m5.xlarge"
    training_count: Annotated[int, Field(ge=1, le=20)] = 1
    spot: bool = False
    max_wait_sec: Annotated[int, Field(ge=60, le=2_419_200)] | None = None
    checkpoints: bool = False
    checkpoint_sec: Annotated[float, Field(ge=0)] = 20.0
    volume_gib: Annotated[int, Field(ge=1)] = 30
    timeout_sec: Annotated[int, Field(ge=60)] = 7_200

    @model_validator(mode="after")
    def _check_wait(self) -> Self:
        if self.max_wait_sec is None:
            return self
        if not self.spot:
            raise MisplacedError(
                [("max_wait_sec", "waits for spot capacity; set spot: true, or take it out")]
            )
        if self.max_wait_sec < self.timeout_sec:
            raise MisplacedError(
                [
                    (
                        "max_wait_sec",
                        f"must be at least timeout_sec ({self.timeout_sec}), which is part of it; "
                        f"given {self.max_wait_sec}",
                    )
                ]
            )
        return self

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether an interrupted training goes on where it was."""
        return self.spot or self.checkpoints

    @property
    def longest_wait_sec(self) -> int:
        """How long a spot training may take, waiting included."""
        return self.max_wait_sec or _WAITS * self.timeout_sec
