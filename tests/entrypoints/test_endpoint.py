"""The endpoint answers every request with a status that tells whose fault it is."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_code.core.tables import connect
from pipeline_code.core.usecase import Costs
from pipeline_code.entrypoints.endpoint import Endpoint, Limits
from pipeline_code.entrypoints.http_errors import Headers
from pipeline_code.entrypoints.workers import SharedFlag
from pipeline_code.steps.predict import (
    LinearModel,
    LinearWeights,
    Matrix,
    Model,
    ModelMetadata,
    Vector,
)
from pipeline_code.steps.served_model import ServedModel, UnhealthyModelError

FEATURES = ("A", "B")
METADATA = ModelMetadata(
    algorithm="linear",
    usecase="fraud",
    features=FEATURES,
    target="TX_FRAUD",
    threshold=0.5,
    costs=Costs(false_positive=5, false_negative=120),
    hyperparameters={},
    weights="weights.json",
    weights_hash="",
)
WEIGHTS = LinearWeights(mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, 1.0), intercept=0.0)
LIMITS = Limits(body_bytes=10_000, rows=100, inline_bytes=1_000)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error of a JSON answer."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


def ask(
    endpoint: Endpoint,
    *parts: bytes,
    path: str = "/invocations",
    method: str = "POST",
    messages: Iterable[dict[str, Any]] | None = None,
    **headers: Any,
) -> Answer:
    """Send one request, its body in ``parts`` or as raw ``messages``, and collect the answer."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [
            (k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()
        ],
    }
    last = len(parts) - 1
    whole = [
        {"type": "http.request", "body": part, "more_body": index < last}
        for index, part in enumerate(parts)
    ]
    incoming = iter(whole if messages is None else messages)
    sent: list[Any] = []

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(endpoint(scope, receive, send))
    start, *bodies = sent
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(body["body"] for body in bodies),
    )


def served(model: Model) -> ServedModel:
    """Serve a model that lies in no folder."""
    return ServedModel(model.metadata, model, lambda: model)


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    """An endpoint with a model whose score is the sigmoid of A + B."""
    return Endpoint(served(LinearModel(METADATA, WEIGHTS)), LIMITS)


class BrokenModel(LinearModel):
    """A model that cannot score."""

    def _predict(self, x: Matrix) -> Vector:
        raise MemoryError(len(x))


class WildModel(LinearModel):
    """A model whose scores are no probabilities."""

    def _predict(self, x: Matrix) -> Vector:
        return np.full(len(x), np.nan)


def test_ping_is_healthy_when_the_model_scores(endpoint: Endpoint) -> None:
    """SageMaker sends traffic once this is 200."""
    answer = ask(endpoint, b"", path="/ping", method="GET")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


@pytest.mark.parametrize("kind", [BrokenModel, WildModel])
def test_ping_is_503_when_the_model_does_not_score(kind: type[LinearModel]) -> None:
    """A container whose model is broken gets no traffic, and lives to say so."""
    answer = ask(Endpoint(served(kind(METADATA, WEIGHTS)), LIMITS), b"", path="/ping", method="GET")
    assert (answer.status, answer.error["code"]) == (503, "unhealthy")


def test_check_refuses_a_model_that_gives_no_probability() -> None:
    """The server does not even start with such a model."""
    with pytest.raises(UnhealthyModelError, match="no probability"):
        served(WildModel(METADATA, WEIGHTS)).check()


@pytest.mark.parametrize(
    ("content_type", "accept", "body", "expected"),
    [
        ("text/csv", "text/csv", b"0,0\n9,9\n", "0.5,1\n"),
        ("application/json", "text/csv", b'[{"B": 0, "A": -1}]', "0.2689"),
        ("text/csv", "*/*", b"0,0", '{"predictions":[{"score":0.5,"decision":1}]}'),
        ("application/jsonlines", "application/jsonlines", b"[0,0]", '{"score":0.5,"decision":'),
    ],
)
def test_rows_are_scored_and_decided(
    endpoint: Endpoint, content_type: str, accept: str, body: bytes, expected: str
) -> None:
    """The answer has the format that was accepted and the scores of the model."""
    answer = ask(endpoint, body, content_type=content_type, accept=accept)

    assert answer.status == 200
    assert answer.body.decode().startswith(expected)
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["content-type"].startswith(accept.replace("*/*", "application/json"))


