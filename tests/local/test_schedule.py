"""Which step may run next, without any process."""

from __future__ import annotations

from typing import Any

from pipeline_code.definition.graph import Graph, Guard, Step
from pipeline_code.local.records import FAILED, NOT_RUN, SKIPPED, STOPPED, SUCCEEDED, StepRecord
from pipeline_code.local.schedule import OUTCOME, Schedule


def step(name: str, *waits_for: str, **more: Any) -> Step:
    """Return a step that waits for others."""
    return Step(name, "Processing", {}, frozenset(waits_for), **more)


def done(name: str, status: str = SUCCEEDED, **properties: Any) -> StepRecord:
    """Return the record of a finished step."""
    return StepRecord(name, "Processing", status, properties=properties)


def graph(*steps: Step) -> Graph:
    """Return a graph of these steps."""
    return Graph({one.name: one for one in steps})


def ready(schedule: Schedule) -> list[str]:
    """Return the names of the steps whose turn it is."""
    return [one.name for one in schedule.ready()]


DIAMOND = graph(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))


def test_a_step_waits_for_all_that_it_needs() -> None:
    """And each starts once."""
    schedule = Schedule(DIAMOND)
    assert ready(schedule) == ["a"]
    schedule.start(DIAMOND.steps["a"])
    assert ready(schedule) == []
    assert schedule.working == 1

    schedule.finish(done("a"))
    assert ready(schedule) == ["b", "c"]
    schedule.finish(done("b"))
    assert ready(schedule) == ["c"]
    schedule.finish(done("c"))
    assert ready(schedule) == ["d"]
    assert schedule.working == 0


def test_nothing_starts_after_a_failure() -> None:
    """Not even what does not depend on it, as on SageMaker."""
    for status in (FAILED, STOPPED):
        schedule = Schedule(DIAMOND, {"a": done("a")})
        schedule.finish(done("b", status))

        assert ready(schedule) == []
        assert [(r.name, r.status) for r in schedule.rest()] == [("c", NOT_RUN), ("d", NOT_RUN)]


def test_what_is_kept_is_not_done_again() -> None:
    """An execution is resumed with the records of its finished steps."""
    assert ready(Schedule(DIAMOND, {"a": done("a"), "b": done("b")})) == ["c"]


def test_skipping_runs_through_nested_conditions() -> None:
    """A condition that is skipped skips both its branches."""
    nested = graph(
        step("ask"),
        step("inner", "ask", guard=Guard("ask", True)),
        step("yes", "inner", guard=Guard("inner", True)),
        step("no", "inner", guard=Guard("inner", False)),
        step("else", "ask", guard=Guard("ask", False)),
    )
    schedule = Schedule(nested, {"ask": done("ask", **{OUTCOME: False})})

    assert ready(schedule) == ["else"]
    assert {r.name: r.status for r in schedule.skipped()} == dict.fromkeys(
        ["inner", "yes", "no"], SKIPPED
    )
