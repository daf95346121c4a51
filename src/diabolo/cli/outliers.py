"""diabolo outliers: which rows are unlike the others, and which cells make them so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .data import (
    DATA,
    ENGINE,
    KEEP,
    MODEL,
    PARTS,
    check_shared,
    in_bulk,
    kept_columns,
    load_model,
    never_onto_input,
    row_names,
)
from .options import reading
from .saving import beside, save, told_by

if TYPE_CHECKING:
    from ..estimators.outliers.detector import OutlierDetector
    from ..estimators.outliers.explanation import CellExplanation, RowExplanation

MOST, MANY = 0.5, 10  # of the rows, and rows, that are flagged: then they are no outliers among others

EPILOG = """\b
Examples:
  diabolo fit people.csv --task outliers -o people.diabolo
  diabolo outliers people.diabolo new.csv
  diabolo outliers people.diabolo new.csv --alpha 0.001 --keep id -o flagged.csv
  diabolo outliers people.diabolo new.csv --fdr 0.1 -o flagged.parquet
  diabolo outliers people.diabolo parts/ --keep id -o flags/                (a part for each part, a line for each row)
  diabolo outliers cardio.diabolo cardio.mat
"""

Spelled = Callable[[Any, str], str]  # a value, and its column
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    epilog=EPILOG,
    help="Flag the rows of DATA that are unlike those to which MODEL was fitted. For each, print the cells that make it so, "
    "their expected values, and the fewest cells to replace. If DATA marks its outliers (y = 1, in a .mat or .npz), the area "
    "under the ROC curve is printed." + PARTS + " These hold log p (the natural logarithm) and a flag for each row.",
)
@MODEL
@DATA
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all flagged rows here, one line per cell.")
@click.option("--alpha", type=SHARE, help="Share of normal rows that may be flagged.  [default: the model's]")
@click.option("--fdr", type=SHARE, help="Instead: largest share of false alarms among flagged rows (Benjamini & Hochberg).")
@click.option("--cells", type=click.IntRange(1), default=5, show_default=True, help="Number of cells per row.")
@click.option("--show", type=click.IntRange(0), default=10, show_default=True, help="Number of rows to print.")
@KEEP
@ENGINE
@reading
def command(
    model: Path,
    data: Path,
    output: Path | None,
    alpha: float | None,
    fdr: float | None,
    cells: int,
    show: int,
    keep: tuple[str, ...],
    engine: str,
) -> None:
    check_shared(output)
    if output and (output.is_dir() or not output.suffix):
        if fdr:
            raise click.UsageError("--fdr compares all rows with each other, and parts are written one by one: give --alpha")
        if in_bulk("outliers", model, data, output, keep, engine, **({"alpha": alpha} if alpha else {})):
            return
    import numpy as np

    from . import printing

    if output:
        never_onto_input(output, model, data)
    elif keep:
        raise click.UsageError("--keep is for the output file: give --output")
    detector = load_model(model, "outliers", "OutlierDetector")
    kept_of = kept_columns(detector, data, keep) if output else {}
    if alpha:
        detector.at(alpha)
    score = detector.score_samples(data)
    wanted = detector.discoveries(data, fdr) if fdr else score < detector.offset_
    rows = np.flatnonzero(wanted)
    rows = rows[np.argsort(score[rows], kind="stable")]
    verdicts = detector.explain(data, rows if output else rows[:show], cells)
    if verdicts and show:
        shown = called(verdicts[:show], kept_of or row_names(detector, data))
        printing.flagged(type(verdicts)(shown), detector.format_.kind == "images")
    rule = promised(detector, fdr, len(rows), len(score), verdicts) + ("" if len(rows) else strangest(detector, data, score))
    printing.console.print(f"{len(score):,} rows, {len(rows):,} flagged ({len(rows) / max(len(score), 1):.2%}); {rule}")
    if (y := marked(data, detector.format_.options)) is not None:
        from sklearn.metrics import roc_auc_score

        printing.console.print(
            f"{data.name} marks {y.sum():,} outliers; area under the ROC curve {roc_auc_score(y, -score):.3f}"
        )
    if output:
        lines = long(verdicts, how := told_by(detector), output)
        known = {name: _of_rows(values, lines["row"]) for name, values in kept_of.items()}
        save(beside(known, lines), [], output, how=how)
        click.echo(f"wrote {output}")


def promised(detector: OutlierDetector, fdr: float | None, flagged: int, n: int, verdicts: Sequence[Any]) -> str:
    """How many of n normal rows would be flagged; and what it means if most are, with the column that most verdicts name."""
    rule = f"of normal rows on average at most {detector.rate_:.2%} are flagged"
    rule = f"at most {fdr:.1%} of these are false alarms" if fdr else rule
    if flagged <= max(MOST * n, MANY):
        return rule
    [(column, count)] = Counter(v.cells[0].column for v in verdicts if v.cells).most_common(1) or [("", 0)]
    because = f" (column {column!r}: {count} of {len(verdicts)})" if 2 * count > len(verdicts) else ""
    return f"{rule}: most of these rows are of another kind than those of fit, later ones, or in another unit{because}"


def strangest(detector: OutlierDetector, data: Path, score: Any) -> str:
    """The row that is nearest to being flagged, where none is: there may be no p-value small enough."""
    if not len(score):
        return ""
    v = called(detector.explain(data, [int(score.argmin())], 1), row_names(detector, data))[0]
    return f". The strangest is {v.name or f'row {v.row:,}'}, p = {v.p:.2g}"


def marked(data: Path, options: dict[str, Any]) -> Any:
    """(n,) 0 or 1, if a file marks its outliers, both in some row; else None."""
    from ..formats.readers import as_dataset

    y: Any = getattr(as_dataset(data, options), "Y", None)
    return y if getattr(y, "ndim", 0) == 1 and {*y.tolist()} == {0, 1} else None


def called(verdicts: list[RowExplanation], known: dict[str, Any]) -> list[RowExplanation]:
    """Each row by its name, or by the first column that is kept, if there is one."""
    import pyarrow as pa

    if not known:
        return verdicts
    names = _of_rows(next(iter(known.values())), pa.array([v.row for v in verdicts], pa.int64())).to_pylist()
    return [replace(v, name="" if name is None else str(name)) for v, name in zip(verdicts, names, strict=True)]


def _of_rows(values: Any, rows: Any) -> Any:
    import pyarrow as pa

    return values.take(rows) if hasattr(values, "take") else pa.array([values[i] for i in rows.to_pylist()], pa.string())


def speller(how: Any, output: Path) -> Spelled:
    """How the value of a column is written in a text file; a number with all its digits."""
    from ..formats import Reading
    from ..formats.layout import ending
    from ..formats.names import CSV

    how = how if how and ending(output).endswith(CSV) else Reading()

    def spelled(v: Any, column: str) -> str:
        if column in how.dates and hasattr(v, "strftime"):
            return str(v.strftime(how.dates[column]))
        return str(v).replace(".", how.decimal) if isinstance(v, (float, Decimal)) else str(v)

    return spelled


def between(c: CellExplanation, spelled: Spelled) -> str:
    """The interval of numbers, or all levels."""
    from .printing import text

    values = (float(text(v)) if isinstance(v, float) else text(v) if v is None else v for v in c.between)
    return (" to " if c.interval else ", ").join(spelled(v, c.column) for v in values)


def long(verdicts: list[RowExplanation], how: Any, output: Path) -> Any:
    """One line per cell, as an Arrow table of texts and numbers; `how` says how those of a text file are written."""
    import pyarrow as pa

    spelled = speller(how, output)
    lines = [(v, i + 1, c) for v in verdicts for i, c in enumerate(v.cells)]
    return pa.table(
        {
            "row": pa.array([v.row for v, _, _ in lines], pa.int64()),
            "p": pa.array([float(v.p) for v, _, _ in lines], pa.float64()),
            "p distance": pa.array([v.p_distance for v, _, _ in lines], pa.float64()),
            "p code": pa.array([v.p_code for v, _, _ in lines], pa.float64()),
            "rank": pa.array([i for _, i, _ in lines], pa.int64()),
            "column": pa.array([c.column for _, _, c in lines], pa.string()),
            "seen": pa.array([None if c.seen is None else spelled(c.seen, c.column) for _, _, c in lines], pa.string()),
            "expected": pa.array(
                [None if c.expected is None else spelled(c.expected, c.column) for _, _, c in lines], pa.string()
            ),
            "between": pa.array([between(c, spelled) for _, _, c in lines], pa.string()),
            "p cell": pa.array([None if c.p != c.p else c.p for _, _, c in lines], pa.float64()),
            "replace": pa.array([c.repairs for _, _, c in lines], pa.bool_()),
        }
    )
