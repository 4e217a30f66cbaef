"""Algorithms of other images: those of SageMaker, and whatever image a use case names.

Such an image knows nothing of ours. It is given numbers, the target first, and settings by
names of its own; what it leaves is made a model of ours by a step of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pipeline_code.core.problem import Problem
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION

if TYPE_CHECKING:
    from pipeline_code.core.usecase import UseCase

Layout = Literal["codes", "columns"]
"""``codes``: a number as it is, a category by its code, a missing value as NaN, in Parquet.
``columns``: standardised numbers and a column a category, nothing missing, in CSV."""

PARQUET: Final = "application/x-parquet"
CSV: Final = "text/csv"
FEWEST_ROWS: Final = 100
"""The linear learner of SageMaker takes batches of so many rows; it fails on fewer rows."""

_LONGEST_WAIT_SEC: Final = 3_600
"""Of a spot training without checkpoints in an image of SageMaker's.

Source: Amazon SageMaker AI developer guide, "Managed Spot Training in Amazon SageMaker AI"."""

IMAGE: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[a-z0-9._/-]+)(:(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))"
)
"""An image in ECR, by tag or digest: SageMaker pulls from nowhere else."""


@dataclass(frozen=True)
class ForeignAlgorithm:
    """What an image takes, and by which names.

    Attributes:
        layout: how it wants its rows.
        content_type: of their files.
        settings: its hyperparameters by the settings of ``training`` that they stand for.
        balances: whether it can weigh classes.
        framework: the name under which the SageMaker SDK knows its image, and the version.
        local: which algorithm of ours stands for it on a laptop; None if nothing does.
    """

    layout: Layout
    content_type: str
    settings: Mapping[str, str]
    balances: bool = False
    framework: tuple[str, str] | None = None
    local: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)


BUILT_IN: Final[Mapping[str, ForeignAlgorithm]] = {
    # Source of the names: Amazon SageMaker AI developer guide, "XGBoost Hyperparameters".
    "aws:xgboost": ForeignAlgorithm(
        layout="codes",
        content_type=PARQUET,
        settings={
            "n_estimators": "num_round",
            "learning_rate": "eta",
            "max_depth": "max_depth",
            "min_child_weight": "min_child_weight",
            "subsample": "subsample",
            "colsample_bytree": "colsample_bytree",
            "reg_lambda": "lambda",
            "early_stopping_rounds": "early_stopping_rounds",
            "seed": "seed",
        },
        constants={"tree_method": "hist", "max_bin": "1024"},
        # The release of the library that this image reads the booster with.
        framework=("xgboost", "3.2-0"),
        local="xgboost",
    ),
    # Source of the names: developer guide, "Linear learner hyperparameters". What it would
    # standardise by itself is standardised already, so that its weights mean what they say.
    "aws:linear-learner": ForeignAlgorithm(
        layout="columns",
        content_type=CSV,
        settings={"epochs": "epochs"},
        constants={
            "normalize_data": "false",
            "normalize_label": "false",
            "mini_batch_size": str(FEWEST_ROWS),
        },
        balances=True,
        framework=("linear-learner", "1"),
        local="linear",
    ),
}
"""Algorithms of SageMaker that can be named, by their names in usecase.yaml."""

_ANY_IMAGE: Final = ForeignAlgorithm(
    layout="codes", content_type=PARQUET, settings={"seed": "seed"}
)
XGBOOST_OBJECTIVES: Final = {
    BINARY: "binary:logistic",
    MULTICLASS: "multi:softprob",
    REGRESSION: "reg:squarederror",
}
"""What XGBoost lessens in each type of problem, whoever runs it."""
_PREDICTORS: Final = {
    BINARY: "binary_classifier",
    MULTICLASS: "multiclass_classifier",
    REGRESSION: "regressor",
}


def foreign_algorithm(algorithm: str) -> ForeignAlgorithm | None:
    """Say what an image of others takes; None for an algorithm of ours."""
    if algorithm in BUILT_IN:
        return BUILT_IN[algorithm]
    return _ANY_IMAGE if IMAGE.fullmatch(algorithm) else None


def fixed_hyperparameters(usecase: UseCase, stopping_metric: str) -> dict[str, str]:
    """List the hyperparameters that follow from the problem, and those that the use case adds.

    Args:
        usecase: of a foreign algorithm.
        stopping_metric: the metric of XGBoost that is nearest to the gate's.
    """
    training, problem = usecase.training, usecase.problem
    found = dict(_described(training.algorithm, problem, stopping_metric))
    if training.class_weight == "balanced" and problem.type == BINARY:
        found["positive_example_weight_mult"] = "balanced"
    elif training.class_weight == "balanced":
        found["balance_multiclass_weights"] = "true"
    algorithm = foreign_algorithm(training.algorithm)
    constants = algorithm.constants if algorithm else {}
    added = {name: _text(value) for name, value in training.parameters.items()}
    return {**constants, **found, **added}


def tunable_settings(usecase: UseCase) -> dict[str, str]:
    """Say which settings the image of the use case reads, and under which names.

    ``early_stopping_rounds`` is left out where it is 0: no image takes that for "never".
    """
    algorithm = foreign_algorithm(usecase.training.algorithm)
    if algorithm is None:
        return {}
    stops = usecase.training.early_stopping_rounds > 0
    return {
        setting: name
        for setting, name in algorithm.settings.items()
        if stops or setting != "early_stopping_rounds"
    }


def foreign_mistakes(usecase: UseCase) -> Iterator[tuple[str, str]]:
    """Name the settings that mean nothing to the image of the use case, each with its place."""
    training = usecase.training
    algorithm = foreign_algorithm(training.algorithm)
    if algorithm is None:
        return
    if usecase.tuning is not None:
        yield "tuning", f"is for algorithms of ours; {training.algorithm} is trained once"
    if training.refit:
        yield "training.refit", f"cannot be asked of {training.algorithm}: it is trained once"
    if training.folds:
        yield "training.folds", f"cannot be asked of {training.algorithm}: it is trained once"
    if training.class_weight != "none" and (
        not algorithm.balances or usecase.problem.type == REGRESSION
    ):
        stand_in = algorithm.local or "xgboost"
        yield (
            "training.class_weight",
            f"cannot be asked of {training.algorithm}; {stand_in} weighs classes"
            if usecase.problem.type != REGRESSION
            else "weighs classes, and a regression has none",
        )
    instances = usecase.instances
    if instances.spot and algorithm.framework and instances.longest_wait_sec > _LONGEST_WAIT_SEC:
        yield (
            "instances.max_wait_sec",
            f"must be {_LONGEST_WAIT_SEC} or less (and timeout_sec below it) for "
            f"{training.algorithm}, which keeps no state; it is {instances.longest_wait_sec}",
        )
    if _validates_nothing(usecase):
        yield "split", f"leaves no validation rows, by which {training.algorithm} is measured"
    taken = {
        *algorithm.settings.values(),
        *dict(_described(training.algorithm, usecase.problem, "")),
    }
    for name in sorted(taken & training.parameters.keys()):
        yield f"training.parameters.{name}", "is set by the use case's own settings already"


def _described(algorithm: str, problem: Problem, stopping_metric: str) -> Iterator[tuple[str, str]]:
    """Say in each image's words what is to be learned."""
    several = (("num_class", str(len(problem.classes))),)
    if algorithm == "aws:xgboost":
        yield "objective", XGBOOST_OBJECTIVES[problem.type]
        yield "eval_metric", stopping_metric
        yield from several if problem.type == MULTICLASS else ()
    elif algorithm == "aws:linear-learner":
        yield "predictor_type", _PREDICTORS[problem.type]
        if problem.type == MULTICLASS:
            yield "num_classes", str(len(problem.classes))
        if problem.type == BINARY:
            # Its own threshold is of no use: ours is chosen by what errors cost.
            yield "binary_classifier_model_selection_criteria", "loss_function"
    else:
        yield "problem_type", problem.type
        yield from several if problem.type == MULTICLASS else ()


def _validates_nothing(usecase: UseCase) -> bool:
    split = usecase.split
    return (split.validation_days if split.method == "time" else split.validation_share) == 0


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
