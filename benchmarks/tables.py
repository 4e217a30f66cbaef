"""Compare what the pipeline trains without a hand edit with scikit-learn's boosting.

    python benchmarks/tables.py
    python benchmarks/tables.py --table marketing.csv --target output --without duration
    python benchmarks/tables.py --only wine,digits --seeds 5
    python benchmarks/tables.py --only wine,digits --trials 30 --seeds 1

For every table and split seed: the description that ``acequia init`` writes, Prepare, Train, and
the gate's metric on the test rows. Beside it `HistGradientBoosting` with its defaults, trained on
the training and validation rows together, on the same columns, categories marked as such. The
tables of scikit-learn are used, some that it makes up, and a file where one is given.

With ``--trials`` the description asks for tuning, as ``acequia init --trials`` writes it: its
compiled request is searched by the local twin's search, one trial after the other in this process,
and the model of the best trial is measured. The error is that of the difference, by drawing the
test rows again, both models on the same rows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn.datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from pipeline_code import contract
from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.core.mistakes import parse
from pipeline_code.core.problem_types import BINARY, REGRESSION
from pipeline_code.core.tables import read_coded
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import USECASE_FILE, UseCase
from pipeline_code.definition.compile import compile_usecase
from pipeline_code.local.search import Search
from pipeline_code.local.trials import COMPLETED, Trial, best_trial, run_trials
from pipeline_code.steps.discovery.discover import Wishes, discover
from pipeline_code.steps.discovery.usecase_yaml import write_usecase
from pipeline_code.steps.prepare import PrepareOutputs, prepare
from pipeline_code.steps.train import TrainedModel, train
from pipeline_code.steps.train_scores import HeldOut, gate_score
from pipeline_code.steps.train_task import Sample, joined, read_sample

AS_THEY_ARE = "select * from transactions"
RESAMPLES = 200


@dataclass(frozen=True)
class Result:
    """One split of one table: our score, the other's, and the error of the difference."""

    ours: float
    theirs: float
    error: float
    chosen: str
    seconds: float
    metric: str


def bundled() -> Iterator[tuple[str, pd.DataFrame]]:
    """Make the tables that need no file."""
    loaders = {
        "breast cancer": sklearn.datasets.load_breast_cancer,
        "wine": sklearn.datasets.load_wine,
        "digits": sklearn.datasets.load_digits,
        "diabetes": sklearn.datasets.load_diabetes,
        "iris": sklearn.datasets.load_iris,
    }
    for name, load in loaders.items():
        table = load(as_frame=True)
        frame, target = table.frame, table.frame["target"]
        if name in {"wine", "digits", "iris"}:
            frame = frame.assign(target="class " + target.astype(int).astype(str))
        yield name, frame
    made: dict[str, tuple[Any, dict[str, Any]]] = {
        "made: friedman 1": (sklearn.datasets.make_friedman1, {"n_samples": 1_000, "noise": 1.0}),
        "made: friedman 2": (sklearn.datasets.make_friedman2, {"n_samples": 800, "noise": 100.0}),
        "made: two classes": (
            sklearn.datasets.make_classification,
            {"n_samples": 1_500, "n_features": 20, "n_informative": 6, "flip_y": 0.05},
        ),
        "made: four classes": (
            sklearn.datasets.make_classification,
            {"n_samples": 1_500, "n_features": 15, "n_informative": 8, "n_classes": 4},
        ),
    }
    for name, (make, settings) in made.items():
        x, y = make(random_state=0, **settings)
        frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(x.shape[1])])
        if "two" in name:
            y = np.where(y == 1, "yes", "no")
        elif "four" in name:
            y = [f"class {one}" for one in y]
        yield name, frame.assign(target=y)


def described(
    frame: pd.DataFrame, target: str, folder: Path, trials: int = 0
) -> tuple[Path, UseCase]:
    """Write the table as CSV and describe it as ``acequia init`` does."""
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    text = write_usecase(discover(path, Wishes(target=target)), "table", trials)
    (folder / USECASE_FILE).write_text(text, encoding="utf-8")
    return path, parse(text, UseCase, source=USECASE_FILE)


def tuning_request(folder: Path) -> dict[str, Any]:
    """Compile the description and return how its tuning job is to search."""
    steps = compile_usecase(folder)["definition"]["Steps"]
    tune = next(one for one in steps if one["Name"] == contract.TUNE)
    found: dict[str, Any] = tune["Arguments"]["HyperParameterTuningJobConfig"]
    return found


def searched(
    training: Table, validation: Table, usecase: UseCase, request: dict[str, Any]
) -> TrainedModel:
    """Run the trials of a tuning job and return what the best one trained."""
    search = Search(request)
    made: dict[str, TrainedModel] = {}

    def attempt(number: int, _: Any, values: dict[str, str]) -> Trial:
        told: list[float] = []
        changed = usecase.with_settings({f"training.{name}": one for name, one in values.items()})
        made[str(number)] = train(
            training, validation, changed, metric=lambda value, _: told.append(value)
        )
        return Trial(str(number), COMPLETED, told[-1] if told else None, 0.0, values)

    best = best_trial(search, run_trials(search, attempt, parallel=1))
    assert best is not None
    return made[best.name]


def split(path: Path, usecase: UseCase, folder: Path) -> list[Table]:
    """Run Prepare and read its three parts."""
    outputs = PrepareOutputs.under(folder)
    prepare(path, usecase, AS_THEY_ARE, outputs)
    wanted = [*usecase.features.inputs, usecase.problem.target]
    keys = [name for name in (usecase.split.event_time, usecase.split.group) if name]
    return [
        read_coded(part, wanted, keys)
        for part in (
            outputs.train / contract.TRAIN_FILE,
            outputs.validation / contract.VALIDATION_FILE,
            outputs.test / contract.TEST_FILE,
        )
    ]


