"""Train a small neural network with PyTorch, which only training needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.design_matrix import Design
from pipeline_code.steps.model import sigmoid, softmax
from pipeline_code.steps.network_model import NETWORK_FILE, Arrays, NetworkModel, design_arrays
from pipeline_code.steps.train_scores import HeldOut, gate_score
from pipeline_code.steps.train_task import Fitted, Sample, Task, describe, row_weights
from pipeline_code.steps.train_torch_loss import Floats32, Loss

SETTINGS: Final = ("hidden_units", "epochs", "learning_rate", "early_stopping_rounds", "seed")

# ``learning_rate`` is what each tree adds; a network's steps are a hundredth of that, so that
# the default of 0.1 is Adam's own 0.001.
_STEP: Final = 0.01
_WEIGHT_DECAY: Final = 0.01
_BATCH: Final = 256
_FEWEST_BATCHES: Final = 8
_LAYERS: Final = 3
_FEW_ROWS: Final = 10_000  # below, threads wait for each other longer than they work


class NoTorchError(PipelineError, ImportError):
    """The algorithm ``torch`` is asked for, and PyTorch is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "training.algorithm torch needs PyTorch, which is not installed; "
            "pip install 'acequia[torch]', or choose another algorithm"
        )


@dataclass(frozen=True)
class _Network:
    """The parameters while they are trained: tensors by the names of the model's arrays."""

    torch: Any
    tensors: dict[str, Any]

    def margins(self, columns: Any) -> Any:
        flow = columns
        for layer in range(_LAYERS):
            if layer:
                flow = self.torch.relu(flow)
            flow = flow @ self.tensors[f"weights_{layer}"] + self.tensors[f"bias_{layer}"]
        return flow + columns @ self.tensors["skip"]

    def arrays(self) -> Arrays:
        return {name: one.detach().numpy().copy() for name, one in self.tensors.items()}


