"""Decide by the model's threshold and write the answer to a request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from pipeline_code.steps.payloads import BodyFormat, Format
from pipeline_code.steps.predict import Vector

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
_CHARSETS: Final = frozenset(("", "utf-8", "utf8", "us-ascii"))


def decide(scores: Vector, threshold: float) -> NDArray[np.int8]:
    """Return 1 for each score from ``threshold`` on, else 0."""
    return (scores >= threshold).astype(np.int8)


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
    if shap is not None:
        for row, (*parts, base) in zip(rows, shap.tolist(), strict=True):
            row["explanation"] = {"base": base, "shap": dict(zip(features, parts, strict=True))}
    if form == "jsonlines":
        return b"".join([orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows])
    return orjson.dumps({"predictions": rows})


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
