"""diabolo report: one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from .data import DATA, MODEL, OUTPUT, never_onto_input

EPILOG = """\b
Examples:
  diabolo report people.diabolo people.csv -o report.html
  diabolo report people.diabolo people.csv --label income -o report.html
  diabolo report normal.diabolo new.csv -o outliers.html         (of a model made with --task outliers)
"""


@click.command(epilog=EPILOG, help="Write a report on MODEL and DATA: one HTML file that opens from disk, without a network.")
@MODEL
@DATA
@OUTPUT
@click.option(
    "--label", "names", multiple=True, metavar="COLUMN", help="Column of DATA that MODEL does not use, to colour the map."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the map.")
def command(model: Path, data: Path, output: Path, names: tuple[str, ...], seed: int) -> None:
    from ..estimators import load
    from ..report import write

    never_onto_input(output, model, data)
    write(load(model), data, output, title=data.name, labels=columns(data, names), seed=seed)
    click.echo(f"wrote {output}")


def columns(data: Path, names: tuple[str, ...], option: str = "--label") -> dict[str, Any]:
    """Columns of the table in `data`."""
    from ..formats.files import read_table

    table: Any = read_table(data) if names else None
    for name in names:
        if name not in table.column_names:
            raise DataError(
                f"{option}: there is no column {name!r}; the columns are {', '.join(map(repr, table.column_names))}"
            )
    return {name: table[name] for name in names}
