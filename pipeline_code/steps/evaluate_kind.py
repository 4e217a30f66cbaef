"""What evaluation does differently in each type of problem; one class a type fills this in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.figures import defined
from pipeline_code.core.problem import COSTS_OF
from pipeline_code.core.slices import Sliceable
from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.explain_examples import Example
from pipeline_code.steps.predict import Matrix, Model, ModelMetadata, Vector
from pipeline_code.steps.targets import Target, require_variety, varies


@dataclass(frozen=True)
class Measured:
    """One model on the test rows; a metric that these rows do not define is left out."""

    model: Model
    scores: Vector
    metrics: dict[str, Interval]


@dataclass(frozen=True)
class Outcome:
    """What the test rows were in truth, and what each model made of them.

    ``known`` is the target of the validation rows, which lie before the test rows.
    """

    target: Target
    challenger: Measured
    champion: Measured | None
    known: Target

    def sides(self) -> dict[str, Measured | None]:
        """Name the two models."""
        return {"challenger": self.challenger, "champion": self.champion}


@dataclass(frozen=True)
class Constant:
    """The same answer for every row: what one would do without a model.

    ``known_from`` are the rows by which it was chosen, never the test rows; None where nothing
    had to be chosen.
    """

    answer: str
    cost: float
    known_from: str | None


class ProblemKind(ABC):
    """Read, score, measure and describe the rows of one type of problem."""

    type: ClassVar[str]

    def __init__(self, usecase: UseCase) -> None:
        self.usecase = usecase

    @property
    def unit(self) -> str:
        """In what SHAP values are given."""
        return "log odds"

    def require_measurable(self, target: Target, dataset: str) -> None:
        """Refuse rows on which nothing can be measured.

        Raises:
            EmptySampleError: if there are no rows.
            SingleClassError: if classes are to be told apart and there is only one.
        """
        require_variety(target, self.usecase.problem, dataset)

    def is_measurable(self, target: Target) -> bool:
        """Say whether something can be measured."""
        return varies(target)

    def mismatch(self, metadata: ModelMetadata) -> str:  # noqa: ARG002 - some types have none
        """Say why a model's answers are none to this problem's question; empty if they are."""
        return ""

    def scores(self, model: Model, x: Matrix) -> Vector:
        """Score rows; classes stand in the order of the use case."""
        return model.predict(x)

    @abstractmethod
    def sample(
        self, target: Target, scores: Vector, model: Model, rows: Columns | None = None
    ) -> Sliceable:
        """Make one model's scores ready to be measured.

        Args:
            target: the rows' target.
            scores: what `scores` gave.
            model: whose scores they are; it may decide by a threshold of its own.
            rows: the whole table, for metrics that need other columns of it; without it they
                are left out.
        """

    def measure(self, target: Target, scores: Vector, model: Model) -> dict[str, float]:
        """Measure rows that are not resampled."""
        return defined(dict(self.sample(target, scores, model).values))

    @abstractmethod
    def columns(self, scores: Vector | None, rows: int, prefix: str = "") -> Columns:
        """Lay scores out as columns of a table, all of them missing where there are none."""

    @abstractmethod
    def examples(self, model: Model, x: Matrix, target: Target, scores: Vector) -> list[Example]:
        """Choose the rows from which one learns most, and explain them."""

    @abstractmethod
    def without_model(self, outcome: Outcome, trained_on: Mapping[str, Any]) -> Constant | None:
        """Say what would be answered and lost without a model; None where nothing is known.

        Args:
            outcome: the test rows, and the target of the validation rows.
            trained_on: what Prepare's profile says of the target of the training rows.
        """

    @abstractmethod
    def parts(self, outcome: Outcome) -> dict[str, Any]:
        """Write what the document says of this type of problem only."""

    def prices(self) -> dict[str, Any]:
        """Return what an error costs, of the kinds that this type of problem has."""
        costs = self.usecase.costs.model_dump(mode="json")
        return {name: costs[name] for name in COSTS_OF[self.type]}

    def money(self, outcome: Outcome, trained_on: Mapping[str, Any]) -> dict[str, Any]:
        """Say what either model and no model would have cost on the test rows."""
        constant = self.without_model(outcome, trained_on)
        ours = outcome.challenger.metrics["cost"].value
        return {
            "currency": self.usecase.costs.currency,
            **self.prices(),
            "challenger": ours,
            "champion": outcome.champion.metrics["cost"].value if outcome.champion else None,
            "without_model": constant and constant.cost,
            "without_model_answer": constant and constant.answer,
            "without_model_known_from": constant and constant.known_from,
            "saved": constant and constant.cost - ours,
        }
