"""Ask a live endpoint a few questions whose answers can be judged, then many at once."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.config import Config

from delivery import aws, contract
from delivery.errors import DeliveryError
from delivery.load import Load, press
from delivery.program import run
from pipeline_code import contract as names
from pipeline_code.core.usecase import load_usecase
from stacks.names import PLATFORM

# No second try: a request that fails or waits is what is looked for.
_IMPATIENT: Final = Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=1
)
_JSON: Final = "application/json"
_INFERENCE_ID: Final = "x-amzn-sagemaker-inference-id"
_TOLERANCE: Final = 1e-5


class BadAnswerError(DeliveryError, ValueError):
    """The endpoint answers, but not as it should."""


class TooSlowError(DeliveryError, ValueError):
    """The endpoint answers too slowly."""


def smoke(values: Mapping[str, str]) -> dict[str, str]:
    """Check answers in both formats, then the latency under load; print what was measured.

    Raises:
        BadAnswerError: if an answer is wrong, or any request of the load fails.
        TooSlowError: if the 99th percentile is above the limit.
    """
    endpoint = values[contract.ENDPOINT_NAME]
    features = model_features(values[contract.MODEL_PACKAGE_ARN])
    session = aws.session(values.get(contract.ROLE_ARN))

    def new_client() -> Any:
        return aws.client(session, "sagemaker-runtime", _IMPATIENT)

    check_answers(new_client(), endpoint, features)
    load = press(
        new_client,
        lambda runtime: check_json(runtime, endpoint, features, sample_rows(len(features))[:1]),
        seconds=float(values[contract.LOAD_SEC]),
        connections=int(values[contract.CONNECTIONS]),
    )
    limit = float(values[contract.MAX_P99_MS])
    print(_table(endpoint, load, limit))
    if load.errors:
        raise BadAnswerError(
            f"{endpoint}: {len(load.errors)} of {load.requests} requests failed, the first with: "
            f"{load.errors[0]}"
        )
    if load.percentile(99) > limit:
        raise TooSlowError(
            f"{endpoint}: p99 is {load.percentile(99):.1f} ms, more than the {limit:g} ms allowed"
        )
    return {
        contract.P50_MS: f"{load.percentile(50):.1f}",
        contract.P99_MS: f"{load.percentile(99):.1f}",
        contract.REQUESTS: str(load.requests),
    }


def model_features(package_arn: str) -> tuple[str, ...]:
    """Return the columns that the model takes: those of its use case at this commit."""
    group = package_arn.split("/")[-2]
    # acequia-ENVIRONMENT-USECASE; only the last part may hold hyphens.
    usecase = group.removeprefix(f"{PLATFORM}-").partition("-")[2]
    folder = names.usecase_folder(usecase)
    if not usecase or not folder.is_dir():
        raise BadAnswerError(f"{package_arn}: this commit has no use case {usecase!r}")
    return load_usecase(folder).features.inputs


def sample_rows(width: int) -> list[list[float | None]]:
    """Make rows that every model must score: nothing, ones, something large, and gaps."""
    gaps: list[float | None] = [None if index % 2 else 1.0 for index in range(width)]
    return [[0.0] * width, [1.0] * width, [1000.0] * width, gaps]


def check_answers(runtime: Any, endpoint: str, features: Sequence[str]) -> None:
    """Ask for the same rows as JSON and as CSV: both must score them alike."""
    rows = sample_rows(len(features))
    as_json = check_json(runtime, endpoint, features, rows)
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=text.encode()
    )
    read = csv.reader(io.StringIO(answer["Body"].read().decode()))
    as_csv = [_score(cells[0] if cells else None) for cells in read]
    if len(as_csv) != len(as_json) or any(
        abs(a - b) > _TOLERANCE for a, b in zip(as_csv, as_json, strict=True)
    ):
        raise BadAnswerError(f"{endpoint} scores {as_json} as JSON and {as_csv} as CSV")


def check_json(
    runtime: Any,
    endpoint: str,
    features: Sequence[str],
    rows: Sequence[Sequence[float | None]],
) -> list[float]:
    """Score ``rows`` and return their scores.

    Raises:
        BadAnswerError: if there is another number of them, one is no probability, a decision is
            neither 0 nor 1 or contradicts the order of the scores, or the id is not given back.
    """
    asked = str(uuid.uuid4())
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        ContentType=_JSON,
        Accept=_JSON,
        InferenceId=asked,
        Body=json.dumps({"columns": list(features), "data": list(rows)}).encode(),
    )
    given = answer["ResponseMetadata"]["HTTPHeaders"].get(_INFERENCE_ID)
    # SageMaker keeps the id for the captured data and need not pass it on.
    if given not in (None, asked):
        raise BadAnswerError(f"{endpoint} gave the inference id {given!r} back, sent {asked!r}")
    predictions = _predictions(endpoint, answer["Body"].read())
    if len(predictions) != len(rows):
        raise BadAnswerError(f"{endpoint} gave {len(predictions)} answers to {len(rows)} rows")
    scores = [_score(each.get("score")) for each in predictions]
    decisions = [each.get("decision") for each in predictions]
    if any(decision not in (0, 1) for decision in decisions):
        raise BadAnswerError(f"{endpoint} decided {decisions}; allowed: 0 and 1")
    refused = [score for score, one in zip(scores, decisions, strict=True) if one == 0]
    taken = [score for score, one in zip(scores, decisions, strict=True) if one == 1]
    if refused and taken and max(refused) >= min(taken):
        raise BadAnswerError(f"{endpoint} decided {decisions} on the scores {scores}")
    return scores


def _predictions(endpoint: str, body: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(body)["predictions"]
        return [dict(each) for each in found]
    except (ValueError, KeyError, TypeError):
        raise BadAnswerError(f"{endpoint} answered what is no prediction: {body[:200]!r}") from None


def _score(value: Any) -> float:
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not 0 <= score <= 1:
        raise BadAnswerError(f"the score {value!r} is no probability")
    return score


def _table(endpoint: str, load: Load, limit: float) -> str:
    rows = [
        ("endpoint", endpoint),
        ("requests", f"{load.requests}"),
        ("failed", f"{len(load.errors)}"),
        ("requests/s", f"{load.requests / load.seconds:.1f}"),
        *((f"p{share} ms", f"{load.percentile(share):.1f}") for share in (50, 90, 99)),
        ("p99 limit ms", f"{limit:g}"),
    ]
    return "\n".join(f"{name:<14}{value}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(run(contract.SMOKE, smoke))
