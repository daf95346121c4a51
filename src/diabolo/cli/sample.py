"""diabolo sample: new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, no_column
from .data import MODEL, OUTPUT, Where, load_model, never_onto_input
from .saving import into_folder, reading_of, save

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder

EPILOG = """\b
Examples:
  diabolo sample people.diabolo -n 1000 -o new.csv
  diabolo sample people.diabolo -n 100 --given age=40 --given sex=Female -o women.csv
  diabolo sample people.diabolo -n 100 --likelihood 0 0.05 -o strange.parquet
  diabolo sample people.diabolo -n 1000 --against people.csv -o new.csv
"""

SHARE = click.FloatRange(0, 1)


@click.command(epilog=EPILOG, help="Draw new rows from MODEL: likely codes, decoded to the fitted columns and types.")
@MODEL
@OUTPUT
@click.option("-n", "--rows", type=click.IntRange(1), default=100, show_default=True, help="Number of rows.")
@click.option(
    "--likelihood",
    nargs=2,
    type=SHARE,
    default=(0.0, 1.0),
    show_default=True,
    help="Range of likelihood, as quantiles of the training rows: 0.5 1 is the more ordinary half.",
)
@click.option("--given", multiple=True, metavar="COLUMN=VALUE", help="A cell that is the same in all rows (repeatable).")
@click.option(
    "--against",
    type=Where(exists=True, path_type=Path),
    help="Training rows: print the distance of the new rows to the nearest of them.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def command(
    model: Path,
    output: Path,
    rows: int,
    likelihood: tuple[float, float],
    given: tuple[str, ...],
    against: Path | None,
    seed: int,
) -> None:
    never_onto_input(output, model, *([against] if against else []), folder=into_folder(model, output))
    ae = load_model(model, "sample")
    X = ae.sample(rows, likelihood=likelihood, given=parsed(ae, given), random_state=seed)
    save(X, ae.format_.columns, output, how=reading_of(ae))
    click.echo(f"{rows:,} rows: wrote {output}")
    if against:
        click.echo(copies(ae.novelty(X, against)))
    else:
        click.echo("Use --against TRAIN to measure their distance to the nearest training row.")


def copies(distance: Any) -> str:
    """A sentence that says how new the rows are."""
    import numpy as np

    low, middle = np.quantile(distance, (0.01, 0.5))
    return (
        f"Distance to the nearest training row (1 is usual among training rows): median {middle:.2f}, "
        f"1 % quantile {low:.2f}; {int((distance < 1e-6).sum()):,} copies"
    )


def parsed(ae: Autoencoder, given: tuple[str, ...]) -> dict[str, Any]:
    """Texts COLUMN=VALUE as values of the types of the columns."""
    wanted = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise DataError(f"--given {text!r}: write COLUMN=VALUE, such as age=40")
        wanted[name] = typed(ae, name, value)
    return wanted


def typed(ae: Autoencoder, name: str, value: str) -> Any:
    """Text -> a value of the type of the column."""
    import pyarrow as pa

    from ..formats import cells
    from ..formats.schema import arrow_type

    table: Any = ae.format_
    fields = {field.name: field for field in getattr(table, "fields", [])}
    if name not in fields:
        if not hasattr(ae.format_, "columns") or name in ae.format_.columns:
            return value  # the columns of an array are numbers
        raise no_column("--given", [name], ae.format_.columns)
    try:
        return cells.dated(pa.array([value]), table.reading.dates.get(name, ""), name)[0].as_py()
    except DataError:  # not a date written as in the file
        pass
    try:
        return cells.typed(pa.array([value]), arrow_type(fields[name].type), name)[0].as_py()
    except DataError as error:
        raise DataError(f"--given {name}={value}: {str(error).replace(' (row 0)', '')}") from None
