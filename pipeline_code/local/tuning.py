"""Run a tuning job: many training jobs, the best of which gives the model."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline_code import contract
from pipeline_code.local.attempt import Attempt, Surroundings, publish_outputs, run_once
from pipeline_code.local.home import Home
from pipeline_code.local.jobs import Job, training_job
from pipeline_code.local.search import PastTrial, Search
from pipeline_code.local.trials import (
    COMPLETED,
    FAILED,
    STOPPED,
    Trial,
    best_trial,
    run_trials,
)
from pipeline_code.local.tuning_record import read_tuning, write_tuning

if TYPE_CHECKING:
    import optuna

_MOST_SUMMARIES: Final = 50  # SageMaker Pipelines keeps so many of the best trials
_STEP: Final = re.compile(r"step=(\d+)")


@dataclass(frozen=True)
class Tuned:
    """What a tuning job came to; ``attempt`` is that of the whole."""

    attempt: Attempt
    properties: Mapping[str, Any]
    model: str | None


class _EitherStop(threading.Event):
    """Set when the trial is to end, or the whole execution."""

    def __init__(self, whole: threading.Event) -> None:
        super().__init__()
        self._whole = whole

    def is_set(self) -> bool:
        return super().is_set() or self._whole.is_set()


def tuning_job(name: str, arguments: Mapping[str, Any]) -> Job:
    """Read a CreateHyperParameterTuningJob request as a job: its inputs and its identity."""
    definition = arguments["TrainingJobDefinition"]
    inside = training_job(name, _training_request(definition, {}))
    identity = {**arguments, "TrainingJobDefinition": inside.identity}
    return replace(inside, identity=identity, outputs=(), files={})


class TuningRun:
    """Run the trials of one tuning job.

    Args:
        name: of the tuning job.
        arguments: the resolved CreateHyperParameterTuningJob request.
        folder: where the trials work.
        surroundings: what the jobs of the execution share.
        on_trial: told how many trials are done, of how many.
    """

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, Any],
        folder: Path,
        surroundings: Surroundings,
        on_trial: Callable[[int, int], None],
    ) -> None:
        self.name = name
        self._definition = arguments["TrainingJobDefinition"]
        self._config = arguments["HyperParameterTuningJobConfig"]
        self._folder = folder
        self._surroundings = surroundings
        self._on_trial = on_trial
        self._parallel = int(self._config["ResourceLimits"]["MaxParallelTrainingJobs"])
        metrics = self._definition["AlgorithmSpecification"]["MetricDefinitions"]
        wanted = self._config["HyperParameterTuningJobObjective"]["MetricName"]
        self._pattern = re.compile(next(m["Regex"] for m in metrics if m["Name"] == wanted))
        self._search = Search(self._config, _past(surroundings.home, arguments))

    def run(self) -> Tuned:
        """Run all trials; the models of all are kept, as SageMaker keeps them."""
        began = time.monotonic()
        trials = run_trials(
            self._search,
            self._try,
            parallel=self._parallel,
            on_trial=self._on_trial,
            is_stopped=self._surroundings.stop.is_set,
        )
        wall_sec = time.monotonic() - began
        best = best_trial(self._search, trials)
        self._write(trials, wall_sec)
        if self._surroundings.stop.is_set():
            return Tuned(Attempt(None, "was stopped with the execution", stopped=True), {}, None)
        if best is None:
            reason = next((one.reason for one in trials if one.reason), "no trial was measured")
            refused = contract.EXIT_REFUSED
            return Tuned(Attempt(refused, f"no trial ended well; the first: {reason}"), {}, None)
        work_sec = sum(one.seconds for one in trials) / min(self._parallel, len(trials))
        summary = {
            **(best.summary or {}),
            "trials": len(trials),
            "validation": best.value,
            "overhead": round(max(0.0, wall_sec - work_sec) / wall_sec, 4),
        }
        return Tuned(Attempt(0, summary=summary), self._properties(trials, best), self._model(best))

    def _try(self, number: int, proposal: optuna.Trial, values: dict[str, str]) -> Trial:
        name = f"{self.name}-{number:03d}"
        job = training_job(name, _training_request(self._definition, values))
        folder = self._folder / f"{number:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        stop = _EitherStop(self._surroundings.stop)
        value: list[float] = []

        def on_output(line: str) -> None:
            if found := self._pattern.search(line):
                value.append(float(found[1]))
                if (step := _STEP.search(line)) and _is_worse(proposal, value[-1], int(step[1])):
                    stop.set()

        began = time.monotonic()
        attempt = run_once(
            job, folder, replace(self._surroundings, stop=stop), lambda _: None, on_output
        )
        seconds = round(time.monotonic() - began, 3)
        if attempt.succeeded:
            publish_outputs(job, folder, self._surroundings.home)
        status = COMPLETED if attempt.succeeded else STOPPED if attempt.stopped else FAILED
        reached = value[-1] if value else None
        return Trial(name, status, reached, seconds, values, attempt.reason, attempt.summary)

    def _properties(self, trials: list[Trial], best: Trial) -> dict[str, Any]:
        ended_well = [one for one in trials if one.status == COMPLETED and one.value is not None]
        sign = 1 if self._search.is_minimised else -1
        ranked = sorted(ended_well, key=lambda one: sign * (one.value or 0.0))
        static = self._definition.get("StaticHyperParameters", {})
        return {
            "HyperParameterTuningJobName": self.name,
            "HyperParameterTuningJobStatus": COMPLETED,
            "BestTrainingJob": self._summary(best),
            "TrainingJobSummaries": [self._summary(one) for one in ranked[:_MOST_SUMMARIES]],
            "HyperParameters": {**static, **best.hyperparameters},
        }

    def _summary(self, trial: Trial) -> dict[str, Any]:
        metric = self._config["HyperParameterTuningJobObjective"]["MetricName"]
        return {
            "TrainingJobName": trial.name,
            "TrainingJobStatus": trial.status,
            "TunedHyperParameters": dict(trial.hyperparameters),
            "FinalHyperParameterTuningJobObjectiveMetric": {
                "MetricName": metric,
                "Value": trial.value,
            },
        }

    def _model(self, trial: Trial) -> str:
        base = self._definition["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        return f"{base}/{trial.name}/output/{contract.MODEL_ARCHIVE}"

    def _write(self, trials: list[Trial], wall_sec: float) -> None:
        document = {
            "name": self.name,
            "strategy": self._config["Strategy"],
            "is_minimised": self._search.is_minimised,
            "wall_sec": round(wall_sec, 3),
            "trials": [asdict(one) for one in trials],
        }
        write_tuning(self._surroundings.home, document)


def _past(home: Home, arguments: Mapping[str, Any]) -> list[PastTrial]:
    parents = arguments.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    return [
        PastTrial(one["hyperparameters"], one["value"])
        for parent in parents
        for one in read_tuning(home, parent["HyperParameterTuningJobName"])["trials"]
        if one["status"] == COMPLETED and one["value"] is not None
    ]


def _training_request(
    definition: Mapping[str, Any], hyperparameters: Mapping[str, str]
) -> dict[str, Any]:
    """Turn the definition of a tuning's jobs into the request of one of them.

    The image's own ``train`` is what the entrypoint of the training step runs, too.
    """
    static = definition.get("StaticHyperParameters", {})
    return {
        **{key: value for key, value in definition.items() if key != "StaticHyperParameters"},
        "AlgorithmSpecification": {
            **definition["AlgorithmSpecification"],
            "ContainerEntrypoint": contract.job_command(contract.TRAIN),
        },
        "HyperParameters": {**static, **hyperparameters},
    }


def _is_worse(proposal: optuna.Trial, value: float, step: int) -> bool:
    proposal.report(value, step)
    return proposal.should_prune()
