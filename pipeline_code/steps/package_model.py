"""Package what another image trained: a model of ours, its threshold and its record."""

from __future__ import annotations

from pathlib import Path

from pipeline_code.steps.foreign_model import read_artifact
from pipeline_code.steps.foreign_rows import ForeignRows
from pipeline_code.steps.train import TrainedModel, finished, scored


def package(artifact: Path, rows: ForeignRows) -> TrainedModel:
    """Read the model in the folder ``artifact``; set its threshold by the validation rows.

    Raises:
        UnusableArtifactError: if there is none that is understood.
    """
    fitted = read_artifact(artifact, rows)
    chosen_on = scored(fitted.model, rows.training, rows.validation)
    return finished(fitted, (rows.training, rows.validation), chosen_on, rows.task)
