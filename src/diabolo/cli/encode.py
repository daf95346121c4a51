"""diabolo encode: rows -> codes."""

from __future__ import annotations

from pathlib import Path

import click

from .data import DATA, MODEL, OUTPUT, code_names, loaded, never_onto_input, save

EPILOG = """\b
Examples:
  diabolo encode people.diabolo new.csv -o codes.parquet
  diabolo encode mails.diabolo mails.jsonl -o codes.npy
"""


@click.command(epilog=EPILOG, help="Turn the rows of DATA into codes: columns z1 ... zk of a .csv, .parquet, .feather or .npy.")
@MODEL
@DATA
@OUTPUT
def command(model: Path, data: Path, output: Path) -> None:
    never_onto_input(output, model, data)
    ae = loaded(model, "encode")
    Z = ae.transform(data)
    save(Z, code_names(ae.n_components_), output)
    click.echo(f"{len(Z):,} rows, {Z.shape[1]} numbers each: wrote {output}")
