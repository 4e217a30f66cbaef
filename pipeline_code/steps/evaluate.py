"""Measure a challenger on the test rows, beside the champion on the very same rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np

from pipeline_code import contract
from pipeline_code.core.bootstrap import Interval, Plan, compare, intervals
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.core.slices import Sliceable
from pipeline_code.core.tables import Columns
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate_binary import BinaryKind
from pipeline_code.steps.evaluate_champion import Champion, obstacle
from pipeline_code.steps.evaluate_kind import Measured, Outcome, ProblemKind
from pipeline_code.steps.evaluate_multiclass import MulticlassKind
from pipeline_code.steps.evaluate_regression import RegressionKind
from pipeline_code.steps.evaluate_slices import (
    MeasuredSlice,
    SlicedColumn,
    codes_of,
    measured_slices,
    slice_pairs,
    sliced_columns,
)
from pipeline_code.steps.explain import Explanation, explain
from pipeline_code.steps.explain_dependence import Dependence, dependences
from pipeline_code.steps.explain_examples import Example
from pipeline_code.steps.gate import Rival, Uplift, Verdict, decide, uplift_of
from pipeline_code.steps.matrix import feature_matrix, require_columns
from pipeline_code.steps.predict import Matrix, Model, Vector
from pipeline_code.steps.targets import Target, target_values
from pipeline_code.steps.train import Progress

__all__ = ["Champion", "Evaluation", "Measured", "evaluate", "predictions"]

KINDS: Final[Mapping[str, type[ProblemKind]]] = {
    BINARY: BinaryKind,
    MULTICLASS: MulticlassKind,
    REGRESSION: RegressionKind,
}
"""What evaluation does differently in each type of problem."""

_STAGES: Final = 5


@dataclass(frozen=True)
class Reasons:
    """What moves the challenger's predictions: overall, in single rows, by single features."""

    explanation: Explanation
    examples: tuple[Example, ...]
    dependence: tuple[Dependence, ...]


@dataclass(frozen=True)
class Evaluation:
    """All that is known of a challenger; `evaluation_document` writes it as JSON."""

    usecase: UseCase
    kind: ProblemKind
    outcome: Outcome
    rival: Rival | None
    verdict: Verdict
    validation: dict[str, float] | None
    slices: tuple[MeasuredSlice, ...]
    sliced: tuple[SlicedColumn, ...]
    plan: Plan
    reasons: Reasons
    ids: Columns

    @property
    def target(self) -> Target:
        """The target of each test row."""
        return self.outcome.target

    @property
    def challenger(self) -> Measured:
        """The challenger on the test rows."""
        return self.outcome.challenger

    @property
    def champion(self) -> Measured | None:
        """The champion on the test rows; None if there is none or it cannot be measured."""
        return self.outcome.champion


@dataclass(frozen=True)
class _Side:
    """One model with its scores of the test rows, ready to be measured."""

    model: Model
    x: Matrix
    scores: Vector
    sample: Sliceable

    def measured(self, metrics: Mapping[str, Interval]) -> Measured:
        known = {name: one for name, one in metrics.items() if not isnan(one.value)}
        return Measured(self.model, self.scores, known)


