"""The tables that the verbs print."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..report.verdict import linear_name, verdict

console = Console(soft_wrap=False)


def comparison(ae: Any, output: Path) -> None:
    """PCA k | autoencoder k, on held-out rows, and what that means."""
    c, k = ae.comparison_, ae.n_components_
    linear = linear_name(ae.format_)
    rows = f"{c['held_out_rows']:,} held-out rows" if c["held_out_rows"] else "the training rows"
    console.print(f"[italic]Explained variance of {rows}[/]")
    table = Table()
    table.add_column("")
    table.add_column(f"{linear} {k}", justify="right")
    table.add_column(f"autoencoder {k}", justify="right")
    table.add_row("explained", f"{c['pca']:.1%}", f"{c['autoencoder']:.1%}")
    table.add_row("left over", f"{1 - c['pca']:.1%}", f"{1 - c['autoencoder']:.1%}")
    console.print(table)
    console.print(verdict(c, linear))
    console.print(
        f"{len(ae.format_.columns):,} columns, {ae.format_.width:,} features; stopped: {ae.history_.stopped}; wrote {output}"
    )


def columns(ae: Any, X: Any, most: int = 30) -> None:
    """Error per column, the worst first."""
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


def worst(ae: Any, X: Any, rows: np.ndarray, most: int) -> None:
    """The rows with the largest error, and the column that carries most of each."""
    if not most:
        return
    errors = ae.reconstruction_errors(X)
    console.print("[italic]Worst rows[/]")
    table = Table()
    for name in ("row", "error", "mostly from"):
        table.add_column(name, justify="right" if name != "mostly from" else "left")
    for i in np.argsort(-rows)[:most]:
        j = int(errors[i].argmax())
        carrier = f"{ae.format_.columns[j]} ({errors[i, j] / max(rows[i], 1e-300):.0%})" if errors.shape[1] > 1 else "-"
        table.add_row(f"{i:,}", f"{rows[i]:.3f}", carrier)
    console.print(table)


def promise(detector: Any, output: Path) -> None:
    """What an outlier detector was fitted on, and what it promises."""
    n = len(detector.calibration_)
    console.print(
        f"{len(detector.format_.columns):,} columns; {n:,} rows judged by networks that had not seen them; "
        f"flags {np.exp(detector.offset_):.2%} of normal rows"
    )
    if detector.alpha * (n + 1) < 2:
        console.print(
            f"For alpha = {detector.alpha:g} it takes {int(2 / detector.alpha):,} rows: below that it is extrapolated"
        )
    console.print(f"wrote {output}")


def flagged(told: list[Any]) -> None:
    """Rows, how strange they are, and the cells that make them so."""
    if not told:
        return
    table = Table()
    table.add_column("row", no_wrap=True, min_width=10)
    for name in ("column", "seen", "expected", "normally"):
        table.add_column(name, no_wrap=True, max_width=30 if name == "normally" else 18)
    for v in told:
        heads = [f"{v.row:,}", f"p {v.p:.2g}", v.why]
        for head, c in zip_longest(heads, v.cells[:3]):
            table.add_row(head, *([] if c is None else described(c)))
        table.add_section()
    console.print(table)
    console.print("Bold: replaced by what is expected, they make the row normal.")


def described(c: Any) -> list[str]:
    """A cell in four words."""
    mark = "[bold]" if c.repairs else ""
    return [f"{mark}{escape(c.column)}", f"{mark}{escape(text(c.seen))}", escape(text(c.expected)), escape(c.normally(text, 2))]


def text(v: Any) -> str:
    """A value as people read it."""
    if v is None:
        return "(missing)"
    return f"{v:.6g}" if isinstance(v, float) else str(v)
