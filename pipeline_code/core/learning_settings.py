"""How rows are split, and how a model is trained, tuned, measured and admitted."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline_code.core.data_contract import Share
from pipeline_code.core.foreign_algorithms import BUILT_IN, foreign_algorithm
from pipeline_code.core.mistakes import Section, closest

ALGORITHMS: Final = ("auto", "xgboost", "lightgbm", "linear", "torch")
SKLEARN: Final = "sklearn:"
"""Prefix of an estimator by its import path: ``sklearn:sklearn.svm.SVC``."""

_ESTIMATOR: Final = re.compile(rf"{SKLEARN}[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class KnownPositives(Section):
    """Leave entities out of the test rows once their positive label was known."""

    key: str
    lookback_days: Annotated[int, Field(ge=1)]


class Split(Section):
    """Which rows train, which choose, which test.

    ``time``: train, then validation, a gap for the label's delay, then test; ``train_days`` 0
    means everything before, ``end`` is the last day of the test rows, by default the last day of
    the data. ``stratified``: every part has the target's distribution. ``random``: by chance.
    ``grouped``: no value of ``group`` is in two parts. The last three are drawn by ``seed`` and
    by what a row says, so equal rows never stand on two sides.
    """

    method: Literal["time", "stratified", "random", "grouped"] = "time"
    event_time: str | None = None
    train_days: Annotated[int, Field(ge=0)] = 0
    validation_days: Annotated[int, Field(ge=0)] = 7
    gap_days: Annotated[int, Field(ge=0)] = 7
    test_days: Annotated[int, Field(ge=1)] = 7
    end: date | Literal["latest"] = "latest"
    known_positives: KnownPositives | None = None
    group: str | None = None
    validation_share: Annotated[float, Field(ge=0, lt=1)] = 0.15
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _check_method(self) -> Self:
        if self.method == "time" and self.event_time is None:
            raise ValueError("a split by time needs event_time: the column that says when")
        if self.method == "grouped" and self.group is None:
            raise ValueError("a grouped split needs group: the column whose rows stay together")
        if self.method != "time" and self.known_positives:
            raise ValueError("known_positives needs a split by time")
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                f"validation_share ({self.validation_share:g}) and test_share "
                f"({self.test_share:g}) leave nothing to train on; together they must be below 1"
            )
        return self

    @property
    def time_column(self) -> str:
        """The event time of rows that have one: a split by time cannot be without."""
        assert self.event_time is not None  # noqa: S101 - who asks has looked
        return self.event_time


class Training(Section):
    """The algorithm and its hyperparameters; each algorithm reads those it knows.

    ``auto`` tries the candidates that fit and keeps the best by the gate's metric. ``refit``
    trains the chosen model once more on training and validation rows together. ``folds`` judges
    by holding every one of these rows out once, in so many parts, and then trains on all of
    them; 0 judges by the validation rows, ``auto`` by five folds where rows are few.
    ``parameters`` go to an estimator that is named by its import path, or to an image as more
    hyperparameters.
    """

    algorithm: str = "xgboost"
    seed: Annotated[int, Field(ge=0)] = 0
    refit: bool = False
    folds: Annotated[int, Field(ge=0, le=20)] = 0
    class_weight: Literal["none", "balanced"] = "none"
    n_estimators: Annotated[int, Field(ge=1, le=10_000)] = 300
    max_depth: Annotated[int, Field(ge=1, le=16)] = 6
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    min_child_weight: Annotated[float, Field(ge=0)] = 1.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 1.0
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 1.0
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    early_stopping_rounds: Annotated[int, Field(ge=0)] = 0
    num_leaves: Annotated[int, Field(ge=2, le=4_096)] = 31
    inverse_regularization: Annotated[float, Field(gt=0)] = 1.0
    hidden_units: Annotated[int, Field(ge=1, le=4_096)] = 128
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 50
    parameters: dict[str, Any] = Field(default_factory=dict)

    @field_validator("folds")
    @classmethod
    def _check_folds(cls, value: int) -> int:
        if value == 1:
            raise ValueError("1 leaves nothing to learn from; allowed: 0, or 2 to 20")
        return value

    @field_validator("algorithm")
    @classmethod
    def _check_algorithm(cls, value: str) -> str:
        named = (*ALGORITHMS, *BUILT_IN)
        if value in named or _ESTIMATOR.fullmatch(value) or foreign_algorithm(value):
            return value
        raise ValueError(
            f"{value!r} is no algorithm; allowed: {', '.join(named)}, {SKLEARN}MODULE.CLASS, "
            f"or an image in ECR by tag or digest{closest(value, list(named))}"
        )


class Range(Section):
    """Where tuning looks for one hyperparameter: between two ends, or among some values."""

    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    values: tuple[float | int | str, ...] | None = None

    @model_validator(mode="after")
    def _check_ends(self) -> Self:
        if (self.values is None) == (self.low is None or self.high is None):
            raise ValueError("needs either low and high, or values")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
            if self.scale == "log" and self.low <= 0:
                raise ValueError(f"a log scale needs a low above 0, given {self.low:g}")
        return self


class Tuning(Section):
    """How hyperparameters are searched; without this section they are taken as they are.

    ``warm_start`` names a tuning job of before, whose trials this one begins with.
    """

    strategy: Literal["grid", "random", "bayesian", "hyperband"] = "bayesian"
    trials: Annotated[int, Field(ge=1, le=500)] = 30
    parallel_trials: Annotated[int, Field(ge=1, le=100)] = 2
    seed: Annotated[int, Field(ge=0)] = 0
    warm_start: Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,64}$")] | None = None
    ranges: dict[str, Range] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_grid(self) -> Self:
        open_ended = [name for name, one in self.ranges.items() if one.values is None]
        if self.strategy == "grid" and open_ended:
            raise ValueError(
                f"a grid needs values for {', '.join(open_ended)}, not low and high; "
                "list them, or choose the strategy random or bayesian"
            )
        return self

    @field_validator("ranges")
    @classmethod
    def _check_names(cls, value: dict[str, Range]) -> dict[str, Range]:
        known = sorted(
            set(Training.model_fields)
            - {"algorithm", "seed", "refit", "folds", "class_weight", "parameters"}
        )
        wrong = [f"{name!r}{closest(name, known)}" for name in value if name not in known]
        if wrong:
            raise ValueError(f"tunes {', '.join(wrong)}; tunable: {', '.join(known)}")
        return value


class Evaluation(Section):
    """How the test rows are measured.

    ``slices`` are columns whose values are measured each by itself, where they have at least
    ``slice_rows`` rows.
    """

    bootstrap_samples: Annotated[int, Field(ge=1, le=100_000)] = 200
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    resample_by: str | None = None
    explained_rows: Annotated[int, Field(ge=1)] = 2_000
    slices: tuple[str, ...] = ()
    slice_rows: Annotated[int, Field(ge=1)] = 100


class Gate(Section):
    """When a challenger may be registered.

    Better is always positive: an uplift of a metric that should be small is how much smaller it
    is. ``win_share`` is the share of resamples in which the challenger must be the better one;
    ``slice_tolerance`` is how much worse than the champion it may be on any slice.
    """

    metric: str
    minimum_uplift: float = 0.0
    win_share: Share = 0.0
    guardrails: dict[str, float] = Field(default_factory=dict)
    slice_tolerance: Annotated[float, Field(ge=0)] | None = None


class Monitoring(Section):
    """From where on a change of the data is worth a look, and from where on an alarm.

    In units of the population stability index. Source: Siddiqi, *Credit Risk Scorecards* (2006).
    """

    drift_warning: Annotated[float, Field(gt=0)] = 0.1
    drift_alarm: Annotated[float, Field(gt=0)] = 0.25

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.drift_alarm < self.drift_warning:
            raise ValueError(
                f"drift_alarm ({self.drift_alarm:g}) must not be below "
                f"drift_warning ({self.drift_warning:g})"
            )
        return self
