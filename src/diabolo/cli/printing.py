"""The tables that the verbs print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder
    from ..estimators.multilabel.classifier import MultiLabelClassifier
    from ..estimators.outliers.detector import OutlierDetector
    from ..formats import Format

LONG = 12  # digits of a number that are shown
console = Console(soft_wrap=not sys.stdout.isatty())  # no line of a file is broken


def comparison(ae: Autoencoder, output: Path) -> None:
    """The comparison of PCA and autoencoder on held-out rows, and what it means."""
    console.print(ae.comparison_)
    console.print(f"{width(ae.format_)}; stopped: {ae.history_.stopped}; wrote {output}")


def width(format: Format) -> str:
    """The size of a row."""
    if format.shape is not None:
        c, h, w = format.shape
        return f"pictures of {h} x {w} pixels, {'gray' if c == 1 else 'in color'}"
    return f"{len(format.columns):,} columns, {format.width:,} features"


def columns(ae: Autoencoder, X: Any, most: int = 30) -> None:
    """Error per column, the worst first."""
    if ae.format_.kind == "images":
        return  # pixels are not columns
    errors, constant = ae.reconstruction_errors(X), ae.constant_errors(X)
    if errors.shape[1] < 2:
        return
    order = np.argsort(-errors.mean(0))[:most]
    console.print("[italic]Error per column (1 = as bad as its mean)[/]")
    table = Table()
    for name in ("column", "error", "explained"):
        table.add_column(name, justify="left" if name == "column" else "right")
    for j in order:
        share = errors[:, j].sum() / constant[:, j].sum() if constant[:, j].sum() > 0 else 0.0
        table.add_row(ae.format_.columns[j], f"{share:.3f}", f"{1 - share:.1%}")
    console.print(table)


def worst(ae: Autoencoder, X: Any, rows: np.ndarray, most: int, called: dict[str, list[str]] | None = None) -> None:
    """The rows with the largest error, and the column with most of it, or what each row is `called`, under its heading."""
    if not most:
        return
    table = Table()
    for kind, names in (called or {}).items():
        console.print(f"[italic]Worst {'row' if kind == 'name' else kind}s[/]")
        table.add_column(kind, overflow="fold")
        table.add_column("error", justify="right")
        for i in np.argsort(-rows)[:most]:
            table.add_row(escape(names[i]), f"{rows[i]:.3f}")
        console.print(table)
        return
    errors = ae.reconstruction_errors(X)
    console.print("[italic]Worst rows[/]")
    for name in ("row", "error", "mostly from"):
        table.add_column(name, justify="right" if name != "mostly from" else "left")
    for i in np.argsort(-rows)[:most]:
        j = int(errors[i].argmax())
        carrier = f"{ae.format_.columns[j]} ({errors[i, j] / max(rows[i], 1e-300):.0%})" if errors.shape[1] > 1 else "-"
        table.add_row(f"{i:,}", f"{rows[i]:.3f}", carrier)
    console.print(table)


def promise(detector: OutlierDetector, output: Path) -> None:
    """What an outlier detector was fitted to, and what it promises."""
    n = len(detector.calibration_)
    console.print(f"{width(detector.format_)}; calibrated on {n:,} out-of-fold rows; flags {detector.rate_:.2%} of normal rows")
    console.print(f"wrote {output}")


def fitted_labels(clf: MultiLabelClassifier, rows: int, output: Path) -> None:
    """What a classifier was fitted to, its out-of-fold score, and how many rows its file holds."""
    table = Table(show_header=False)
    table.add_column("")
    table.add_column("", justify="right", overflow="fold")
    table.add_row("rows", f"{rows:,}")
    table.add_row("labels", f"{len(clf.labels_.names):,}")
    if len(clf.labels_.names) < 3:
        table.add_row("held-out log-loss", f"{clf.held_out_:.3f}")  # the ranking of two labels says little
    else:
        table.add_row("held-out ranking precision", f"{1 - clf.held_out_:.1%}")
    table.add_row("parameters", f"{clf.n_parameters_:,}")
    table.add_row("rows kept in the file", f"{clf.memory_.x.shape[0]:,}")
    table.add_row("wrote", escape(str(output)))
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
        table.add_column(escape(name), **width)
    for row in found.select(names).to_pylist():
        table.add_row(*(escape(short(row[name])) for name in names))
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
        table.add_row(escape(str(name)), threshold(clf, clf.thresholds_[c]), f"{kept[c]:,}" if known[c] else "unknown")
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
