"""What a multiclass model takes for what: the shaded table, each class, and its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame, Series, line_chart
from pipeline_code.core.charts_axes import share_axis
from pipeline_code.steps.report.binary import calibration_chart
from pipeline_code.steps.report.formats import percent, plural
from pipeline_code.steps.report.reading import Found, items, number_at

LEVELS: Final = (0.02, 0.05, 0.12, 0.25, 0.5)
"""From which share of a class's rows on a cell is one shade darker."""
_ROOMY: Final = 12  # classes whose whole numbers and names fit into the table
_CONFUSIONS: Final = 10
_LINES: Final = 6
_SHOWN_CLASSES: Final = 20


@dataclass(frozen=True)
class Cell:
    """How many rows of one class were called another: how dark it is, and all of it in words."""

    rows: int
    level: int
    is_right: bool
    words: str


@dataclass(frozen=True)
class ClassRow:
    """One class: how many rows it has, how well they are found, how well it is separated."""

    label: str
    rows: int
    recall: float | None
    precision: float | None
    f1: float | None
    auc: float | None
    champion_auc: float | None


@dataclass(frozen=True)
class Confusion:
    """A mistake that is made: which class is taken for which, how often."""

    truth: str
    called: str
    rows: int
    share: float


@dataclass(frozen=True)
class ClassCurves:
    """The curves of some classes, and the names of their lines in order."""

    labels: tuple[str, ...]
    others: int
    charts: tuple[tuple[str, str, Markup], ...]


def classes(document: Found) -> dict[str, Any] | None:
    """Describe the classes; None where they are not known."""
    labels, matrix = items(document, "classes"), items(document, "confusion_matrix")
    if not labels or len(matrix) != len(labels):
        return None
    rows = sorted(_class_rows(document, labels, matrix), key=lambda one: (-one.rows, one.label))
    confusions = _confusions(labels, matrix)
    wrong = sum(sum(row) for row in matrix) - sum(matrix[at][at] for at in range(len(labels)))
    return {
        "labels": labels,
        "is_roomy": len(labels) <= _ROOMY,
        "matrix": [
            (label, sum(row), [_cell(labels, matrix, truth, at) for at in range(len(labels))])
            for truth, (label, row) in enumerate(zip(labels, matrix, strict=True))
        ],
        "rows": sum(sum(row) for row in matrix),
        "wrong": wrong,
        "confusions": confusions[:_CONFUSIONS],
        "first": rows[:_SHOWN_CLASSES],
        "more": rows[_SHOWN_CLASSES:],
        "has_champion": any(one.champion_auc is not None for one in rows),
        "hardest": min(
            (one for one in rows if one.recall is not None),
            key=lambda one: one.recall or 0.0,
            default=None,
        ),
        "curves": _curves(document),
    }


def _class_rows(
    document: Found, labels: Sequence[str], matrix: Sequence[Sequence[int]]
) -> list[ClassRow]:
    areas = {
        side: {one.get("label"): number_at(one, "auc") for one in _per_class(document, side)}
        for side in ("challenger", "champion")
    }
    found = []
    for at, label in enumerate(labels):
        truth, called = sum(matrix[at]), sum(row[at] for row in matrix)
        right = matrix[at][at]
        found.append(
            ClassRow(
                label=str(label),
                rows=truth,
                recall=right / truth if truth else None,
                precision=right / called if called else None,
                f1=2 * right / (truth + called) if truth + called else None,
                auc=areas["challenger"].get(label),
                champion_auc=areas["champion"].get(label),
            )
        )
    return found


def _per_class(document: Found, side: str) -> list[Any]:
    return items(document, "curves", side, "per_class")


def _cell(labels: Sequence[str], matrix: Sequence[Sequence[int]], truth: int, called: int) -> Cell:
    rows, total = matrix[truth][called], sum(matrix[truth])
    share = rows / total if total else 0.0
    words = f"{plural(rows, 'row')} of {labels[truth]} called {labels[called]} ({percent(share)})"
    level = 1 + sum(share >= limit for limit in LEVELS) if rows else 0
    return Cell(rows, level, truth == called, words)


def _confusions(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> list[Confusion]:
    found = [
        Confusion(labels[truth], labels[called], rows, rows / sum(row))
        for truth, row in enumerate(matrix)
        for called, rows in enumerate(row)
        if rows and truth != called
    ]
    return sorted(found, key=lambda one: (-one.rows, one.truth, one.called))


def _curves(document: Found) -> ClassCurves | None:
    """Draw those classes that are hardest to tell from all others."""
    known = [one for one in _per_class(document, "challenger") if items(one, "roc")]
    has_calibration = bool(items(document, "curves", "challenger", "calibration"))
    if not known and not has_calibration:
        return None
    drawn = sorted(known, key=lambda one: number_at(one, "auc") or 0.0)[:_LINES]
    charts = []
    if drawn:
        charts += [
            ("ROC curves.", "Each class against all others; the dashed diagonal is chance.",
             _class_chart(drawn, "roc")),
            ("Precision and recall.", "How many rows called a class are of it, when so many of its "
             "rows are found.", _class_chart(drawn, "precision_recall")),
        ]  # fmt: skip
    if has_calibration:
        charts.append(
            ("Can the probability of the likeliest class be believed?", "Yes, where the dots lie "
             "on the diagonal; below it the model is too sure of itself. The lines are 95% "
             "intervals; hollow dots are the champion's.",
             calibration_chart(document, "how often it is the true one",
                               "probability of the likeliest class", "right answers"))
        )  # fmt: skip
    return ClassCurves(tuple(str(one.get("label")) for one in drawn), len(known) - len(drawn),
                       tuple(charts))  # fmt: skip


def _class_chart(drawn: Sequence[Found], curve: str) -> Markup:
    axes, title = {
        "roc": (("other rows called the class", "rows of the class found"), "ROC curves by class"),
        "precision_recall": (
            ("rows of the class found (recall)", "of those called, right (precision)"),
            "Precision and recall by class",
        ),
    }[curve]
    told = ", ".join(
        f"{one.get('label')} {area:.3f}"
        for one in drawn
        if (area := number_at(one, "auc")) is not None
    )
    frame = Frame(
        title=title,
        description=f"One line a class, hardest first. Area under the ROC curve: {told}.",
        x=share_axis(axes[0]),
        y=share_axis(axes[1]),
        diagonal=curve == "roc",
    )
    lines = [
        Series(str(one.get("label")), index, [(x, y) for x, y in items(one, curve)])
        for index, one in enumerate(drawn)
    ]
    return line_chart(frame, lines)
