"""The side of a built-in algorithm's container that SageMaker sees: folders, settings, an end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline_code import contract
from pipeline_code.core.mistakes import closest

_CHANNELS_FILE = "input/config/inputdataconfig.json"
_READERS = {
    "application/x-parquet": "read_parquet({files})",
    "text/csv": "read_csv({files}, header = false, all_varchar = false)",
}


class UserError(Exception):
    """What the real container calls a mistake of its user's."""


@dataclass(frozen=True)
class Container:
    """The folder that stands for ``/opt/ml``."""

    root: Path

    def hyperparameters(self, known: Iterable[str]) -> dict[str, str]:
        """Read the hyperparameters, which all must be known, as in the real container.

        Raises:
            UserError: if one is not.
        """
        text = (self.root / contract.HYPERPARAMETERS_FILE).read_text(encoding="utf-8")
        values: dict[str, str] = json.loads(text)
        for name in values.keys() - set(known):
            raise UserError(
                f"hyperparameter {name!r} is unknown to the stand-in{closest(name, list(known))}"
            )
        return values

    def rows(self, channel: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Read a channel: what is learned from, shape (n, columns), and the target, shape (n,).

        Raises:
            UserError: if it has no rows or is of a kind that the container does not take.
        """
        config = json.loads((self.root / _CHANNELS_FILE).read_text(encoding="utf-8"))
        kind = config.get(channel, {}).get("ContentType")
        if kind not in _READERS:
            raise UserError(f"{kind} is not an accepted ContentType of {channel}")
        files = sorted(
            str(one) for one in (self.root / contract.TRAINING_INPUT / channel).iterdir()
        )
        source = _READERS[kind].format(files=json.dumps(files).replace('"', "'"))
        with duckdb.connect() as database:
            found = database.execute(f"from {source}").fetchnumpy()
        columns = [_filled(values) for values in found.values()]
        if not columns or not len(columns[0]):
            raise UserError(f"no data in the channel {channel}")
        table = np.column_stack(columns)
        return table[:, 1:], table[:, 0]

    def model(self, name: str, content: bytes) -> None:
        """Leave a file of the model."""
        folder = self.root / contract.MODEL_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def run(main: Callable[[Container], Mapping[str, Any]]) -> NoReturn:
    """Run a stand-in as the process; its mistakes are the job's failure reason."""
    container = Container(Path(os.environ.get(contract.ML_ROOT_VARIABLE, contract.ML_ROOT)))
    try:
        figures = main(container)
    except UserError as error:
        failure = container.root / contract.FAILURE_FILE
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(f"Customer Error: {error}", encoding="utf-8")
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the log of the job
        sys.exit(contract.EXIT_REFUSED)
    print(contract.SUMMARY_PREFIX + json.dumps(figures), flush=True)  # noqa: T201 - read by the twin
    sys.exit(0)


def _filled(values: NDArray[Any]) -> NDArray[np.float32]:
    masked = np.ma.filled(values.astype(np.float32), np.nan)
    return np.asarray(masked, dtype=np.float32)
