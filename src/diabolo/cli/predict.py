"""diabolo predict: the numbers of each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .data import DATA, ENGINE, KEEP, MODEL, PARTS, as_they_stand, check_shared, in_bulk, load_model, never_onto_input
from .options import reading, said
from .saving import reading_of, save
from .tag import MAX_ROWS_SHOWN, chosen_columns, joined

EPILOG = """\b
Examples:
  diabolo fit homes.csv --target price --drop id -o price.diabolo
  diabolo predict price.diabolo new.csv
  diabolo predict price.diabolo new.csv -o predicted.csv
  diabolo predict price.diabolo new.csv --keep id -o predicted.csv          (of its columns this one alone)
  diabolo predict price.diabolo parts/ -o predicted/                        (a part for each part)
"""


@click.command(
    epilog=EPILOG,
    help="Add a column 'predicted COLUMN' to DATA for each number that MODEL predicts. DATA is a table with the columns of the "
    "model; for a model of texts or pictures as in `diabolo tag`. If it holds what is predicted, R2 says how well they agree; "
    "of parts, and of more than 100,000 rows, `diabolo report` does." + PARTS,
)
@MODEL
@DATA
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help=f"Write all rows here.  [default: print the first {MAX_ROWS_SHOWN}]"
)
@KEEP
@ENGINE
@reading
def command(model: Path, data: Path, output: Path | None, keep: tuple[str, ...], engine: str) -> None:
    from ..bulk import predicted
    from ..formats.labeled import read_for

    check_shared(output)
    if output:
        if in_bulk("predict", model, data, output, keep or None, engine):
            tell_where_measured(model, data)
            return
        never_onto_input(output, model, data)
    reg = load_model(model, "predict", "Regressor")
    table, X = read_for(reg.format_, data)
    added = predicted(reg, X)
    told = agreement(reg, table, added)
    if keep:
        table = chosen_columns(as_they_stand(reg, data), keep)
    if output:
        save(joined(table, added), [], output, how=reading_of(reg))
        click.echo(f"{table.num_rows:,} rows{told and f', {told}'}: wrote {output}")
        return
    from . import printing

    shown = {name: [f"{v:,.6g}" for v in values[:MAX_ROWS_SHOWN]] for name, values in added.items()}
    printing.tagged_rows(joined(table[:MAX_ROWS_SHOWN], shown), len(shown), table.num_rows)
    if told:
        click.echo(told)


def tell_where_measured(model: Path, data: Path) -> None:
    """What is written part by part is not compared: say what does, if the data hold what is predicted."""
    from ..formats.blocks import parts_of
    from ..formats.layout import Reading
    from ..storage import header

    meta = header(model).meta
    how = Reading(**meta["format"].get("reading", {})).but(said())
    parts = parts_of([data] if data.is_file() else data, how)
    held = set(meta.get("targets") or ()) & set(parts.schema.names if parts else ())
    if held:
        click.echo(f"no R2 against column {min(held)!r}, of parts: `diabolo report {model} DATA` measures it")


def agreement(reg: Any, table: Any, added: dict[str, Any]) -> str:
    """How well the predictions agree with the columns that they are of, where the table has these; or why that is not known."""
    pairs = zip(reg.target_names_ or (), added.values(), strict=False)
    found = (agrees(name, table[name], values) for name, values in pairs if name in table.column_names)
    return "; ".join(said for said in found if said)


def agrees(name: str, column: Any, values: Any) -> str:
    """How well the predictions of one column agree with it."""
    import numpy as np
    from sklearn.metrics import r2_score

    from ..errors import DataError
    from ..formats.targets import floats

    try:
        truth = floats(column, f"column {name!r}")
    except DataError as error:  # it is written in another way
        return f"no R2, for {str(error).partition(': give ')[0]}"
    known = ~np.isnan(truth)
    if len(far := np.flatnonzero(np.isinf(truth))):
        return f"no R2, for column {name!r} holds {truth[far[0]]} (row {far[0]:,})"
    if known.sum() < 2:
        return ""
    if np.ptp(truth[known]) == 0:
        return f"no R2, for column {name!r} holds a single number, {truth[known][0]:.6g}"
    r2, off = r2_score(truth[known], values[known]), float(abs(truth[known] - values[known]).mean())
    return f"R2 {r2:.1%} against column {name!r}, {float(f'{off:.4g}'):,.10g} off on average"