def test_body_in_parts_is_one_body(endpoint: Endpoint) -> None:
    """A body that comes in pieces, cut anywhere, is scored as a whole."""
    answer = ask(endpoint, b"0,", b"", b"0\n", content_type="text/csv", accept="text/csv")
    assert answer.body == b"0.5,1\n"


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"content_type": "text/csv"}, b"1,x", 400, "not_a_number"),
        ({"content_type": "text/csv"}, b"", 400, "empty"),
        ({"content_type": "application/json"}, b"{", 400, "malformed"),
        ({"content_type": "image/png"}, b"1,2", 415, "unsupported_media_type"),
        ({}, b"1,2", 415, "unsupported_media_type"),
        (
            {"content_type": "text/csv", "content_encoding": "gzip"},
            b"1,2",
            415,
            "unsupported_media_type",
        ),
        ({"content_type": "text/csv", "accept": "image/png"}, b"1,2", 406, "not_acceptable"),
        ({"content_type": "text/csv"}, b"1,2\n" * 101, 413, "too_many_rows"),
        ({"content_type": "text/csv"}, b"1" * 10_001, 413, "body_too_large"),
        ({"content_type": "text/csv", "content_length": "10001"}, b"", 413, "body_too_large"),
    ],
)
def test_client_errors_are_told_from_ours(
    endpoint: Endpoint, headers: dict[str, Any], body: bytes, status: int, code: str
) -> None:
    """The status says what kind of mistake, the JSON body which and what to do."""
    answer = ask(endpoint, body, **headers)

    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.error) == {"code", "message", "where"}


def test_refused_value_is_located(endpoint: Endpoint) -> None:
    """Row and column are there for a machine to read."""
    answer = ask(endpoint, b"1,2\n1,x\n", content_type="text/csv")
    assert answer.error["where"] == {"row": 2, "column": "B"}


def test_endless_body_is_cut_at_the_limit(endpoint: Endpoint) -> None:
    """A body without announced length is not collected beyond the limit."""
    part = {"type": "http.request", "body": b"1" * 4_000, "more_body": True}
    answer = ask(endpoint, messages=[part] * 3, content_type="text/csv")
    assert answer.status == 413


def test_client_that_goes_away_is_no_error_of_ours(endpoint: Endpoint) -> None:
    """A connection that closes in the middle of a body does not count as a broken server."""
    half = {"type": "http.request", "body": b"1,", "more_body": True}
    gone = {"type": "http.disconnect"}
    assert ask(endpoint, messages=[half, gone], content_type="text/csv").status == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/invocations", 405, "POST"),
        ("POST", "/ping", 405, "GET, HEAD"),
        ("GET", "/", 404, None),
        ("POST", "/invocations/", 404, None),
    ],
)
def test_other_paths_and_methods_are_refused(
    endpoint: Endpoint, method: str, path: str, status: int, allow: str | None
) -> None:
    """There are two paths, each with its method."""
    answer = ask(endpoint, b"", path=path, method=method)
    assert (answer.status, answer.headers.get("allow")) == (status, allow)


def test_broken_model_is_a_500_that_tells_nothing_of_the_inside() -> None:
    """What breaks on our side is ours: logged with its trace, answered without it."""
    answer = ask(
        Endpoint(served(BrokenModel(METADATA, WEIGHTS)), LIMITS), b"1,2", content_type="text/csv"
    )
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert b"MemoryError" not in answer.body


def test_large_body_is_scored_beside_the_event_loop() -> None:
    """A large request in work does not hold up the health check."""
    entered, release = threading.Event(), threading.Event()

    class SlowModel(LinearModel):
        def _predict(self, x: Matrix) -> Vector:
            if len(x) > 1:
                entered.set()
                assert release.wait(timeout=20)
            return super()._predict(x)

    endpoint = Endpoint(served(SlowModel(METADATA, WEIGHTS)), Limits(inline_bytes=10))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    def receiving(body: bytes) -> Any:
        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        return receive

    async def both() -> None:
        scope = {"type": "http", "method": "POST", "path": "/invocations"}
        scope_large = {**scope, "headers": [(b"content-type", b"text/csv")]}
        large = asyncio.create_task(endpoint(scope_large, receiving(b"1,2\n" * 50), send))
        assert await asyncio.to_thread(entered.wait, 20)
        await endpoint(
            {**scope, "method": "GET", "path": "/ping", "headers": []}, receiving(b""), send
        )
        assert len(sent) == 2, "the health check answered first"
        release.set()
        await large

    asyncio.run(both())
    assert [message["status"] for message in sent[::2]] == [200, 200]


