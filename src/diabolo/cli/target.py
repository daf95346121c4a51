"""diabolo fit --target: a table that holds what is to be predicted in, a model of it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from . import options
from .data import load_model, without_groups
from .saving import save_fitted


def learn(
    path: Path,
    drop: Sequence[str],
    output: Path,
    formats: tuple[Any, Any],
    text: str | None,
    target: Sequence[str],
    encoder: Path | str | None,
    freeze: bool,
    groups: str | None,
    **params: Any,
) -> None:
    """Fit a Regressor to the table in a file, save it, and tell of it; `formats`: of documents, and of tables."""
    from ..estimators import Regressor
    from ..formats import Reading, read_targets
    from ..formats.layout import ending
    from ..formats.names import CSV

    pretrained: Any = load_model(encoder, "fit --encoder") if isinstance(encoder, Path) else encoder
    format = "auto" if encoder is None else "images" if isinstance(encoder, str) else pretrained.format_
    X, Y = read_targets(path, target, text=text, drop=drop, format=format, reading=Reading(**options.said()))
    kind = kind_of(X)
    options.check_data(click.get_current_context(), path, kind)
    X, together = without_groups(X, groups)
    read = {"documents": formats[0], "tables": formats[1]}.get(kind, "auto")
    check_numbers(Y, ending(path).endswith(CSV))
    y = Y if Y.num_columns > 1 else Y.column(0)  # of one, predictions are (n,)
    reg = Regressor(encoder=pretrained, freeze=freeze, format=read, **params).fit(X, y, groups=together)
    reg.target_names_ = Y.column_names
    save_fitted(reg, output)
    if reg.verbose:
        from . import printing

        printing.fitted_target(reg, Y.num_rows, unknown_rows(Y), output)


def check_numbers(Y: Any, text: bool) -> None:
    """Raise a DataError for a column without numbers, with the option that reads them of a text file."""
    import numpy as np

    from ..formats.targets import floats

    for name in Y.column_names:
        try:
            values = floats(Y[name], f"column {name!r}")
        except DataError as error:
            raise DataError(f"--target: {str(error).partition(': give ')[0]}{way(name, Y[name], text)}") from None
        if np.isnan(values).all():
            raise DataError(f"--target: column {name!r} holds no number: all its cells are empty")
        if len(rows := np.flatnonzero(np.isinf(values))):
            raise DataError(
                f"--target: column {name!r} holds {values[rows[0]]} (row {rows[0]}): write a number, or leave it empty"
            )


def way(name: str, column: Any, text: bool) -> str:
    """How cells become numbers to predict: by an option for a text file, or in pandas; or how they are learned as classes."""
    from ..formats.hints import nearly_numbers
    from ..formats.layout import remedy
    from ..formats.schema import is_text

    if not is_text(column.type):
        return f": write numbers, such as the days since the first; classes are learned by --labels {name}"
    hint = nearly_numbers(column.combine_chunks(), options.said().get("decimal") or ".")
    if hint is None:
        return f"; classes are learned by --labels {name}"
    if hint.options and text:
        return f" ({hint.why}): read them with {remedy(hint.options).partition(' (in Python')[0]}"
    made = "" if hint.bare is None else f", such as df[{name!r}] = {hint.pandas(f'df[{name!r}]')}"
    return f" ({hint.why}): write the column as numbers{made}"


def unknown_rows(Y: Any) -> int:
    """The number of rows without any number to learn from."""
    import numpy as np

    from ..formats.targets import floats

    return int(np.all([np.isnan(floats(column)) for column in Y.columns], axis=0).sum())


def kind_of(X: Any) -> str:
    """What kind of data X is."""
    if isinstance(X, list):
        return "documents" if all(isinstance(x, str) for x in X) else "images"
    return "tables"
