"""Requests generated from the server's own description, and broken on purpose, are no 5xx."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_code.core.tables import connect
from pipeline_code.core.usecase import Costs
from pipeline_code.entrypoints.endpoint import Endpoint, Limits
from pipeline_code.entrypoints.openapi import describe
from pipeline_code.steps.predict import LinearModel, LinearWeights, ModelMetadata
from pipeline_code.steps.served_model import ServedModel

FEATURES = ("A", "B")
DESCRIPTION = json.loads(describe(FEATURES))
INVOKE = DESCRIPTION["paths"]["/invocations"]["post"]
BODIES: dict[str, Any] = INVOKE["requestBody"]["content"]
PARAMETERS: dict[str, Any] = {each["name"]: each for each in INVOKE["parameters"]}
MODEL = LinearModel(
    ModelMetadata(
        algorithm="linear",
        usecase="fraud",
        features=FEATURES,
        target="T",
        threshold=0.5,
        costs=Costs(false_positive=5, false_negative=120),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    ),
    LinearWeights(mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, 1.0), intercept=0.0),
)
ENDPOINT = Endpoint(
    ServedModel(MODEL.metadata, MODEL, lambda: MODEL),
    Limits(body_bytes=5_000, rows=50, explained_rows=10, inline_bytes=200),
)
NUMBERS = st.floats(-(2.0**100), 2.0**100) | st.integers(-(10**30), 10**30)
SLOW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def matching(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate what a schema of ours allows."""
    if "anyOf" in schema:
        return st.one_of([matching(choice) for choice in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "object": lambda: st.fixed_dictionaries(
            {name: matching(part) for name, part in schema["properties"].items()}
        ),
        "array": lambda: st.lists(
            matching(schema["items"]),
            min_size=schema.get("minItems", 0),
            max_size=schema.get("maxItems", max(schema.get("minItems", 0), 5)),
            unique=schema["items"].get("enum") is not None,
        ),
        "string": lambda: st.text(max_size=schema.get("maxLength", 40)),
        "boolean": st.booleans,
        "number": lambda: NUMBERS,
        "null": st.none,
    }
    given_type = schema["type"]
    types = given_type if isinstance(given_type, list) else [given_type]
    return st.one_of([kinds[name]() for name in types])


ROWS = matching(BODIES["application/json"]["schema"]["anyOf"][1])


def parquet(rows: list[list[Any]]) -> bytes:
    """Write rows as Parquet."""
    with tempfile.TemporaryDirectory() as folder, connect() as database:
        file = Path(folder) / "rows.parquet"
        database.execute("create table rows (A double, B double)")
        database.executemany("insert into rows values (?, ?)", rows)
        database.execute(f"copy rows to '{file}' (format parquet)")
        return file.read_bytes()


PARQUET = parquet([[0.5, None], [1, 2]])


def csv_of(rows: list[Any]) -> bytes:
    """Write rows as CSV."""
    cells = [list(row.values()) if isinstance(row, dict) else row for row in rows]
    return "\n".join(
        ",".join("" if cell is None else repr(cell) for cell in row) for row in cells
    ).encode()


VALID: dict[str, st.SearchStrategy[bytes]] = {
    "application/json": matching(BODIES["application/json"]["schema"]).map(
        lambda document: json.dumps(document).encode()
    ),
    "application/jsonlines": ROWS.map(
        lambda rows: "\n".join(json.dumps(row) for row in rows).encode()
    ),
    "text/csv": matching(BODIES["application/json"]["schema"]["anyOf"][1]["anyOf"][0]).map(csv_of),
    "application/x-parquet": st.just(PARQUET),
}


@st.composite
def broken(draw: st.DrawFn, body: bytes) -> bytes:
    """Cut, repeat, replace and insert bytes."""
    odd = [b"NaN", b"1e999", b"-", b"null", b"[", b"{", b'"', b"\x00", b"\xff", b"\n", b",", b"A"]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, len(body)))
        middle = draw(st.sampled_from([*odd, body[start:end] * 2]) | st.binary(max_size=10))
        body = body[:start] + middle + body[end:]
    return body


