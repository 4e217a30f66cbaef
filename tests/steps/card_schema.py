"""The limits of a model package's card, as a JSON schema.

Source: Amazon SageMaker Developer Guide, *Model package model card schema (Studio)*.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(most: int, least: int = 0) -> Schema:
    """A text of so many characters."""
    return {"type": "string", "minLength": least, "maxLength": most}


def many(item: Schema, most: int | None = None, least: int = 0) -> Schema:
    """A list."""
    limit = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": item, "minItems": least, **limit}


def closed(*required: str, **properties: Schema) -> Schema:
    """An object of these keys and no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def mapping(value: Schema) -> Schema:
    """An object of any keys."""
    return {"type": "object", "additionalProperties": value}


NUMBER: Schema = {"type": "number"}
AXIS = text(63)


def metric(kind: list[str], value: Schema, x_axis: Schema, y_axis: Schema) -> Schema:
    """One figure or drawing."""
    return closed(
        "name",
        "type",
        "value",
        name=text(255, 1),
        notes=text(1024),
        type={"enum": kind},
        value=value,
        x_axis_name=x_axis,
        y_axis_name=y_axis,
    )


METRIC: Schema = {
    "anyOf": [
        metric(
            ["number", "string", "boolean"],
            {"anyOf": [NUMBER, text(63), {"type": "boolean"}]},
            AXIS,
            AXIS,
        ),
        metric(["linear_graph"], many(many(NUMBER, 2, 2), least=1), AXIS, AXIS),
        metric(["bar_chart"], many(NUMBER, least=1), many(AXIS), AXIS),
        metric(["matrix"], many(many(NUMBER, 20, 1), 20, 1), many(AXIS), many(AXIS)),
    ]
}
GROUP = closed("name", "metric_data", name=text(63, 1), metric_data=many(METRIC))
TRAINING_METRIC = closed("name", "value", name=text(255, 1), notes=text(1024), value=NUMBER)
HYPERPARAMETER = closed("name", "value", name=text(255, 1), value=text(255, 1))
FUNCTION = closed(function={"enum": ["Maximize", "Minimize"]}, facet=text(63), condition=text(63))

CARD = closed(
    model_overview=closed(model_creator=text(1024), model_artifact=many(text(1024), 15)),
    intended_uses=closed(
        purpose_of_model=text(2048),
        intended_uses=text(2048),
        factors_affecting_model_efficiency=text(2048),
        risk_rating={"enum": ["High", "Medium", "Low", "Unknown"]},
        explanations_for_risk_rating=text(2048),
    ),
    business_details=closed(
        business_problem=text(2048), business_stakeholders=text(2048), line_of_business=text(2048)
    ),
    training_details=closed(
        objective_function=closed(function=FUNCTION, notes=text(1024)),
        training_observations=text(1024),
        training_job_details=closed(
            training_arn=text(1024),
            training_datasets=many(text(1024), 15),
            training_environment=closed(container_image=many(text(1024), 15)),
            training_metrics=many(TRAINING_METRIC, 50),
            hyper_parameters=many(HYPERPARAMETER, 100),
        ),
    ),
    evaluation_details=many(
        closed(
            "name",
            name=text(63, 1),
            evaluation_observation=text(2096),
            evaluation_job_arn=text(256),
            datasets=many(text(1024), 10),
            metadata=mapping(text(1024)),
            metric_groups=many(GROUP),
        )
    ),
    additional_information=closed(
        ethical_considerations=text(2048),
        caveats_and_recommendations=text(2048),
        custom_details=mapping(text(1024)),
    ),
)
