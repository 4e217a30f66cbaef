"""Measure a challenger on the test rows, beside the champion on the very same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code import contract
from pipeline_code.core.bootstrap import Difference, Interval, Plan, compare, intervals
from pipeline_code.core.metrics import CardDays, ErrorCosts, measure
from pipeline_code.core.scored_rows import ScoredRows
from pipeline_code.core.tables import Columns
from pipeline_code.core.thresholds import Labels, Scores
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.explain import Example, Explanation, examples, explain
from pipeline_code.steps.gate import Rival, Verdict, decide
from pipeline_code.steps.matrix import (
    UnusableColumnError,
    feature_matrix,
    labels,
    require_both_classes,
    require_columns,
)
from pipeline_code.steps.predict import Model
from pipeline_code.steps.train import Progress


@dataclass(frozen=True)
class Champion:
    """The approved version and its model."""

    version: int
    model: Model


@dataclass(frozen=True)
class Measured:
    """One model on the test rows."""

    model: Model
    scores: Scores
    metrics: dict[str, Interval]


@dataclass(frozen=True)
class Evaluation:
    """All that is known of a challenger; `evaluation_document` writes it as JSON."""

    usecase: UseCase
    target: Labels
    challenger: Measured
    champion: Measured | None
    rival: Rival | None
    verdict: Verdict
    validation: dict[str, float] | None
    explanation: Explanation
    examples: tuple[Example, ...]
    ids: Columns


@dataclass(frozen=True)
class _TestRows:
    columns: Columns
    target: Labels
    card_days: CardDays | None
    group: NDArray[np.int64]


def evaluate(
    test: Columns,
    validation: Columns,
    challenger: Model,
    champion: Champion | None,
    usecase: UseCase,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Measure, compare, explain and decide.

    Raises:
        MissingColumnsError, UnusableColumnError: if a column does not fit.
        EmptySampleError: if there are no test rows.
        SingleClassError: if the test rows show one class.
        UnmeasuredMetricError: if the gate names a metric that is not measured.
    """
    total = 4
    rows = _test_rows(test, usecase)
    progress(0, total, "scoring the test rows")
    x = feature_matrix(test, challenger.features, contract.TEST_FILE)
    scores = challenger.predict(x)
    obstacle = _obstacle(champion, test, usecase)
    theirs = champion.model.predict(_matrix(test, champion)) if champion and not obstacle else None
    progress(1, total, "resampling")
    ours, old, uplift = _measure(rows, (challenger, scores), (champion, theirs), usecase)
    rival = _rival(champion, old, uplift, usecase, obstacle)
    verdict = decide(usecase.gate, ours.metrics, rival)
    progress(2, total, "explaining")
    explanation = explain(
        challenger, x, rows=usecase.evaluation.explained_rows, seed=usecase.training.seed
    )
    found = examples(challenger, x, rows.target, scores)
    progress(3, total, "reporting")
    return Evaluation(
        usecase=usecase,
        target=rows.target,
        challenger=ours,
        champion=old,
        rival=rival,
        verdict=verdict,
        validation=_on_validation(validation, challenger, usecase),
        explanation=explanation,
        examples=found,
        ids={name: values for name, values in test.items() if name not in usecase.features.inputs},
    )


def predictions(evaluation: Evaluation) -> Columns:
    """Return each test row's ids and target, the challenger's score and the champion's.

    The champion's score is missing where there is no champion or it cannot score these rows.
    """
    scores = evaluation.challenger.scores
    champion = evaluation.champion
    theirs = champion.scores if champion else np.full(len(scores), np.nan)
    return {**evaluation.ids, "score": scores, "champion_score": theirs}


def _test_rows(test: Columns, usecase: UseCase) -> _TestRows:
    name = contract.TEST_FILE
    target = labels(test, usecase.problem.target, name)
    require_both_classes(target, usecase.problem.target, name)
    by = usecase.evaluation.resample_by
    known = usecase.split.known_positives
    card = known.key if known else by
    require_columns(test, [column for column in (by, card) if column], name)
    return _TestRows(
        columns=test,
        target=target,
        card_days=CardDays(_codes(test[card]), _days(test, usecase)) if card else None,
        group=_codes(test[by]) if by else np.arange(len(target)),
    )


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _days(test: Columns, usecase: UseCase) -> NDArray[np.int64]:
    name = usecase.split.time_column
    require_columns(test, [name], contract.TEST_FILE)
    if test[name].dtype.kind != "M":
        raise UnusableColumnError(contract.TEST_FILE, name, "is not a column of times")
    return test[name].astype("datetime64[D]").astype(np.int64)


def _matrix(test: Columns, champion: Champion) -> NDArray[np.float32]:
    return feature_matrix(test, champion.model.features, contract.TEST_FILE)


def _obstacle(champion: Champion | None, test: Columns, usecase: UseCase) -> str:
    """Say what keeps the champion from being measured on these rows; empty if nothing does."""
    if champion is None:
        return ""
    metadata = champion.model.metadata
    if metadata.target != usecase.problem.target:
        return f"it predicts {metadata.target}, not {usecase.problem.target}"
    missing = sorted(set(metadata.features) - test.keys())
    return f"the test rows lack its features {', '.join(missing)}" if missing else ""


def _measure(
    rows: _TestRows,
    challenger: tuple[Model, Scores],
    champion: tuple[Champion | None, Scores | None],
    usecase: UseCase,
) -> tuple[Measured, Measured | None, dict[str, Difference] | None]:
    settings = usecase.evaluation
    plan = Plan(
        group=rows.group,
        samples=settings.bootstrap_samples,
        confidence=settings.confidence,
        seed=usecase.training.seed,
    )
    ours = _scored(rows, *challenger, usecase)
    old, theirs = champion
    if old is None or theirs is None:
        return Measured(*challenger, intervals(ours, plan)), None, None
    mine, its, uplift = compare(ours, _scored(rows, old.model, theirs, usecase), plan)
    return Measured(*challenger, mine), Measured(old.model, theirs, its), uplift


def _scored(rows: _TestRows, model: Model, scores: Scores, usecase: UseCase) -> ScoredRows:
    return ScoredRows(
        rows.target,
        scores,
        threshold=model.threshold,
        costs=error_costs(usecase),
        card_days=rows.card_days,
    )


def error_costs(usecase: UseCase) -> ErrorCosts:
    """Return the costs of the use case as the metrics take them."""
    return ErrorCosts(usecase.costs.false_positive, usecase.costs.false_negative)


def _rival(
    champion: Champion | None,
    old: Measured | None,
    uplift: dict[str, Difference] | None,
    usecase: UseCase,
    obstacle: str,
) -> Rival | None:
    if champion is None:
        return None
    metric = usecase.gate.metric
    return Rival(
        version=champion.version,
        uplift=uplift.get(metric) if uplift else None,
        value=old.metrics[metric].value if old and metric in old.metrics else None,
        obstacle=obstacle,
    )


def _on_validation(validation: Columns, model: Model, usecase: UseCase) -> dict[str, float] | None:
    """Measure the validation rows too: far better there than on the test rows means overfitting."""
    target = labels(validation, usecase.problem.target, contract.VALIDATION_FILE)
    if not target.any() or target.all():
        return None
    scores = model.predict(feature_matrix(validation, model.features, contract.VALIDATION_FILE))
    return measure(target, scores, threshold=model.threshold, costs=error_costs(usecase))
