"""How hyperparameters are searched: the tuning step that stands in place of the training step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker.core.parameter import (
    CategoricalParameter,
    ContinuousParameter,
    IntegerParameter,
    ParameterRange,
)
from sagemaker.core.shapes import (
    HyperbandStrategyConfig,
    HyperParameterTuningJobStrategyConfig,
    HyperParameterTuningJobWarmStartConfig,
    ParentHyperParameterTuningJob,
)
from sagemaker.mlops.workflow.steps import TuningStep
from sagemaker.train.configs import InputData
from sagemaker.train.tuner import HyperparameterTuner

from pipeline_code import contract
from pipeline_code.core.learning_settings import Range, Training, Tuning
from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.definition.jobs import CACHE, SECURITY_GROUPS, SUBNETS, Jobs
from pipeline_code.definition.lock import placeholder
from pipeline_code.definition.retries import retries

_STRATEGIES = {
    "grid": "Grid",
    "random": "Random",
    "bayesian": "Bayesian",
    "hyperband": "Hyperband",
}
_SCALES = {"linear": "Linear", "log": "Logarithmic"}
_HYPERBAND_REDUCTION = 27  # three halvings by three: the usual factor of Hyperband, cubed


def tuning(
    jobs: Jobs, settings: Tuning, name: str, *, role: str, channels: Sequence[InputData]
) -> TuningStep:
    """Define the search for the hyperparameters that do best on the validation rows."""
    smaller = jobs.usecase.gate.metric in SMALLER_IS_BETTER
    tuner = HyperparameterTuner(
        jobs.trainer(role),
        objective_metric_name=contract.OBJECTIVE_METRIC,
        metric_definitions=[{"Name": contract.OBJECTIVE_METRIC, "Regex": contract.METRIC_PATTERN}],
        hyperparameter_ranges={key: _range(key, one) for key, one in settings.ranges.items()},
        strategy=_STRATEGIES[settings.strategy],
        strategy_config=_strategy_config(jobs, settings),
        objective_type="Minimize" if smaller else "Maximize",
        max_jobs=_trials(settings),
        max_parallel_jobs=settings.parallel_trials,
        warm_start_config=_warm_start(settings),
        base_tuning_job_name=jobs.usecase.name,
    )
    step = _ModuleTuningStep(
        name=name,
        step_args=tuner.tune(inputs=list(channels), wait=False),
        cache_config=CACHE,
        retry_policies=retries(),
    )
    step.seed = settings.seed
    return step


class _ModuleTuningStep(TuningStep):  # type: ignore[misc]
    """A tuning step whose jobs are as closed in as every other job.

    The SDK drops the network, the volume's key and a seed of 0 of the trainer that it is given.
    A job of a tuning cannot name its command; the image runs ``train`` by itself.
    """

    seed: int

    @property
    def arguments(self) -> Any:
        request = super().arguments
        request["HyperParameterTuningJobConfig"]["RandomSeed"] = self.seed
        job = request["TrainingJobDefinition"]
        job["ResourceConfig"]["VolumeKmsKeyId"] = placeholder(contract.KEY_DATA)
        job["VpcConfig"] = {"Subnets": SUBNETS, "SecurityGroupIds": SECURITY_GROUPS}
        job["EnableNetworkIsolation"] = True
        job["EnableInterContainerTrafficEncryption"] = True
        return request


def _trials(settings: Tuning) -> int:
    """Count the trials; a grid has as many as it has points."""
    if settings.strategy != "grid":
        return settings.trials
    points = 1
    for one in settings.ranges.values():
        points *= len(one.values or ())
    return points


def _range(name: str, wanted: Range) -> ParameterRange:
    if wanted.values is not None:
        return CategoricalParameter([str(value) for value in wanted.values])
    assert wanted.low is not None and wanted.high is not None  # noqa: S101, PT018 - see Range
    scale = _SCALES[wanted.scale]
    if isinstance(Training.model_fields[name].default, int):
        return IntegerParameter(int(wanted.low), int(wanted.high), scaling_type=scale)
    return ContinuousParameter(wanted.low, wanted.high, scaling_type=scale)


def _strategy_config(jobs: Jobs, settings: Tuning) -> HyperParameterTuningJobStrategyConfig | None:
    """Bound Hyperband's resource: boosting rounds, or epochs of a network."""
    if settings.strategy != "hyperband":
        return None
    training = jobs.usecase.training
    most = training.epochs if training.algorithm == "torch" else training.n_estimators
    return HyperParameterTuningJobStrategyConfig(
        hyperband_strategy_config=HyperbandStrategyConfig(
            min_resource=max(1, most // _HYPERBAND_REDUCTION), max_resource=most
        )
    )


def _warm_start(settings: Tuning) -> HyperParameterTuningJobWarmStartConfig | None:
    if settings.warm_start is None:
        return None
    return HyperParameterTuningJobWarmStartConfig(
        parent_hyper_parameter_tuning_jobs=[
            ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name=settings.warm_start)
        ],
        # The rows are newer than those of the parent.
        warm_start_type="TransferLearning",
    )
