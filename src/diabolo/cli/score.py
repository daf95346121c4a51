"""diabolo score: how well rows are reconstructed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..printed import percent
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
from .saving import as_table, beside, save_pieces, told_by

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
    check_shared(output)
    if output and (output.is_dir() or not output.suffix) and in_bulk("score", model, data, output, keep, engine):
        return
    import numpy as np

    from ..estimators.autoencoder.comparison import explained
    from . import printing

    if output:
        never_onto_input(output, model, data)
    elif keep:
        raise click.UsageError("--keep is for the output file: give --output")
    ae = load_model(model, "score")
    known = kept_columns(ae, data, keep) if output else {}
    called, found = row_names(ae, data), printing.Errors()
    one = not called.keys().isdisjoint(("picture", "file"))

    def lines() -> Iterator[Any]:
        """A line for each row, in batches; the errors are counted as they are made."""
        start = 0
        for errors, constant in ae._errors(data):
            sums = found.add(errors, constant)
            if output:
                alone = one or errors.shape[1] == 1
                names = ["row", "error"] + ([] if alone else [f"error {name}" for name in ae.format_.columns])
                told = np.column_stack([np.arange(start, start + len(sums)), sums] + ([] if alone else [errors]))
                yield beside({name: v[start : start + len(sums)] for name, v in known.items()}, as_table(told, names))
            start += len(sums)

    if output:
        save_pieces(lines(), output, told_by(ae))
    else:
        deque(lines(), 0)
    rows = found.all[0]
    printing.columns(ae, found)
    printing.worst(ae, found, worst, called)
    share = explained(found.columns.sum(), found.constant.sum())
    printing.console.print(f"{len(rows):,} rows, mean error {rows.mean():.4f}, explained variance {percent(share)}")
    if output:
        click.echo(f"wrote {output}")
