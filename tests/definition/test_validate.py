"""A definition that cannot be executed as it stands is refused, with every reason."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.duration import parse_duration
from pipeline_code.definition.lock import read_lock
from pipeline_code.definition.validate import InvalidDefinitionError, validate

Harm = Callable[[dict[str, Any]], object]


def processing(name: str, **more: Any) -> dict[str, Any]:
    """Write a processing step with one output and one property file."""
    place = {"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/output/out"}
    request = {
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["python"]},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": place}]},
    }
    file = {"PropertyFileName": "File", "OutputName": "out", "FilePath": "f.json"}
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": request,
        "PropertyFiles": [file],
        **more,
    }


@pytest.fixture
def definition() -> dict[str, Any]:
    """One step, a condition on its property file, and a step in the branch."""
    get = {"PropertyFile": {"Get": "Steps.First.PropertyFiles.File"}, "Path": "a"}
    ask = {"Type": "Equals", "LeftValue": {"Std:JsonGet": get}, "RightValue": 1}
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Depth", "Type": "Integer", "DefaultValue": 1}],
        "Steps": [
            processing("First"),
            {
                "Name": "Ask",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [ask],
                    "IfSteps": [processing("Inner")],
                    "ElseSteps": [],
                },
            },
        ],
    }


def test_the_graph_follows_references_and_branches(definition: dict[str, Any]) -> None:
    """Property files, DependsOn and the condition around a step all make it wait."""
    definition["Steps"].append(processing("Last", DependsOn=["Inner"]))

    steps = validate(definition).steps

    assert list(steps) == ["First", "Ask", "Inner", "Last"]
    waits = {name: set(step.waits_for) for name, step in steps.items()}
    assert waits == {"First": set(), "Ask": {"First"}, "Inner": {"Ask"}, "Last": {"Inner"}}
    guard = steps["Inner"].guard
    assert guard is not None
    assert (guard.condition, guard.branch) == ("Ask", True)


def first(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the first step."""
    arguments: dict[str, Any] = definition["Steps"][0]["Arguments"]
    return arguments