def invoke(
    body: bytes, content_type: str, query: bytes = b"", **headers: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Make one request in this process."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/invocations",
        "query_string": query,
        "headers": [
            (b"content-type", content_type.encode("latin-1")),
            *((name.replace("_", "-").encode(), value) for name, value in headers.items()),
        ],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(ENDPOINT(scope, receive, send))
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, b"".join(message["body"] for message in sent[1:])


def test_every_form_that_is_described_is_generated() -> None:
    """A new form of body must be fuzzed too."""
    assert VALID.keys() == BODIES.keys()


@pytest.mark.parametrize("content_type", VALID)
@SLOW
@given(data=st.data())
def test_what_the_description_allows_is_scored(content_type: str, data: st.DataObject) -> None:
    """Every body of its schema gets a score a row, in every form that may be accepted."""
    body = data.draw(VALID[content_type])
    accept = data.draw(matching(PARAMETERS["Accept"]["schema"]))
    explain = data.draw(matching(PARAMETERS["explain"]["schema"]))
    query = b"explain=true" if explain else b""
    status, head, answer = invoke(body, content_type, query, accept=accept.encode())

    assert status == 200, answer
    assert head["content-type"].startswith(accept)
    assert (b"explanation" in answer) == (explain and accept != "text/csv")


@pytest.mark.parametrize("content_type", VALID)
@SLOW
@given(data=st.data())
def test_what_it_does_not_allow_is_refused_as_described(
    content_type: str, data: st.DataObject
) -> None:
    """Never by a failure of ours, and never in another form than the described one."""
    body = data.draw(VALID[content_type].flatmap(broken))
    sent_as = data.draw(st.sampled_from([content_type, content_type, *VALID, "image/png"]))
    words = st.binary(max_size=80) | st.just(b"explain=true")
    headers = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "accept": st.sampled_from([b"text/csv", b"*/*;q=0.1", b"image/png"]) | words,
                "x_amzn_sagemaker_inference_id": words,
                "x_amzn_sagemaker_custom_attributes": words,
                "content_length": st.sampled_from([b"1", b"5001", b"9" * 30, b"x", b"\xb2"]),
                "content_encoding": st.sampled_from([b"identity", b"gzip"]),
            },
        )
    )
    status, head, answer = invoke(body, sent_as, data.draw(words), **headers)

    assert str(status) in INVOKE["responses"]
    assert status < 500, answer
    if status != 200:
        assert head["content-type"] == "application/json"
        error = json.loads(answer)["error"]
        assert error.keys() == {"code", "message", "where"}
        assert error["code"].isascii()
        assert error["message"]


def test_a_model_is_described_by_its_own_columns_and_answer() -> None:
    """Texts are allowed where they are categories, and the answer is that of its problem."""
    names = ("red", "blue", "green")
    document = json.loads(describe(("A", "B"), frozenset(("B",)), "multiclass", names))
    post = document["paths"]["/invocations"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    listed, named = schema["anyOf"][1]["anyOf"]
    answer = post["responses"]["200"]["content"]["application/json"]["schema"]
    verdict = answer["properties"]["predictions"]["items"]

    assert [cell["type"][0] for cell in listed["items"]["prefixItems"]] == ["number", "string"]
    assert named["items"]["properties"]["A"]["type"] == ["number", "null"]
    assert "string" in named["items"]["properties"]["B"]["type"]
    assert verdict["properties"]["decision"] == {"enum": ["red", "blue", "green"]}
    assert list(verdict["properties"]["scores"]["properties"]) == ["red", "blue", "green"]


@pytest.mark.parametrize(
    ("problem", "required"),
    [("binary", ["score", "decision"]), ("regression", ["prediction"])],
)
def test_the_answer_of_one_score_is_described(problem: Any, required: list[str]) -> None:
    """An explanation is there only when it was asked for."""
    document = json.loads(describe(FEATURES, problem=problem))
    good = document["paths"]["/invocations"]["post"]["responses"]["200"]
    rows = good["content"]["application/json"]["schema"]["properties"]["predictions"]

    assert rows["items"]["required"] == required
