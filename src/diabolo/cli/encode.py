"""diabolo encode: rows -> codes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ..errors import DataError
from .data import (
    DATA,
    ENGINE,
    KEEP,
    MODEL,
    OUTPUT,
    PARTS,
    NoPandas,
    check_shared,
    in_bulk,
    kept_columns,
    light_model,
    never_onto_input,
)
from .options import reading
from .saving import as_table, beside, code_names, save, told_by

CODES_ONLY = (".npy", ".h5ad")  # files that hold nothing beside the codes
NUMBERS = (".svm", ".svmlight", ".libsvm", ".svm.gz", ".svmlight.gz", ".libsvm.gz", ".fcs")  # and no names of rows
EPILOG = """\b
Examples:
  diabolo encode people.diabolo new.csv -o codes.parquet
  diabolo encode people.diabolo new.csv --keep id -o codes.csv
  diabolo encode mails.diabolo mails.jsonl -o codes.npy
  diabolo encode people.diabolo parts/ --keep id -o codes/                  (a part for each part)
  diabolo encode cells.diabolo cells.h5ad -o coded.h5ad                   (obsm["X_diabolo"])
  diabolo encode cells.diabolo cells.h5ad --keep cell_type -o codes.csv   (a column of obs)
"""


@click.command(
    epilog=EPILOG,
    help="Encode the rows of DATA: columns z1 ... zk of a .csv, .parquet, .feather or .npy. An .h5ad becomes a copy of DATA "
    "with the codes in obsm." + PARTS,
)
@MODEL
@DATA
@OUTPUT
@KEEP
@ENGINE
@reading
def command(model: Path, data: Path, output: Path, keep: tuple[str, ...], engine: str) -> None:
    from ..formats import readers
    from ..formats.layout import ending

    check_shared(output)
    if in_bulk("encode", model, data, output, keep, engine):
        return
    never_onto_input(output, model, data)
    if keep and ending(output).endswith(CODES_ONLY):
        raise DataError(f"--output {str(output)!r}: it cannot hold the columns of --keep: write a table, such as .csv")
    ae = light_model(model, "encode")
    with NoPandas():
        known = kept_columns(ae, data, keep, named=not ending(output).endswith((*CODES_ONLY, *NUMBERS)))
        Z = ae.transform(data)
    names = code_names(ae.n_components_)
    with nullcontext() if readers.reader(output) else NoPandas():  # files of statistics are written with pandas
        save(beside(known, as_table(Z, names)) if known else Z, names, output, data, told_by(ae))
    click.echo(f"{len(Z):,} rows, {Z.shape[1]} numbers each: wrote {output}")
