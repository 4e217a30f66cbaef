"""Training is repeatable, stops early on validation rows, and refuses what cannot be learned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.preprocessing

from pipeline_code.core.errors import EmptySampleError, MissingColumnsError, SingleClassError
from pipeline_code.core.metrics import ErrorCosts, decisions
from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.matrix import UnusableColumnError, feature_matrix
from pipeline_code.steps.train import HYPERPARAMETERS, train

MakeRows = Callable[..., Columns]


def none_of(rows: Columns) -> Columns:
    """Keep the columns and no rows."""
    return {name: values[:0] for name, values in rows.items()}


def test_algorithm_knows_the_settings_it_reads(small_usecase: UseCase) -> None:
    """A hyperparameter that is renamed in the use case is renamed here."""
    for names in HYPERPARAMETERS.values():
        assert set(names) <= set(type(small_usecase.training).model_fields)


@pytest.mark.parametrize("algorithm", ["xgboost", "linear"])
def test_same_rows_and_seed_give_the_same_model(
    algorithm: str, small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """A run that is repeated is confirmed, even where rows are drawn at random."""
    usecase = small_usecase.with_settings(
        {"training.algorithm": algorithm, "training.subsample": "0.5"}
    )
    one, two = (train(make_rows(), make_rows(seed=1), usecase) for _ in range(2))
    assert one.model.weights() == two.model.weights()
    assert one.model.metadata == two.model.metadata
    assert one.record == two.record


@pytest.mark.parametrize("algorithm", ["xgboost", "linear"])
def test_model_learns_and_says_what_it_is(
    algorithm: str, small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """Positives score higher, and the metadata is enough to score with."""
    usecase = small_usecase.with_settings({"training.algorithm": algorithm})
    trained = train(make_rows(), make_rows(seed=1), usecase)
    rows = make_rows(seed=2)
    scores = trained.model.predict(feature_matrix(rows, trained.model.features, "rows"))

    assert scores[rows["FRAUD"] == 1].mean() > 2 * scores[rows["FRAUD"] == 0].mean()
    metadata = trained.model.metadata
    assert metadata.algorithm == algorithm
    assert metadata.features == ("amount", "night", "risk")
    assert metadata.target == "FRAUD"
    assert tuple(metadata.hyperparameters) == HYPERPARAMETERS[algorithm]
    assert "numpy" in metadata.libraries
    assert trained.record["train"] == {"rows": 400, "positives": int(make_rows()["FRAUD"].sum())}


def test_boosting_keeps_only_the_trees_up_to_the_best_round(
    small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """Who reads the file needs no round number to predict as the training did."""
    usecase = small_usecase.with_settings({"training.n_estimators": "200"})
    trained = train(make_rows(), make_rows(seed=1), usecase)
    best = trained.model.metadata.best_iteration
    curve = trained.record["validation_curve"]["values"]

    assert best == int(np.argmax(curve))
    assert len(curve) == best + 1 + 5  # five rounds without a better one
    assert trained.model._booster.num_boosted_rounds() == best + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", ["no rows", "one class", "switched off"])
def test_boosting_does_not_stop_early_without_something_to_watch(
    case: str, small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """Average precision of one class would stop at the first round."""
    validation = make_rows(seed=1)
    if case == "no rows":
        validation = none_of(validation)
    elif case == "one class":
        validation["FRAUD"][:] = 0
    usecase = small_usecase.with_settings(
        {"training.early_stopping_rounds": "0"} if case == "switched off" else {}
    )
    trained = train(make_rows(), validation, usecase)
    assert trained.record["rounds"] == 20
    assert trained.record["validation_curve"] == {"metric": "aucpr", "values": []}


def test_threshold_is_cheapest_on_the_validation_rows(
    small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """Not on the training rows, whose scores are too good to be true."""
    validation = make_rows(seed=1)
    trained = train(make_rows(), validation, small_usecase)
    scores = trained.model.predict(feature_matrix(validation, trained.model.features, "rows"))
    counts = decisions(validation["FRAUD"] == 1, scores, trained.model.threshold)

    assert trained.record["threshold"]["chosen_on"] == "validation"
    assert counts.cost(ErrorCosts(5, 120)) == trained.record["threshold"]["cost"]
    without = train(make_rows(), none_of(validation), small_usecase)
    assert without.record["threshold"]["chosen_on"] == "train"


def test_dearer_misses_lower_the_threshold(small_usecase: UseCase, make_rows: MakeRows) -> None:
    """The costs in the use case are what decides."""
    cheap, dear = (
        train(
            make_rows(),
            make_rows(seed=1),
            small_usecase.with_settings({"costs.false_negative": cost}),
        ).model.threshold
        for cost in ("5", "5000")
    )
    assert dear < cheap


def test_linear_model_is_that_of_scikit_learn(small_usecase: UseCase, make_rows: MakeRows) -> None:
    """Our two files and few lines predict what the library predicts."""
    usecase = small_usecase.with_settings({"training.algorithm": "linear"})
    rows = make_rows()
    rows["risk"] = np.nan_to_num(rows["risk"], nan=0.3)
    x = feature_matrix(rows, usecase.features.inputs, "rows")
    trained = train(rows, none_of(rows), usecase)

    wide = sklearn.preprocessing.StandardScaler().fit_transform(x.astype(np.float64))
    library = sklearn.linear_model.LogisticRegression(C=1.0).fit(wide, rows["FRAUD"])
    expected = library.predict_proba(wide)[:, 1]
    np.testing.assert_allclose(trained.model.predict(x), expected, atol=1e-4)


def test_scaler_never_sees_the_validation_rows(small_usecase: UseCase, make_rows: MakeRows) -> None:
    """Statistics of later rows in an earlier model are a leak."""
    usecase = small_usecase.with_settings({"training.algorithm": "linear"})
    far = make_rows(seed=1)
    far["amount"] = far["amount"] * 1000
    near = train(make_rows(), make_rows(seed=1), usecase).model.weights()
    assert train(make_rows(), far, usecase).model.weights() == near


def test_linear_model_bears_empty_and_constant_features(
    small_usecase: UseCase, make_rows: MakeRows
) -> None:
    """A feature that is missing everywhere, or the same everywhere, explains nothing."""
    usecase = small_usecase.with_settings({"training.algorithm": "linear"})
    rows = make_rows()
    rows["night"] = np.full(400, np.nan)
    rows["amount"] = np.full(400, 7.0)
    model = train(rows, none_of(rows), usecase).model
    shap = model.explain(feature_matrix(rows, model.features, "rows"))
    assert (shap[:, :2] == 0).all()
    assert np.isfinite(shap).all()


def test_progress_ends_at_the_total(small_usecase: UseCase, make_rows: MakeRows) -> None:
    """A bar that stops at 60 % looks like a failure."""
    said: list[tuple[int, int, str]] = []
    train(make_rows(), make_rows(seed=1), small_usecase, lambda *step: said.append(step))
    assert said[0] == (0, 20, "boosting rounds")
    assert said[-1] == (20, 20, "boosting rounds")


def test_unlearnable_rows_are_refused(small_usecase: UseCase, make_rows: MakeRows) -> None:
    """Before any training, in one line."""
    good = make_rows()
    with pytest.raises(EmptySampleError, match=r"train\.parquet"):
        train(none_of(good), good, small_usecase)
    with pytest.raises(SingleClassError, match=r"train\.parquet.*FRAUD is 0"):
        train({**good, "FRAUD": np.zeros(400)}, good, small_usecase)
    with pytest.raises(UnusableColumnError, match=r"validation\.parquet: FRAUD"):
        train(good, {**good, "FRAUD": np.full(400, np.nan)}, small_usecase)
    with pytest.raises(MissingColumnsError, match="risk"):
        train({name: good[name] for name in good if name != "risk"}, good, small_usecase)