def evaluate(
    test: Columns,
    validation: Table,
    challenger: Model,
    champion: Champion | None,
    usecase: UseCase,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Measure, compare, explain and decide.

    Raises:
        MissingColumnsError, UnusableColumnError: if a column does not fit.
        EmptySampleError: if there are no test rows.
        SingleClassError: if classes are to be told apart and the test rows show one.
        UnmeasuredMetricError: if the gate names a metric that is not measured.
    """
    kind = KINDS[usecase.problem.type](usecase)
    say = _announcer(progress)
    say("scoring the test rows")
    target = target_values(test, usecase.problem, contract.TEST_FILE)
    kind.require_measurable(target, contract.TEST_FILE)
    plan, sliced = _plan(test, usecase), sliced_columns(test, usecase)
    barred = obstacle(champion, test, kind) if champion else ""
    ours = _side(kind, test, target, challenger)
    old = _side(kind, test, target, champion.model) if champion and not barred else None
    say("resampling")
    measured, theirs, uplift = _measure(ours, old, plan, usecase.gate.metric)
    say("measuring slices")
    overall = measured.metrics.get(usecase.gate.metric)
    slices = measured_slices(
        sliced, ours.sample, old.sample if old else None, usecase, plan, overall
    )
    rival = _rival(champion, theirs, uplift, usecase.gate.metric, barred)
    verdict = decide(
        usecase.gate, measured.metrics, rival, slice_pairs(slices, usecase.gate.metric)
    )
    say("explaining")
    reasons = _reasons(kind, target, ours)
    say("reporting")
    known, on_validation = _on_validation(validation, challenger, kind)
    return Evaluation(
        usecase=usecase,
        kind=kind,
        outcome=Outcome(target, measured, theirs, known),
        rival=rival,
        verdict=verdict,
        validation=on_validation,
        slices=slices,
        sliced=sliced,
        plan=plan,
        reasons=reasons,
        ids={name: values for name, values in test.items() if name not in usecase.features.inputs},
    )


def predictions(evaluation: Evaluation) -> Columns:
    """Return each test row's ids and target, the challenger's score and the champion's.

    The champion's score is missing where there is no champion or it cannot score these rows.
    """
    kind, rows = evaluation.kind, len(evaluation.target)
    champion = evaluation.champion
    return {
        **evaluation.ids,
        **kind.columns(evaluation.challenger.scores, rows),
        **kind.columns(champion.scores if champion else None, rows, prefix="champion_"),
    }


def _announcer(progress: Progress) -> Callable[[str], None]:
    """Count the stages as they are announced."""
    done = itertools.count()
    return lambda what: progress(next(done), _STAGES, what)


def _plan(test: Columns, usecase: UseCase) -> Plan:
    settings = usecase.evaluation
    by = settings.resample_by
    if by:
        require_columns(test, [by], contract.TEST_FILE)
    rows = len(test[usecase.problem.target])
    return Plan(
        group=codes_of(test[by]) if by else np.arange(rows),
        samples=settings.bootstrap_samples,
        confidence=settings.confidence,
        seed=usecase.training.seed,
    )


def _matrix(rows: Table, model: Model, dataset: str) -> Matrix:
    """Encode rows as this model does, whatever another one knows."""
    return feature_matrix(rows, model.features, dataset, model.categories)


def _side(kind: ProblemKind, test: Columns, target: Target, model: Model) -> _Side:
    x = _matrix(test, model, contract.TEST_FILE)
    scores = kind.scores(model, x)
    return _Side(model, x, scores, kind.sample(target, scores, model, test))


def _measure(
    ours: _Side, old: _Side | None, plan: Plan, metric: str
) -> tuple[Measured, Measured | None, Uplift | None]:
    """Draw the resamples once, for both models and what lies between them."""
    if old is None:
        return ours.measured(intervals(ours.sample, plan)), None, None
    mine, its, differences = compare(ours.sample, old.sample, plan)
    uplift = uplift_of(metric, differences[metric]) if metric in differences else None
    return ours.measured(mine), old.measured(its), uplift


def _rival(
    champion: Champion | None,
    measured: Measured | None,
    uplift: Uplift | None,
    metric: str,
    barred: str,
) -> Rival | None:
    if champion is None:
        return None
    known = measured.metrics if measured else {}
    return Rival(
        version=champion.version,
        uplift=uplift,
        value=known[metric].value if metric in known else None,
        obstacle=barred,
    )


def _reasons(kind: ProblemKind, target: Target, ours: _Side) -> Reasons:
    model, usecase = ours.model, kind.usecase
    x, seed = ours.x, usecase.training.seed
    explanation = explain(model, x, rows=usecase.evaluation.explained_rows, seed=seed)
    ranked = [one.feature for one in explanation.importance]
    return Reasons(
        explanation=explanation,
        examples=tuple(kind.examples(model, x, target, ours.scores)),
        dependence=dependences(model, lambda rows: kind.scores(model, rows), x, ranked, seed=seed),
    )


def _on_validation(
    validation: Table, model: Model, kind: ProblemKind
) -> tuple[Target, dict[str, float] | None]:
    """Measure the validation rows too: far better there than on the test rows means overfitting."""
    target = target_values(validation, kind.usecase.problem, contract.VALIDATION_FILE)
    if not kind.is_measurable(target):
        return target, None
    scores = kind.scores(model, _matrix(validation, model, contract.VALIDATION_FILE))
    return target, kind.measure(target, scores, model)
