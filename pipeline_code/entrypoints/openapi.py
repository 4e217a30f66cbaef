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
    record = {
        "type": "object",
        "properties": dict.fromkeys(features, _NUMBER),
        "required": list(features),
        "additionalProperties": False,
    }
    rows = {
        "anyOf": [
            {"type": "array", "items": row, "minItems": 1},
            {"type": "array", "items": record, "minItems": 1},
        ]
    }
    instances = {"type": "object", "properties": {"instances": rows}, "required": ["instances"]}
    text = {"schema": {"type": "string"}}
    return {
        "parameters": [
            {"name": "explain", "in": "query", "schema": {"type": "boolean"}},
            {
                "name": "X-Amzn-SageMaker-Inference-Id",
                "in": "header",
                "schema": {"type": "string", "maxLength": 64},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [instances, rows]}},
                "application/jsonlines": text,
                "text/csv": text,
                "application/x-parquet": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": _answers("200", "400", "406", "408", "413", "415", "503"),
    }


def _answers(*statuses: str) -> dict[str, Any]:
    return {status: {"description": _MEANINGS[status]} for status in statuses}


_MEANINGS = {
    "200": "scores, one a row in the order of the request; or the server is healthy",
    "400": "the body cannot be read; the error names the row and the column",
    "406": "the answer cannot be given in an accepted form",
    "408": "the body came too slowly",
    "413": "the body or its rows are too many for one request",
    "415": "the form of the body is not spoken here",
    "503": "overloaded, or the model does not score",
}