def test_inference_id_comes_back(endpoint: Endpoint) -> None:
    """Captured scores are joined by it with what became true."""
    headers = {"x_amzn_sagemaker_inference_id": "order-17", "content_type": "text/csv"}
    answer = ask(endpoint, b"0,0", **headers)

    assert answer.headers["x-amzn-sagemaker-inference-id"] == "order-17"


@pytest.mark.parametrize("given", ["x" * 65, "a\nb", "\xff"])
def test_unusable_inference_id_is_refused(endpoint: Endpoint, given: str) -> None:
    """It goes into a header of the answer: a line break in it would be one of ours."""
    headers = {"x_amzn_sagemaker_inference_id": given, "content_type": "text/csv"}
    answer = ask(endpoint, b"0,0", **headers)

    assert (answer.status, answer.error["code"]) == (400, "wrong_inference_id")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", b"0.5,1,-2.0,2.0,0.0\n"),
        (
            "application/json",
            b'{"predictions":[{"score":0.5,"decision":1,'
            b'"explanation":{"base":0.0,"shap":{"A":-2.0,"B":2.0}}}]}',
        ),
    ],
)
def test_a_row_is_explained_when_asked(endpoint: Endpoint, accept: str, expected: bytes) -> None:
    """SageMaker passes no query on, so a custom attribute asks as well."""
    attributes = {"x_amzn_sagemaker_custom_attributes": "explain=true"}
    answer = ask(endpoint, b"-2,2", content_type="text/csv", accept=accept, **attributes)

    assert answer.body == expected


def test_explained_rows_are_limited() -> None:
    """SHAP is a thousand times slower than a score."""
    limits = Limits(explained_rows=1)
    endpoint = Endpoint(served(LinearModel(METADATA, WEIGHTS)), limits)
    attributes = {"x_amzn_sagemaker_custom_attributes": "explain=true"}

    assert ask(endpoint, b"0,0\n1,1", content_type="text/csv", **attributes).status == 413


