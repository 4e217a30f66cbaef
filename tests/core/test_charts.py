"""Charts are valid, escaped, described, and drawn inside their frame."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_code.core.charts import Frame, Series, interval_chart, line_chart
from pipeline_code.core.charts_axes import (
    SHARE_TICKS,
    Axis,
    log_axis,
    nice_ticks,
    number_axis,
    tick_text,
    ticks_between,
)
from pipeline_code.core.charts_dependence import Level, level_chart, rows_under_lines
from pipeline_code.core.charts_rows import Bar, DotRow, bar_chart, dot_rows
from pipeline_code.core.charts_small import interval_strip, sparkline
from pipeline_code.core.charts_values import Box, box_chart, histogram_chart, scatter_chart

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
    "bars": bar_chart(EVIL, EVIL, [Bar(EVIL, 1.0, EVIL), Bar(EVIL * 9, 0.0, "0", EVIL)]),
    "dots": dot_rows(EVIL, EVIL, [DotRow(EVIL, [0.0, 0.0, -2.0], ["a", EVIL, "a"])]),
    "cloud": scatter_chart(frame(), [(EVIL, [(0.1, 0.2)]), ("b", [])], [(0, 0), (1, 1)]),
    "histogram": histogram_chart(frame(), [0, 0.5, 1], [1, 0], ([0, 1], [0.5])),
    "boxes": box_chart(frame(), [Box(0.5, 0, 0.2, 0.3, 0.4, 1)]),
    "dependence": rows_under_lines(frame(), [Series(EVIL, 0, [(0, 1)])], [(0, 0.5), (1, 0)]),
    "levels": level_chart(EVIL, EVIL, Axis(EVIL, 0, 1, SHARE_TICKS), [Level(EVIL, EVIL, [0.5])]),
    "sparkline": sparkline(EVIL, EVIL, [[1, 0], [0, 2]], [0.5, None]),
    "strip": interval_strip(EVIL, EVIL, value=1, low=0, high=2, zero=EVIL, texts=(EVIL,) * 3),
    "half a strip": interval_strip("t", "d", value=0, low=None, high=2),
    "no sparkline": sparkline("t", "d", []),
    "no levels": level_chart("t", "d", Axis("", 0, 1, SHARE_TICKS), []),
    "no boxes": box_chart(frame(), []),
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
    drawn = dot_rows("t", "d", [DotRow("a", [1.0] * 5, ["b"] * 5)])
    heights = re.findall(r"M[\d.]+ ([\d.]+)h", drawn)
    assert len(heights) == len(set(heights)) == 5


@settings(deadline=None)  # a busy machine is not a failure
@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
@example(0.0, 5e-324)  # the smallest number there is cannot be divided
@example(134217728.0, 5.960464477539063e-08)  # nor can the last digit of a large one
def test_ticks_enclose_what_is_drawn(low: float, reach: float) -> None:
    """Few, rising, and nothing lies outside; one value lies between two of them."""
    values = [value for value, _ in ticks_between(low, low + reach)]
    slack = 1e-6 * max(abs(low), reach, 1)
    assert values == sorted(set(values))
    assert 2 <= len(values) <= 12
    assert values[0] <= low + slack
    assert values[-1] >= low + reach - slack


def test_one_value_lies_in_the_middle_of_its_axis() -> None:
    """A constant prediction is a level line, not one on the frame."""
    assert 0.2 < number_axis("a", [42.0]).place(42.0) < 0.8
    assert 0 < number_axis("a", [0.0]).place(0.0) < 1


def test_axis_of_nothing_is_that_of_one() -> None:
    """No trial has a value yet: the chart is empty, not broken."""
    assert (number_axis("a", []).low, number_axis("a", []).high) == (0.0, 1.0)
    assert log_axis("a", []).low < log_axis("a", []).high


def test_log_axis_is_labelled_at_powers_of_ten() -> None:
    """A learning rate between 0.004 and 0.3."""
    axis = log_axis("a", [0.004, 0.3])
    assert [text for _, text in axis.ticks] == ["0.001", "0.01", "0.1", "1"]
    assert len(log_axis("a", [1e-12, 1e12]).ticks) <= 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (1500.0, "1,500"),
        (25_000.0, "25k"),
        (1_200_000.0, "1.2M"),
        (-3.0, "\N{MINUS SIGN}3"),
        (0.00001, "1e-05"),
    ],
)
def test_numbers_beside_an_axis_are_short(value: float, text: str) -> None:
    """There is room for six letters."""
    assert tick_text(value) == text


def test_long_names_are_cut_and_kept_under_the_pointer() -> None:
    """Two hundred letters would run out of the picture."""
    name = "a" * 100 + "b" * 100
    drawn = bar_chart("t", "d", [Bar(name, 1.0, "1")])
    assert f"<title>{name}</title>" in drawn
    assert f">{name}<" not in drawn.replace(f"<title>{name}</title>", "")


def test_parts_of_a_bar_lie_one_on_the_other() -> None:
    """The second class begins where the first ends; together they are as high as the rows."""
    drawn = sparkline("t", "d", [[1.0], [3.0]])
    first, second = re.findall(r"M0\.0 ([\d.]+)v-([\d.]+)h", drawn)
    assert float(first[0]) == 34.0
    assert float(second[0]) == pytest.approx(34.0 - float(first[1]))
    assert float(second[1]) == pytest.approx(3 * float(first[1]))


def test_trend_has_gaps_where_nothing_is_known() -> None:
    """No line crosses a bar without rows; categories are joined by none at all."""
    rows = [[1.0, 1.0, 0.0, 1.0, 1.0]]
    trend = [0.1, 0.2, None, 0.3, 0.4]
    assert sparkline("t", "d", rows, trend).count('class="trend') == 2
    assert sparkline("t", "d", rows, trend, is_apart=True).count('class="trend lone"') == 4


def test_other_histogram_is_an_outline_from_floor_to_floor() -> None:
    """It lies over the bars, and both can be seen."""
    drawn = histogram_chart(frame(), [0, 1], [1], ([0, 0.5, 1], [0.5, 1]))
    assert drawn.count('class="line series-1"') == 1
    assert len(re.findall(r"[\d.]+,[\d.]+", drawn)) == 6


@pytest.mark.parametrize(
    ("value", "low", "high", "written"),
    [
        (5.0, 0.0, 10.0, ["low", "value", "high"]),
        (1.0, 0.0, 10.0, ["low", "high"]),
        (50.0, 49.0, 51.0, ["value"]),
        (5.0, None, None, ["value"]),
    ],
)
def test_figures_under_a_strip_never_touch(
    value: float, low: float | None, high: float | None, written: list[str]
) -> None:
    """Rather two figures that can be read than three that cannot; the text has them all."""
    texts = ("low", "value", "high")
    drawn = interval_strip("t", "d", value=value, low=low, high=high, zero="0", texts=texts)
    assert re.findall(r">(low|value|high)<", drawn) == written
