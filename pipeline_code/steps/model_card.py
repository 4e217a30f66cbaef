"""Write a model card: what the model is for, how it was made, how good it is, what to heed.

The shape is that of the card of a model package, which SageMaker shows beside the version.

Source: Amazon SageMaker Developer Guide, *Model package model card schema (Studio)*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.core.metric_words import TITLES
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.model_card_metrics import clipped, evaluation_details, finite

MOST_CHARACTERS: Final = 100_000
"""Of a card as text. Source: Amazon SageMaker API, ModelPackageModelCard."""

_LONG: Final = 2_048
_SHORT: Final = 1_024
_NAME: Final = 63
_VALUE: Final = 255
_HYPERPARAMETERS: Final = 100
_FULLEST_FIRST: Final = (
    {"curves": True, "slices": True},
    {"curves": False, "slices": True},
    {"curves": False, "slices": False},
)

Document = Mapping[str, Any]


class CardTooLongError(PipelineError, ValueError):
    """A card does not fit although all that can be left out is left out."""

    def __init__(self, characters: int) -> None:
        super().__init__(
            f"the model card has {characters:,} characters, {MOST_CHARACTERS:,} are allowed; "
            "shorten problem.objective in usecase.yaml, or use fewer hyperparameters"
        )


def model_card(
    usecase: UseCase, evaluation: Document, profile: Document, training: Document | None = None
) -> dict[str, Any]:
    """Write the card of the model that ``evaluation`` measures.

    Curves, then slices are left out where the card would be longer than SageMaker takes.

    Args:
        usecase: the problem.
        evaluation: what Evaluate found, of any type of problem.
        profile: what Prepare said of the data.
        training: the record of the training, by default what the evaluation says of the model.

    Raises:
        CardTooLongError: if it does not fit even so.
    """
    made = training or evaluation.get("model") or {}
    about = {
        "model_overview": {"model_creator": clipped(f"Pipeline of {usecase.name}", _SHORT)},
        "intended_uses": _intended_uses(usecase, evaluation, profile),
        "business_details": {"business_problem": clipped(_business(usecase), _LONG)},
        "training_details": _training_details(usecase, evaluation, profile, made),
        "additional_information": _additional_information(usecase, evaluation, profile, made),
    }
    characters = 0
    for parts in _FULLEST_FIRST:
        card = {**about, "evaluation_details": evaluation_details(evaluation, **parts)}
        characters = len(card_text(card))
        if characters <= MOST_CHARACTERS:
            return card
    raise CardTooLongError(characters)


def card_text(card: Document) -> str:
    """Write a card as the one line of text that CreateModelPackage takes."""
    return json.dumps(card, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _intended_uses(usecase: UseCase, evaluation: Document, profile: Document) -> dict[str, str]:
    target = usecase.problem.target
    purpose = usecase.problem.objective or f"Tell {target} of rows that nobody has labelled."
    kind = usecase.problem.type
    answer = {
        BINARY: f"how probable it is that {target} is {usecase.problem.positive}, and whether to "
        f"act on it: from {evaluation.get('threshold')} on",
        MULTICLASS: f"how probable each class of {target} is, and which one to act on",
    }.get(kind, f"an estimate of {target}")
    uses = (
        f"For rows as the contract of {usecase.name} describes them, {answer}. For other "
        "rows, other columns or another purpose it was never measured."
    )
    return {
        "purpose_of_model": clipped(purpose, _LONG),
        "intended_uses": clipped(uses, _LONG),
        "factors_affecting_model_efficiency": clipped(
            " ".join(_factors(usecase, profile)) or "None was found in the data.", _LONG
        ),
        "risk_rating": "Unknown",
        "explanations_for_risk_rating": "Whoever approves the version rates its risk.",
    }


def _factors(usecase: UseCase, profile: Document) -> Iterator[str]:
    """Say what in the data may make the model worse than it was measured."""
    moved = [
        name
        for name, parts in (profile.get("drift") or {}).items()
        if isinstance(parts, Mapping)
        and (finite(parts.get("test")) or 0.0) >= usecase.monitoring.drift_alarm
    ]
    if moved:
        yield f"Between training and test rows these have drifted: {', '.join(moved)}."
    leaks = [str(one.get("feature")) for one in profile.get("likely_leaks") or ()]
    if leaks:
        yield f"These tell the target nearly alone and may leak it: {', '.join(leaks)}."
    rows = profile.get("rows") or {}
    if rows.get("quarantined"):
        yield f"{rows['quarantined']:,} of {rows.get('in', 0):,} rows broke the contract."
    if usecase.split.event_time and usecase.split.gap_days:
        yield f"A label is known {usecase.split.gap_days} days after the event."


def _business(usecase: UseCase) -> str:
    costs = usecase.costs.model_dump(mode="json")
    currency = costs.get("currency", "")
    words = {
        "false_positive": "a false alarm costs {} {}",
        "false_negative": "a missed case costs {} {}",
        "over": "an estimate too high costs {} {} a unit",
        "under": "an estimate too low costs {} {} a unit",
    }
    names = ("false_positive", "false_negative") if usecase.problem.type == BINARY else ()
    if usecase.problem.type not in (BINARY, MULTICLASS):
        names = ("over", "under")
    told = [
        words[name].format(f"{costs[name]:g}", currency)
        for name in names
        if finite(costs.get(name)) is not None
    ]
    told += [
        f"a missed {label} costs {cost:g} {currency}"
        for label, cost in (costs.get("missed") or {}).items()
        if usecase.problem.type == MULTICLASS
    ]
    objective = usecase.problem.objective or f"Tell {usecase.problem.target}."
    return f"{objective} Of the decisions {', '.join(told)}." if told else objective


def _training_details(
    usecase: UseCase, evaluation: Document, profile: Document, made: Document
) -> dict[str, Any]:
    metric = usecase.gate.metric
    way = "Minimize" if metric in SMALLER_IS_BETTER else "Maximize"
    hyperparameters = made.get("hyperparameters") or {}
    validation = evaluation.get("validation") or {}
    knows = ", which the model has learned from" if evaluation.get("validation_in_sample") else ""
    versions = profile.get("feature_versions")
    data = [profile.get("data_hash"), f"feature groups {versions}" if versions else None]
    return {
        "objective_function": {
            "function": {
                "function": way,
                "facet": clipped(TITLES.get(metric, metric), _NAME),
                "condition": "on the test rows, against the champion",
            },
            "notes": "What versions are compared by; the decision is the cheapest one.",
        },
        "training_observations": clipped(" ".join(_observations(profile, made)), _SHORT),
        "training_job_details": {
            "training_datasets": [clipped(one, _SHORT) for one in data if one],
            "training_metrics": [
                {"name": TITLES.get(name, name), "value": value, "notes": f"validation rows{knows}"}
                for name, value in validation.items()
                if finite(value) is not None
            ],
            "hyper_parameters": [
                {"name": clipped(name, _VALUE), "value": clipped(value, _VALUE)}
                for name, value in list(hyperparameters.items())[:_HYPERPARAMETERS]
                if str(value).strip()
            ],
        },
    }


def _observations(profile: Document, made: Document) -> Iterator[str]:
    for name, part in (profile.get("split") or {}).items():
        if isinstance(part, Mapping) and part.get("rows") is not None:
            span = f" from {part['from']} to {part['to']}" if part.get("from") else ""
            yield f"{name}: {part['rows']:,} rows{span}."
    if made.get("best_iteration") is not None:
        yield f"Training stopped at iteration {made['best_iteration']}, the best one."


def _additional_information(
    usecase: UseCase, evaluation: Document, profile: Document, made: Document
) -> dict[str, Any]:
    compared = list(
        dict.fromkeys(str(one.get("column")) for one in evaluation.get("fairness") or ())
    )
    ethics = (
        f"Groups by {', '.join(compared)} are compared under How slices are treated."
        if compared
        else "No groups of people were compared; name their columns under evaluation.slices of "
        "usecase.yaml where the rows are about people."
    )
    facts = {
        "use case": usecase.name,
        "problem type": usecase.problem.type,
        "target": usecase.problem.target,
        "algorithm": made.get("algorithm"),
        "features": ", ".join(map(str, made.get("features") or usecase.features.inputs)),
        "feature versions": profile.get("feature_versions"),
        "data hash": profile.get("data_hash"),
        "weights hash": (evaluation.get("model") or {}).get("weights_hash"),
        "libraries": ", ".join(f"{k} {v}" for k, v in (made.get("libraries") or {}).items()),
    }
    return {
        "ethical_considerations": clipped(ethics, _LONG),
        "caveats_and_recommendations": clipped(
            "The metrics are of one set of test rows, with intervals from resampling; they say "
            "nothing of data that have drifted since. Watch drift and late labels, and train "
            "again.",
            _LONG,
        ),
        "custom_details": {name: clipped(value, _SHORT) for name, value in facts.items() if value},
    }
