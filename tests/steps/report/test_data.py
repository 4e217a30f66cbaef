"""The data: columns by importance, drift marked, shapes that do not mislead."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipeline_code.steps.report.columns import ColumnRow, columns
from pipeline_code.steps.report.correlations import correlations
from pipeline_code.steps.report.data import data
from pipeline_code.steps.report.lineage import lineage
from pipeline_code.steps.report.shapes import ends, shape
from tests.steps.report_documents import Document, evaluated, profiled


def rows_of(document: Document, profile: Document) -> dict[str, ColumnRow]:
    """Describe all features, by name."""
    found = columns(document, profile)
    assert found is not None
    return {row.name: row for row in (*found["first"], *found["more"])}


def test_features_come_by_importance_and_what_is_none_apart() -> None:
    """The most important column is the one to look at first; ids are no features."""
    document, profile = evaluated("binary"), profiled("binary")
    found = columns(document, profile)
    assert found is not None
    names = [row.name for row in found["first"]]
    assert names == [one["feature"] for one in document["importance"]]
    assert [row.rank for row in found["first"]] == list(range(1, len(names) + 1))
    assert found["target"].name == "y"
    assert [row.name for row in found["others"]] == ["shop_id"]


def test_features_after_the_twentieth_open_on_demand() -> None:
    """Two hundred rows of a table are no first look."""
    names = [f"f{place}" for place in range(25)]
    document = {"importance": [{"feature": name} for name in names]}
    found = columns(document, {"columns": {name: {"type": "double"} for name in names}})
    assert found is not None
    assert (len(found["first"]), len(found["more"])) == (20, 5)


@pytest.mark.parametrize(
    ("psi", "mark"), [(0.0, ""), (0.099, ""), (0.1, "warning"), (0.249, "warning"), (0.25, "alarm")]
)
def test_drift_is_marked_from_the_limits_of_the_use_case_on(psi: float, mark: str) -> None:
    """At the limit already, as monitoring does."""
    profile = profiled("binary")
    profile["drift"] = {"size": {"test": psi, "validation": None}}
    (found,) = rows_of(evaluated("binary"), profile)["size"].drift
    assert (found.part, found.mark) == ("test", mark)


def test_likely_leak_is_flagged_at_its_column() -> None:
    """Where one looks for it."""
    rows = rows_of(evaluated("binary"), profiled("binary"))
    assert rows["size"].leak == "size alone tells y"
    assert rows["price"].leak == ""


def test_area_of_a_half_tells_nothing() -> None:
    """Its bar is empty, not half full."""
    profile = profiled("binary")
    profile["target_relation"] = {"size": {"score": 0.5, "kind": "auc"},
                                  "price": {"score": 0.75, "kind": "auc"}}  # fmt: skip
    rows = rows_of(evaluated("binary"), profile)
    assert (rows["size"].relation_share, rows["price"].relation_share) == (0.0, 0.5)


def test_outliers_are_not_counted_where_half_of_the_rows_are_one_value() -> None:
    """Everything else would be one."""
    profile = profiled("binary")
    profile["columns"]["price"] = copy.deepcopy(profile["columns"]["size"])
    profile["columns"]["price"]["quantiles"] |= {"0.25": 0.0, "0.75": 0.0}
    rows = rows_of(evaluated("binary"), profile)
    assert (rows["size"].outliers, rows["price"].outliers) == ("0.2%", "")


def test_texts_are_drawn_most_frequent_first_and_joined_by_no_line() -> None:
    """They have no order, so a line from one to the next would mean nothing."""
    histogram = {"values": ["a", "(other)", "b"], "counts": [1, 9, 5], "positives": [1, 3, 0]}
    column = {"type": "varchar", "histogram": histogram}
    document = {"problem": {"type": "binary", "target": "y"}}
    drawn = shape(document, "f", column)
    assert drawn is not None
    assert drawn.count("trend lone") == 3
    assert ends(document, "f", column) == ("b", "(other)")


def test_many_bars_are_drawn_as_few_with_the_same_rows() -> None:
    """Three years of days; the share of positives is that of the merged rows."""
    days = [f"2026-01-{1 + day % 28:02d}" for day in range(900)]
    histogram = {"values": days, "counts": [2] * 900, "positives": [1] * 900}
    drawn = shape({"problem": {"type": "binary"}}, "at", {"histogram": histogram})
    assert drawn is not None
    assert drawn.count("z") <= 40
    assert "The line is the share of positives, 50% to 50%." in drawn


@pytest.mark.parametrize("histogram", [None, {}, {"edges": [0, 1], "counts": []}])
def test_column_without_values_has_no_picture(histogram: Any) -> None:
    """Everything is missing."""
    assert shape({}, "f", {"histogram": histogram}) is None


def test_ends_of_the_target_are_its_classes() -> None:
    """Encoded they are 0 and 1, which nobody called them."""
    column = {"min": 0, "max": 1}
    problem = {"type": "binary", "target": "y", "positive": "yes"}
    assert ends({"problem": problem}, "y", column) == ("not yes", "yes")
    several = {"problem": {"type": "multiclass", "target": "y"}, "classes": ["a", "b", "c"]}
    assert ends(several, "y", {"min": 0, "max": 2}) == ("a", "c")


def test_pairs_that_say_the_same_are_named() -> None:
    """A table of four hundred numbers names none; a pair is written once, found either way."""
    document = {"importance": [{"feature": "b"}, {"feature": "a"}]}
    known = {"correlations": {"target": {"a": 0.1}, "inputs": {"a": {"b": -0.9}, "b": {}}}}
    found = correlations(document, known)
    assert found is not None
    assert found["names"] == ["b", "a"]
    assert found["pairs"] == [("a", "b", "\N{MINUS SIGN}0.90")]
    _, cells, target = found["rows"][0]
    assert [cell.css_class for cell in cells] == ["self", "minus-5"]
    assert target.text == "-"
    assert correlations({}, {}) is None


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_parts_of_the_split_show_their_target(problem: str) -> None:
    """Whether they were drawn alike can be seen."""
    split = data(evaluated(problem), profiled(problem))["split"]
    assert [one["name"] for one in split["parts"]] == ["train", "validation", "test"]
    assert all(len(one["cells"]) == len(split["heads"]) for one in split["parts"])
    first = split["parts"][0]["cells"][0]
    assert (
        first
        == {
            "binary": ("154", "51.3%"),
            "multiclass": ("112", "37.3%"),
            "regression": ("99.5", "± 30"),
        }[problem]
    )


def test_algorithms_that_were_tried_are_listed_and_the_chosen_one_marked() -> None:
    """Whoever asks why it is this one finds the others' scores."""
    candidates = [{"algorithm": "xgboost", "score": 0.9}, {"algorithm": "linear", "score": 0.8}]
    document = {"training": {"candidates": candidates}, "model": {"algorithm": "xgboost"}}
    found = lineage(document, {})["candidates"]
    assert [(one["name"], one["value"], one["chosen"]) for one in found["rows"]] == [
        ("xgboost", "0.9", True),
        ("linear", "0.8", False),
    ]
    assert lineage({}, {})["candidates"] is None
