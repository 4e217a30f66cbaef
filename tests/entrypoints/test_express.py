"""Requests that arrive together are scored together, and none feels the others."""

from __future__ import annotations

import asyncio

import numpy as np

from pipeline_code.entrypoints.express import Batch, Finish
from pipeline_code.steps.onnx_scorer import FEW
from pipeline_code.steps.predict import Matrix, Vector


def as_bytes(*values: float) -> bytes:
    """Write values as a batch takes them."""
    return np.array(values, dtype=np.float32).tobytes()


class Sums:
    """A model that sums the values of a row, and breaks on -13."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, x: Matrix) -> Vector:
        """Note how many rows come."""
        self.sizes.append(len(x))
        if (x == -13).any():
            raise MemoryError
        return x.sum(axis=1).astype(np.float64)


def answers(batch: Batch, *requests: bytes) -> list[list[float] | type[Exception]]:
    """Add requests in one turn of the event loop; give what each got by the next."""
    found: dict[int, list[float] | type[Exception]] = {}

    def finish(number: int) -> Finish:
        def keep(scores: Vector | Exception) -> None:
            assert number not in found, "a request is answered once"
            failed = isinstance(scores, Exception)
            found[number] = type(scores) if failed else scores.tolist()

        return keep

    async def turn() -> None:
        for number, rows in enumerate(requests):
            batch.add(rows, finish(number))
        await asyncio.sleep(0)

    asyncio.run(turn())
    return [found[number] for number in range(len(requests))]


def test_requests_of_one_turn_are_one_call() -> None:
    """Each gets the scores of its own rows, in their order."""
    model = Sums()
    found = answers(Batch(model.predict, 2), as_bytes(1, 2), as_bytes(3, 4, 5, 6), as_bytes(7, 8))

    assert found == [[3.0], [7.0, 11.0], [15.0]]
    assert model.sizes == [4]


def test_rows_that_break_the_model_are_their_senders_fault() -> None:
    """All others are answered as if those had never come."""
    model = Sums()
    found = answers(Batch(model.predict, 1), as_bytes(1), as_bytes(-13), as_bytes(2))

    assert found == [[1.0], MemoryError, [2.0]]


def test_together_they_are_no_more_than_the_model_takes_fast() -> None:
    """More rows are another library's, which takes a second to load."""
    model = Sums()
    found = answers(Batch(model.predict, 1), *[as_bytes(number) for number in range(FEW + 2)])

    assert found == [[float(number)] for number in range(FEW + 2)]
    assert model.sizes == [FEW, 2]


def test_a_request_of_many_rows_is_scored_by_itself() -> None:
    """It may be the other library's, and the few rows beside it need not be."""
    model = Sums()
    many = as_bytes(*range(FEW + 1))
    found = answers(Batch(model.predict, 1), as_bytes(1), many, as_bytes(2))

    assert found == [[1.0], [float(number) for number in range(FEW + 1)], [2.0]]
    assert model.sizes == [1, FEW + 1, 1]


def test_what_waits_can_be_answered_at_once() -> None:
    """A connection asks for it when the next request comes before the turn ends."""
    found: list[float] = []

    def keep(scores: Vector | Exception) -> None:
        assert not isinstance(scores, Exception)
        found.extend(scores.tolist())

    async def turn() -> None:
        batch = Batch(Sums().predict, 1)
        batch.add(as_bytes(1), keep)
        batch.flush()
        assert found == [1.0]
        batch.add(as_bytes(2), keep)
        assert found == [1.0]
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert found == [1.0, 2.0]
