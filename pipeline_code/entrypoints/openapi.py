"""Describe the endpoint to clients and to tests, as OpenAPI 3.1."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pipeline_code.core.problem_types import BINARY, MULTICLASS, ProblemType

_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_CATEGORY: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_PROBABILITY: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}


@lru_cache(maxsize=1)
def describe(
    features: tuple[str, ...],
    categories: frozenset[str] = frozenset(),
    problem: ProblemType = BINARY,
    classes: tuple[str, ...] = (),
) -> bytes:
    """Return the description of an endpoint, as JSON.

    Args:
        features: what its model takes.
        categories: those of them that are texts.
        problem: what type of problem it answers.
        classes: the labels of a multiclass problem.
    """
    columns = {name: _CATEGORY if name in categories else _NUMBER for name in features}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Inference server", "version": "1"},
            "paths": {
                "/ping": {"get": {"responses": _answers("200", "503")}},
                "/invocations": {"post": _invocations(columns, _verdict(problem, classes))},
            },
        }
    ).encode()


def _verdict(problem: ProblemType, classes: Sequence[str]) -> dict[str, Any]:
    """Describe what is answered of a row."""
    explanation = {"explanation": {"type": "object"}}
    if problem == BINARY:
        said = {"score": _PROBABILITY, "decision": {"enum": [0, 1]}}
    elif problem == MULTICLASS:
        scores = _object(dict.fromkeys(classes, _PROBABILITY))
        said = {"decision": {"enum": list(classes)}, "scores": scores}
    else:
        said = {"prediction": {"type": "number"}}
    return {**_object({**said, **explanation}), "required": list(said)}


def _invocations(columns: Mapping[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    width = len(columns)
    row = _row(list(columns.values()))
    record = _object(dict(columns))
    rows = {
        "anyOf": [
            {"type": "array", "items": row, "minItems": 1},
            {"type": "array", "items": record, "minItems": 1},
        ]
    }
    instances = _object({"instances": rows})
    # In which order they come, the columns beside them say.
    data = {**row, "items": _CATEGORY} if "prefixItems" in row else row
    data = {key: value for key, value in data.items() if key != "prefixItems"}
    table = _object(
        {
            "columns": {"type": "array", "items": {"enum": list(columns)}, "minItems": width},
            "data": {"type": "array", "items": data, "minItems": 1},
        }
    )
    text = {"schema": {"type": "string"}}
    return {
        "parameters": [
            {"name": "explain", "in": "query", "schema": {"type": "boolean"}},
            {
                "name": "X-Amzn-SageMaker-Inference-Id",
                "in": "header",
                "schema": {"type": "string", "maxLength": 64},
            },
            {
                "name": "X-Amzn-SageMaker-Custom-Attributes",
                "in": "header",
                "schema": {"enum": ["explain=true"]},
            },
            {
                "name": "Accept",
                "in": "header",
                "schema": {"enum": ["application/json", "application/jsonlines", "text/csv"]},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [instances, rows, table]}},
                "application/jsonlines": text,
                "text/csv": text,
                "application/x-parquet": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": _with_answer(
            verdict, "200", "400", "406", "408", "413", "415", "431", "500", "503"
        ),
    }


def _row(cells: list[dict[str, Any]]) -> dict[str, Any]:
    width = len(cells)
    row = {"type": "array", "items": _NUMBER, "minItems": width, "maxItems": width}
    return row if _CATEGORY not in cells else {**row, "prefixItems": cells, "items": False}


def _with_answer(verdict: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """Describe the answers, and of the good one what it holds in JSON."""
    predictions = _object({"predictions": {"type": "array", "items": verdict}})
    content = {
        "application/json": {"schema": predictions},
        "application/jsonlines": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    answers = _answers(*statuses)
    return {**answers, "200": {**answers["200"], "content": content}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _answers(*statuses: str) -> dict[str, Any]:
    return {
        status: {"description": _MEANINGS[status]}
        if status == "200"
        else {
            "description": _MEANINGS[status],
            "content": {"application/json": {"schema": _ERROR}},
        }
        for status in statuses
    }


_ERROR = _object(
    {
        "error": _object(
            {"code": {"type": "string"}, "message": {"type": "string"}, "where": {"type": "object"}}
        )
    }
)


_MEANINGS = {
    "200": "scores, one a row in the order of the request; or the server is healthy",
    "400": "the body cannot be read; the error names the row and the column",
    "406": "the answer cannot be given in an accepted form",
    "408": "the body came too slowly",
    "413": "the body or its rows are too many for one request",
    "415": "the form of the body is not spoken here",
    "431": "the head of the request is too large",
    "500": "the server is at fault; its log says how",
    "503": "overloaded, or the model does not score",
}
