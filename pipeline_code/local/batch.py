"""Interpret the batch pipeline for one file on this machine.

The definition is the locked one. What starts a job in the cloud is a function here, given by
the caller: SageMaker's transform has no container of ours to run as a process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_code import contract
from pipeline_code.definition.graph import Graph, Step
from pipeline_code.definition.lock import Lock
from pipeline_code.definition.validate import validate
from pipeline_code.local.errors import LocalError
from pipeline_code.local.expressions import Scope, evaluate
from pipeline_code.local.parameters import resolve_parameters
from pipeline_code.local.records import SUCCEEDED, StepRecord
from pipeline_code.local.values import local_values

Action = Callable[[Mapping[str, Any]], None]
"""Does the work of a step; is given the step's arguments without any expression in them."""

_EXECUTION = "local"
_MEMORY = "memory:"


class UnknownBatchStepError(LocalError, LookupError):
    """The definition has a step for which this machine has nothing."""

    def __init__(self, step: Step) -> None:
        super().__init__(
            f"the batch pipeline has a step {step.name} of type {step.type}, which cannot be run "
            "on this machine; score with the pipeline in the cloud"
        )


def run_batch(
    lock: Lock,
    parameters: Mapping[str, object],
    *,
    champion: Mapping[str, Any],
    actions: Mapping[str, Action],
) -> None:
    """Run the steps of the batch pipeline, each after those that it waits for.

    Args:
        lock: the batch lock of a use case.
        parameters: those of the pipeline that are not left as they are.
        champion: the version that is to score, with its ``arn``: what ResolveChampion finds.
        actions: by the step's name, what does the work.

    Raises:
        InvalidDefinitionError: if the definition asks for what one machine cannot do.
        UnknownBatchStepError: before anything runs, if a step has no action.
    """
    definition = lock.resolve(local_values(lock, _EXECUTION))
    graph = validate(definition)
    values = resolve_parameters(definition["Parameters"], parameters)
    known = {contract.RESOLVE_CHAMPION, contract.CREATE_MODEL, *actions}
    for step in graph.steps.values():
        if step.name not in known:
            raise UnknownBatchStepError(step)
    records: dict[str, StepRecord] = {}
    execution = {"PipelineName": lock.usecase, "PipelineExecutionId": _EXECUTION}
    scope = Scope(values, execution, records, lambda _: json.dumps(dict(champion)))
    for step in _in_order(graph):
        arguments = evaluate(step.arguments, scope)
        if step.name in actions:
            actions[step.name](arguments)
        records[step.name] = _record(step, arguments)


def _in_order(graph: Graph) -> list[Step]:
    waiting, ordered = dict(graph.steps), list[Step]()
    while waiting:
        step = next(s for s in waiting.values() if not s.waits_for & waiting.keys())
        ordered.append(waiting.pop(step.name))
    return ordered


def _record(step: Step, arguments: Mapping[str, Any]) -> StepRecord:
    name = arguments.get("PrimaryContainer", {}).get("ModelPackageName")
    files = {file["PropertyFileName"]: _MEMORY for file in step.property_files}
    properties = {**arguments, **({"ModelName": name} if name else {})}
    return StepRecord(step.name, step.type, SUCCEEDED, properties=properties, property_files=files)
