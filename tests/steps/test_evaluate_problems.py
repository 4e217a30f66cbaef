"""Several classes and numbers are evaluated as carefully as two classes are."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import EmptySampleError, SingleClassError
from pipeline_code.core.metrics import METRICS_OF
from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate import Champion, Evaluation, evaluate, predictions
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.gate import UnmeasuredMetricError
from pipeline_code.steps.matrix import UnusableColumnError
from pipeline_code.steps.predict import Matrix, Model, Vector
from pipeline_code.steps.report import render_report
from pipeline_code.steps.train import train
from tests.mixed_tables import CLASSES, mixed_rows, mixed_usecase

OTHERS = ("multiclass", "regression")
QUICK = {"evaluation.bootstrap_samples": "20", "evaluation.explained_rows": "50"}


@cache
def usecase(problem: str) -> UseCase:
    """A use case with quick settings."""
    return mixed_usecase(problem).with_settings(QUICK)


@cache
def model(problem: str, rounds: int = 30) -> Model:
    """A booster; few rounds make a bad one."""
    settings = mixed_usecase(problem, n_estimators=rounds)
    return train(mixed_rows(problem), mixed_rows(problem, seed=1), settings).model


def changed(of: str, /, **sections: dict[str, Any]) -> UseCase:
    """The use case with other settings in some sections."""
    document = usecase(of).model_dump(mode="json", exclude_unset=True)
    for section, values in sections.items():
        document[section] = {**document.get(section, {}), **values}
    return UseCase.model_validate(document)


def measured(
    problem: str,
    test: Columns | None = None,
    champion: Model | None = None,
    settings: UseCase | None = None,
    challenger: Model | None = None,
) -> Evaluation:
    """Evaluate the booster of one type of problem."""
    return evaluate(
        mixed_rows(problem, seed=2) if test is None else test,
        mixed_rows(problem, seed=1),
        challenger or model(problem),
        Champion(3, champion) if champion else None,
        settings or usecase(problem),
    )


def written(found: Evaluation, profile: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write the document and read it again, without NaN."""
    text = json.dumps(evaluation_document(found, profile or {}), allow_nan=False)
    document: dict[str, Any] = json.loads(text)
    return document


class Constant(Model):
    """A model that gives every row the same scores."""

    def __init__(self, like: Model, score: Any) -> None:
        super().__init__(like.metadata)
        self._score = score

    def gain(self) -> None:
        """There are no splits."""
        return

    def weights(self) -> bytes:
        """It is not saved."""
        return b""

    def _predict(self, x: Matrix) -> Vector:
        return np.tile(np.asarray(self._score, dtype=np.float64), (len(x), 1)).squeeze(1)

    def _explain(self, x: Matrix) -> Vector:
        wide = len(self.features) + 1
        return np.zeros((len(x), self.outputs, wide) if self.outputs > 1 else (len(x), wide))


class ConstantClasses(Constant):
    """The same for several classes."""

    def _predict(self, x: Matrix) -> Vector:
        return np.tile(np.asarray(self._score, dtype=np.float64), (len(x), 1))


@pytest.mark.parametrize("problem", OTHERS)
def test_first_model_is_measured_by_every_metric_of_its_type(problem: str) -> None:
    """In the order in which people read them, with an interval each."""
    document = written(measured(problem))
    assert tuple(document["metrics"]) == METRICS_OF[problem]
    assert all(one["low"] <= one["high"] for one in document["metrics"].values())
    assert document["gate"]["decision"] == "register"
    assert document["champion"] is None
    assert set(document["validation"]) == set(METRICS_OF[problem])
    assert "Model evaluation" in render_report(document)


