"""Why: categories have names and colours of their own, classes are followed where they move."""

from __future__ import annotations

from pipeline_code.steps.report.dependence import dependence_charts
from pipeline_code.steps.report.reasons import reasons
from tests.steps.report_documents import Document, evaluated


def test_categories_are_coloured_apart_and_named() -> None:
    """They have no order: small to large would be a lie."""
    document = evaluated("binary")
    found = reasons(document)
    assert found is not None
    kinds = {one["feature"]: one for one in found["kinds"]}
    assert kinds["kind"]["names"] == ["a", "b", "c"]
    assert set(kinds) == {"kind", "shop"}
    assert kinds["shop"]["others"] == 8
    assert 'class="dots kind-0"' in found["dots"]
    assert 'class="dots shade-4"' in found["dots"]
    assert 'class="dots shade-none"' in found["dots"]


def test_classes_have_their_own_features_instead_of_a_direction() -> None:
    """A value that speaks for one class speaks against another."""
    found = reasons(evaluated("multiclass"))
    assert found is not None
    assert found["dots"] is None
    assert {one["label"] for one in found["classes"]} == {"low", "middle", "high"}
    assert all(one["features"] for one in found["classes"])


def test_contributions_say_whether_they_raise_or_lower() -> None:
    """A sign is overlooked."""
    for problem in ("binary", "multiclass", "regression"):
        found = reasons(evaluated(problem))
        assert found is not None
        verbs = {one["verb"] for example in found["examples"] for one in example["contributions"]}
        assert verbs == {"raises", "lowers"}


def test_target_is_not_repeated_among_the_ids_of_an_example() -> None:
    """The truth is said in words; encoded it would be a number that nobody knows."""
    found = reasons(evaluated("multiclass"))
    assert found is not None
    assert all("y" not in example["ids"] for example in found["examples"])
    assert any("called" in example["facts"] for example in found["examples"])


def followed(**changes: object) -> Document:
    """Draw one feature of three classes."""
    one = {"feature": "f", "kind": "number", "grid": [0, 1], "rows": [0.5, 0.5],
           "values": [[0.1, 0.5, 0.4], [0.1, 0.2, 0.7]], "missing": None, **changes}  # fmt: skip
    document = {"problem": {"type": "multiclass"}, "classes": ["a", "b", "c"]}
    (found,) = dependence_charts({**document, "partial_dependence": [one]})
    return found


def test_classes_that_move_most_are_followed_first() -> None:
    """Fifty lines would be a carpet."""
    assert followed()["labels"] == ["b", "c", "a"]


def test_prediction_where_the_feature_is_missing_is_said() -> None:
    """It has no place on the axis."""
    missing = {"values": [0.1, 0.25, 0.65], "rows": 0.2}
    assert followed(missing=missing)["missing"] == (
        "Where it is missing (20% of rows): 25% for b, 65% for c, 10% for a."
    )
    assert followed()["missing"] == ""


def test_rare_categories_are_left_out_and_counted() -> None:
    """Ten rows of dots fit on a screen."""
    grid = [f"value {place}" for place in range(15)]
    found = followed(kind="category", grid=grid, values=[[0.1, 0.2, 0.7]] * 15, rows=[0.06] * 15)
    assert found["left_out"] == 5
    assert found["chart"].count(">value ") == 10


def test_feature_whose_values_do_not_fit_its_grid_is_left_out() -> None:
    """Half a curve is worse than none."""
    document = {"partial_dependence": [{"feature": "f", "grid": [0, 1], "values": [0.1]}]}
    assert dependence_charts(document) == []