def compare(path: Path, usecase: UseCase, request: dict[str, Any] | None) -> Result:
    """Train ours and the other's on one split, and measure both on its test rows."""
    with tempfile.TemporaryDirectory() as folder:
        training, validation, test = split(path, usecase, Path(folder))
    began = time.perf_counter()
    trained = (
        searched(training, validation, usecase, request)
        if request
        else train(training, validation, usecase)
    )
    seconds = time.perf_counter() - began
    known = trained.model.categories
    rows, held_out, tested = (
        read_sample(part, usecase, known, name)
        for part, name in ((training, "train"), (validation, "validation"), (test, "test"))
    )
    ours = trained.model.predict(tested.x)
    theirs = boosted(joined(rows, held_out), tested, usecase, [*known])
    scores = [gate_score(HeldOut(tested.y, one, "test"), usecase) for one in (ours, theirs)]
    assert scores[0] is not None
    assert scores[1] is not None
    chosen = trained.record.get("chosen", trained.model.metadata.algorithm)
    error = paired_error(tested, ours, theirs, usecase)
    return Result(scores[0], scores[1], error, chosen, seconds, usecase.gate.metric)


def boosted(rows: Sample, tested: Sample, usecase: UseCase, categories: list[str]) -> Any:
    """Predict with scikit-learn's boosting as it comes."""
    places = [place for place, name in enumerate(usecase.features.inputs) if name in categories]
    kind = (
        HistGradientBoostingRegressor
        if usecase.problem.type == REGRESSION
        else HistGradientBoostingClassifier
    )
    model = kind(random_state=0, categorical_features=places or None).fit(rows.x, rows.y)
    if usecase.problem.type == REGRESSION:
        return model.predict(tested.x)
    found = model.predict_proba(tested.x)
    if usecase.problem.type == BINARY:
        return found[:, 1]
    spread = np.full((len(tested), len(usecase.problem.classes)), 1e-15)
    spread[:, model.classes_] = found
    return spread


def paired_error(tested: Sample, ours: Any, theirs: Any, usecase: UseCase) -> float:
    """Estimate the standard error of the difference by drawing test rows again."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(tested), len(tested))
        pair = [
            gate_score(HeldOut(tested.y[drawn], one[drawn], "test"), usecase)
            for one in (ours, theirs)
        ]
        if pair[0] is not None and pair[1] is not None:
            found.append(pair[0] - pair[1])
    return float(np.std(found)) if found else float("nan")


def main() -> None:
    """Print a line a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, help="a CSV file beside the bundled tables")
    parser.add_argument("--target", help="its target")
    parser.add_argument("--without", default="", help="its columns that are left out, by commas")
    parser.add_argument("--only", default="", help="the tables to run, by commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--algorithm", default="auto")
    parser.add_argument("--trials", type=int, default=0, help="of tuning; 0 trains once")
    parser.add_argument("--each", action="store_true", help="print every split, too")
    arguments = parser.parse_args()
    tables = [(name, frame, "target") for name, frame in bundled()]
    if arguments.table:
        frame = pd.read_csv(arguments.table)
        frame = frame.drop(columns=[one for one in arguments.without.split(",") if one])
        tables.append((arguments.table.stem, frame, arguments.target))
    only = [one for one in arguments.only.split(",") if one]
    print(
        f"{'table':22}{'rows':>8} {'metric':18}{'ours':>10}{'theirs':>10}"
        f"{'better by':>11}{'error':>9}{'wins':>6}{'seconds':>9}  chosen"
    )
    for name, frame, target in tables:
        if not only or name in only:
            run(name, frame, target, arguments)


def run(name: str, frame: pd.DataFrame, target: str, arguments: argparse.Namespace) -> None:
    """Run every seed of one table; print each where that is asked for, and the means."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path, usecase = described(frame, target, Path(folder), arguments.trials)
        request = tuning_request(Path(folder)) if arguments.trials else None
        for seed in range(arguments.seeds):
            settings = {"split.seed": str(seed), "training.algorithm": arguments.algorithm}
            results.append(compare(path, usecase.with_settings(settings), request))
            if arguments.each:
                show(f"  split {seed}", len(frame), results[-1:])
    show(name, len(frame), results)


def show(name: str, rows: int, results: list[Result]) -> None:
    """Print the means of some splits, and whether the difference is more than its error."""
    sign = -1 if results[0].metric in SMALLER_IS_BETTER else 1
    gains = [sign * (one.ours - one.theirs) for one in results]
    # Of the mean over splits, taken as independent: they share rows, so it is a little small.
    error = float(np.mean([one.error for one in results])) / np.sqrt(len(results))
    gain = float(np.mean(gains))
    verdict = "beats it by more than" if gain > error else "does not beat it by more than"
    chosen = Counter(one.chosen for one in results)
    print(
        f"{name:22}{rows:>8,} {results[0].metric:18}"
        f"{np.mean([one.ours for one in results]):>10.4f}"
        f"{np.mean([one.theirs for one in results]):>10.4f}{gain:>+11.4f}{error:>9.4f}"
        f"{sum(gain >= 0 for gain in gains):>4}/{len(gains)}"
        f"{np.mean([one.seconds for one in results]):>9.1f}  "
        + ", ".join(f"{count}x {one}" for one, count in chosen.items())
        + f"; {verdict} the error",
        flush=True,
    )


if __name__ == "__main__":
    main()