@pytest.mark.parametrize("problem", OTHERS)
def test_uplift_is_positive_for_the_better_model_though_less_is_better(problem: str) -> None:
    """Log loss and error count downwards, the gate does not."""
    bad = model(problem, rounds=2)
    up, down = measured(problem, champion=bad), measured(problem, champion=model(problem))
    better = written(up)
    assert better["gate"]["decision"] == "register"
    assert better["uplift"]["value"] > 0
    assert better["uplift"]["low"] <= better["uplift"]["value"] <= better["uplift"]["high"]
    assert better["uplift"]["win_share"] == 1.0
    assert "smaller is better: an uplift of +" in better["gate"]["reason"]
    same = written(down)
    assert same["gate"]["decision"] == "keep_champion"
    assert (same["uplift"]["value"], same["uplift"]["win_share"]) == (0, 0)


@pytest.mark.parametrize("problem", OTHERS)
def test_champion_encodes_the_rows_by_its_own_categories(problem: str) -> None:
    """Its codes were fitted on other rows; a category it never saw is one of the others."""
    rows = mixed_rows(problem)
    unlike = {**rows, "kind": np.where(rows["kind"] == "a", "z", rows["kind"])}
    champion = train(unlike, mixed_rows(problem, seed=1), mixed_usecase(problem)).model
    assert "a" not in champion.categories["kind"]
    found = measured(problem, champion=champion)
    assert found.champion is not None
    assert written(found)["champion"]["metrics"]


@pytest.mark.parametrize("problem", OTHERS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target": "z"}, "it predicts z, not y"),
        ({"problem": "binary"}, "it is a binary model, and this is a"),
        ({"features": ("size", "AGE")}, "lack its features AGE"),
        ({"categories": {}}, "it takes kind, shop as numbers"),
        ({"categories": {"size": ("1",), "kind": ("a",), "shop": ("b",)}}, "it takes size as text"),
    ],
)
def test_champion_that_cannot_be_measured_stays(
    problem: str, change: dict[str, Any], says: str
) -> None:
    """The reason names what is in the way, and the challenger is measured all the same."""
    other = model(problem).with_threshold(0.5)
    other.metadata = other.metadata.model_copy(update=change)
    document = written(measured(problem, champion=other))
    assert says in document["gate"]["reason"]
    assert document["gate"]["decision"] == "keep_champion"
    assert document["champion"] == {"version": 3, "metrics": None}


def test_champion_of_other_classes_stays() -> None:
    """Both sides of the difference are named."""
    other = model("multiclass").with_threshold(0.5)
    other.metadata = other.metadata.model_copy(update={"classes": ("low", "middle", "top")})
    reason = measured("multiclass", champion=other).verdict.reason
    assert "it does not know the classes high" in reason
    assert "it knows top, which are no classes any more" in reason


def test_champion_with_classes_in_another_order_is_put_into_ours() -> None:
    """The order of a list is no reason not to compare: the same model has no uplift."""
    ours = model("multiclass")
    order = (2, 0, 1)
    names = tuple(CLASSES[at] for at in order)
    x = np.zeros((1, len(ours.features)), dtype=np.float32)
    share = ours.predict(x)[0]
    settings = usecase("multiclass")
    one = ConstantClasses(ours, share)
    other = ConstantClasses(ours, share[list(order)])
    other.metadata = ours.metadata.model_copy(update={"classes": names})
    found = measured("multiclass", champion=other, challenger=one, settings=settings)
    assert found.rival is not None
    assert found.rival.uplift is not None
    assert found.rival.uplift.value == 0


def test_class_that_never_occurs_has_a_row_of_zeros_and_no_curve() -> None:
    """A rare class may be missing from the test rows, which is no reason to fail."""
    rows = mixed_rows("multiclass", seed=2)
    kept = {name: values[rows["y"] != 1] for name, values in rows.items()}
    document = written(measured("multiclass", kept, champion=model("multiclass", rounds=2)))
    assert document["class_rows"][1] == 0
    assert document["confusion_matrix"][1] == [0, 0, 0]
    assert sum(map(sum, document["confusion_matrix"])) == document["rows"]
    for side in ("challenger", "champion"):
        drawn = {one["label"] for one in document["curves"][side]["per_class"]}
        assert drawn == {"low", "high"}


