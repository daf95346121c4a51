"""diabolo decode: codes -> rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..deferred import is_sparse
from .data import MODEL, OUTPUT, code_names, into_folder, light_model, never_onto_input, save

EPILOG = """\b
Examples:
  diabolo decode people.diabolo codes.parquet -o back.csv
"""


@click.command(
    epilog=EPILOG,
    help="Decode CODES (columns z1 ... zk, or a .npy) into rows with the fitted columns, types and categories.",
)
@MODEL
@click.argument("codes", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OUTPUT
def command(model: Path, codes: Path, output: Path) -> None:
    never_onto_input(output, model, codes, folder=into_folder(model, output))
    ae = light_model(model, "decode")
    X = ae.inverse_transform(read_codes(codes, ae.n_components_))
    save(X, ae.format_.columns, output)
    click.echo(f"{X.shape[0] if hasattr(X, 'shape') else len(X):,} rows: wrote {output}")


def read_codes(path: Path, k: int) -> Any:
    """(n, k) from a file of codes."""
    import numpy as np

    from ..errors import DataError
    from ..formats.files import read_table
    from ..formats.layout import ending
    from ..formats.matrices import read_array
    from ..formats.readers import reads

    if ending(path).endswith(".h5ad"):
        raise DataError(f"{str(path)!r}: codes are decoded from a table or a .npy: `diabolo encode` writes them into one, too")
    if path.suffix.lower() == ".npy" or reads(path, "matrix", "counts"):
        X = read_array(path)
        return X.toarray() if is_sparse(X) else np.asarray(X)
    table = read_table(path)
    names = code_names(k)
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise DataError(f"{str(path)!r} has no column {absent[0]!r}: codes of this model are the columns {', '.join(names)}")
    return np.stack([table.column(name).to_numpy() for name in names], axis=1)
