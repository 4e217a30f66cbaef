"""Evaluate a regression: a number, and how far it lies from what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from pipeline_code.core import curves
from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.figures import short
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.core.regression import ValueCosts, Values
from pipeline_code.core.scored_values import ScoredValues
from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate_kind import Constant, Measured, Outcome, ProblemKind
from pipeline_code.steps.explain_examples import Example, value_examples
from pipeline_code.steps.predict import Matrix, Model, Vector
from pipeline_code.steps.targets import Target


class RegressionKind(ProblemKind):
    """A number in units of the target."""

    type: ClassVar[str] = REGRESSION

    @property
    def unit(self) -> str:
        """In what SHAP values are given."""
        return f"units of {self.usecase.problem.target}"

    @property
    def _costs(self) -> ValueCosts:
        return ValueCosts(self.usecase.costs.over, self.usecase.costs.under)

    def require_measurable(self, target: Target, dataset: str) -> None:
        """Refuse a table without rows; a target that never changes can be missed all the same."""
        if not self.is_measurable(target):
            raise EmptySampleError(dataset)

    def is_measurable(self, target: Target) -> bool:
        """Say whether there are rows."""
        return len(target) > 0

    def sample(
        self,
        target: Target,
        scores: Vector,
        model: Model,  # noqa: ARG002 - a value needs no decision
        rows: Columns | None = None,  # noqa: ARG002 - no metric needs another column
    ) -> ScoredValues:
        """Measure the errors."""
        return ScoredValues(target, scores, costs=self._costs)

    def columns(self, scores: Vector | None, rows: int, prefix: str = "") -> Columns:
        """Return the predicted value."""
        return {f"{prefix}score": np.full(rows, np.nan) if scores is None else scores}

    def examples(self, model: Model, x: Matrix, target: Target, scores: Vector) -> list[Example]:
        """Choose the best prediction and the largest error on either side."""
        return value_examples(model, x, target, scores)

    def without_model(self, outcome: Outcome, trained_on: Mapping[str, Any]) -> Constant | None:
        """Predict the same value for every row: the cheapest one before the test rows.

        That is the quantile under / (over + under) of the validation rows; where there are none,
        the mean of the training rows has to do.

        Source: Koenker and Bassett, *Regression Quantiles*, Econometrica 46 (1978), 33-50: the
        quantile is what makes a sum of errors with two prices smallest.
        """
        over, under = self._costs.over, self._costs.under
        known_from, value = "validation", trained_on.get("mean")
        if len(outcome.known):
            share = under / (over + under) if over + under else 0.5
            value = float(np.quantile(outcome.known, share))
        elif value is None:
            return None
        else:
            known_from = "train"
        cost = self._costs.of(outcome.target, np.full(len(outcome.target), value)).sum()
        return Constant(f"every row is predicted as {value:,.6g}", float(cost), known_from)

    def parts(self, outcome: Outcome) -> dict[str, Any]:
        """Write how the target spreads and how the residuals do."""
        target = outcome.target
        figures = {
            "mean": target.mean(),
            "std": target.std(),
            "min": target.min(),
            "max": target.max(),
        }
        return {
            "target": {name: short(value) for name, value in figures.items()},
            "residuals": {
                name: side and self._residuals(target, side)
                for name, side in outcome.sides().items()
            },
        }

    def _residuals(self, target: Values, side: Measured) -> dict[str, Any]:
        predicted = side.scores
        dots = curves.predicted_and_actual(target, predicted, seed=self.usecase.training.seed)
        return {
            "scatter": [[actual, said] for said, actual in dots],
            "histogram": asdict(curves.residual_histogram(target, predicted)),
            "by_decile": [asdict(one) for one in curves.residuals_by_prediction(target, predicted)],
            "within": [
                {"percent": short(100 * tolerance), "share": short(share)}
                for tolerance, share in curves.shares_within(target, predicted)
            ],
        }
