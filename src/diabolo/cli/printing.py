"""The tables that the verbs print."""

from __future__ import annotations

import sys
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ..printed import percent
from .wording import in_options

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder
    from ..estimators.multilabel.classifier import MultiLabelClassifier
    from ..estimators.outliers.detector import OutlierDetector
    from ..estimators.outliers.explanation import RowExplanations
    from ..estimators.supervised.regressor import Regressor
    from ..formats import Format

LONG = 12  # digits of a number that are shown
# no line of a file is broken; "size [cm]" and ":key:" are names
console = Console(soft_wrap=not sys.stdout.isatty(), markup=False, emoji=False)


def comparison(ae: Autoencoder, output: Path) -> None:
    """The comparison of PCA and autoencoder on held-out rows, and what it means."""
    console.print(ae.comparison_)
    console.print(f"{width(ae.format_)}; stopped: {in_options(ae.history_.stopped)}; wrote {output}")


def width(format: Format) -> str:
    """The size of a row."""
    if format.shape is not None:
        c, h, w = format.shape
        return f"pictures of {h} x {w} pixels, {'gray' if c == 1 else 'in color'}"
    if format.kind == "documents":
        return f"{format.width:,} {'different words' if getattr(format, 'texts', False) else 'columns of counts'}"
    return f"{several(len(format.sources), 'column')}, {several(format.width, 'feature')}"


def several(n: int, what: str) -> str:
    """A number of things.

    >>> several(1, "column"), several(2000, "row")
    ('1 column', '2,000 rows')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"


class Errors:
    """What is kept of the errors of n rows: of each row the sum and the largest cell, of each column the sums."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.columns, self.constant = np.zeros(1), np.zeros(1)

    def add(self, errors: np.ndarray, constant: np.ndarray) -> np.ndarray:
        """Errors (b, c), and those of the mean; returns the sums of the rows (b,)."""
        rows, where = errors.sum(1), errors.argmax(1)
        self.parts.append((rows, where, np.take_along_axis(errors, where[:, None], 1)[:, 0]))
        self.columns, self.constant = self.columns + errors.sum(0), self.constant + constant.sum(0)
        return np.asarray(rows)

    @classmethod
    def of(cls, ae: Autoencoder, X: Any) -> Errors:
        found = cls()
        for errors, constant in ae._errors(X):
            found.add(errors, constant)
        return found

    @cached_property
    def all(self) -> tuple[np.ndarray, ...]:
        """(n,) the sum of each row, its worst column, and the error there."""
        return tuple(map(np.concatenate, zip(*self.parts, strict=True)))


def title(text: str) -> None:
    """A line above a table."""
    console.print(text, style="italic", highlight=False)


def columns(ae: Autoencoder, errors: Errors, most: int = 30) -> None:
    """Error per column: those with most of the error, the worst explained first."""
    if ae.format_.kind == "images" or len(errors.columns) < 2:
        return  # pixels are not columns
    from ..estimators.autoencoder.comparison import explained

    shares = [explained(e, c) for e, c in zip(errors.columns, errors.constant, strict=True)]
    order = sorted(np.argsort(-errors.columns)[:most].tolist(), key=lambda j: shares[j])
    title("Error per column (1 = as bad as its mean)")
    table = Table()
    for name in ("column", "error", "explained"):
        table.add_column(name, justify="left" if name == "column" else "right")
    for j in order:
        table.add_row(ae.format_.columns[j], f"{1 - shares[j]:.3f}", percent(shares[j]))
    console.print(table)


def worst(ae: Autoencoder, errors: Errors, most: int, called: dict[str, list[str]] | None = None) -> None:
    """The rows with the largest error, and the column with most of it, or what each row is `called`, under its heading."""
    if not most:
        return
    table, (rows, where, largest) = Table(), errors.all
    for kind, names in (called or {}).items():
        title(f"Worst {'row' if kind == 'name' else kind}s")
        table.add_column(kind, overflow="fold")
        table.add_column("error", justify="right")
        for i in np.argsort(-rows)[:most]:
            table.add_row(names[i], f"{rows[i]:.3f}")
        console.print(table)
        return
    title("Worst rows")
    for name in ("row", "error", "mostly from"):
        table.add_column(name, justify="right" if name != "mostly from" else "left")
    for i in np.argsort(-rows)[:most]:
        share = largest[i] / max(rows[i], 1e-300)
        carrier = f"{ae.format_.columns[where[i]]} ({share:.0%})" if len(errors.columns) > 1 else "-"
        table.add_row(f"{i:,}", f"{rows[i]:.3f}", carrier)
    console.print(table)


def promise(detector: OutlierDetector, output: Path) -> None:
    """What an outlier detector was fitted to, and what it promises."""
    n = len(detector.calibration_)
    console.print(f"{width(detector.format_)}; calibrated on {n:,} out-of-fold rows; flags {detector.rate_:.2%} of normal rows")
    console.print(f"wrote {output}")


