"""Write records to the feature store of an account, many calls side by side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_code import contract
from pipeline_code.core.services import Store
from pipeline_code.core.tables import Columns, read_columns
from pipeline_code.entrypoints.aws_errors import ServiceError

WORKERS: Final = 32  # one PutRecord takes some 10 ms, nearly all of it waiting
_BATCH: Final = 50 * WORKERS


def put_records(runtime: Any, feature_group: str, path: Path, store: Store) -> int:
    """Write the rows of a Parquet file to one store; return how many rows it has.

    Of rows of one key and event time only the last one is written: the calls run side by side,
    and which of them came last would be chance.
    """

    def put(record: list[dict[str, str]]) -> None:
        runtime.put_record(FeatureGroupName=feature_group, Record=record, TargetStores=[store])

    columns = read_columns(path)
    left = _records(columns)
    with ThreadPoolExecutor(WORKERS) as workers:
        try:
            # By batches: what is refused once is not asked for another sixty thousand times.
            while batch := list(islice(left, _BATCH)):
                list(workers.map(put, batch))
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"writing to {store} of {feature_group}", error) from error
    return len(next(iter(columns.values()), ()))


def _records(columns: Columns) -> Iterator[list[dict[str, str]]]:
    """Write each row as PutRecord wants it; a missing value is left out."""
    texts = {name: _texts(values) for name, values in columns.items()}
    rows = list(zip(*texts.values(), strict=True))
    key, time = next(iter(texts.values()), []), texts[contract.EVENT_TIME]
    last = {moment: number for number, moment in enumerate(zip(key, time, strict=True))}
    for number in sorted(last.values()):
        yield [
            {"FeatureName": name, "ValueAsString": value}
            for name, value in zip(texts, rows[number], strict=True)
            if value is not None
        ]


def _texts(values: np.ndarray[Any, Any]) -> list[str | None]:
    if values.dtype.kind == "f":
        whole = values.astype(np.float64)  # an integer column with gaps comes as floats
        integral = bool(np.all(~np.isfinite(whole) | (whole == np.floor(whole))))
        return [
            None if not np.isfinite(value) else str(int(value)) if integral else repr(float(value))
            for value in whole
        ]
    return [None if value is None else str(value) for value in values.tolist()]
