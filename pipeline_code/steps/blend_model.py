"""Several models that are asked together: their margins are averaged."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

import numpy as np
from pydantic import Field

from pipeline_code.core.mistakes import Section
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.model import Matrix, Model, ModelMetadata, Vector, sigmoid, softmax

BLEND_FILE: Final = "blend.json"

_SMALLEST: Final = 1e-9  # a probability of 0 has no logarithm


class _Member(Section):
    metadata: ModelMetadata
    weights: str


class _Blend(Section):
    members: Annotated[tuple[_Member, ...], Field(min_length=1)]


class BlendModel(Model):
    """The mean of some models' log odds, logarithms of probabilities, or values.

    In that space explanations are averaged exactly, too. Every member takes the blend's columns.
    Source: Hinton, *Training Products of Experts*, Neural Computation 14 (2002), equation 1, with
    equal exponents that add up to 1.
    """

    file: ClassVar[str] = BLEND_FILE

    def __init__(self, metadata: ModelMetadata, members: Sequence[Model]) -> None:
        super().__init__(metadata)
        self.members = tuple(members)
        if any(one.features != self.features or one.outputs != self.outputs for one in members):
            raise ValueError("has a member of other features or scores")

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> BlendModel:
        """Read the members from the bytes of their file."""
        # The registry of kinds imports this module.
        from pipeline_code.steps.predict import KINDS

        members = []
        for one in _Blend.model_validate_json(weights).members:
            if one.metadata.algorithm not in KINDS:
                raise ValueError(f"has a member of the unknown algorithm {one.metadata.algorithm}")
            content = base64.b64decode(one.weights, validate=True)
            members.append(KINDS[one.metadata.algorithm].read(one.metadata, content))
        return cls(metadata, members)

    def gain(self) -> dict[str, float] | None:
        """Return the mean of the members' shares; None where no member has splits."""
        shares = [share for one in self.members if (share := one.gain()) is not None]
        if not shares:
            return None
        return {name: sum(one[name] for one in shares) / len(shares) for name in self.features}

    def weights(self) -> bytes:
        """Return the members as JSON, each with its own file in base 64."""
        members = [
            {
                "metadata": one.metadata.model_dump(mode="json"),
                "weights": base64.b64encode(one.weights()).decode(),
            }
            for one in self.members
        ]
        return (json.dumps({"members": members}, indent=1) + "\n").encode()

    def _predict(self, x: Matrix) -> Vector:
        return blended([one.predict(x) for one in self.members], self.metadata.problem)

    def _explain(self, x: Matrix) -> Vector:
        return np.asarray(np.mean([one.explain(x) for one in self.members], axis=0))


def blended(scores: Sequence[Vector], problem: str) -> Vector:
    """Blend the scores of several models of one type of problem."""
    if problem == MULTICLASS:
        logs = [np.log(np.maximum(one, _SMALLEST)) for one in scores]
        return softmax(np.mean(logs, axis=0))
    if problem == BINARY:
        kept = [np.clip(one, _SMALLEST, 1 - _SMALLEST) for one in scores]
        return sigmoid(np.mean([np.log(one / (1 - one)) for one in kept], axis=0))
    return np.asarray(np.mean(scores, axis=0))
