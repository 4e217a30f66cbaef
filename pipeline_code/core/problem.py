"""What is predicted, and what an error costs."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from pipeline_code.core.mistakes import Section
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION, ProblemType

Label = StrictBool | StrictInt | StrictFloat | StrictStr
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_SMALLEST_MULTICLASS: Final = 3


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