def test_large_bodies_are_turned_away_while_others_are_scored() -> None:
    """At once, and with a hint when to come again, instead of running out of memory."""
    limits = Limits(pending_bytes=5)
    endpoint = Endpoint(served(LinearModel(METADATA, WEIGHTS)), limits)
    answer = ask(endpoint, b"0,0\n1,1", content_type="text/csv")

    assert (answer.status, answer.error["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"


def test_many_rows_are_read_while_the_first_are_scored(endpoint: Endpoint) -> None:
    """In parts whose order is kept, whatever part a row falls into."""
    large = Endpoint(endpoint.model, Limits())
    values = np.random.default_rng(0).normal(size=(60_001, 2)).round(3)
    body = "\n".join(f"{a},{b}" for a, b in values).encode()
    answer = ask(large, body, content_type="text/csv", accept="text/csv")
    scores = [float(line.split(",")[0]) for line in answer.body.decode().splitlines()]

    assert np.allclose(scores, 1 / (1 + np.exp(-values.sum(axis=1))), atol=1e-6)


@pytest.mark.parametrize("last", ["1,x", "1", "1,2,3"])
def test_a_mistake_far_down_is_located(endpoint: Endpoint, last: str) -> None:
    """Its row is counted in the request, not in the part in which it was read."""
    large = Endpoint(endpoint.model, Limits())
    body = ("1,2\n" * 200_000 + last).encode()
    answer = ask(large, body, content_type="text/csv")

    assert (answer.status, answer.error["where"]["row"]) == (400, 200_001)


def test_parquet_is_scored(endpoint: Endpoint, tmp_path: Path) -> None:
    """The form in which data lie in the lake."""
    file = tmp_path / "rows.parquet"
    with connect() as database:
        database.execute(f"copy (select 9 as B, 0.0 as A) to '{file}' (format parquet)")
    answer = ask(
        endpoint, file.read_bytes(), content_type="application/x-parquet", accept="text/csv"
    )

    assert answer.body.startswith(b"0.99")


def test_description_names_every_status_of_a_client_error(endpoint: Endpoint) -> None:
    """Clients and tests are generated from it."""
    answer = ask(endpoint, b"", path="/openapi.json", method="GET")
    described = json.loads(answer.body)["paths"]["/invocations"]["post"]

    assert {"400", "413", "415", "503"} <= described["responses"].keys()


_types = st.sampled_from(
    [
        "text/csv",
        "application/json",
        "application/jsonlines",
        "application/x-parquet",
        "text/csv; charset=\xff",
        "",
        ";",
        "x",
    ]
)


@settings(deadline=None)
@given(body=st.binary(max_size=1_500), content_type=_types, accept=_types)
@example(body=b"[" * 5_000, content_type="application/json", accept="")
@example(body=b'[{"\\ud800": 1}]', content_type="application/json", accept="")
@example(body=b"\xef\xbb\xbf", content_type="text/csv", accept="")
@example(body=b'"\x00"', content_type="text/csv", accept="")
def test_no_bytes_of_a_client_break_the_server(
    endpoint: Endpoint, body: bytes, content_type: str, accept: str
) -> None:
    """Whatever is sent under whatever name, the answer is 200 or the client's error."""
    answer = ask(endpoint, body, content_type=content_type, accept=accept)
    assert answer.status in (200, 400, 406, 413, 415)
    if answer.status != 200:
        assert answer.error["message"]


def take(endpoint: Endpoint, body: bytes, **headers: str) -> Answer | None:
    """Offer a request to the express; collect its answer, None where it was not taken."""
    found: list[Answer] = []

    class Waiting:
        def reply(self, status: int, media_type: bytes, body: bytes, extra: Headers) -> None:
            named = {name.decode(): value.decode() for name, value in extra}
            named |= {"content-type": media_type.decode(), "content-length": str(len(body))}
            found.append(Answer(status, named, body))

    async def turn() -> bool:
        pairs = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
        is_taken = endpoint.take(pairs, body, Waiting())
        await asyncio.sleep(0)
        return is_taken

    return found[0] if asyncio.run(turn()) else None


_rows = st.lists(
    st.sampled_from(["0,0", "1,-2.5", "1e-3,7", ",1", "x,1", "1", "1e39,0", "[0,0]", "A,B", ""]),
    min_size=1,
    max_size=3,
)


@settings(deadline=None)
@given(
    lines=_rows,
    content_type=_types,
    accept=_types,
    custom=st.sampled_from([{}, {"x_amzn_sagemaker_inference_id": "order-17"}]),
)
def test_a_request_that_is_taken_gets_the_same_answer(
    endpoint: Endpoint, lines: list[str], content_type: str, accept: str, custom: dict[str, str]
) -> None:
    """All that can be scored is taken; all that is to be refused is left, to the same words."""
    body = "\n".join(lines).encode()
    headers = {"content_type": content_type, "accept": accept, **custom}
    usual = ask(endpoint, body, **headers)

    assert take(endpoint, body, **headers) == (usual if usual.status == 200 else None)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ((b"0.%b,0\n" % (b"0" * 60)) * 20, {}),
        (b"0,0", {"content_encoding": "gzip"}),
        (b"0,0", {"x_amzn_sagemaker_inference_id": "x" * 65}),
        (b"0,0", {"x_amzn_sagemaker_custom_attributes": "explain=true"}),
    ],
    ids=["large", "compressed", "wrong id", "explained"],
)
def test_what_needs_more_than_a_score_is_not_taken(
    endpoint: Endpoint, body: bytes, headers: dict[str, str]
) -> None:
    """It goes the way that has threads, memory limits and refusals."""
    assert take(endpoint, body, content_type="text/csv", **headers) is None


def test_a_taken_request_on_which_the_model_breaks_is_a_500() -> None:
    """With the same words as on the other way, and known to all workers."""

    class Unhealthy(LinearModel):
        def _predict(self, x: Matrix) -> Vector:
            raise UnhealthyModelError(f"broke on {len(x)} rows")

    broken = SharedFlag()
    endpoint = Endpoint(served(Unhealthy(METADATA, WEIGHTS)), LIMITS, broken)
    answer = take(endpoint, b"1,2", content_type="text/csv")

    assert answer is not None
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert broken.is_set


