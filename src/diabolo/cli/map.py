"""diabolo map: rows as points of a map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, warn
from .data import (
    DATA,
    KEEP,
    MODEL,
    OUTPUT,
    Where,
    kept_columns,
    load_model,
    never_onto_input,
)
from .options import reading
from .report import columns
from .saving import as_table, beside, save, save_pieces, told_by

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder
    from ..formats.files import Sample

NAMES = ["row", "new", "x", "y", "error", "log likelihood"]
EPILOG = """\b
Examples:
  diabolo map people.diabolo people.csv -o places.csv
  diabolo map people.diabolo people.csv -o map.svg --color income         (the picture)
  diabolo map people.diabolo people.csv -o map.svg --color likelihood
  diabolo map people.diabolo people.csv --new applicants.csv -o map.svg
  diabolo map cells.diabolo cells.h5ad -o map.svg --color cell_type       (a column of obs)
"""


@click.command(
    epilog=EPILOG,
    help="Write a point (x, y) for each row of DATA; rows with similar codes are close. With two codes the points are the "
    "codes; with more, t-SNE places them. An .svg is a picture; other files are tables with the reconstruction error and the "
    "log-likelihood of each row.",
)
@MODEL
@DATA
@OUTPUT
@click.option("--new", type=Where(exists=True, path_type=Path), help="Further rows, placed on the map of DATA.")
@click.option(
    "--color",
    metavar="COLUMN",
    help="Color of the points: a column of DATA, 'error' or 'likelihood'; in a file of the field also a label, a column of "
    "obs, or y, the class of each row.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@KEEP
@reading
def command(
    model: Path, data: Path, output: Path, new: Path | None, color: str | None, seed: int, keep: tuple[str, ...]
) -> None:
    import numpy as np

    from ..formats.labeled import sample_for

    never_onto_input(output, model, data, *([new] if new else []))
    if color and output.suffix.lower() != ".svg":
        raise click.BadParameter(f"is for pictures: name the output something.svg, not {output.name!r}", param_hint="--color")
    if output.suffix.lower() in (".png", ".jpg", ".jpeg", ".pdf"):
        raise click.BadParameter(f"a picture of the map is an .svg, not {output.name!r}", param_hint="--output")
    if keep and output.suffix.lower() == ".svg":
        raise click.BadParameter(f"is for tables: name the output something.csv, not {output.name!r}", param_hint="--keep")
    ae = load_model(model, "map")
    if color in MEASURED and ae.format_.kind == "tables" and color in ae.format_.columns:
        warn(f"--color {color} is that of the model, not the column {color!r} of {data.name}: rename the column to see it")
    shade = [shades(ae, path, color, path == new) for path in (data, new) if path] if color and color not in MEASURED else None
    some, drawn = sample_for(ae.format_, data), output.suffix.lower() == ".svg"
    if some is not None:
        rows = large(ae, data, some, new, keep, output, seed, (color, shade) if drawn else None)
        click.echo(f"{rows}: wrote {output}")
        return
    found = ae.map(data, seed=seed)
    parts = [(data, found.places)] + ([(new, found.transform(ae.transform(new)))] if new else [])
    table = np.concatenate([measured(ae, rows, places, i) for i, (rows, places) in enumerate(parts)])
    if drawn:
        picture(found, table, color, shade, output)
    else:
        save(beside(_known(ae, [rows for rows, _ in parts], keep), as_table(table, NAMES)), NAMES, output, how=told_by(ae))
    click.echo(f"{len(table):,} rows, {found.method}: wrote {output}")


def large(
    ae: Autoencoder,
    data: Path,
    some: Sample,
    new: Path | None,
    keep: tuple[str, ...],
    output: Path,
    seed: int,
    drawing: tuple[str | None, Any] | None,
) -> str:
    """A data set: a line for each row, written as they come, or a picture of some rows. Returns what was done.

    One or two codes are the map of all rows. More are placed by t-SNE, which sees some rows; all others come between these.
    """
    import numpy as np

    from ..estimators.autoencoder.maps import MAX_ROWS
    from ..explorer.near import interpolated
    from ..formats.files import Sample
    from ..rows import evenly

    chosen = evenly(len(some.numbers), MAX_ROWS)
    few = Sample(some.table.take(chosen), some.numbers[chosen], some.of)
    exact = ae.n_components_ <= 2
    found = ae.map(data if exact else few.table.select(ae.format_.columns), seed=seed)
    told = found.method if exact else f"{found.method} of {few}"
    if drawing is not None:
        X = few.table.select(ae.format_.columns)
        places = found.places[few.numbers] if exact else found.places
        parts = [(X, places)] + ([(new, found.transform(ae.transform(new)))] if new else [])
        table = np.concatenate([measured(ae, rows, where, i) for i, (rows, where) in enumerate(parts)])
        color, shade = drawing
        picture(found, table, color, shade and [shade[0].take(few.numbers), *shade[1:]], output)
        return f"{few}, are drawn, {found.method}"

    def placed(z: Any) -> Any:
        """Between the rows with the nearest codes, for t-SNE itself would take hours."""
        return found.transform(z) if found.method != "t-SNE" else interpolated(z, codes, found.places)

    codes: Any = None if exact else ae.transform(few.table.select(ae.format_.columns))

    def lines() -> Iterator[Any]:
        for i, path in enumerate([data, *([new] if new else [])]):
            start, known = 0, kept_columns(ae, path, keep)
            for piece in ae.format_.chunks(path):
                here = slice(start, start + len(piece))
                places = found.places[here] if exact and not i else placed(ae.transform(piece))
                values = measured(ae, piece, places, i)
                values[:, 0] += start
                if not exact:
                    values = np.column_stack([values, np.isin(values[:, 0], few.numbers) * (not i)])
                table = as_table(values, [*NAMES, "t-SNE"][: values.shape[1]])
                yield beside({name: v[here] for name, v in known.items()}, table)
                start = here.stop

    save_pieces(lines(), output, told_by(ae))
    return f"{some.of:,} rows, {told}"


def _known(ae: Autoencoder, data: list[Path], keep: tuple[str, ...]) -> dict[str, Any]:
    """The columns of --keep, from the rows of all files."""
    found = [kept_columns(ae, rows, keep) for rows in data]
    lists = [{name: v.to_pylist() if hasattr(v, "type") else v for name, v in part.items()} for part in found]
    return {name: [value for part in lists for value in part[name]] for name in lists[0]}


MEASURED = {"error": 4, "likelihood": 5}  # their columns in the table


def measured(ae: Autoencoder, rows: Any, places: Any, new: int) -> Any:
    """(n, 6) the columns NAMES."""
    import numpy as np

    numbers = np.arange(len(places)), np.full(len(places), new)
    return np.column_stack([*numbers, places, -ae.score_samples(rows), ae.log_prob(rows)])


def shades(ae: Autoencoder, path: Path, color: str, new: bool) -> Any:
    """The column of a file that colors its points; None, if new rows do not have it."""
    try:
        return columns(path, (color,), "--color", ae.format_)[color]
    except DataError:
        if new:
            return None
        raise


def picture(found: Any, table: Any, color: str | None, shade: list[Any] | None, output: Path) -> None:
    """The table as an SVG file; `shade` are the columns of the rows, and of the new ones, that color them."""
    from ..report.svg import draw_map
    from ..report.values import as_list, column
    from ..storage import atomic

    values = None
    if color:
        told = [v for part in shade or [] if part is not None for v in as_list(part)]
        known = table[:, MEASURED[color]].tolist() if color in MEASURED else told
        values = column(color, "label", known + [None] * (len(table) - len(known)))
    with atomic(output) as file:
        file.write(draw_map(found, table[:, 2:4], values, table[:, 1] > 0))