def ask(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the condition of the condition step."""
    condition: dict[str, Any] = definition["Steps"][1]["Arguments"]["Conditions"][0]
    return condition


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda d: d.update(Version="2030-01-01"), "Version is '2030-01-01'"),
        (lambda d: d["Steps"][0].update(Type="Lambda"), "First: step type 'Lambda' is unknown"),
        (lambda d: d["Steps"][0].update(Retry=1), "First: key 'Retry' is unknown"),
        (lambda d: d["Steps"].append(processing("First")), "another step has this name"),
        (lambda d: d["Steps"].append(processing("../x")), "a step is called '../x'"),
        (lambda d: first(d).update(Pipe=1), "argument 'Pipe' of a Processing step"),
        (lambda d: first(d).update(Environment={"A": {"Std:Select": []}}), "'Std:Select'"),
        (lambda d: first(d).update(Environment={"A": {"Std:Join": "a"}}), "needs Values, a list"),
        (
            lambda d: first(d).update(Environment={"A": {"Std:JsonGet": {"Path": "a"}}}),
            "needs Path and PropertyFile or S3Uri",
        ),
        (lambda d: first(d).update(Environment={"A": {"Get": "Parameters.Dept"}}), "'Depth'?"),
        (lambda d: first(d).update(Environment={"A": {"Get": "Steps.Frist.B"}}), "'First'?"),
        (lambda d: first(d).update(Environment={"A": {"Get": "Execution.Id"}}), "in Execution"),
        (lambda d: first(d).update(Environment={"A": {"Get": "Secrets.Id"}}), "starts with none"),
        (lambda d: first(d).update(Environment={"A": {"Get": "Depth"}}), "is no path"),
        (
            lambda d: ask(d).update(
                RightValue={"Get": "Steps.First.ProcessingOutputConfig.Outputs['oat'].S3Output"}
            ),
            "points at no output of First; did you mean 'out'?",
        ),
        (
            lambda d: ask(d).update(RightValue={"Get": "Steps.First.PropertyFiles.Fil"}),
            "points at no property file of First; did you mean 'File'?",
        ),
        (lambda d: ask(d).update(Type="Equal"), "Ask: condition 'Equal' is unknown"),
        (
            lambda d: ask(d).update(Type="Or", Conditions=[{"Type": "Xor"}]),
            "condition 'Xor' is unknown",
        ),
        (lambda d: d["Steps"][0].update(DependsOn=["Nobody"]), "DependsOn names 'Nobody'"),
        (lambda d: d["Steps"][0].update(DependsOn=["Inner"]), "wait for one another"),
        (
            lambda d: d["Steps"][0]["PropertyFiles"][0].update(OutputName="none"),
            "a property file lies in output 'none'",
        ),
        (
            lambda d: d["Steps"][0].update(CacheConfig={"Enabled": True, "ExpireAfter": "soon"}),
            "'soon' is no ISO-8601 duration",
        ),
        (
            lambda d: d["Steps"][0].update(RetryPolicies=[{"ExceptionType": ["Step.THROTLING"]}]),
            "did you mean 'Step.THROTTLING'?",
        ),
        (
            lambda d: first(d)["AppSpecification"].pop("ContainerEntrypoint"),
            "ContainerEntrypoint is required",
        ),
        (lambda d: first(d).pop("AppSpecification"), "'AppSpecification' is required"),
        (
            lambda d: first(d).update(ProcessingResources={"ClusterConfig": {"InstanceCount": 2}}),
            "InstanceCount 2 is not supported on one machine",
        ),
        (
            lambda d: first(d)["ProcessingOutputConfig"]["Outputs"][0]["S3Output"].update(
                S3UploadMode="Continuous"
            ),
            "S3UploadMode 'Continuous' is not supported",
        ),
    ],
)
def test_every_fault_is_refused_with_its_place(
    definition: dict[str, Any], harm: Harm, words: str
) -> None:
    """What the twin does not know is an error, never skipped."""
    validate(definition)
    harm(definition)

    with pytest.raises(InvalidDefinitionError) as caught:
        validate(definition)
    assert words in str(caught.value)


def test_all_faults_are_told_at_once(definition: dict[str, Any]) -> None:
    """One run of the command is enough to know what to repair."""
    definition["Steps"][0]["Type"] = "Callback"
    definition["Steps"][1]["Arguments"]["IfSteps"][0]["Type"] = "Lambda"

    with pytest.raises(InvalidDefinitionError) as caught:
        validate(definition)
    assert len(caught.value.problems) == 2


def test_the_lock_of_the_fraud_case_is_sound() -> None:
    """What `acequia compile` writes is what the twin can run, step for step."""
    lock = read_lock(contract.usecase_folder("fraud"))
    definition = lock.resolve(dict.fromkeys(lock.placeholders, "x"))
    before = copy.deepcopy(definition)

    steps = validate(definition).steps

    elsewhere = {contract.ENCODE, contract.PACKAGE_MODEL}  # only where another image trains
    assert set(contract.JOBS) - elsewhere <= set(steps)
    assert {"BetterThanChampion", "Register"} <= set(steps)
    assert definition == before


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P30D", 2_592_000), ("p1d", 86_400), ("PT12H", 43_200), ("T12H", 43_200), ("P1W", 604_800)],
)
def test_durations_are_read_as_the_sdk_writes_them(text: str, seconds: int) -> None:
    """The SDK's own example leaves the P out."""
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "P", "30", "P30", "1 day"])
def test_other_durations_are_refused(text: str) -> None:
    """A cache that never expires by a slip would be worse than an error."""
    with pytest.raises(ValueError, match="no ISO-8601 duration"):
        parse_duration(text)
