"""Describe the endpoint to clients and to tests, as OpenAPI 3.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_NUMBER: dict[str, Any] = {"type": ["number", "null"]}


@lru_cache(maxsize=1)
def describe(features: tuple[str, ...]) -> bytes:
    """Return the description of an endpoint whose model takes ``features``, as JSON."""
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Inference server", "version": "1"},
            "paths": {
                "/ping": {"get": {"responses": _answers("200", "503")}},
                "/invocations": {"post": _invocations(features)},
            },
        }
    ).encode()


def _invocations(features: Sequence[str]) -> dict[str, Any]:
    width = len(features)
    row = {"type": "array", "items": _NUMBER, "minItems": width, "maxItems": width}
    record = _object(dict.fromkeys(features, _NUMBER))
    rows = {
        "anyOf": [
            {"type": "array", "items": row, "minItems": 1},
            {"type": "array", "items": record, "minItems": 1},
        ]
    }
    instances = _object({"instances": rows})
    table = _object(
        {
            "columns": {"type": "array", "items": {"enum": list(features)}, "minItems": width},
            "data": {"type": "array", "items": row, "minItems": 1},
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
        "responses": _answers("200", "400", "406", "408", "413", "415", "431", "500", "503"),
    }


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
