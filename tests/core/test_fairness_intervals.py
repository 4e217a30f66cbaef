"""Intervals of fairness hold what resampling row by row would give, and say nothing of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline_code.core.bootstrap import Plan
from pipeline_code.core.fairness import by_slice
from pipeline_code.core.fairness_intervals import fairness_intervals

NAMES = ("label_difference", "selection_difference", "disparate_impact", "opportunity_difference")
ROWS = 2_000
GENERATOR = np.random.default_rng(4)
CODES = GENERATOR.integers(0, 3, ROWS)
TARGET = GENERATOR.random(ROWS) < 0.2 + 0.1 * CODES
CALLED = GENERATOR.random(ROWS) < np.where(TARGET, 0.7, 0.1 + 0.05 * CODES)
ALONE = np.arange(ROWS)


def plan(group: np.ndarray, samples: int = 1_000, confidence: float = 0.9) -> Plan:
    """Resample by these groups."""
    return Plan(group, samples=samples, confidence=confidence, seed=3)


def by_hand(group: np.ndarray, samples: int) -> list[dict[str, tuple[float, float]]]:
    """Draw groups and compare the slices of what was drawn, one resample after the other."""
    generator = np.random.default_rng(9)
    members = [np.flatnonzero(group == one) for one in range(group.max() + 1)]
    drawn = []
    for _ in range(samples):
        chosen = generator.integers(0, len(members), len(members))
        rows = np.concatenate([members[one] for one in chosen])
        drawn.append(by_slice(TARGET[rows], CALLED[rows], CODES[rows], ("a", "b", "c")))
    return [
        {
            name: tuple(np.quantile([getattr(one[at], name).value for one in drawn], [0.05, 0.95]))
            for name in NAMES
        }
        for at in range(3)
    ]


@pytest.mark.parametrize("group", [ALONE, ALONE // 8], ids=["row by row", "groups"])
def test_intervals_are_those_of_resampling_rows(group: np.ndarray) -> None:
    """All slices at once, as by_slice says of each resample."""
    found = fairness_intervals(TARGET, CALLED, CODES, 3, plan(group))
    for one, expected in zip(found, by_hand(group, 400), strict=True):
        for name in NAMES:
            assert one[name] is not None
            width = expected[name][1] - expected[name][0]
            assert one[name] == pytest.approx(expected[name], abs=0.15 * width)


def test_rows_that_belong_together_make_it_less_sure() -> None:
    """A hundred rows of one customer are one piece of evidence."""
    customers = GENERATOR.integers(0, 60, ROWS)
    of_customer = GENERATOR.random(60) < 0.5
    called = of_customer[customers]
    codes = customers % 2
    (alone, _) = fairness_intervals(TARGET, called, codes, 2, plan(ALONE))
    (together, _) = fairness_intervals(TARGET, called, codes, 2, plan(customers))
    low, high = alone["selection_difference"] or (0, 0)
    wide_low, wide_high = together["selection_difference"] or (0, 0)
    assert wide_high - wide_low > 3 * (high - low)


def test_the_same_seed_gives_the_same_ends() -> None:
    """An evaluation is a function of its rows and settings."""
    first, second = (fairness_intervals(TARGET, CALLED, CODES, 3, plan(ALONE)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("target", "called", "codes", "known"),
    [
        ([1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 1], {"label_difference"}),
        ([0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1], {"selection_difference", "disparate_impact"}),
        ([1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], set()),
        ([1], [1], [0], set()),
    ],
    ids=["nobody is called", "nobody is positive", "one slice", "one row"],
)
def test_what_is_never_defined_or_never_varies_has_no_interval(
    target: list[int], called: list[int], codes: list[int], known: set[str]
) -> None:
    """An interval from 0 to 0 would be taken for certainty."""
    found = fairness_intervals(
        np.array(target, dtype=bool),
        np.array(called, dtype=bool),
        np.array(codes),
        2,
        plan(np.arange(len(target)), samples=50),
    )
    assert {name for name, ends in found[0].items() if ends is not None} == known
