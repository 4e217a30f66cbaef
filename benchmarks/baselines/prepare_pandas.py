"""Prepare a table as scripts usually do: pandas to read, scikit-learn to impute, scale and encode.

python benchmarks/baselines/prepare_pandas.py rows.csv TARGET out parquet
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def main(source: Path, target: str, folder: Path, kind: str) -> None:
    """Read, split by the target, fit on the training rows, transform and write the three parts."""
    frame = pd.read_csv(source, parse_dates=["AT"])
    frame["HOUR"], frame["WEEKDAY"] = frame["AT"].dt.hour, frame["AT"].dt.day_of_week
    frame = frame.drop(columns=["AT"])
    labels = frame.pop(target)
    rest, test, rest_labels, test_labels = train_test_split(
        frame, labels, test_size=0.2, stratify=labels, random_state=0
    )
    train, validation, train_labels, validation_labels = train_test_split(
        rest, rest_labels, test_size=0.15 / 0.8, stratify=rest_labels, random_state=0
    )
    texts = frame.select_dtypes(include=["object", "string"]).columns
    numbers = [name for name in frame.columns if name not in texts]
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "categories",
                OneHotEncoder(
                    min_frequency=0.01, handle_unknown="infrequent_if_exist", sparse_output=False
                ),
                texts,
            ),
        ]
    )
    transformer.fit(train)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows, its_labels in (
        ("train", train, train_labels),
        ("validation", validation, validation_labels),
        ("test", test, test_labels),
    ):
        made = pd.DataFrame(
            transformer.transform(rows), columns=transformer.get_feature_names_out()
        )
        made[target] = its_labels.to_numpy()
        if kind == "parquet":
            made.to_parquet(folder / f"{name}.parquet")
        else:
            made.to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
