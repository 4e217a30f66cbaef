"""Run the execution behind a registered version again, and hold what comes out against it.

It runs in a home of its own that is thrown away: no cache can answer for it, and neither the
registry nor the feature store hears of it. What it is given is what the version was made from: the
definition and parameters of its execution, the same input data, the champion of that time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from pipeline_code import contract
from pipeline_code.definition.graph import ELSE_STEPS, IF_STEPS
from pipeline_code.definition.validate import validate
from pipeline_code.local.errors import LocalError, UnknownExecutionError
from pipeline_code.local.executions import Executions, Plan
from pipeline_code.local.hashes import Hashes
from pipeline_code.local.home import Home
from pipeline_code.local.objects import copy_whole
from pipeline_code.local.records import STOPPED, ExecutionResult, StepRecord
from pipeline_code.local.registry import ModelVersion, Registry
from pipeline_code.local.runner import OnEvent, Runner
from pipeline_code.local.tuning_record import TUNINGS
from pipeline_code.local.values import code_digest

Verdict = Literal["same", "different", "gone"]
SAME: Final[Verdict] = "same"
DIFFERENT: Final[Verdict] = "different"
GONE: Final[Verdict] = "gone"

_REGISTER = "RegisterModel"
# After a tuning these hand on how long each trial took, which no two runs agree on.
_TIMED = (contract.RESOLVE_CHAMPION, contract.EVALUATE)
_TIMES = "holds how long trials took; need not be equal"
_PLACES = ("s3://", "file://")


class NotReproducibleError(LocalError, RuntimeError):
    """What a version was made from is not there any more."""

    def __init__(self, version: ModelVersion, why: str) -> None:
        super().__init__(
            f"version {version.version} of {version.group} cannot be reproduced: {why}"
        )


class ChangedCodeError(NotReproducibleError):
    """The checkout holds other code than that which made a version."""

    def __init__(self, version: ModelVersion, made: str, here: str, commit: str) -> None:
        way = f"check it out (git checkout {version.code_commit})"
        if version.code_commit.endswith("-dirty"):
            way = "its changes were never committed, so nobody can check them out"
        super().__init__(
            version,
            f"it was made with commit {version.code_commit} ({_short(made)}), the code here is "
            f"{commit} ({_short(here)}); {way}, or compare today's code with --anyway",
        )


@dataclass(frozen=True)
class Comparison:
    """One thing that must come out the same: of a step, or of the version as a whole.

    What is not ``needed`` may differ: it says how long something took.
    """

    step: str
    what: str
    verdict: Verdict
    recorded: str
    found: str
    reason: str = ""
    needed: bool = True


@dataclass(frozen=True)
class Reproduction:
    """What became of it; ``code`` says whether the code was the very same."""

    version: ModelVersion
    execution: str
    is_same_code: bool
    comparisons: tuple[Comparison, ...]

    @property
    def succeeded(self) -> bool:
        """Whether everything that must be equal is equal."""
        return all(each.verdict == SAME or not each.needed for each in self.comparisons)


@dataclass(frozen=True)
class _Recipe:
    """All that a reproduction starts from."""

    version: ModelVersion
    plan: Plan
    recorded: ExecutionResult
    inputs: Mapping[str, Path]
    champion: ModelVersion | None
    champion_is_gone: bool


def reproduce(
    home: Home,
    group: str,
    number: int,
    *,
    commit: str = "unknown",
    anyway: bool = False,
    usecases: Path | None = None,
    on_event: OnEvent | None = None,
) -> Reproduction:
    """Run the execution behind a version again and compare every step.

    Args:
        home: where the version was made; nothing in it changes.
        group: the model package group.
        number: the version.
        commit: what is checked out, for the message of an error.
        anyway: whether to run although the code has changed.
        usecases: a folder of use cases other than the package's own.
        on_event: hears how the execution goes.

    Raises:
        RegistryError: if there is no such version.
        ChangedCodeError: if the code has changed.
        NotReproducibleError: if the execution is no longer known, or its input data are gone or
            have changed.
    """
    recipe = _recipe(home, Registry(home).get(group, number))
    code = code_digest(usecases=usecases)
    if recipe.plan.code != code and not anyway:
        raise ChangedCodeError(recipe.version, recipe.plan.code, code, commit)
    with TemporaryDirectory(dir=home.root, prefix=".reproduction-") as scratch:
        there = Home(Path(scratch))
        _lay_out(recipe, home, there)
        result = Runner(there, code=code, usecases=usecases).run(
            _definition(recipe),
            recipe.plan.parameters,
            pipeline_name=recipe.plan.pipeline,
            # The same id, for it is part of where outputs lie.
            execution_id=recipe.plan.execution_id,
            on_event=on_event,
        )
        if result.status == STOPPED:
            raise KeyboardInterrupt
        comparisons = (*_steps(recipe, result), *_facts(recipe, result, there))
    return Reproduction(
        recipe.version, recipe.plan.execution_id, recipe.plan.code == code, comparisons
    )


def _recipe(home: Home, version: ModelVersion) -> _Recipe:
    executions = Executions(home)
    try:
        plan = executions.plan(version.execution)
    except UnknownExecutionError as error:
        raise NotReproducibleError(
            version,
            f"its execution {version.execution or '(none)'} is no longer recorded in "
            f"{home.state.name}, and with it are gone its definition and parameters",
        ) from error
    recorded = executions.get(version.execution)
    champion, is_gone = _champion(home, version)
    inputs = _inputs(home, version, plan, recorded)
    return _Recipe(version, plan, recorded, inputs, champion, is_gone)


def _inputs(
    home: Home, version: ModelVersion, plan: Plan, recorded: ExecutionResult
) -> dict[str, Path]:
    """Find the data that parameters name, and make sure that they are what was read then."""
    read = {digest for step in recorded.steps for digest in step.inputs.values()}
    hashes = Hashes(home.state)
    found = {}
    for name, value in plan.parameters.items():
        if not isinstance(value, str) or not value.startswith(_PLACES):
            continue
        path = home.path(value)
        if not path.exists():
            raise NotReproducibleError(
                version, f"its input {name} is gone from {path}; put the data back there"
            )
        if hashes.tree(path) not in read:
            raise NotReproducibleError(
                version,
                f"its input {name} at {path} is not what execution {plan.execution_id} read; "
                "put the data of that time back there",
            )
        found[value] = path
    return found


def _champion(home: Home, version: ModelVersion) -> tuple[ModelVersion | None, bool]:
    """Find the version that was approved then, and tell whether its model is gone."""
    summary = version.lineage.get(contract.RESOLVE_CHAMPION, {}).get("summary", {})
    number = summary.get("champion")
    if number is None:
        return None, False
    champion = Registry(home).get(version.group, int(number))
    path = home.path(champion.model_uri)
    is_there = path.is_file() and Hashes(home.state).file(path) == champion.model_hash
    return champion, not is_there


def _lay_out(recipe: _Recipe, home: Home, there: Home) -> None:
    """Put into the home of the reproduction what the execution found in its own."""
    for uri, path in recipe.inputs.items():
        link = there.path(uri)
        if link != path:  # file:// is the same place in every home
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path, target_is_directory=path.is_dir())
    tunings = home.root / TUNINGS
    if tunings.is_dir():  # a tuning may begin with the trials of an earlier one
        shutil.copytree(tunings, there.root / TUNINGS)
    if recipe.champion and not recipe.champion_is_gone:
        uri = recipe.champion.model_uri
        copy_whole(home.path(uri), there.path(uri))
        Registry(there).adopt(replace(recipe.champion, status=contract.APPROVED))


def _definition(recipe: _Recipe) -> Mapping[str, Any]:
    """Leave out what registers, and what needs a champion whose model is gone."""
    definition = recipe.plan.definition
    steps = validate(definition).steps
    left_out = {name for name, step in steps.items() if step.type == _REGISTER}
    if recipe.champion_is_gone:
        left_out.add(contract.RESOLVE_CHAMPION)
    while True:
        more = {n for n, step in steps.items() if step.waits_for & left_out} - left_out
        if not more:
            return {**definition, "Steps": _without(definition["Steps"], left_out)}
        left_out |= more


def _without(steps: list[Mapping[str, Any]], names: set[str]) -> list[Mapping[str, Any]]:
    kept = []
    for step in steps:
        if step["Name"] in names:
            continue
        arguments = dict(step.get("Arguments", {}))
        for branch in (IF_STEPS, ELSE_STEPS):
            if branch in arguments:
                arguments[branch] = _without(arguments[branch], names)
        kept.append({**step, "Arguments": arguments} if arguments else step)
    return kept


def _steps(recipe: _Recipe, result: ExecutionResult) -> Iterator[Comparison]:
    """Compare every output of every step that was done then; the registration is left out."""
    tuned = any(step.type == "Tuning" for step in recipe.recorded.steps)
    for before in recipe.recorded.steps:
        if not before.is_done or before.type == _REGISTER:
            continue
        after = result.step(before.name)
        if after is None:
            yield Comparison(before.name, "", GONE, "", "", "the champion's model is gone")
        elif not after.is_done:
            reason = after.reason or f"did not run: {result.failed_step} failed"
            yield Comparison(before.name, "", DIFFERENT, before.status, after.status, reason)
        elif not before.output_hashes:
            yield _compared(before.name, "outcome", _outcome(before), _outcome(after))
        else:
            # The registry cannot be changed; where it knows a step, it is asked first.
            kept = recipe.version.lineage.get(before.name, {}).get("output_hashes", {})
            is_timed = tuned and before.name in _TIMED
            for name, digest in {**before.output_hashes, **kept}.items():
                found = _compared(before.name, name, digest, after.output_hashes.get(name, ""))
                yield replace(found, needed=False, reason=_TIMES) if is_timed else found


def _facts(recipe: _Recipe, result: ExecutionResult, there: Home) -> Iterator[Comparison]:
    """Compare what the registry keeps of the version: data, model, weights and metrics."""
    version, evaluation = recipe.version, _evaluation(result, there)
    model = there.path(version.model_uri)
    digest = Hashes(there.state).file(model) if model.is_file() else ""
    yield _compared("version", "model file", version.model_hash, digest)
    if evaluation is None:
        verdict = GONE if recipe.champion_is_gone else DIFFERENT
        yield Comparison("version", "metrics", verdict, "", "", "there is no evaluation")
        return
    for what, path in (
        ("data hash", ("data", "data_hash")),
        ("weights", ("model", "weights_hash")),
    ):
        recorded, found = _at(version.evaluation, path), _at(evaluation, path)
        if what == "data hash":
            recorded = version.data_hash or recorded
        if recorded or found:
            yield _compared("version", what, recorded, found)
    metrics, again = version.evaluation.get("metrics", {}), evaluation.get("metrics", {})
    for name in dict.fromkeys((*metrics, *again)):
        yield _compared("version", name, _figure(metrics.get(name)), _figure(again.get(name)))


def _evaluation(result: ExecutionResult, there: Home) -> dict[str, Any] | None:
    step = result.step(contract.EVALUATE)
    if step is None or contract.EVALUATION not in step.outputs:
        return None
    path = there.path(step.outputs[contract.EVALUATION]) / contract.EVALUATION_FILE
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _compared(step: str, what: str, recorded: str, found: str) -> Comparison:
    return Comparison(step, what, SAME if recorded == found else DIFFERENT, recorded, found)


def _outcome(record: StepRecord) -> str:
    return json.dumps(record.summary.get("outcome"))


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> str:
    node: Any = document
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return str(node or "")


def _figure(metric: Any) -> str:
    """Write a metric with all its digits: equal means equal to the last one."""
    return json.dumps(metric, sort_keys=True)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
