"""Stands for SageMaker's linear learner: linear models of scikit-learn, kept as its weights are.

The real one descends by stochastic gradients, tries several penalties at once and keeps the
model that does best on the validation rows. So does this one, but each penalty is solved for.
Source: Amazon SageMaker AI developer guide, "How linear learner works".
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.mxnet_params import write_params
from pipeline_code.local.stand_ins.container import Container, UserError, run

_MODEL = "model_algo-1"
_PARAMS = "mx-mod-0000.params"
_PENALTIES = (1e-2, 1e-1, 1.0, 1e1, 1e2)
_ITERATIONS = 1_000
_KNOWN = (
    "balance_multiclass_weights",
    "binary_classifier_model_selection_criteria",
    "epochs",
    "mini_batch_size",
    "normalize_data",
    "normalize_label",
    "num_classes",
    "positive_example_weight_mult",
    "predictor_type",
)
_KINDS = ("binary_classifier", "multiclass_classifier", "regressor")


def main(container: Container) -> Mapping[str, Any]:
    """Fit one model a penalty and leave the best."""
    given = container.hyperparameters(_KNOWN)
    kind = given.get("predictor_type")
    if kind not in _KINDS:
        raise UserError(f"predictor_type {kind!r} is none of {', '.join(_KINDS)}")
    x, y = container.rows("train")
    held_out, truth = container.rows("validation")
    if len(x) < int(given.get("mini_batch_size", 1_000)):
        raise UserError(f"mini_batch_size is larger than the {len(x)} rows of the channel train")
    fits = _regressors(x, y) if kind == "regressor" else _classifiers(x, y, given)
    _, weight, bias = min(
        ((_loss(kind, held_out, truth, w, b), w, b) for w, b in fits), key=lambda fit: fit[0]
    )
    arrays = {"fc0_weight": weight.astype(np.float32), "fc0_bias": bias.astype(np.float32)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # With a date of its own the same model would not be the same bytes.
        archive.writestr(zipfile.ZipInfo(_PARAMS), write_params(arrays))
    container.model(_MODEL, packed.getvalue())
    rows = len(x) + len(held_out)
    return {"rows_in": rows, "rows_out": rows, "columns": x.shape[1]}


def _regressors(
    x: NDArray[Any], y: NDArray[Any]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    from sklearn.linear_model import Ridge

    for penalty in _PENALTIES:
        fitted = Ridge(alpha=penalty).fit(x, y)
        yield np.reshape(fitted.coef_, (1, -1)), np.reshape(fitted.intercept_, 1)


def _classifiers(
    x: NDArray[Any], y: NDArray[Any], given: Mapping[str, str]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    from sklearn.linear_model import LogisticRegression

    is_balanced = (
        given.get("positive_example_weight_mult") == "balanced"
        or given.get("balance_multiclass_weights") == "true"
    )
    classes = int(given.get("num_classes", 2))
    for penalty in _PENALTIES:
        fitted = LogisticRegression(
            C=1 / penalty,
            max_iter=_ITERATIONS,
            class_weight="balanced" if is_balanced else None,
        ).fit(x, y.astype(int))
        if len(fitted.classes_) < classes:
            raise UserError("the channel train lacks rows of a class")
        yield fitted.coef_, fitted.intercept_


def _loss(
    kind: str,
    x: NDArray[Any],
    y: NDArray[Any],
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> float:
    margins = x @ weight.T + bias
    if kind == "regressor":
        return float(np.mean((margins[:, 0] - y) ** 2))
    if kind == "binary_classifier":
        margins = np.hstack([np.zeros_like(margins), margins])
    total = np.logaddexp.reduce(margins, axis=1)
    return float(np.mean(total - margins[np.arange(len(y)), y.astype(int)]))


if __name__ == "__main__":
    run(main)
