"""Evaluations of small models of every type of problem, with a profile, for tests of the report."""

from __future__ import annotations

import functools
import json
from typing import Any

from pipeline_code.steps.evaluate import Champion, evaluate
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.train import train
from tests.mixed_tables import CLASSES, INPUTS, mixed_rows, mixed_usecase

SECTIONS = ("money", "sure", "tested", "gate", "metrics", "decisions", "why", "slices", "tuning",
            "data", "lineage")  # fmt: skip
"""The id of every heading that a full document has."""

Document = dict[str, Any]


def evaluated(problem: str) -> Document:
    """Evaluate a challenger beside a weaker champion; every call gives a copy of its own."""
    document: Document = json.loads(_evaluated(problem))
    return document


def profiled(problem: str) -> Document:
    """Write a profile as Prepare does, with every kind of column and a bit of everything."""
    counts = [40, 200, 60]
    relation: Document = {
        "binary": {"positives": [4, 100, 50]},
        "multiclass": {"classes": [[30, 8, 2], [60, 80, 60], [0, 10, 50]]},
        "regression": {"means": [90.5, 101.0, None]},
    }[problem]
    number = {
        "type": "double",
        "missing": 30,
        "distinct": 270,
        "min": -3.1,
        "max": 2.9,
        "mean": 0.0,
        "std": 1.0,
        "quantiles": {"0.05": -1.6, "0.25": -0.7, "0.5": 0.0, "0.75": 0.7, "0.95": 1.6},
        "outliers": 2,
        "histogram": {"edges": [-3.1, -1.0, 1.0, 2.9], "counts": counts, **relation},
    }
    text = {
        "type": "varchar",
        "missing": 0,
        "distinct": 3,
        "histogram": {"values": ["a", "b", "(other)"], "counts": counts, **relation},
    }
    target = {
        "binary": {"positives": 154},
        "multiclass": {"classes": dict(zip(CLASSES, (90, 98, 112), strict=True))},
        "regression": {"mean": 99.5, "std": 30.0, "min": 12.0, "max": 170.0,
                       "quantiles": {"0.05": 40.0, "0.5": 99.0, "0.95": 150.0}},
    }[problem]  # fmt: skip
    part = {"rows": 300, "from": "2026-01-01", "to": "2026-01-13", "target": target}
    columns = dict.fromkeys(INPUTS, number) | {"kind": text, "shop": text, "y": number}
    columns["shop_id"] = {"type": "varchar", "missing": 0, "distinct": 12, "histogram": None}
    return {
        "data_hash": "sha256:1234",
        "feature_versions": "shops-v1",
        "rows": {"in": 1000, "out": 900, "quarantined": 90, "deduplicated": 10},
        "split": {"train": part, "validation": part, "test": part},
        "quarantine_reasons": {"size is not a number": 90},
        "columns": columns,
        "correlations": {
            "target": {"size": 0.7, "price": -0.4},
            "inputs": {"size": {"price": -0.85}, "price": {}},
        },
        "target_relation": {name: {"score": 0.7, "kind": "r2"} for name in INPUTS},
        "likely_leaks": [{"feature": "size", "score": 0.99, "why": "size alone tells y"}],
        "drift": {name: {"validation": 0.12, "test": 0.3} for name in INPUTS},
        "drift_thresholds": {"warning": 0.1, "alarm": 0.25},
    }


def trials(count: int = 12) -> list[Document]:
    """Make trials over a rate, a depth and a word, one of them without a value."""
    return [
        {
            "name": f"trial-{place}",
            "status": "Completed" if place else "Failed",
            "value": 0.5 + 0.01 * (place % 5) if place else None,
            "seconds": 2.0,
            "hyperparameters": {
                "learning_rate": str(0.001 * 2**place),
                "max_depth": str(2 + place % 4),
                "booster": ("gbtree", "dart")[place % 2],
                "seed": "0",
            },
        }
        for place in range(count)
    ]


@functools.cache
def _evaluated(problem: str) -> str:
    usecase = mixed_usecase(problem).model_copy()
    measured = usecase.evaluation.model_copy(
        update={"bootstrap_samples": 20, "explained_rows": 80, "slices": ("kind", "size"),
                "slice_rows": 30}
    )  # fmt: skip
    gate = usecase.gate.model_copy(update={"slice_tolerance": 0.5})
    usecase = usecase.model_copy(update={"evaluation": measured, "gate": gate})
    weaker = usecase.model_copy(
        update={"training": usecase.training.model_copy(update={"n_estimators": 3})}
    )
    rows, known, test = (mixed_rows(problem, seed=seed) for seed in range(3))
    champion = Champion(7, train(rows, known, weaker).model)
    found = evaluate(test, known, train(rows, known, usecase).model, champion, usecase)
    profile = profiled(problem)
    document = evaluation_document(found, profile)
    document["tuning"] = {
        "metric": usecase.gate.metric,
        "direction": "minimize",
        "strategy": "random",
        "ranges": {"learning_rate": {"low": 0.001, "high": 1, "scale": "log"}},
        "trials": trials(),
    }
    return json.dumps(document, allow_nan=False)
