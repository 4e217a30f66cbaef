"""What is particular to classes and to numbers."""

from __future__ import annotations

import pytest

from pipeline_code.steps.report.binary import decisions
from pipeline_code.steps.report.multiclass import classes
from pipeline_code.steps.report.regression import errors
from tests.steps.report_documents import Document, evaluated

MATRIX = [[8, 2, 0], [0, 0, 5], [0, 0, 0]]


def described(matrix: list[list[int]]) -> Document:
    """Describe classes called by letters."""
    labels = ["a", "b", "c", "d"][: len(matrix)]
    found = classes({"classes": labels, "confusion_matrix": matrix})
    assert found is not None
    return found


def test_each_class_has_its_precision_and_recall() -> None:
    """Known values; what a class without rows or calls does not define is none."""
    by_label = {one.label: one for one in described(MATRIX)["first"]}
    assert (by_label["a"].recall, by_label["a"].precision) == (0.8, 1.0)
    assert by_label["a"].f1 == pytest.approx(16 / 18)
    assert (by_label["b"].recall, by_label["b"].precision) == (0.0, 0.0)
    assert by_label["c"].recall is None


def test_mistakes_are_named_most_frequent_first() -> None:
    """Fifty by fifty cells are too many to read."""
    found = described(MATRIX)
    assert [(one.truth, one.called, one.rows, one.share) for one in found["confusions"]] == [
        ("b", "c", 5, 1.0),
        ("a", "b", 2, 0.2),
    ]
    assert (found["wrong"], found["hardest"].label) == (7, "b")


def test_cells_are_darker_the_larger_the_share_of_the_class() -> None:
    """A rare class is as visible as a frequent one."""
    _, _, row = described([[96, 3, 1], [0, 1, 1], [0, 0, 1]])["matrix"][0]
    assert [cell.level for cell in row] == [6, 2, 1]
    assert row[1].words == "3 rows of a called b (3%)"
    assert [cell.is_right for cell in row] == [True, False, False]
    assert described(MATRIX)["matrix"][2][2][0].level == 0


def test_many_classes_make_the_table_dense_and_the_list_short() -> None:
    """Up to twelve classes there is room."""
    for count, is_roomy in ((12, True), (13, False), (50, False)):
        matrix = [[int(at == place) for at in range(count)] for place in range(count)]
        labels = [f"class {place}" for place in range(count)]
        found = classes({"classes": labels, "confusion_matrix": matrix})
        assert found is not None
        assert found["is_roomy"] is is_roomy
        assert len(found["first"]) == min(count, 20)
        assert len(found["first"]) + len(found["more"]) == count


def test_hardest_classes_are_drawn() -> None:
    """Six lines can be told apart; those of perfect classes say least."""
    line = [[0, 0], [1, 1]]
    drawn = [
        {"label": f"c{place}", "auc": 0.5 + 0.05 * place, "roc": line, "precision_recall": line}
        for place in range(9)
    ]
    labels = [one["label"] for one in drawn]
    matrix = [[1] * 9 for _ in range(9)]
    curves = {"challenger": {"per_class": drawn}}
    found = classes({"classes": labels, "confusion_matrix": matrix, "curves": curves})
    assert found is not None
    assert found["curves"].labels == ("c0", "c1", "c2", "c3", "c4", "c5")
    assert found["curves"].others == 3


@pytest.mark.parametrize("matrix", [[], [[1]], [[1, 2, 3]] * 3])
def test_matrix_of_another_shape_is_none(matrix: list[list[int]]) -> None:
    """Of two classes there are two rows of two."""
    assert decisions({"confusion_matrix": matrix}) is None


def test_predictions_near_the_truth_are_counted_for_both_models() -> None:
    """'Nine of ten within 20 %' is what a business understands of an error."""
    found = errors(evaluated("regression"))
    assert found is not None
    assert [one["percent"] for one in found["within"]] == [5, 10, 20, 50]
    assert all(one["champion"] is not None for one in found["within"])
    assert len(found["charts"]) == 3


def test_residuals_without_spread_have_no_histogram() -> None:
    """A constant model on a constant target: one bin of no width."""
    flat = {"histogram": {"edges": [0.0, 0.0], "counts": [9]}, "scatter": [[1.0, 1.0]]}
    found = errors({"residuals": {"challenger": flat, "champion": None}})
    assert found is not None
    assert [title for title, _, _ in found["charts"]] == ["Predicted and actual."]


def test_outline_of_the_champion_has_the_area_of_the_bars() -> None:
    """Its bins may be wider; drawn by count it would look the better one."""
    wide = {"histogram": {"edges": [0.0, 2.0, 4.0], "counts": [2, 2]}}
    narrow = {"histogram": {"edges": [0.0, 1.0, 2.0], "counts": [2, 2]}}
    document = {"residuals": {"challenger": wide, "champion": narrow}}
    found = errors(document)
    assert found is not None
    ((_, _, chart),) = found["charts"]
    # Twice as high over half the width: 4 rows, the top of the axis.
    assert ",14.0 " in chart[chart.index("<polyline") :]
