"""Compare the pipeline's own steps with the results published in the fraud handbook.

    python benchmarks/fraud_handbook.py TRANSACTIONS.parquet
    python benchmarks/fraud_handbook.py TRANSACTIONS.parquet --tune

The file holds the transactions published with Le Borgne et al., *Reproducible Machine Learning
for Credit Card Fraud Detection*; the published figures are those of its section 3.4. Prepare,
train and evaluate run as in the pipeline, with the published split: train 2018-07-25 to 31, a
week's delay, test 2018-08-08 to 14, cards with a known fraud left out of the test rows.

The hyperparameters were chosen on earlier weeks only. ``--tune`` repeats that choice: the same
split moved back by two to five weeks, so that no label of the test week, nor of the delay
before it, is looked at.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.tables import Columns, read_columns
from pipeline_code.core.usecase import UseCase, load_usecase, read_sql
from pipeline_code.steps.evaluate import Evaluation, evaluate
from pipeline_code.steps.prepare import PrepareOutputs, prepare
from pipeline_code.steps.train import train

METRICS = ("auc_roc", "average_precision", "card_precision_100")
PUBLISHED = {
    "Logistic regression": (0.871, 0.606, 0.291),
    "Decision tree, depth two": (0.763, 0.496, 0.241),
    "Decision tree, unlimited": (0.788, 0.309, 0.243),
    "Random forest": (0.867, 0.658, 0.287),
    "XGBoost": (0.862, 0.639, 0.273),
}
BEST = tuple(max(column) for column in zip(*PUBLISHED.values(), strict=True))

LAST_TEST_DAY = date(2018, 8, 14)
FIRST_COMPLETE_DAY = date(2018, 5, 9)
"""From here on every window, thirty days and seven days' delay, is full."""
SPLIT = {
    "split.train_days": "7",
    "split.validation_days": "0",
    "split.gap_days": "7",
    "split.test_days": "7",
}
ROUNDS = {"training.n_estimators": "200"}
"""Without validation rows nothing stops the boosting early; `--tune` says why 200."""
FOLDS = (2, 3, 4, 5)
CANDIDATES: tuple[Mapping[str, str], ...] = (
    {},
    {"n_estimators": "100"},
    {"n_estimators": "400"},
    {"min_child_weight": "1", "reg_lambda": "1"},
    {"learning_rate": "0.05", "n_estimators": "400"},
    {"max_depth": "4"},
    {"max_depth": "8"},
    {"subsample": "0.8"},
    {"colsample_bytree": "0.7"},
)
Parts = tuple[Columns, Columns, Columns]


def main() -> None:
    """Print our figures beside the published ones, or how the hyperparameters were chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("transactions", type=Path, help="the published transactions, Parquet")
    parser.add_argument("--tune", action="store_true", help="repeat the choice on earlier weeks")
    arguments = parser.parse_args()
    folder = contract.usecase_folder("fraud")
    usecase = load_usecase(folder)
    sql = read_sql(folder, usecase)
    if arguments.tune:
        tune(arguments.transactions, usecase, sql)
    else:
        compare(arguments.transactions, usecase, sql)


def compare(source: Path, usecase: UseCase, sql: str) -> None:
    """Run the published split and the long one; print a row for each model."""
    all_days = (LAST_TEST_DAY - timedelta(days=14) - FIRST_COMPLETE_DAY).days + 1
    runs = {
        "published week, trees": {},
        "published week, linear": {"training.algorithm": "linear"},
        f"all rows from {FIRST_COMPLETE_DAY}, trees": {"split.train_days": str(all_days)},
    }
    ready: dict[int, Parts] = {}
    print(f"{'':38}{'AUC ROC':>21}{'average precision':>21}{'card precision@100':>21}")
    for name, figures in PUBLISHED.items():
        print(f"{'handbook: ' + name:38}" + "".join(_figure(value, 21) for value in figures))
    print(f"{'handbook: best of the five':38}" + "".join(_figure(value, 21) for value in BEST))
    for name, settings in runs.items():
        started = time.perf_counter()
        changed = usecase.with_settings({**SPLIT, "split.end": str(LAST_TEST_DAY), **settings})
        days = changed.split.train_days
        parts = ready[days] = ready.get(days) or prepared(source, changed, sql)
        found = measured(parts, changed.with_settings(ROUNDS))
        took = time.perf_counter() - started
        print(f"{'ours: ' + name:38}" + "".join(_interval(found, metric) for metric in METRICS))
        print(f"      {_rows(parts[0])} training and {_rows(parts[2])} test rows, {took:.0f} s")


def tune(source: Path, usecase: UseCase, sql: str) -> None:
    """Print the mean figures of each candidate over the weeks before the published one."""
    folds = list(earlier(source, usecase, sql))
    print(f"{'candidate':50}{'AUC ROC':>10}{'average precision':>20}{'card precision@100':>20}")
    for candidate in CANDIDATES:
        settings = {f"training.{name}": value for name, value in candidate.items()}
        changed = usecase.with_settings({**ROUNDS, "evaluation.bootstrap_samples": "1"})
        found = [measured(parts, changed.with_settings(settings)) for parts in folds]
        means = [
            statistics.mean(one.challenger.metrics[metric].value for one in found)
            for metric in METRICS
        ]
        name = ", ".join(f"{key} {value}" for key, value in candidate.items()) or "the use case's"
        print(f"{name:50}{means[0]:>10.4f}{means[1]:>20.4f}{means[2]:>20.4f}", flush=True)


def earlier(source: Path, usecase: UseCase, sql: str) -> Iterator[Parts]:
    """Prepare the published split, moved back by some weeks."""
    for weeks in FOLDS:
        end = LAST_TEST_DAY - timedelta(weeks=weeks)
        yield prepared(source, usecase.with_settings({**SPLIT, "split.end": str(end)}), sql)


def prepared(source: Path, usecase: UseCase, sql: str) -> Parts:
    """Run Prepare and read what it leaves: training, validation and test rows."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = PrepareOutputs.under(Path(folder))
        prepare(source, usecase, sql, outputs)
        return (
            read_columns(outputs.train / contract.TRAIN_FILE),
            read_columns(outputs.validation / contract.VALIDATION_FILE),
            read_columns(outputs.test / contract.TEST_FILE),
        )


def measured(parts: Parts, usecase: UseCase) -> Evaluation:
    """Run Train and Evaluate."""
    training, validation, test = parts
    model = train(training, validation, usecase).model
    return evaluate(test, validation, model, None, usecase)


def _rows(part: Columns) -> str:
    return f"{len(next(iter(part.values()))):,}"


def _figure(value: float, width: int) -> str:
    return f"{value:>{width}.3f}"


def _interval(found: Evaluation, metric: str) -> str:
    one: Interval = found.challenger.metrics[metric]
    return f"{f'{one.value:.3f} ({one.low:.3f}-{one.high:.3f})':>21}"


if __name__ == "__main__":
    main()
