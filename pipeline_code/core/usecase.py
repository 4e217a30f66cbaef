"""The machine-learning problem as data: ``usecase.yaml`` read into frozen models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipeline_code.contract import EVENT_TIME
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import Section, closest, describe, load

USECASE_FILE = "usecase.yaml"

_FEATURE_NAME = r"(?!.{65})[a-zA-Z0-9]([-_]*[a-zA-Z0-9])*"
_RESERVED_FEATURES = ("api_invocation_time", "is_deleted", "write_time")
"""Columns that SageMaker adds itself. Source: Amazon SageMaker API, FeatureDefinition."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
ColumnType = Literal["integer", "number", "string", "timestamp", "boolean"]
FeatureType = Literal["Integral", "Fractional", "String"]
Metric = Literal["auc_roc", "average_precision", "card_precision_100", "f1"]
Share = Annotated[float, Field(ge=0, le=1)]


class Problem(Section):
    """What is predicted."""

    type: Literal["binary"]
    target: str
    objective: str = ""


class Costs(Section):
    """What each error costs, in money; the decision threshold is the cheapest one."""

    currency: str = "EUR"
    false_positive: Annotated[float, Field(ge=0)]
    false_negative: Annotated[float, Field(ge=0)]


class Column(Section):
    """What the contract promises of one column of the source."""

    type: ColumnType
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[int | float | str, ...] | None = None


class Contract(Section):
    """What the source promises; rows that break it are quarantined, up to the error budget."""

    error_budget: Share = 0.01
    unique: tuple[str, ...] = ()
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        for name in self.unique:
            if name not in self.columns:
                near = closest(name, list(self.columns))
                raise ValueError(f"unique names {name!r}, which is not under columns{near}")
        return self


class FeatureGroup(Section):
    """One feature group: the record of an entity at a moment."""

    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    key: str
    features: dict[str, FeatureType]

    @field_validator("features")
    @classmethod
    def _check_names(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        taken = {*_RESERVED_FEATURES, EVENT_TIME, info.data.get("key")}
        wrong = [name for name in value if name in taken or not re.fullmatch(_FEATURE_NAME, name)]
        if wrong:
            raise ValueError(
                f"SageMaker would refuse {', '.join(map(repr, wrong))}; allowed: up to 64 letters, "
                "digits, - and _, a letter or digit first and last, and neither the key nor "
                f"{', '.join(sorted({*_RESERVED_FEATURES, EVENT_TIME}))}"
            )
        return value

    @property
    def versioned_name(self) -> str:
        """The name with its schema version: a breaking change is a new group."""
        return f"{self.name}-v{self.version}"


class Features(Section):
    """How features are made and which the model sees, in its order."""

    sql: str = "features.sql"
    inputs: tuple[str, ...] = Field(min_length=1)
    groups: tuple[FeatureGroup, ...] = ()
    history_days: Annotated[int, Field(ge=1)] = 7

    @field_validator("inputs")
    @classmethod
    def _check_inputs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"inputs names {', '.join(twice)} twice")
        return value


class KnownPositives(Section):
    """Leave entities out of the test rows once their positive label was known."""

    key: str
    lookback_days: Annotated[int, Field(ge=1)]


class Split(Section):
    """Split by time: train, then validation, a gap for the label's delay, then test.

    ``train_days`` 0 means everything before; ``end`` is the last day of the test rows, by
    default the last day of the data.
    """

    method: Literal["time"] = "time"
    event_time: str
    train_days: Annotated[int, Field(ge=0)] = 0
    validation_days: Annotated[int, Field(ge=0)] = 7
    gap_days: Annotated[int, Field(ge=0)] = 7
    test_days: Annotated[int, Field(ge=1)] = 7
    end: date | Literal["latest"] = "latest"
    known_positives: KnownPositives | None = None


class Training(Section):
    """The algorithm and its hyperparameters; each algorithm reads those it knows."""

    algorithm: Literal["xgboost", "linear"] = "xgboost"
    seed: Annotated[int, Field(ge=0)] = 0
    n_estimators: Annotated[int, Field(ge=1, le=10_000)] = 300
    max_depth: Annotated[int, Field(ge=1, le=16)] = 6
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    min_child_weight: Annotated[float, Field(ge=0)] = 1.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 1.0
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 1.0
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    early_stopping_rounds: Annotated[int, Field(ge=0)] = 0
    inverse_regularization: Annotated[float, Field(gt=0)] = 1.0


class Evaluation(Section):
    """How the test rows are measured."""

    bootstrap_samples: Annotated[int, Field(ge=1, le=100_000)] = 200
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    resample_by: str | None = None
    explained_rows: Annotated[int, Field(ge=1)] = 2_000


class Gate(Section):
    """When a challenger may be registered."""

    metric: Metric
    minimum_uplift: float = 0.0
    guardrails: dict[str, float] = Field(default_factory=dict)


class Instances(Section):
    """On what the jobs run in the cloud."""

    processing: str = "ml.m5.xlarge"
    training: str = "ml.m5.xlarge"
    volume_gib: Annotated[int, Field(ge=1)] = 30
    timeout_sec: Annotated[int, Field(ge=60)] = 7_200


class UseCase(Section):
    """One machine-learning problem, from its contract to its gate."""

    name: Name
    problem: Problem
    costs: Costs
    contract: Contract
    features: Features
    split: Split
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    gate: Gate
    instances: Instances = Instances()
    simulator: str | None = None

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        columns = list(self.contract.columns)
        references = {
            "problem.target": self.problem.target,
            "split.event_time": self.split.event_time,
            **{f"features.groups.{group.name}.key": group.key for group in self.features.groups},
        }
        if self.split.known_positives:
            references["split.known_positives.key"] = self.split.known_positives.key
        if self.evaluation.resample_by:
            references["evaluation.resample_by"] = self.evaluation.resample_by
        unknown = [
            f"{where} names {column!r}, not under contract.columns{closest(column, columns)}"
            for where, column in references.items()
            if column not in columns
        ]
        if self.problem.target in self.features.inputs:
            unknown.append(f"features.inputs holds the target {self.problem.target!r}: a leak")
        if unknown:
            raise ValueError("; ".join(unknown))
        return self

    def with_settings(self, settings: Mapping[str, str]) -> UseCase:
        """Change single settings, each by its dotted path, as one execution asks for.

        Raises:
            SettingsError: if a path is unknown or a value is not allowed; all at once.
        """
        document = self.model_dump(mode="json")
        mistakes = []
        for path, value in settings.items():
            *parents, last = path.split(".")
            target: Any = document
            for parent in parents:
                target = target.get(parent) if isinstance(target, dict) else None
            if not isinstance(target, dict) or last not in target:
                known = [
                    f"{section}.{key}"
                    for section, part in document.items()
                    if isinstance(part, dict)
                    for key in part
                ]
                mistakes.append(f"{path}: unknown setting{closest(path, known)}")
            else:
                target[last] = value
        if mistakes:
            raise SettingsError("the settings given", mistakes)
        try:
            return UseCase.model_validate(document)
        except ValidationError as error:
            raise SettingsError("the settings given", describe(error, UseCase)) from error


def load_usecase(folder: Path) -> UseCase:
    """Read ``usecase.yaml`` of a use case's folder.

    Raises:
        SettingsError: with every mistake of the file, one a line.
    """
    return load(folder / USECASE_FILE, UseCase)