def test_small_parts_are_scored_together(endpoint: Endpoint) -> None:
    """Each call of the booster costs as much as some hundred rows."""
    sizes: list[int] = []

    class Counting(LinearModel):
        def _predict(self, x: Matrix) -> Vector:
            sizes.append(len(x))
            return super()._predict(x)

    body = (b"0.%b1,0\n" % (b"0" * 300)) * 6_000  # less than a thousand rows a part
    large = Endpoint(served(Counting(METADATA, WEIGHTS)), Limits())

    assert ask(large, body, content_type="text/csv").status == 200
    assert sorted(sizes) == [1, 858, 2_571, 2_571], "one is the row of the self-check"


KINDS = {"B": ("red", "blue")}
LEVELS = {"B": ((1.0, 2.0, 3.0, 4.0),)}


def other_endpoint(problem: Any = "binary", classes: tuple[str, ...] = ()) -> Endpoint:
    """Serve a model of a number A and a category B, that adds them up.

    Its effects are 1 for red, 2 for blue, 3 for others and 4 for a missing one; of three classes
    the first has them all, the others are worth 0 and 1.
    """
    count = len(classes) or 1
    metadata = METADATA.model_copy(
        update={"problem": problem, "classes": classes, "categories": KINDS}
    )
    weights = WEIGHTS.model_copy(
        update={
            "coefficients": ((1.0, 0.0), *((0.0, 0.0),) * (count - 1)),
            "intercept": (0.0, 0.0, 1.0)[:count],
            "levels": {"B": (LEVELS["B"][0], *((0.0,) * 4,) * (count - 1))},
        }
    )
    return Endpoint(served(LinearModel(metadata, weights)), LIMITS)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"1,red\n0,blue\n0,new\n,\n"),
        ("application/json", b'[[1, "red"], [0, "blue"], [0, 7], [null, null]]'),
        ("application/jsonlines", b'[1,"red"]\n[0,"blue"]\n[0,true]\n[null,""]\n'),
    ],
)
def test_categories_are_scored_as_texts(content_type: str, body: bytes) -> None:
    """One that the model does not know is one of the others; a missing one is missing."""
    answer = ask(other_endpoint("regression"), body, content_type=content_type, accept="text/csv")

    assert answer.body == b"2.0\n2.0\n3.0\n4.0\n"


@pytest.mark.parametrize("body", [b"x,red", b"0,red\n0", b"A,C\n0,red"])
def test_bad_rows_of_a_model_with_categories_are_the_clients_error(body: bytes) -> None:
    """A text is no number, whatever stands beside it."""
    assert ask(other_endpoint(), body, content_type="text/csv").status == 400


def test_a_class_is_decided_and_explained() -> None:
    """The scores are named, and the explanation is that of the decided class."""
    endpoint = other_endpoint("multiclass", ("x", "y", "z"))
    attributes = {"x_amzn_sagemaker_custom_attributes": "explain=true"}
    answer = ask(endpoint, b"1,red\n-9,red", content_type="text/csv", **attributes)
    first, second = json.loads(answer.body)["predictions"]

    assert (first["decision"], second["decision"]) == ("x", "z")
    assert list(first["scores"]) == ["x", "y", "z"]
    assert sum(first["scores"].values()) == pytest.approx(1)
    assert first["explanation"]["shap"]["A"] != 0
    assert second["explanation"]["shap"] == {"A": 0.0, "B": 0.0}


@pytest.mark.parametrize(
    ("problem", "classes"), [("binary", ()), ("regression", ()), ("multiclass", ("x", "y", "z"))]
)
def test_the_express_leaves_other_models_alone(problem: str, classes: tuple[str, ...]) -> None:
    """Its rows are bare numbers and its scores one a row."""
    endpoint = other_endpoint(problem, classes)

    assert take(endpoint, b"0,red", content_type="text/csv") is None
    assert ask(endpoint, b"", path="/ping", method="GET").status == 200
    described = json.loads(ask(endpoint, b"", path="/openapi.json", method="GET").body)
    assert "prefixItems" in json.dumps(described)
