"""The wine recognition table of the UCI repository, as scikit-learn ships it."""

from __future__ import annotations

import csv
from pathlib import Path

from sklearn.datasets import load_wine

TARGET = "cultivar"
FILE = "wine.csv"


def write_table(folder: Path) -> None:
    """Write the 178 wines as one CSV file with a header into ``folder``."""
    table = load_wine()
    names = [name.replace("/", "_") for name in table.feature_names]
    with (folder / FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, TARGET])
        for row, kind in zip(table.data, table.target, strict=True):
            writer.writerow([*(f"{value:g}" for value in row), table.target_names[kind]])
