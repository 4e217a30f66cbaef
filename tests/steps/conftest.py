"""A small use case with rows that a model can learn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase

MakeRows = Callable[..., Columns]

DOCUMENT: dict[str, Any] = {
    "name": "small",
    "problem": {"type": "binary", "target": "FRAUD", "objective": "Catch <thieves>."},
    "costs": {"currency": "EUR", "false_positive": 5, "false_negative": 120},
    "contract": {
        "columns": {
            "ID": {"type": "integer"},
            "AT": {"type": "timestamp"},
            "CARD": {"type": "integer"},
            "FRAUD": {"type": "integer", "allowed": [0, 1]},
        }
    },
    "features": {"sql": "features.sql", "inputs": ["amount", "night", "risk"]},
    "split": {"event_time": "AT", "known_positives": {"key": "CARD", "lookback_days": 14}},
    "training": {"n_estimators": 20, "max_depth": 3, "early_stopping_rounds": 5},
    "evaluation": {"bootstrap_samples": 20, "resample_by": "CARD", "explained_rows": 50},
    "gate": {"metric": "average_precision", "guardrails": {"auc_roc": 0.6}},
}


@pytest.fixture
def small_usecase() -> UseCase:
    """A use case with three features, a card and quick settings."""
    return UseCase.model_validate(DOCUMENT)


@pytest.fixture
def make_rows() -> MakeRows:
    """Make ``count`` rows over some days; risk and amount tell fraud from the rest."""

    def make(count: int = 400, *, seed: int = 0, days: int = 4) -> Columns:
        generator = np.random.default_rng(seed)
        fraud = generator.random(count) < 0.15
        start = np.datetime64("2026-01-01T00:00:00", "us")
        seconds = generator.integers(0, days * 86_400, count)
        risk = np.clip(generator.normal(0.2 + 0.4 * fraud, 0.2), 0, 1)
        risk[generator.random(count) < 0.05] = np.nan
        return {
            "ID": np.arange(count),
            "AT": start + seconds.astype("timedelta64[s]"),
            "CARD": generator.integers(0, 60, count),
            "amount": generator.gamma(2.0, 20.0 + 20.0 * fraud),
            "night": generator.integers(0, 2, count),
            "risk": risk,
            "FRAUD": fraud.astype(np.int64),
        }

    return make
