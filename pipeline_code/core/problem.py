"""What is predicted, and what an error costs."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from pipeline_code.core.mistakes import Section

ProblemType = Literal["binary", "multiclass", "regression"]
Label = StrictBool | StrictInt | StrictFloat | StrictStr
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]

BINARY: Final = "binary"
MULTICLASS: Final = "multiclass"
REGRESSION: Final = "regression"

_SMALLEST_MULTICLASS: Final = 3

METRICS: Final[dict[str, tuple[str, ...]]] = {
    BINARY: (
        "auc_roc",
        "average_precision",
        "card_precision_100",
        "precision",
        "recall",
        "f1",
        "accuracy",
        "log_loss",
        "brier",
        "calibration_error",
        "cost",
    ),
    MULTICLASS: (
        "accuracy",
        "balanced_accuracy",
        "precision_macro",
        "precision_micro",
        "recall_macro",
        "recall_micro",
        "f1_macro",
        "f1_micro",
        "auc_roc_macro",
        "average_precision_macro",
        "log_loss",
        "cost",
    ),
    REGRESSION: ("rmse", "mae", "r2", "mape", "median_absolute_error", "cost"),
}
"""What is measured of each type of problem, in the order in which it is shown."""


class Problem(Section):
    """What is predicted.

    ``positive`` is the label that counts as positive in a binary problem; ``classes`` are the
    labels of a multiclass problem, in the order in which scores are given.
    """

    type: ProblemType
    target: str
    objective: str = ""
    positive: Label = 1
    classes: tuple[Label, ...] = ()

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        if self.type != BINARY and self.positive != 1:
            raise ValueError(f"positive belongs to a binary problem; this one is {self.type}")
        if self.type == MULTICLASS:
            self._check_classes()
        elif self.classes:
            raise ValueError(f"classes belong to a multiclass problem; this one is {self.type}")
        return self

    def _check_classes(self) -> None:
        names = self.class_names
        if len(names) < _SMALLEST_MULTICLASS:
            raise ValueError(
                f"classes must name all labels, at least {_SMALLEST_MULTICLASS}; "
                f"given {len(names)}; with two labels the problem is binary"
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"classes names {', '.join(twice)} twice")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes as text, as the source writes them; empty unless multiclass."""
        return tuple(label_text(label) for label in self.classes)


class Costs(Section):
    """What errors cost, in money: data of the business, not of the model.

    Binary: a false positive and a false negative; the decision threshold is the cheapest one.
    Multiclass: what missing a row of a class costs, 1 for a class that is not named. Regression:
    what a unit of the target costs that was predicted too much (``over``) or too little.
    """

    currency: str = "EUR"
    false_positive: Money = 1.0
    false_negative: Money = 1.0
    missed: dict[str, Money] = Field(default_factory=dict)
    over: Money = 1.0
    under: Money = 1.0

    def of_classes(self, classes: tuple[str, ...]) -> tuple[float, ...]:
        """List what missing each class costs."""
        return tuple(self.missed.get(name, 1.0) for name in classes)


COSTS_OF: Final[dict[str, tuple[str, ...]]] = {
    BINARY: ("false_positive", "false_negative"),
    MULTICLASS: ("missed",),
    REGRESSION: ("over", "under"),
}
"""Which costs each type of problem reads."""


def label_text(label: bool | float | str) -> str:
    """Write a label as the source's column of text would: 1 for 1.0, true for True."""
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)
