"""diabolo decode: codes -> rows."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..deferred import is_sparse
from ..errors import DataError, some
from .data import IN_MEMORY, MODEL, OUTPUT, Where, light_model, never_onto_input
from .saving import as_table, code_names, into_folder, reading_of, save, save_pieces, told_by

AT_ONCE = 1 << 16  # rows of a data set

EPILOG = """\b
Examples:
  diabolo decode people.diabolo codes.parquet -o back.csv
"""


@click.command(
    epilog=EPILOG,
    help="Decode CODES (columns z1 ... zk, or a .npy) into rows with the fitted columns, types and categories.",
)
@MODEL
@click.argument("codes", type=Where(exists=True, path_type=Path))
@OUTPUT
def command(model: Path, codes: Path, output: Path) -> None:
    from ..formats.blocks import parts_of
    from ..formats.files import table_pieces
    from ..formats.layout import ending
    from ..formats.names import READABLE

    never_onto_input(output, model, codes, folder=into_folder(model, output))
    ae = light_model(model, "decode")
    how, written = reading_of(ae), written_by(ae, codes)
    if (parts := parts_of(codes, written)) is not None and parts.rows > IN_MEMORY and ending(output).endswith(READABLE):
        check_codes(codes, parts.schema.names, ae.n_components_)
        pieces = table_pieces(codes, AT_ONCE, written, columns=code_names(ae.n_components_))
        save_pieces((as_table(ae.inverse_transform(matrix(piece)), ae.format_.columns) for piece in pieces), output, how)
        click.echo(f"{parts.rows:,} rows: wrote {output}")
        return
    X = ae.inverse_transform(read_codes(codes, ae.n_components_, written))
    save(X, ae.format_.columns, output, how=how)
    click.echo(f"{X.shape[0] if hasattr(X, 'shape') else len(X):,} rows: wrote {output}")


def written_by(ae: Any, codes: Path) -> Any:
    """How a text file of codes is written: as the model reads such files, or with commas between and points within."""
    from ..formats.layout import Reading, ending
    from ..formats.names import CSV

    how = told_by(ae) and replace(told_by(ae), thousands=None, na=(), dates={})  # 1.234 is no thousand
    if not how or not codes.is_file() or not ending(codes).endswith(CSV):
        return how
    names = {*code_names(ae.n_components_)}
    return next((reading for reading in (how, Reading()) if names <= {*columns(codes, reading)}), how)


def columns(path: Path, how: Any) -> list[str]:
    """The names of the columns of a text file; none, if `how` does not read it."""
    from ..formats.layout import laid_out

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(laid_out(path, how).names)
        except DataError:
            return []


def read_codes(path: Path, k: int, how: Any = None) -> Any:
    """(n, k) from a file of codes; a text file is read by `how`."""
    import numpy as np

    from ..formats.files import read_table
    from ..formats.layout import ending
    from ..formats.matrices import read_array
    from ..formats.readers import reads

    if ending(path).endswith(".h5ad"):
        raise DataError(f"{str(path)!r}: codes are decoded from a table or a .npy: `diabolo encode` writes them into one, too")
    if path.suffix.lower() == ".npy" or reads(path, "matrix", "counts"):
        X = read_array(path)
        return X.toarray() if is_sparse(X) else np.asarray(X)
    table = read_table(path, None, how)
    check_codes(path, table.column_names, k)
    return matrix(table.select(code_names(k)))


def check_codes(path: Path, there: list[str], k: int) -> None:
    """Raise a DataError unless the columns of the codes are there."""
    names = code_names(k)
    absent = [name for name in names if name not in there]
    if absent:
        has_no = f"{str(path)!r} has no column{'s' * (len(absent) > 1)} {some(absent)}"
        raise DataError(f"{has_no}: codes of this model are the columns {', '.join(names)}")


def matrix(table: Any) -> Any:
    import numpy as np

    return np.stack([column.to_numpy() for column in table.columns], axis=1)
