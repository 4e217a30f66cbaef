"""Execute one step of an execution, of whatever type, and say how it went."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.definition.graph import Step
from pipeline_code.local import registration
from pipeline_code.local.attempt import (
    LOCK_FILE,
    LOG_FILE,
    ML_FOLDER,
    Attempt,
    Surroundings,
    publish_outputs,
    run_once,
)
from pipeline_code.local.cache import StepCache, cache_key
from pipeline_code.local.conditions import all_hold
from pipeline_code.local.errors import ChangedInputError, LocalError, NoObjectsError
from pipeline_code.local.executions import Plan
from pipeline_code.local.expressions import Scope, evaluate, text
from pipeline_code.local.hashes import Hashes, files_under
from pipeline_code.local.jobs import Job, processing_job, training_job
from pipeline_code.local.process import end_leftover
from pipeline_code.local.records import (
    CACHED,
    FAILED,
    STOPPED,
    SUCCEEDED,
    Event,
    StepProgress,
    StepRecord,
    StepRetried,
    StepStarted,
)
from pipeline_code.local.registry import Registry
from pipeline_code.local.retries import Retries
from pipeline_code.local.schedule import OUTCOME
from pipeline_code.local.tuning import TuningRun, tuning_job
from pipeline_code.local.writes import read_writes

Records = Mapping[str, StepRecord]


class BatchStepError(LocalError, NotImplementedError):
    """A step of the batch pipeline in a pipeline of jobs."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} scores files, which `acequia predict` does on this machine; run that"
        )


