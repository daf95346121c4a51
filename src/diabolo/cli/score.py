"""diabolo score: how well rows are reconstructed."""

from __future__ import annotations

from pathlib import Path

import click

from .data import (
    DATA,
    ENGINE,
    KEEP,
    MODEL,
    PARTS,
    as_table,
    beside,
    in_bulk,
    kept_columns,
    load_model,
    never_onto_input,
    row_names,
    save,
)
from .options import reading

EPILOG = """\b
Examples:
  diabolo score people.diabolo new.csv
  diabolo score people.diabolo new.csv --keep id -o errors.csv
  diabolo score people.diabolo parts/ -o errors/                            (a part for each part; nothing is printed)
"""


@click.command(epilog=EPILOG, help="Print the reconstruction error of the rows and columns of DATA." + PARTS)
@MODEL
@DATA
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the errors of all rows and cells here.")
@click.option("--worst", type=click.IntRange(0), default=10, show_default=True, help="Number of rows to print.")
@KEEP
@ENGINE
@reading
def command(model: Path, data: Path, output: Path | None, worst: int, keep: tuple[str, ...], engine: str) -> None:
    if output and (output.is_dir() or not output.suffix) and in_bulk("score", model, data, output, keep, engine):
        return
    import numpy as np

    from . import printing

    if output:
        never_onto_input(output, model, data)
    elif keep:
        raise click.UsageError("--keep is for the output file: give --output")
    ae = load_model(model, "score")
    known = kept_columns(ae, data, keep) if output else {}
    called = row_names(ae, data)
    whole = not called.keys().isdisjoint(("picture", "file"))  # pixels and words are not columns
    errors = -ae.score_samples(data)[:, None] if whole else ae.reconstruction_errors(data)
    rows = errors.sum(1)
    printing.columns(ae, data)
    printing.worst(ae, data, rows, worst, called)
    printing.console.print(f"{len(rows):,} rows, mean error {rows.mean():.4f}, explained variance {ae.score(data):.1%}")
    if output:
        one = errors.shape[1] == 1
        names = ["row", "error"] + ([] if one else [f"error {name}" for name in ae.format_.columns])
        told = as_table(np.column_stack([np.arange(len(rows)), rows] + ([] if one else [errors])), names)
        save(beside(known, told), names, output)
        click.echo(f"wrote {output}")