def test_rows_of_one_class_and_no_rows_are_refused() -> None:
    """Nothing can be told apart; a single row is of one class too."""
    rows = mixed_rows("multiclass", seed=2)
    with pytest.raises(SingleClassError, match="every y is middle"):
        measured("multiclass", {**rows, "y": np.ones(300, dtype=np.int64)})
    with pytest.raises(SingleClassError):
        measured("multiclass", {name: values[:1] for name, values in rows.items()})
    for problem in OTHERS:
        with pytest.raises(EmptySampleError, match=r"test\.parquet"):
            measured(problem, {name: v[:0] for name, v in mixed_rows(problem).items()})


@pytest.mark.parametrize(
    ("problem", "value"), [("multiclass", 3), ("multiclass", 0.5), ("regression", np.inf)]
)
def test_target_that_is_none_of_its_type_is_refused(problem: str, value: float) -> None:
    """With the file and the column."""
    rows = mixed_rows(problem, seed=2)
    with pytest.raises(UnusableColumnError, match=r"test\.parquet: y is the target and"):
        measured(problem, {**rows, "y": np.full(300, value)})


def test_one_row_of_a_regression_is_measured() -> None:
    """There is no share of a variance to explain, so that metric is left out."""
    rows = {name: values[:1] for name, values in mixed_rows("regression", seed=2).items()}
    document = written(measured("regression", rows))
    assert document["rows"] == 1
    assert "r2" not in document["metrics"]
    assert document["metrics"]["rmse"]["value"] >= 0
    with pytest.raises(UnmeasuredMetricError, match="'r2', which is not measured on these rows"):
        measured("regression", rows, settings=changed("regression", gate={"metric": "r2"}))


def test_targets_of_zero_have_no_percentage_error() -> None:
    """Nothing is divided by zero, and nothing is made up."""
    rows = mixed_rows("regression", seed=2)
    document = written(measured("regression", {**rows, "y": np.zeros(300)}))
    assert "mape" not in document["metrics"]
    assert document["target"] == {"mean": 0, "std": 0, "min": 0, "max": 0}


def test_constant_predictions_are_measured() -> None:
    """A model that learned nothing is a finding, no failure."""
    value = Constant(model("regression"), [100.0])
    document = written(measured("regression", challenger=value, champion=model("regression")))
    assert document["gate"]["decision"] == "keep_champion"
    assert len(document["residuals"]["challenger"]["by_decile"]) == 1
    share = ConstantClasses(model("multiclass"), [0.2, 0.5, 0.3])
    document = written(measured("multiclass", challenger=share, champion=model("multiclass")))
    assert document["gate"]["decision"] == "keep_champion"
    assert document["metrics"]["auc_roc_macro"]["value"] == 0.5
    assert [row[0] + row[2] for row in document["confusion_matrix"]] == [0, 0, 0]


def test_missed_classes_are_paid_for_and_compared_with_the_cheapest_constant() -> None:
    """The constant class is chosen on the validation rows, where the dearest to miss wins."""
    settings = changed("multiclass", costs={"missed": {"high": 50.0, "low": 2.0}})
    document = written(measured("multiclass", settings=settings))
    price = {"low": 2.0, "middle": 1.0, "high": 50.0}
    spent = sum(
        price[CLASSES[at]] * (sum(row) - row[at])
        for at, row in enumerate(document["confusion_matrix"])
    )
    assert document["cost"]["challenger"] == pytest.approx(spent)
    low, middle, _ = document["class_rows"]
    assert document["cost"]["without_model"] == 2 * low + middle
    assert document["cost"]["saved"] == pytest.approx(2 * low + middle - spent)
    assert document["cost"]["without_model_answer"] == "every row is called high"
    assert document["cost"]["without_model_known_from"] == "validation"
    assert document["cost"]["missed"] == price
    assert "over" not in document["cost"]