def flagged(verdicts: RowExplanations, pictures: bool) -> None:
    """Strange rows by their cells; pictures by their names, because single pixels say nothing."""
    if not pictures:
        console.print(verdicts)
        return
    table = Table()
    for heading in ("picture", "p", "why"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "p" else "left")
    for v in verdicts:
        table.add_row(v.name or f"{v.row}", f"{v.p:.2g}", v.why)
    console.print(table)
    console.print("`diabolo report` shows what is expected in their place, and where they differ from it")


def fitted_labels(clf: MultiLabelClassifier, Y: Any, output: Path) -> None:
    """What a classifier was fitted to, its out-of-fold score, and how many rows its file holds.

    An accuracy says little without that of who always says the most frequent class.
    """
    table = Table(show_header=False)
    table.add_column("")
    table.add_column("", justify="right", overflow="fold")
    table.add_row("rows", f"{Y.shape[0] if hasattr(Y, 'shape') else len(Y):,}")
    table.add_row("classes" if clf.labels_.kind == "one" else "labels", f"{len(clf.labels_.names):,}")
    if clf.labels_.kind == "one":
        known = Counter(y for y in Y if y is not None and y == y)
        table.add_row("held-out accuracy", f"{1 - clf.held_out_:.1%}")
        table.add_row("of the most frequent class", f"{max(known.values()) / known.total():.1%}")
    elif len(clf.labels_.names) < 3:
        table.add_row("held-out log-loss", f"{clf.held_out_:.3f}")  # the ranking of two labels says little
    else:
        table.add_row("held-out ranking precision", f"{1 - clf.held_out_:.1%}")
    table.add_row("parameters", f"{clf.n_parameters_:,}")
    table.add_row("rows kept in the file", f"{clf.memory_.x.shape[0]:,}")
    table.add_row("wrote", str(output))
    console.print(table)


def fitted_target(reg: Regressor, rows: int, unknown: int, output: Path) -> None:
    """What a regressor was fitted to, and how much of the variance it explains of rows that it has not seen."""
    table = Table(show_header=False)
    table.add_column("")
    table.add_column("", justify="right", overflow="fold")
    table.add_row("rows", f"{rows:,}")
    if unknown:
        table.add_row("not learned from: no number", f"{unknown:,}")
    table.add_row("predicts", ", ".join(map(str, reg.target_names_ or ["y"])))
    table.add_row("held-out R2", f"{1 - reg.held_out_:.1%}")
    if reg.additive_held_out_ == reg.additive_held_out_:
        table.add_row("of a linear model" if reg.format_.words else "of a sum of curves", f"{1 - reg.additive_held_out_:.1%}")
    table.add_row("parameters", f"{sum(p.numel() for p in reg.network_.parameters()):,}")
    table.add_row("wrote", str(output))
    console.print(table)


def tagged_rows(found: Any, added: int, rows: int) -> None:
    """The first rows with their labels: the last `added` columns, after some of the others."""
    from ..formats.schema import is_text

    names = found.column_names
    own, new = names[: len(names) - added], names[len(names) - added :]
    own.sort(key=lambda name: not is_text(found[name].type))  # words tell best which row it is
    names = [*own[: 3 if added < 3 else 1], *new[:6]]
    table = Table()
    for name in names:
        width: dict[str, Any] = {"overflow": "fold"} if name in new else {"no_wrap": True, "max_width": 24}
        table.add_column(name, **width)
    for row in found.select(names).to_pylist():
        table.add_row(*(short(row[name]) for name in names))
    console.print(table)
    if found.num_rows < rows:
        console.print(f"{found.num_rows:,} of {rows:,} rows; -o FILE writes all")


def short(v: Any) -> str:
    """A value in one line."""
    return f"{v:.3g}" if isinstance(v, float) else " ".join(text(v).split())


def labels(clf: MultiLabelClassifier) -> None:
    """Each label with its threshold, and how many of the kept rows have it."""
    known, kept = (~np.isnan(clf.memory_.y)).any(0), (clf.memory_.y > 0.5).sum(0)
    table = Table()
    for name in ("label", "threshold", "rows kept"):
        table.add_column(name, justify="left" if name == "label" else "right")
    for c, name in enumerate(clf.labels_.names):
        table.add_row(str(name), threshold(clf, clf.thresholds_[c]), f"{kept[c]:,}" if known[c] else "unknown")
    console.print(table)
    console.print(f"The file keeps {len(clf.memory_):,} rows, to add labels and to refresh the model")


def threshold(clf: MultiLabelClassifier, line: float) -> str:
    """The threshold as text; "never" above 1; exclusive labels have none: the most probable one is predicted."""
    if clf.labels_.kind == "one":
        return "most probable"
    return f"{line:.3f}" if line <= 1 else "never"


def text(v: Any) -> str:
    """A value as readable text."""
    if v is None:
        return "(missing)"
    return f"{v:.6g}" if isinstance(v, float) and len(str(v)) > LONG else str(v)
