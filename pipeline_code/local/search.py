"""The search for hyperparameters, as SageMaker's request describes it, done by Optuna."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline_code.local.errors import LocalError

if TYPE_CHECKING:
    import optuna

_FEWEST_FOR_A_MODEL: Final = 5  # trials by chance before Bayesian search trusts its model
_REDUCTION: Final = 3
"""Of Hyperband: one in so many goes on. Source: Li et al., JMLR 18 (2018), section 3."""


class UnsupportedSearchError(LocalError, NotImplementedError):
    """A strategy that cannot be followed on this machine."""

    def __init__(self, strategy: object) -> None:
        super().__init__(
            f"tuning strategy {strategy!r} is not supported; "
            "supported: Grid, Random, Bayesian, Hyperband"
        )


@dataclass(frozen=True)
class PastTrial:
    """What a trial of before tried, and how good it was."""

    hyperparameters: Mapping[str, str]
    value: float


class Search:
    """Propose hyperparameters, learn how good they were.

    Args:
        config: HyperParameterTuningJobConfig of the request.
        past: trials of an earlier tuning to begin with; those that lie outside of today's ranges
            are left out.

    Raises:
        UnsupportedSearchError: if nobody here knows the strategy.
    """

    def __init__(self, config: Mapping[str, Any], past: Iterable[PastTrial] = ()) -> None:
        # A third of a second to import, and only tuning needs it.
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._space = _space(config["ParameterRanges"])
        objective = config["HyperParameterTuningJobObjective"]
        self.is_minimised = objective["Type"] == "Minimize"
        limit = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
        self.trials = int(limit) if limit else self._grid_points()
        self._study = optuna.create_study(
            direction="minimize" if self.is_minimised else "maximize",
            sampler=self._sampler(config),
            pruner=self._pruner(config),
        )
        for one in past:
            self._remember(one)
        if config["Strategy"] == "Grid":
            self._line_up_the_grid()

    def ask(self) -> tuple[optuna.Trial, dict[str, str]]:
        """Propose hyperparameters, as the strings that a training job gets."""
        trial = self._study.ask(self._space)
        return trial, {name: _text(value) for name, value in trial.params.items()}

    def tell(self, trial: optuna.Trial, value: float | None, *, pruned: bool = False) -> None:
        """Say how good the proposal was; None where its job failed."""
        state = self._optuna.trial.TrialState
        if pruned:
            self._study.tell(trial, state=state.PRUNED)
        elif value is None or not math.isfinite(value):
            self._study.tell(trial, state=state.FAIL)
        else:
            self._study.tell(trial, value)

    def is_better(self, value: float, other: float) -> bool:
        """Tell whether the first of two objective values is the better one."""
        return value < other if self.is_minimised else value > other

    def _sampler(self, config: Mapping[str, Any]) -> Any:
        samplers = self._optuna.samplers
        seed = int(config.get("RandomSeed", 0))
        match config["Strategy"]:
            case "Grid" | "Random":
                return samplers.RandomSampler(seed=seed)
            case "Bayesian":
                return samplers.TPESampler(
                    seed=seed, n_startup_trials=_FEWEST_FOR_A_MODEL, multivariate=True
                )
            case "Hyperband":
                return samplers.TPESampler(seed=seed, n_startup_trials=_FEWEST_FOR_A_MODEL)
            case other:
                raise UnsupportedSearchError(other)

    def _pruner(self, config: Mapping[str, Any]) -> Any:
        pruners = self._optuna.pruners
        if config["Strategy"] != "Hyperband":
            return pruners.NopPruner()
        bounds = config["StrategyConfig"]["HyperbandStrategyConfig"]
        return pruners.HyperbandPruner(
            min_resource=int(bounds["MinResource"]),
            max_resource=int(bounds["MaxResource"]),
            reduction_factor=_REDUCTION,
        )

    def _grid_points(self) -> int:
        return math.prod(len(one.choices) for one in self._space.values())

    def _line_up_the_grid(self) -> None:
        """Propose every point, the last hyperparameter changing fastest."""
        for point in itertools.product(*(one.choices for one in self._space.values())):
            self._study.enqueue_trial(dict(zip(self._space, point, strict=True)))

    def _remember(self, past: PastTrial) -> None:
        values = {}
        for name, distribution in self._space.items():
            text = past.hyperparameters.get(name)
            if text is None:
                return
            value = _value(text, distribution)
            if not distribution._contains(distribution.to_internal_repr(value)):
                return
            values[name] = value
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=values, distributions=self._space, value=past.value
            )
        )


def _space(ranges: Mapping[str, Any]) -> dict[str, Any]:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    space: dict[str, Any] = {}
    for one in ranges.get("IntegerParameterRanges", []):
        low, high = int(one["MinValue"]), int(one["MaxValue"])
        space[one["Name"]] = IntDistribution(low, high, log=_is_log(one))
    for one in ranges.get("ContinuousParameterRanges", []):
        bounds = float(one["MinValue"]), float(one["MaxValue"])
        space[one["Name"]] = FloatDistribution(*bounds, log=_is_log(one))
    for one in ranges.get("CategoricalParameterRanges", []):
        space[one["Name"]] = CategoricalDistribution(tuple(one["Values"]))
    return space


def _is_log(one: Mapping[str, Any]) -> bool:
    return one.get("ScalingType") == "Logarithmic"


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _value(text: str, distribution: Any) -> Any:
    """Read a hyperparameter as its range counts it."""
    match type(distribution).__name__:
        case "IntDistribution":
            return int(float(text))
        case "FloatDistribution":
            return float(text)
        case _:
            return text