def test_values_are_compared_with_the_quantile_that_two_prices_make_cheapest() -> None:
    """Too little costs three times as much, so three quarters lie below the constant."""
    settings = changed("regression", costs={"over": 1.0, "under": 3.0})
    found = measured("regression", settings=settings)
    document = written(found)
    constant = np.quantile(mixed_rows("regression", seed=1)["y"], 0.75)
    excess = constant - found.target
    assert document["cost"]["without_model"] == pytest.approx(
        np.where(excess > 0, excess, -3 * excess).sum()
    )
    assert document["cost"]["saved"] > 0


@pytest.mark.parametrize(
    ("problem", "target", "answer"),
    [
        ("multiclass", {"classes": {"low": 7, "high": 9}}, "every row is called high"),
        ("regression", {"mean": 90.0}, "every row is predicted as 90"),
    ],
)
def test_without_validation_rows_the_training_rows_say_what_no_model_would(
    problem: str, target: dict[str, Any], answer: str
) -> None:
    """Never the test rows, which nobody knows beforehand; else nothing is said."""
    empty = {name: values[:0] for name, values in mixed_rows(problem).items()}
    rows = mixed_rows(problem, seed=2)
    found = evaluate(rows, empty, model(problem), None, usecase(problem))
    assert found.validation is None
    known = written(found, {"split": {"train": {"rows": 16, "target": target}}})["cost"]
    assert (known["without_model_answer"], known["without_model_known_from"]) == (answer, "train")
    unknown = written(found)["cost"]
    assert (unknown["without_model"], unknown["saved"]) == (None, None)


def test_predictions_name_the_called_class_and_every_probability() -> None:
    """One row a test row, the champion's columns missing where there is none."""
    rows = mixed_rows("multiclass", seed=2)
    found = predictions(measured("multiclass", rows))
    shares = np.stack([found[f"score_{name}"] for name in CLASSES], axis=1)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [CLASSES[at] for at in shares.argmax(axis=1)] == found["called"].tolist()
    assert np.isnan(found["champion_score_low"]).all()
    assert set(found["champion_called"]) == {None}
    values = predictions(measured("regression", champion=model("regression", rounds=2)))
    assert np.isfinite(values["score"]).all()
    assert np.isfinite(values["champion_score"]).all()


def test_residuals_describe_both_models() -> None:
    """Dots, a histogram of all rows, tenths of the prediction and shares within a tolerance."""
    document = written(measured("regression", champion=model("regression", rounds=2)))
    for side in ("challenger", "champion"):
        residuals = document["residuals"][side]
        assert sum(residuals["histogram"]["counts"]) == 300
        assert sum(one["rows"] for one in residuals["by_decile"]) == 300
        assert residuals["within"][0]["percent"] == 5
        assert len(residuals["scatter"]) == 300
    actual = sorted(point[0] for point in document["residuals"]["challenger"]["scatter"])
    target = np.sort(mixed_rows("regression", seed=2)["y"])
    np.testing.assert_allclose(actual, target, rtol=1e-5)


def test_document_of_fifty_classes_stays_small() -> None:
    """It is kept with every version and read by a browser: 300 KB are enough."""
    names = [f"class {at}" for at in range(50)]
    settings = changed("multiclass", problem={"classes": names}, evaluation={"slices": ["shop_id"]})
    generator = np.random.default_rng(0)
    like = model("multiclass")

    class Random(ConstantClasses):
        def _predict(self, x: Matrix) -> Vector:
            return np.random.default_rng(int(self._score)).dirichlet(np.ones(50), len(x))

        def _explain(self, x: Matrix) -> Vector:
            return np.random.default_rng(1).normal(size=(len(x), 50, len(self.features) + 1))

    models = [Random(like, seed) for seed in (1, 2)]
    for one in models:
        one.metadata = like.metadata.model_copy(update={"classes": tuple(names)})
    rows = {**mixed_rows("multiclass", 3_000, seed=2), "y": generator.integers(0, 50, 3_000)}
    found = evaluate(rows, rows, models[0], Champion(1, models[1]), settings)
    text = json.dumps(evaluation_document(found, {}), allow_nan=False, separators=(",", ":"))
    assert len(text) < 300_000
