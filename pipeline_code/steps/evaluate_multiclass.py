"""Evaluate a multiclass problem: one probability a class, and the class that is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Final

import numpy as np

from pipeline_code.core import curves, multiclass
from pipeline_code.core.figures import short
from pipeline_code.core.multiclass import Classes, MissedCosts
from pipeline_code.core.problem_types import MULTICLASS
from pipeline_code.core.scored_classes import ScoredClasses
from pipeline_code.core.scored_ranking import Ranking
from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate_kind import Constant, Measured, Outcome, ProblemKind
from pipeline_code.steps.explain_examples import Example, class_examples
from pipeline_code.steps.predict import Matrix, Model, ModelMetadata, Vector
from pipeline_code.steps.targets import Target

_POINT_DIGITS: Final = 4


class MulticlassKind(ProblemKind):
    """One of several classes; the one that is called is that which would be dearest to miss."""

    type: ClassVar[str] = MULTICLASS

    @property
    def _names(self) -> tuple[str, ...]:
        return self.usecase.problem.class_names

    @property
    def _costs(self) -> MissedCosts:
        return np.array(self.usecase.costs.of_classes(self._names), dtype=np.float64)

    def mismatch(self, metadata: ModelMetadata) -> str:
        """Compare the classes, in whatever order they are."""
        unknown = [name for name in self._names if name not in metadata.classes]
        gone = [name for name in metadata.classes if name not in self._names]
        said = [f"it does not know the classes {', '.join(unknown)}"] if unknown else []
        said += [f"it knows {', '.join(gone)}, which are no classes any more"] if gone else []
        return " and ".join(said)

    def scores(self, model: Model, x: Matrix) -> Vector:
        """Return the probabilities, the classes in the order of the use case."""
        theirs = model.metadata.classes
        found = model.predict(x)
        return found if theirs == self._names else found[:, [theirs.index(n) for n in self._names]]

    def sample(
        self,
        target: Target,
        scores: Vector,
        model: Model,  # noqa: ARG002 - models decide alike
        rows: Columns | None = None,  # noqa: ARG002 - no metric needs another column
    ) -> ScoredClasses:
        """Measure the classes called and the probabilities."""
        return ScoredClasses(target, scores, costs=self._costs)

    def columns(self, scores: Vector | None, rows: int, prefix: str = "") -> Columns:
        """Return the class that was called, then the probability of each class."""
        if scores is None:
            called, scores = np.full(rows, None), np.full((rows, len(self._names)), np.nan)
        else:
            called = np.array(self._names, dtype=object)[self._called(scores)]
        return {
            f"{prefix}called": called,
            **{f"{prefix}score_{name}": scores[:, at] for at, name in enumerate(self._names)},
        }

    def examples(self, model: Model, x: Matrix, target: Target, scores: Vector) -> list[Example]:
        """Choose the surest hit, the surest mistake and the most frequent one."""
        return class_examples(model, x, target, self._called(scores), scores, self._names)

    def without_model(self, outcome: Outcome, trained_on: Mapping[str, Any]) -> Constant | None:
        """Call every row the class that would have been dearest to miss before the test rows."""
        known_from, counts = "validation", self._counts(outcome.known)
        if not counts.any():
            known_from, found = "train", trained_on.get("classes", {})
            counts = np.array([found.get(name, 0) for name in self._names])
        if not counts.any():
            return None
        called = int(np.argmax(counts * self._costs))
        missed = outcome.target[outcome.target != called]
        answer = f"every row is called {self._names[called]}"
        return Constant(answer, float(self._costs[missed].sum()), known_from)

    def prices(self) -> dict[str, Any]:
        """Return what missing each class costs, also of those that the use case does not name."""
        return {"missed": dict(zip(self._names, self._costs.tolist(), strict=True))}

    def parts(self, outcome: Outcome) -> dict[str, Any]:
        """Write the classes, who was taken for whom, and the curves of each class."""
        called = self._called(outcome.challenger.scores)
        confused = multiclass.confusion_matrix(outcome.target, called, len(self._names))
        return {
            "classes": list(self._names),
            "class_rows": self._counts(outcome.target).tolist(),
            "confusion_matrix": confused.tolist(),
            "curves": {
                name: side and self._curves(outcome.target, side)
                for name, side in outcome.sides().items()
            },
        }

    def _curves(self, target: Classes, side: Measured) -> dict[str, Any]:
        return {
            "per_class": [
                {
                    "label": self._names[one.index],
                    "rows": one.rows,
                    "roc": _points(one.roc),
                    "precision_recall": _points(one.precision_recall),
                    **_ranked(target == one.index, side.scores[:, one.index]),
                }
                for one in curves.class_curves(target, side.scores)
            ],
            "calibration": [
                asdict(one) for one in curves.top_label_calibration(target, side.scores)
            ],
        }

    def _called(self, scores: Vector) -> Classes:
        return multiclass.decide(scores, self._costs)

    def _counts(self, target: Classes) -> Classes:
        return np.bincount(target, minlength=len(self._names)).astype(np.int64)


def _points(curve: list[curves.Point]) -> list[list[float]]:
    return [[short(x, _POINT_DIGITS), short(y, _POINT_DIGITS)] for x, y in curve]


def _ranked(positive: Target, scores: Vector) -> dict[str, float]:
    area, precision = Ranking(positive, scores).measure(np.ones(len(positive)))
    return {"auc": short(area), "average_precision": short(precision)}