@dataclass(frozen=True)
class Outcome:
    """How the work of a step ended; ``publish`` puts what it made where others find it.

    ``writes`` is what it wrote to the feature store.
    """

    attempt: Attempt
    attempts: int
    publish: Callable[[], Mapping[str, str]]
    properties: Mapping[str, Any]
    writes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Executor:
    """The stores and the clock that the steps of one execution share."""

    plan: Plan
    surroundings: Surroundings
    hashes: Hashes
    cache: StepCache
    registry: Registry
    clock: Callable[[], datetime]
    emit: Callable[[Event], None]

    def execute(self, step: Step, records: Records) -> StepRecord:
        """Run ``step`` to its end; failures come back as a record, never as an exception."""
        folder = self.surroundings.home.execution(self.plan.execution_id) / step.name
        end_leftover(folder / LOCK_FILE)
        # What a killed runner left half made is of no use.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        log = folder / LOG_FILE
        log.touch()
        begin = StepRecord(step.name, step.type, FAILED, self._now(), log=str(log))
        self.emit(StepStarted(step.name, step.type, str(log)))
        clock = time.monotonic()
        try:
            record = self._work(step, records, begin, folder)
        except PipelineError as error:
            record = _failed(begin, str(error), contract.EXIT_REFUSED, log)
        except Exception as error:
            record = _failed(begin, f"{type(error).__name__}: {error}", 1, log)
            with log.open("a", encoding="utf-8") as file:
                traceback.print_exc(file=file)
        return replace(record, duration_sec=round(time.monotonic() - clock, 3))

    def _work(self, step: Step, records: Records, begin: StepRecord, folder: Path) -> StepRecord:
        name = f"pipelines-{self.plan.execution_id}-{step.name}"
        arguments = evaluate(step.arguments, self._scope(name, records))
        if step.type == "Condition":
            outcome = all_hold(arguments["Conditions"])
            summary = {"outcome": outcome}
            return replace(begin, status=SUCCEEDED, summary=summary, properties={OUTCOME: outcome})
        if step.type == "Fail":
            return replace(begin, reason=text(arguments["ErrorMessage"]), exit_code=1)
        if step.type == "RegisterModel":
            return self._register(begin, arguments, records)
        if step.type in ("Model", "Transform"):
            raise BatchStepError(step.name)
        if step.type == "Tuning":
            return self._tune(step, arguments, begin, folder)
        make = {"Processing": processing_job, "Training": training_job}[step.type]
        job = make(name, arguments)

        def work() -> Outcome:
            attempt, attempts = self._attempts(step, job, folder)
            publish = partial(publish_outputs, job, folder, self.surroundings.home)
            writes = read_writes(folder / ML_FOLDER)
            return Outcome(attempt, attempts, publish, job.properties, writes)

        return self._run_job(step, job, begin, work)

    def _tune(
        self, step: Step, arguments: Mapping[str, Any], begin: StepRecord, folder: Path
    ) -> StepRecord:
        # SageMaker allows 32 characters.
        name = f"{self.plan.execution_id}-{step.name}"
        told = self._progress(step)
        run = TuningRun(
            name,
            arguments,
            folder / "trials",
            self.surroundings,
            lambda done, total: told({"done": done, "total": total, "what": "trials"}),
        )

        def work() -> Outcome:
            tuned = run.run()
            outputs = {contract.MODEL: tuned.model} if tuned.model else {}
            return Outcome(tuned.attempt, 1, lambda: outputs, tuned.properties)

        return self._run_job(step, tuning_job(name, arguments), begin, work)

    def _register(
        self, begin: StepRecord, arguments: Mapping[str, Any], records: Records
    ) -> StepRecord:
        made = registration.register(
            arguments, self.plan.execution_id, records, self.registry, self._read_text
        )
        return replace(
            begin,
            status=SUCCEEDED,
            properties=registration.properties(made),
            summary={
                "group": made.group,
                "version": made.version,
                "status": made.status,
                "is_new": made.execution == self.plan.execution_id,
            },
        )

    def _run_job(
        self, step: Step, job: Job, begin: StepRecord, work: Callable[[], Outcome]
    ) -> StepRecord:
        inputs = self._hash_inputs(job)
        key = cache_key(step.type, job.identity, inputs)
        if step.is_cached:
            found = self.cache.find(key, step.cache.get("ExpireAfter"), self.clock())
            if found is not None:
                found = replace(found, name=step.name, status=CACHED, started=begin.started)
                return _with_property_files(found, step)
        outcome = work()
        attempt = outcome.attempt
        begin = replace(begin, attempts=outcome.attempts, inputs=inputs, summary=attempt.summary)
        if not attempt.succeeded:
            status = STOPPED if attempt.stopped else FAILED
            code = attempt.exit_code
            return replace(begin, status=status, reason=attempt.reason, exit_code=code)
        for name, value in self._hash_inputs(job).items():
            if value != inputs[name]:
                raise ChangedInputError(name, next(c.uri for c in job.inputs if c.name == name))
        record = self._made(step, begin, outcome)
        if step.is_cached:
            self.cache.keep(key, self.plan.execution_id, record, self.clock())
        return record

    def _attempts(self, step: Step, job: Job, folder: Path) -> tuple[Attempt, int]:
        retries = Retries(step.retry_policies)
        began = time.monotonic()
        count = 0
        while True:
            count += 1
            attempt = run_once(job, folder, self.surroundings, self._progress(step))
            wait = None
            if attempt.fault is not None:
                wait = retries.wait_sec(attempt.fault, time.monotonic() - began)
            if wait is None:
                return attempt, count
            self.emit(StepRetried(step.name, count, attempt.reason or "", wait))
            if self.surroundings.stop.wait(wait):
                return replace(attempt, stopped=True), count

    def _made(self, step: Step, begin: StepRecord, outcome: Outcome) -> StepRecord:
        home = self.surroundings.home
        outputs = outcome.publish()
        record = replace(
            begin,
            status=SUCCEEDED,
            exit_code=0,
            outputs=outputs,
            output_hashes={name: self.hashes.tree(home.path(uri)) for name, uri in outputs.items()},
            properties=outcome.properties,
            writes=outcome.writes,
        )
        return _with_property_files(record, step)

    def _progress(self, step: Step) -> Callable[[Mapping[str, Any]], None]:
        def on_progress(figures: Mapping[str, Any]) -> None:
            done, total = figures.get("done"), figures.get("total")
            if isinstance(done, int | float) and isinstance(total, int | float):
                what = str(figures.get("what", ""))
                self.emit(StepProgress(step.name, done, total, what))

        return on_progress

    def _hash_inputs(self, job: Job) -> dict[str, str]:
        values = {}
        for channel in job.inputs:
            path = self.surroundings.home.path(channel.uri)
            if not path.exists() or not files_under(path):
                raise NoObjectsError(channel.uri, path)
            try:
                values[channel.name] = self.hashes.tree(path)
            except FileNotFoundError as error:  # a link to nothing, or a file that was taken away
                raise NoObjectsError(channel.uri, error.filename) from error
        return values

    def _scope(self, job_name: str, records: Records) -> Scope:
        pipeline = f"arn:local:sagemaker:::pipeline/{self.plan.pipeline}"
        execution = {
            "PipelineName": self.plan.pipeline,
            "PipelineArn": pipeline,
            "PipelineExecutionId": self.plan.execution_id,
            "PipelineExecutionArn": f"{pipeline}/execution/{self.plan.execution_id}",
            "StartDateTime": self.plan.started,
            "CurrentDateTime": self._now(),
            "ProcessingJobName": job_name,
            "TrainingJobName": job_name,
        }
        return Scope(self.plan.parameters, execution, records, self._read_text)

    def _read_text(self, uri: str) -> str:
        return self.surroundings.home.path(uri).read_text(encoding="utf-8")

    def _now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")


def _failed(begin: StepRecord, reason: str, exit_code: int, log: Path) -> StepRecord:
    with log.open("a", encoding="utf-8") as file:
        file.write(reason + "\n")
    return replace(begin, status=FAILED, reason=" ".join(reason.split()), exit_code=exit_code)


def _with_property_files(record: StepRecord, step: Step) -> StepRecord:
    files = {
        file["PropertyFileName"]: f"{record.outputs[file['OutputName']]}/{file['FilePath']}"
        for file in step.property_files
    }
    return replace(record, property_files=files)
