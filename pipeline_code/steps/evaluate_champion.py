"""Say whether the champion can be measured on the test rows of the challenger."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate_kind import ProblemKind
from pipeline_code.steps.predict import Model


@dataclass(frozen=True)
class Champion:
    """The approved version and its model."""

    version: int
    model: Model


def obstacle(champion: Champion, rows: Columns, kind: ProblemKind) -> str:
    """Say what keeps the champion from being measured on these rows; empty if nothing does."""
    metadata, problem = champion.model.metadata, kind.usecase.problem
    if metadata.problem != problem.type:
        return f"it is a {metadata.problem} model, and this is a {problem.type} problem"
    if metadata.target != problem.target:
        return f"it predicts {metadata.target}, not {problem.target}"
    return kind.mismatch(metadata) or _unfit_columns(champion.model, rows)


def _unfit_columns(model: Model, rows: Columns) -> str:
    missing = sorted(set(model.features) - rows.keys())
    if missing:
        return f"the test rows lack its features {', '.join(missing)}"
    texts = [name for name in model.features if rows[name].dtype.kind not in "iufb"]
    wants_numbers = [name for name in texts if name not in model.categories]
    if wants_numbers:
        return f"it takes {', '.join(wants_numbers)} as numbers, and the test rows hold no numbers"
    wants_texts = [name for name in model.categories if name not in texts]
    if wants_texts:
        return f"it takes {', '.join(wants_texts)} as text, and the test rows hold numbers"
    return ""
