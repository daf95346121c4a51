"""diabolo impute: missing cells -> what the other cells of the row imply."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from .data import DATA, ENGINE, MODEL, OUTPUT, PARTS, check_shared, in_bulk, light_model, never_onto_input
from .options import reading
from .saving import reading_of, save

MOST_NAMED = 5  # columns

EPILOG = """\b
Examples:
  diabolo fit gaps.csv --task impute -k 8 -o people.diabolo
  diabolo impute people.diabolo gaps.csv -o whole.csv
  diabolo impute people.diabolo parts/ -o whole/                            (a part for each part)
  diabolo impute survey.diabolo survey.sav -o whole.sav
"""


@click.command(
    epilog=EPILOG,
    help="Fill the missing cells of DATA by what the other cells of their rows imply. All other cells, and columns that the "
    "model does not know, stay as they are." + PARTS,
)
@MODEL
@DATA
@OUTPUT
@ENGINE
@reading
def command(model: Path, data: Path, output: Path, engine: str) -> None:
    check_shared(output)
    from ..storage import header

    kind = header(model).meta.get("format", {}).get("kind")
    if kind in ("images", "documents", "embedded"):
        raise DataError(f"{str(model)!r} holds a model of {kind}, which have no missing cells: fit one to a table or an array")
    if in_bulk("impute", model, data, output, None, engine):
        return
    never_onto_input(output, model, data)
    ae = light_model(model, "impute")
    ae.format_.left_out = None  # all columns are written: no warning says that some are not used
    filled = ae.impute(data)
    save(filled, ae.format_.columns, output, data, reading_of(ae))
    click.echo(f"{len(filled):,} rows, {told(gaps(ae, data))}: wrote {output}")


def gaps(ae: Any, data: Path) -> Counter[str]:
    """The number of missing cells by column."""
    import numpy as np

    found: Counter[str] = Counter()
    for x in ae._features(data):
        missing = np.isnan(np.asarray(x)).sum(0).tolist()
        found.update({name: missing[b.start] for name, b in zip(ae.format_.columns, ae.format_.blocks, strict=True)})
    return +found


def told(found: Counter[str]) -> str:
    """In words, the columns with most of them first."""
    if not found:
        return "no cell is missing"
    named = ", ".join(f"{n:,} of {name!r}" for name, n in found.most_common(MOST_NAMED))
    more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    return f"{found.total():,} missing cells, {named}{more}"
