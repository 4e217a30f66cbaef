"""Make the fraud features the usual way: pandas rolling windows, group by group.

Kept as the baseline that `features.sql` is measured against: a customer's and a terminal's rows
are taken out one group at a time, windows are computed with ``rolling("7D")``, and the groups are
put together and sorted again.

Run as ``python features_pandas.py IN.parquet OUT.parquet``; prints the seconds of the features
alone and the peak memory of the process as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from pipeline_code.core.tables import read_columns, write_columns

WINDOWS = (1, 7, 30)
DELAY = 7


def customer_features(payments: pd.DataFrame) -> pd.DataFrame:
    """Count the payments of one card and average their amounts."""
    payments = payments.sort_values("TX_DATETIME")
    amounts = payments.set_index("TX_DATETIME")["TX_AMOUNT"]
    for days in WINDOWS:
        total = amounts.rolling(f"{days}D").sum()
        count = amounts.rolling(f"{days}D").count()
        payments[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = count.to_numpy()
        payments[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = (total / count).to_numpy()
    return payments


def terminal_features(payments: pd.DataFrame) -> pd.DataFrame:
    """Count the payments at one terminal whose label is known, and the share of frauds."""
    payments = payments.sort_values("TX_DATETIME")
    frauds = payments.set_index("TX_DATETIME")["TX_FRAUD"]
    young = frauds.rolling(f"{DELAY}D")
    young_frauds, young_count = young.sum(), young.count()
    for days in WINDOWS:
        window = frauds.rolling(f"{DELAY + days}D")
        count = (window.count() - young_count).to_numpy()
        known = (window.sum() - young_frauds).to_numpy()
        with np.errstate(invalid="ignore"):
            risk = np.where(count > 0, known / count, 0.0)
        payments[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = count
        payments[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = risk
    return payments


def features(payments: pd.DataFrame) -> pd.DataFrame:
    """Add the fourteen derived features; `TX_AMOUNT` is the fifteenth."""
    time_of = payments["TX_DATETIME"]
    payments["TX_DURING_WEEKEND"] = time_of.apply(lambda moment: int(moment.weekday() >= 5))
    payments["TX_DURING_NIGHT"] = time_of.apply(lambda moment: int(moment.hour <= 6))
    for key, add in (("CUSTOMER_ID", customer_features), ("TERMINAL_ID", terminal_features)):
        payments = pd.concat([add(group) for _, group in payments.groupby(key)])
        payments = payments.sort_values("TRANSACTION_ID").reset_index(drop=True)
    return payments


def main() -> None:
    """Read, compute, write, report."""
    source, target = map(Path, sys.argv[1:3])
    payments = pd.DataFrame(read_columns(source))
    started = time.perf_counter()
    result = features(payments)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    write_columns(target, {name: result[name].to_numpy() for name in result.columns})
    print(json.dumps({"seconds": seconds, "peak_gib": peak}))


if __name__ == "__main__":
    main()
