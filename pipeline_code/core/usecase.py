"""The machine-learning problem as data: ``usecase.yaml`` read into frozen models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from pipeline_code.core.data_contract import Column, Contract, Share, SourceFormat
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.feature_settings import FeatureGroup, Features, Join, Name
from pipeline_code.core.foreign_algorithms import foreign_algorithm, foreign_mistakes
from pipeline_code.core.instance_settings import SEVERAL_INSTANCES, Instances
from pipeline_code.core.learning_settings import (
    Evaluation,
    Gate,
    KnownPositives,
    Monitoring,
    Range,
    Split,
    Training,
    Tuning,
)
from pipeline_code.core.metric_names import METRICS_OF
from pipeline_code.core.mistakes import MisplacedError, Section, closest, describe, load
from pipeline_code.core.problem import COSTS_OF, Costs, Problem, label_text
from pipeline_code.core.problem_types import BINARY
from pipeline_code.core.tuning_rules import tuning_mistakes

USECASE_FILE = "usecase.yaml"
AS_THEY_ARE = "select * from transactions"

Mistake = tuple[str, str]

__all__ = [
    "USECASE_FILE",
    "Column",
    "Contract",
    "Costs",
    "Evaluation",
    "FeatureGroup",
    "Features",
    "Gate",
    "Instances",
    "Join",
    "KnownPositives",
    "Monitoring",
    "Problem",
    "Range",
    "Share",
    "SourceFormat",
    "Split",
    "Training",
    "Tuning",
    "UseCase",
    "load_usecase",
    "read_sql",
]


class UseCase(Section):
    """One machine-learning problem, from its contract to its gate."""

    name: Name
    problem: Problem
    costs: Costs = Costs()
    source: SourceFormat = SourceFormat()
    contract: Contract
    features: Features
    split: Split
    training: Training = Training()
    tuning: Tuning | None = None
    evaluation: Evaluation = Evaluation()
    gate: Gate
    monitoring: Monitoring = Monitoring()
    instances: Instances = Instances()
    simulator: str | None = None

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        mistakes = [
            *self._unknown_columns(),
            *self._unknown_metrics(),
            *self._misplaced_costs(),
            *self._unknown_labels(),
            *self._timeless(),
            *foreign_mistakes(self),
            *self._lonely(),
            *tuning_mistakes(self.training, self.tuning),
        ]
        if self.problem.target in self.features.inputs:
            mistakes.append(
                ("features.inputs", f"holds the target {self.problem.target!r}: a leak")
            )
        if mistakes:
            raise MisplacedError(mistakes)
        return self

    def _unknown_columns(self) -> Iterator[Mistake]:
        """Name references to columns that the contract does not promise."""
        columns = list(self.contract.columns)
        references: dict[str, str | None] = {
            "problem.target": self.problem.target,
            "split.event_time": self.split.event_time,
            "split.group": self.split.group,
            "evaluation.resample_by": self.evaluation.resample_by,
            **{f"features.groups.{group.name}.key": group.key for group in self.features.groups},
            **{f"features.joins.{join.name}.key": join.key for join in self.features.joins},
        }
        if self.split.known_positives:
            references["split.known_positives.key"] = self.split.known_positives.key
        for where, column in references.items():
            if column is not None and column not in columns:
                near = closest(column, columns)
                yield where, f"names {column!r}, not under contract.columns{near}"
        yield from self._unknown_slices(columns)
        yield from self._unmatched_joins()
        if self.features.sql is None:
            yield from self._unknown_inputs(columns)

    def _unknown_slices(self, columns: list[str]) -> Iterator[Mistake]:
        """Name slices that no row will have: parts of the split hold columns and inputs."""
        known = [*columns, *self.features.inputs]
        for place, name in enumerate(self.evaluation.slices):
            if name not in known:
                yield (
                    f"evaluation.slices.{place}",
                    f"names {name!r}, neither under contract.columns nor features.inputs"
                    f"{closest(name, known)}",
                )

    def _unmatched_joins(self) -> Iterator[Mistake]:
        """Name keys and times that a joined source does not have, or has in another type."""
        names = [join.name for join in self.features.joins]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield "features.joins", f"names {', '.join(twice)} twice"
        for join in self.features.joins:
            where, columns = f"features.joins.{join.name}", join.contract.columns
            for field, name in (("key", join.key), ("event_time", join.event_time)):
                if name not in columns:
                    near = closest(name, list(columns))
                    yield f"{where}.{field}", f"names {name!r}, not under its columns{near}"
            if join.event_time in columns and columns[join.event_time].type != "timestamp":
                yield f"{where}.event_time", f"is {join.event_time!r}, which is no timestamp"
            mine, other = self.contract.columns.get(join.key), columns.get(join.key)
            if mine and other and mine.type != other.type:
                yield f"{where}.key", f"is of type {other.type} there and {mine.type} here"
            taken = {f"{join.name}_{name}" for name in columns} & self.contract.columns.keys()
            if taken:
                yield f"{where}.name", f"makes columns that there are: {', '.join(sorted(taken))}"

    def _unknown_inputs(self, columns: list[str]) -> Iterator[Mistake]:
        """Name inputs that nothing makes: without SQL they are columns of the sources."""
        joined = [
            f"{join.name}_{name}" for join in self.features.joins for name in join.contract.columns
        ]
        known = [*columns, *joined]
        for name in self.features.inputs:
            if name not in known:
                yield (
                    "features.inputs",
                    f"names {name!r}, which is no column, and there is no features.sql that "
                    f"makes it{closest(name, known)}",
                )

    def _unknown_metrics(self) -> Iterator[Mistake]:
        """Name metrics that are not measured for this type of problem."""
        known = METRICS_OF[self.problem.type]
        places = {"gate.metric": self.gate.metric}
        places |= {f"gate.guardrails.{name}": name for name in self.gate.guardrails}
        for where, name in places.items():
            if name not in known:
                yield (
                    where,
                    f"names {name!r}, which is not measured in a {self.problem.type} problem; "
                    f"measured: {', '.join(known)}{closest(name, list(known))}",
                )

    def _misplaced_costs(self) -> Iterator[Mistake]:
        """Name costs that this type of problem does not have."""
        mine = COSTS_OF[self.problem.type]
        for name in sorted(self.costs.model_fields_set - {"currency", *mine}):
            if getattr(self.costs, name) == getattr(Costs(), name):
                continue  # a default that somebody wrote out
            yield (
                f"costs.{name}",
                f"belongs to another type of problem; a {self.problem.type} one has "
                f"{' and '.join(mine)}",
            )
        for name in self.costs.missed:
            if name not in self.problem.class_names:
                near = closest(name, list(self.problem.class_names))
                yield "costs.missed", f"names {name!r}, which is no class{near}"

    def _unknown_labels(self) -> Iterator[Mistake]:
        """Name a positive label that the contract does not allow, often a YAML word like yes."""
        column = self.contract.columns.get(self.problem.target)
        if self.problem.type != BINARY or column is None or column.allowed is None:
            return
        allowed = [label_text(one) for one in column.allowed]
        if label_text(self.problem.positive) not in allowed:
            yield (
                "problem.positive",
                f"is {self.problem.positive!r}, but {self.problem.target} is one of "
                f"{', '.join(allowed)}; write the label as it stands there, text in quotes",
            )

    def _timeless(self) -> Iterator[Mistake]:
        """Name what needs to know when a row was, where nothing says so."""
        if self.split.event_time is not None:
            return
        why = "needs split.event_time, the column that says when a row was; name it there"
        if self.features.groups:
            yield "features.groups", f"keep records of moments, which {why} (any split.method)"
        if self.features.joins:
            yield "features.joins", f"look up what was known at a moment, which {why}"
        if self.contract.freshness_days is not None:
            yield "contract.freshness_days", why

    def _lonely(self) -> Iterator[Mistake]:
        """Name a number of instances that the algorithm cannot use together."""
        count, algorithm = self.instances.training_count, self.training.algorithm
        if count > 1 and algorithm not in SEVERAL_INSTANCES:
            yield (
                "instances.training_count",
                f"is {count}, but {algorithm} trains on one instance; "
                f"on several: {', '.join(SEVERAL_INSTANCES)}",
            )
        elif count > 1 and self.training.folds:
            yield (
                "instances.training_count",
                f"is {count}, but folds are trained on one instance; set training.folds: 0",
            )

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether a training is given a place for its state.

        An image of somebody else gets none: it would go on from whatever lies there, be it of
        another execution, and make a model that nobody can make again.
        """
        is_ours = foreign_algorithm(self.training.algorithm) is None
        return is_ours and self.instances.keeps_checkpoints

    def with_settings(self, settings: Mapping[str, str]) -> UseCase:
        """Change single settings, each by its dotted path, as one execution asks for.

        Raises:
            SettingsError: if a path is unknown or a value is not allowed; all at once.
        """
        document = self.model_dump(mode="json")
        # Only what the file gives: a default that is written out would count as given.
        changed = self.model_dump(mode="json", exclude_unset=True)
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
                place = changed
                for parent in parents:
                    place = place.setdefault(parent, {})
                place[last] = value
        if mistakes:
            raise SettingsError("the settings given", mistakes)
        try:
            return UseCase.model_validate(changed)
        except ValidationError as error:
            raise SettingsError("the settings given", describe(error, UseCase)) from error


def read_sql(folder: Path, usecase: UseCase) -> str:
    """Read the SQL that makes the features, or write the one that takes the rows as they are."""
    name = usecase.features.sql
    return AS_THEY_ARE if name is None else (folder / name).read_text(encoding="utf-8")


def load_usecase(folder: Path) -> UseCase:
    """Read ``usecase.yaml`` of a use case's folder.

    Raises:
        SettingsError: with every mistake of the file, one a line.
    """
    return load(folder / USECASE_FILE, UseCase)
