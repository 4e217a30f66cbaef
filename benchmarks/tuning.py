"""Measure what a tuning costs beside its trials.

    python benchmarks/tuning.py
    python benchmarks/tuning.py --trials 30 --parallel 2 --seconds 2

Trials of known duration go through the real runner: search by Optuna, a process and a folder for
each, its objective read from what it prints, its model published. They wait instead of working,
so what else the machine does hardly counts. The share of the time that went into anything but
waiting is printed, and what the runner itself says, which counts a trial from its start as a
process to its end.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

GOAL = 0.05
TRIAL = """
import json, os, pathlib, time
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
x = float(json.loads((root / "input/config/hyperparameters.json").read_text())["x"])
(root / "model/model.json").write_text(json.dumps(x))
time.sleep({seconds})
print(f"acequia.metric validation={{-(x - 3) ** 2:.6g}}", flush=True)
"""


def step(trials: int, parallel: int) -> dict[str, Any]:
    """Write a tuning step as the SDK does, with the least around it."""
    objective = {"Type": "Maximize", "MetricName": contract.OBJECTIVE_METRIC}
    ends = {"Name": "x", "MinValue": "0", "MaxValue": "6"}
    channel = {"DataSource": {"S3DataSource": {"S3Uri": "s3://raw/data/"}}, "ChannelName": "train"}
    regex = {"Name": contract.OBJECTIVE_METRIC, "Regex": contract.METRIC_PATTERN}
    return {
        "Name": contract.TUNE,
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": objective,
                "ResourceLimits": {
                    "MaxNumberOfTrainingJobs": trials,
                    "MaxParallelTrainingJobs": parallel,
                },
                "ParameterRanges": {"ContinuousParameterRanges": [ends]},
                "RandomSeed": 0,
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": {
                    "TrainingImage": "image@sha256:0",
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [regex],
                },
                "StaticHyperParameters": {},
                "InputDataConfig": [channel],
                "OutputDataConfig": {"S3OutputPath": "s3://artifacts/models"},
            },
        },
    }


def tune(trials: int, parallel: int, seconds: float) -> tuple[float, float]:
    """Run one tuning; return how long it took and the overhead that the runner counts."""
    # Trials run what the image's command is: here a wait.
    contract.job_command = lambda _: ["python", "-c", TRIAL.format(seconds=seconds)]  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        rows = home.path("s3://raw/data/rows.txt")
        rows.parent.mkdir(parents=True)
        rows.write_text("rows")
        definition = {"Version": "2020-12-01", "Parameters": [], "Steps": [step(trials, parallel)]}
        began = time.perf_counter()
        result = Runner(home).run(definition, {}, pipeline_name="waits")
        took = time.perf_counter() - began
    assert result.succeeded, result.reason
    tuned = result.step(contract.TUNE)
    assert tuned is not None
    return took, tuned.summary["overhead"]


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each trial takes")
    arguments = parser.parse_args()
    took, counted = tune(arguments.trials, arguments.parallel, arguments.seconds)
    batches = -(-arguments.trials // arguments.parallel)
    overhead = 1 - batches * arguments.seconds / took
    print(
        f"{arguments.trials} trials of {arguments.seconds:g} s, {arguments.parallel} at a time: "
        f"{took:.1f} s, of them {overhead:.1%} outside of the trials' own work "
        f"({counted:.1%} outside of their processes); the goal is below {GOAL:.0%}: "
        f"{'held' if overhead < GOAL else 'missed'}"
    )


if __name__ == "__main__":
    main()
