"""Charts are valid, escaped, described, and drawn inside their frame."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.charts import (
    SHARE_TICKS,
    Axis,
    Frame,
    Series,
    bar_chart,
    dot_rows,
    interval_chart,
    line_chart,
    nice_ticks,
)

EVIL = '<script>alert("x")</script>&'


def frame(**changes: object) -> Frame:
    """Describe a chart from 0 to 1 either way, with names that try to break out."""
    axis = Axis(EVIL, 0, 1, SHARE_TICKS)
    values = {"title": EVIL, "description": EVIL, "x": axis, "y": axis, **changes}
    return Frame(**values)  # type: ignore[arg-type]


ALL = {
    "lines": line_chart(
        frame(diagonal=True, marks=(((0.2, 0.9), EVIL),)), [Series(EVIL, 0, [(0, 0), (1, 1)])]
    ),
    "intervals": interval_chart(frame(), [(1, [(0.5, 0.5, 0.4, 0.6)])]),
    "bars": bar_chart(EVIL, EVIL, [(EVIL, 1.0, EVIL), ("b", 0.0, "0")]),
    "dots": dot_rows(EVIL, EVIL, [(EVIL, [0.0, 0.0, -2.0], [0.0, None, 1.0])]),
    "no bars": bar_chart("t", "d", []),
    "no dots": dot_rows("t", "d", []),
    "no lines": line_chart(frame(), []),
}


@pytest.mark.parametrize("name", ALL)
def test_chart_is_well_formed_and_described(name: str) -> None:
    """A browser draws it, and a screen reader reads its title and description."""
    root = ET.fromstring(ALL[name])  # noqa: S314 - our own text
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert root.find("title") is not None
    assert root.find("desc") is not None


@pytest.mark.parametrize("name", ALL)
def test_nothing_given_becomes_markup(name: str) -> None:
    """A feature may be called anything."""
    assert "<script" not in ALL[name]


def test_points_outside_the_axes_are_drawn_at_their_ends() -> None:
    """A line never leaves its frame."""
    drawn = line_chart(frame(), [Series("a", 0, [(-5, -5), (5, 5)])])
    inside = line_chart(frame(), [Series("a", 0, [(0, 0), (1, 1)])])
    assert drawn == inside


def test_log_axis_spaces_by_ratio() -> None:
    """A tenth is halfway between a hundredth and one."""
    axis = Axis("t", 0.01, 1, (), is_log=True)
    assert axis.place(0.1) == pytest.approx(0.5)
    assert axis.place(0.0) == 0.0


def test_axis_without_length_places_in_the_middle() -> None:
    """Nothing is divided by zero."""
    assert Axis("t", 3, 3, ()).place(3) == 0.5


@settings(deadline=None)  # a busy machine is not a failure
@given(st.floats(1e-6, 1e9))
def test_ticks_are_round_and_reach_the_top(high: float) -> None:
    """Between two and eleven labels, the last at or above the highest value."""
    values = [value for value, _ in nice_ticks(high)]
    assert values[0] == 0
    assert values[-1] >= high * (1 - 1e-9)
    assert 2 <= len(values) <= 11
    mantissa = values[1] / 10 ** math.floor(math.log10(values[1]) + 1e-9)
    assert min(abs(mantissa - one) for one in (1, 2, 5, 10)) < 1e-6


@pytest.mark.parametrize("high", [0.0, -3.0])
def test_ticks_of_nothing_are_those_of_one(high: float) -> None:
    """An empty chart still has an axis."""
    assert nice_ticks(high)[-1][0] == pytest.approx(1.0)


def test_dots_on_one_spot_are_stacked() -> None:
    """Otherwise a hundred rows look like one."""
    drawn = dot_rows("t", "d", [("a", [1.0] * 5, [0.5] * 5)])
    heights = re.findall(r'cy="([\d.]+)"', drawn)
    assert len(set(heights)) == 5
