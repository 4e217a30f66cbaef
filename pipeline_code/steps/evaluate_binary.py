"""Evaluate a binary problem: a score from which a row raises an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline_code import contract
from pipeline_code.core import curves
from pipeline_code.core.metrics import CardDays, ErrorCosts, decisions
from pipeline_code.core.problem import label_text
from pipeline_code.core.problem_types import BINARY
from pipeline_code.core.scored_rows import ScoredRows
from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate_kind import Constant, Measured, Outcome, ProblemKind
from pipeline_code.steps.evaluate_slices import codes_of
from pipeline_code.steps.explain_examples import Example, alarm_examples
from pipeline_code.steps.matrix import UnusableColumnError, require_columns
from pipeline_code.steps.predict import Matrix, Model, ModelMetadata, Vector
from pipeline_code.steps.targets import Target


class BinaryKind(ProblemKind):
    """Positive or not; either model decides by its own threshold."""

    type: ClassVar[str] = BINARY

    @property
    def _costs(self) -> ErrorCosts:
        costs = self.usecase.costs
        return ErrorCosts(costs.false_positive, costs.false_negative)

    def mismatch(self, metadata: ModelMetadata) -> str:
        """Compare which label is the positive one."""
        theirs, ours = metadata.positive_label, self.usecase.problem.positive
        if label_text(theirs) == label_text(ours):
            return ""
        return f"positive is {label_text(theirs)} to it, not {label_text(ours)}"

    def sample(
        self, target: Target, scores: Vector, model: Model, rows: Columns | None = None
    ) -> ScoredRows:
        """Measure by the model's own threshold; by card where the table has cards and times."""
        return ScoredRows(
            target,
            scores,
            threshold=model.threshold,
            costs=self._costs,
            card_days=None if rows is None else self._card_days(rows),
        )

    def columns(self, scores: Vector | None, rows: int, prefix: str = "") -> Columns:
        """Return the probability of the positive class."""
        return {f"{prefix}score": np.full(rows, np.nan) if scores is None else scores}

    def examples(self, model: Model, x: Matrix, target: Target, scores: Vector) -> list[Example]:
        """Choose the surest hit, miss and false alarm."""
        return alarm_examples(model, x, target, scores)

    def without_model(
        self,
        outcome: Outcome,
        trained_on: Mapping[str, Any],  # noqa: ARG002 - no choice to make
    ) -> Constant:
        """Raise no alarm: nothing is done, and every positive row is missed."""
        missed = int(outcome.target.sum())
        return Constant("no alarm", missed * self._costs.false_negative, known_from=None)

    def parts(self, outcome: Outcome) -> dict[str, Any]:
        """Write the decisions at the threshold and the curves."""
        ours = outcome.challenger
        counts = decisions(outcome.target, ours.scores, ours.model.threshold)
        return {
            "positives": int(outcome.target.sum()),
            "threshold": ours.model.threshold,
            "confusion_matrix": [
                [counts.true_negatives, counts.false_positives],
                [counts.false_negatives, counts.true_positives],
            ],
            "curves": {
                name: side and self._curves(outcome.target, side)
                for name, side in outcome.sides().items()
            },
        }

    def _curves(self, target: Target, side: Measured) -> dict[str, Any]:
        return {
            "roc": curves.roc_curve(target, side.scores),
            "precision_recall": curves.precision_recall_curve(target, side.scores),
            "cost": curves.cost_curve(target, side.scores, self._costs),
            "calibration": [asdict(one) for one in curves.calibration(target, side.scores)],
            "scores": curves.score_histogram(target, side.scores),
        }

    def _card_days(self, rows: Columns) -> CardDays | None:
        split = self.usecase.split
        known = split.known_positives
        card = known.key if known else self.usecase.evaluation.resample_by
        if card is None or split.event_time is None:
            return None
        require_columns(rows, [card], contract.TEST_FILE)
        return CardDays(codes_of(rows[card]), _days(rows, split.event_time))


def _days(rows: Columns, name: str) -> NDArray[np.int64]:
    require_columns(rows, [name], contract.TEST_FILE)
    if rows[name].dtype.kind != "M":
        raise UnusableColumnError(contract.TEST_FILE, name, "is not a column of times")
    return rows[name].astype("datetime64[D]").astype(np.int64)