def learn_network(
    rows: Sample, held_out: Sample, task: Task, *, rounds: int | None = None
) -> Fitted:
    """Train a network; see `Learner`.

    It sees what a linear model sees: standardised numbers, gaps, a column a category, whose
    weights in the first layer are its embedding. The epoch that is best on the held-out rows is
    kept; with ``early_stopping_rounds`` training ends after so many epochs without a better one.

    Raises:
        NoTorchError: if PyTorch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise NoTorchError from error

    settings = task.usecase.training
    design = Design.of(rows.x, task.usecase.features.inputs, task.categories)
    loss = Loss.of(torch, rows, task)
    generator = np.random.default_rng(settings.seed)
    data = _dense(design, rows)
    tensors = _start(torch, data.shape[1], loss.base(rows), settings, generator)
    network = _Network(torch, tensors)
    optimizer = torch.optim.AdamW(
        network.tensors.values(),
        lr=settings.learning_rate * _STEP,
        weight_decay=_WEIGHT_DECAY,
    )
    trainer = _Trainer(network, optimizer, loss, design, task)
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if len(rows) < _FEW_ROWS else threads)
    try:
        best, arrays, curve = trainer.run(data, rows, held_out, generator, rounds)
    finally:
        torch.set_num_threads(threads)
    metadata = describe(
        task,
        "torch",
        settings=SETTINGS,
        libraries=("torch",),
        weights=NETWORK_FILE,
        rounds=best,
    )
    scale = {"centre": np.array(loss.centre), "spread": np.array(loss.spread)}
    model = NetworkModel(metadata, {**arrays, **scale, **design_arrays(design)})
    return Fitted(
        model,
        rounds=best,
        record={"rounds": best, "validation_curve": {"metric": "loss", "values": curve}},
    )


def _dense(design: Design, rows: Sample) -> Floats32:
    columns = design.columns(rows.x)
    spread = columns if isinstance(columns, np.ndarray) else columns.toarray()
    return spread.astype(np.float32)


def _start(
    torch: Any, width: int, base: Floats32, settings: Any, generator: np.random.Generator
) -> dict[str, Any]:
    """Draw the first weights.

    Source: He et al., arXiv 1502.01852, equation 10; the last layer and the linear part start
    at nothing, so the first prediction is ``base`` for every row.
    """
    sizes = [width, settings.hidden_units, settings.hidden_units, len(base)]
    tensors: dict[str, Any] = {"skip": torch.zeros(width, len(base))}
    for layer in range(_LAYERS):
        rows, columns = sizes[layer], sizes[layer + 1]
        scale = np.sqrt(2 / max(rows, 1)) if layer < _LAYERS - 1 else 0.0
        drawn = (generator.standard_normal((rows, columns)) * scale).astype(np.float32)
        tensors[f"weights_{layer}"] = torch.from_numpy(drawn)
        tensors[f"bias_{layer}"] = torch.zeros(columns)
    tensors[f"bias_{_LAYERS - 1}"] = torch.from_numpy(base)
    return {name: one.requires_grad_() for name, one in tensors.items()}


@dataclass(frozen=True)
class _Trainer:
    """Go through the rows until nothing gets better."""

    network: _Network
    optimizer: Any
    loss: Loss
    design: Design
    task: Task

    def run(
        self,
        data: Floats32,
        rows: Sample,
        held_out: Sample,
        generator: np.random.Generator,
        rounds: int | None,
    ) -> tuple[int, Arrays, list[float]]:
        settings = self.task.usecase.training
        watches = rounds is None and len(held_out) > 0
        patience = settings.early_stopping_rounds or settings.epochs
        epochs = rounds or settings.epochs
        watched = _dense(self.design, held_out) if watches else None
        curve: list[float] = []
        best, kept = 0, self.network.arrays()
        for epoch in range(1, epochs + 1):
            self._pass(data, rows, generator)
            self.task.progress(epoch, epochs, "epochs")
            if watched is None:
                continue
            curve.append(round(self._held_out_loss(watched, held_out, epoch), 6))
            if curve[-1] <= min(curve):
                best, kept = epoch, self.network.arrays()
            if epoch - best >= patience:
                break
        self.task.progress(epochs, epochs, "epochs")
        return (epochs, self.network.arrays(), curve) if watched is None else (best, kept, curve)

    def _pass(self, data: Floats32, rows: Sample, generator: np.random.Generator) -> None:
        torch, target = self.network.torch, self.loss.target(rows.y)
        columns = torch.from_numpy(data)
        weights = self.loss.weights
        weighed = None if weights is None else torch.from_numpy(weights.astype(np.float32))
        order = torch.from_numpy(generator.permutation(len(rows)))
        size = max(1, min(_BATCH, len(rows) // _FEWEST_BATCHES))
        for batch in order.split(size):
            self.optimizer.zero_grad()
            loss = self.loss(
                self.network.margins(columns[batch]),
                target[batch],
                None if weighed is None else weighed[batch],
            )
            loss.backward()
            self.optimizer.step()

    def _held_out_loss(self, watched: Floats32, held_out: Sample, epoch: int) -> float:
        torch = self.network.torch
        with torch.no_grad():
            margins = self.network.margins(torch.from_numpy(watched))
            weights = row_weights(held_out, self.task)
            weighed = None if weights is None else torch.from_numpy(weights.astype(np.float32))
            found = float(self.loss(margins, self.loss.target(held_out.y), weighed))
        if self.task.wants_steps:
            self._tell(margins.numpy(), held_out, epoch)
        return found

    def _tell(self, margins: Floats32, held_out: Sample, epoch: int) -> None:
        wide = margins.astype(np.float64)
        if self.loss.problem == MULTICLASS:
            scores = softmax(wide)
        elif self.loss.problem == BINARY:
            scores = sigmoid(wide[:, 0])
        else:
            scores = self.loss.centre + self.loss.spread * wide[:, 0]
        value = gate_score(HeldOut(held_out.y, scores, "validation"), self.task.usecase)
        if value is not None:
            self.task.metric(value, epoch)
