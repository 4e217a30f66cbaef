"""Write the answer to a request: what the model decides of each row, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson

from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.model import ModelMetadata, Vector
from pipeline_code.steps.payloads import BodyFormat, Format
from pipeline_code.steps.verdicts import DECISION, PREDICTION, decide, decide_class, verdicts

CONTENT_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonlines": "application/jsonlines",
}
_FORMATS: Final[dict[str, Format]] = {
    "text/csv": "csv",
    "application/json": "json",
    "application/jsonlines": "jsonlines",
    "application/x-jsonlines": "jsonlines",
    "application/x-ndjson": "jsonlines",
}
_PARQUET: Final = frozenset(("application/x-parquet", "application/vnd.apache.parquet"))
_ANY: Final[dict[str, Format]] = {
    "": "json",
    "*/*": "json",
    "application/*": "json",
    "text/*": "csv",
}
_ROW: Final[dict[Format, bytes]] = {
    "csv": b"%b,%d\n",
    "json": b'{"predictions":[{"score":%b,"decision":%d}]}',
    "jsonlines": b'{"score":%b,"decision":%d}\n',
}
_SPECIAL: Final = re.compile(r'[",\r\n]|^\s|\s$|^$')
_CHARSETS: Final = frozenset(("", "utf-8", "utf8", "us-ascii"))


def write_verdicts(
    metadata: ModelMetadata, scores: Vector, form: Format, *, shap: Vector | None = None
) -> bytes:
    """Write what a model says of each row, in the order of the request.

    Binary: as `write_answer`. Multiclass: ``{"decision": label, "scores": {label: p}}``, in CSV
    the decision and the scores in the order of the classes. Regression: ``{"prediction": v}``, in
    CSV the value.

    Args:
        metadata: of the model.
        scores: what it says, shape (n,), or (n, classes) in a multiclass problem.
        form: what is written.
        shap: SHAP values, shape (n, features + 1), or (n, classes, features + 1), of which those
            of the decided class are written.
    """
    if metadata.problem == BINARY:
        return write_answer(scores, metadata.threshold, form, features=metadata.features, shap=shap)
    if shap is not None and metadata.problem == MULTICLASS:
        shap = shap[np.arange(len(scores)), decide_class(metadata, scores)]
    said = [column.tolist() for column in verdicts(metadata, scores).values()]
    if form == "csv":
        more = shap.T.tolist() if shap is not None else []
        return b"".join([_cells(row) for row in zip(*said, *more, strict=True)])
    rows = [_said(metadata, row) for row in zip(*said, strict=True)]
    return _documents(rows, form, metadata.features, shap)


def write_answer(
    scores: Vector,
    threshold: float,
    form: Format,
    *,
    features: Sequence[str] = (),
    shap: Vector | None = None,
) -> bytes:
    """Write one score and one decision a row, in the order of the request.

    CSV has no header, so the parts of a batch transform can be joined; JSON is
    ``{"predictions": [{"score": 0.12, "decision": 0}]}``, JSON lines the same objects.

    Args:
        scores: probabilities, shape (n,).
        threshold: a score from here on is decided 1.
        form: what is written.
        features: the names of the columns of ``shap``.
        shap: SHAP values in log odds, shape (n, features + 1), the base last. In JSON they are
            ``"explanation": {"base": b, "shap": {"FEATURE": value}}``, in CSV further cells.
    """
    if len(scores) == 1 and shap is None:  # what most requests are
        score = float(scores[0])
        return _ROW[form] % (orjson.dumps(score), score >= threshold)
    if form == "csv":
        return _csv(scores, threshold, shap)
    values, called = scores.tolist(), decide(scores, threshold).tolist()
    rows: list[dict[str, Any]] = [
        {"score": score, "decision": decision}
        for score, decision in zip(values, called, strict=True)
    ]
    return _documents(rows, form, features, shap)


def _said(metadata: ModelMetadata, row: tuple[Any, ...]) -> dict[str, Any]:
    """Write the verdict of a row that is not of a binary problem."""
    if metadata.problem != MULTICLASS:
        return {PREDICTION: row[0]}
    decision, *scores = row
    return {DECISION: decision, "scores": dict(zip(metadata.classes, scores, strict=True))}


def _documents(
    rows: list[dict[str, Any]], form: Format, features: Sequence[str], shap: Vector | None
) -> bytes:
    if shap is not None:
        for row, (*parts, base) in zip(rows, shap.tolist(), strict=True):
            row["explanation"] = {"base": base, "shap": dict(zip(features, parts, strict=True))}
    if form == "jsonlines":
        return b"".join([orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows])
    return orjson.dumps({"predictions": rows})


def _cells(row: tuple[Any, ...]) -> bytes:
    """Write a line of CSV, a label quoted where a reader needs it."""
    return b",".join([_cell(value) for value in row]) + b"\n"


def _cell(value: Any) -> bytes:
    if not isinstance(value, str):
        return orjson.dumps(value)
    quoted = value.replace('"', '""')
    return f'"{quoted}"'.encode() if _SPECIAL.search(value) else value.encode()


def _csv(scores: Vector, threshold: float, shap: Vector | None) -> bytes:
    """Write a line a row; the parser of JSON writes numbers ten times faster than Python."""
    cells = orjson.dumps(scores, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    decisions = decide(scores, threshold).tolist()
    if not decisions:
        return b""
    if shap is not None:
        ends = (b",0,", b",1,")
        more = [orjson.dumps(row)[1:-1] + b"\n" for row in shap.tolist()]
        rows = zip(cells, decisions, more, strict=True)
        return b"".join([cell + ends[decision] + end for cell, decision, end in rows])
    ends = (b",0\n", b",1\n")
    return b"".join([cell + ends[one] for cell, one in zip(cells, decisions, strict=True)])


@lru_cache(maxsize=256)
def content_format(header: bytes) -> BodyFormat | None:
    """Return the format that a Content-Type header names, None where it is not spoken here."""
    name, _, rest = header.decode("latin-1").partition(";")
    name = name.strip().lower()
    if name in _PARQUET:
        return "parquet"
    charset = dict(_parameters(rest)).get("charset", "")
    return _FORMATS.get(name) if charset.lower() in _CHARSETS else None


@lru_cache(maxsize=256)
def accepted_format(header: bytes) -> Format | None:
    """Return the format that an Accept header likes best, JSON where it does not care."""
    ranked: list[tuple[float, int, str]] = []
    for choice in header.decode("latin-1").split(","):
        name, _, rest = choice.partition(";")
        try:
            quality = float(dict(_parameters(rest)).get("q", "1"))
        except ValueError:
            quality = 0.0
        if quality > 0:
            ranked.append((-quality, len(ranked), name.strip().lower()))
    known = {**_FORMATS, **_ANY}
    return next((known[name] for _, _, name in sorted(ranked) if name in known), None)


def _parameters(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in text.split(";"))
    return [(name.strip().lower(), value.strip(' "')) for name, _, value in pairs]
