"""Check instance types: SageMaker has other ones for notebooks than for training or serving."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pipeline_code.core.mistakes import closest

TABLE: Mapping[str, Mapping[str, str]] = json.loads(
    (Path(__file__).parent / "instances.json").read_text(encoding="utf-8")
)
"""By use, then by family, the sizes. Renewed from the API model by `scripts/instances`."""

_SHAPE = re.compile(r"ml\.(?P<family>[a-z][a-z0-9-]*)\.(?P<size>[a-z0-9]+)")


def check_instance(use: str) -> Callable[[str], str]:
    """Return a check that refuses what SageMaker does not have for ``use``, a key of `TABLE`.

    Source: the enumerations of the SageMaker API, one for each use.
    """
    families = {family: sizes.split() for family, sizes in TABLE[use].items()}

    def check(value: str) -> str:
        match = _SHAPE.fullmatch(value)
        if not match:
            meant = f"ml.{value.lower().removeprefix('ml.')}"
            raise ValueError(
                f"given {value!r}; allowed: a SageMaker instance such as ml.m5.xlarge"
                f"{closest(meant, _names(families))}"
            )
        family, size = match.groups()
        if family not in families:
            near = closest(family, list(families)) or closest(value, _names(families))
            raise ValueError(
                f"given {value!r}; allowed: {use} instances of the families "
                f"{', '.join(families)}{near}"
            )
        if size not in families[family]:
            sizes = [f"ml.{family}.{each}" for each in families[family]]
            raise ValueError(f"given {value!r}; allowed: {', '.join(sizes)}{closest(value, sizes)}")
        return value

    return check


def _names(families: Mapping[str, Iterable[str]]) -> list[str]:
    return [f"ml.{family}.{size}" for family, sizes in families.items() for size in sizes]
