"""diabolo fit --labels: a table that holds its labels in, a model of labels out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from . import options
from .data import load_model, open_data, without_groups
from .saving import save_fitted

IMAGENET = "imagenet"  # an encoder that is no file


def learn(
    path: Path,
    drop: Sequence[str],
    output: Path,
    formats: tuple[Any, Any],
    text: str | None,
    labels: str | None,
    label: tuple[str, ...],
    labels_sep: str | None,
    encoder: Path | str | None,
    loss: str,
    groups: str | None,
    **params: Any,
) -> None:
    """Fit a MultiLabelClassifier to the table in a file, save it, and tell of it; `formats`: of documents, and of tables."""
    from ..estimators import MultiLabelClassifier

    names = [*([labels] if labels_sep and labels else listing(labels)), *label]
    if labels_sep and len(names) > 1:
        raise DataError("--labels-sep is for one column of lists, but --labels names more")
    pretrained: Any = load_model(encoder, "fit --encoder") if isinstance(encoder, Path) else encoder
    format = "auto" if encoder is None else "images" if encoder == IMAGENET else pretrained.format_
    X, Y, kind = taken_apart(path, names, drop, labels_sep, text, format)
    options.check_data(click.get_current_context(), path, kind)
    X, together = without_groups(X, groups)
    read = {"documents": formats[0], "tables": formats[1]}.get(kind, "auto")
    params |= {"loss": "logistic" if loss == "auto" else loss, "format": read}
    clf = MultiLabelClassifier(encoder=pretrained, **params).fit(X, Y, groups=together)
    save_fitted(clf, output)
    if clf.verbose:
        from . import printing

        printing.fitted_labels(clf, Y, output)


def taken_apart(
    path: Path, names: Sequence[str], drop: Sequence[str], sep: str | None, text: str | None, format: Any
) -> tuple[Any, Any, str]:
    """X and Y of a file, and what kind of data X is."""
    from ..formats import Reading, infer, read_labeled
    from ..formats.labeled import check_names, large, table_of
    from ..formats.listing import listed
    from ..formats.readers import reads

    how = Reading(**options.said())
    if reads(path):
        X, Y = of_file(path, names, drop, sep)
        return X, Y, infer(getattr(X, "values", X)).kind
    if not names and not path.is_dir():
        raise DataError(f"{str(path)!r} does not name its labels, and --labels names no column: give those that are labels")
    if (parts := large(path, {*names, *drop}, text, format, how)) is not None:
        check_names(parts.schema, names, "--labels")
        if drop:
            check_names(parts.schema, drop, "--drop")
        return *read_labeled(path, names, labels_sep=sep, drop=drop, format=format, reading=how), "tables"
    if path.is_dir() and listed(path) is None:
        instead = "--task labels --set labels=folder in place of --labels" if names else "--set labels=folder"
        raise DataError(
            f"{str(path)!r} is a folder: of pictures, say {instead}: the folder of each is its class; or give a file"
        )
    table = table_of(open_data(path, drop), how)
    check_names(table, names, "--labels")
    X, Y = read_labeled(table, names, labels_sep=sep, text=text, format=format, folder=path.parent)
    documents = isinstance(X, list) and all(isinstance(x, str) for x in X)
    return X, Y, "documents" if documents else "tables" if hasattr(X, "schema") else "images"


def of_file(path: Path, names: Sequence[str], drop: Sequence[str], sep: str | None) -> tuple[Any, Any]:
    """What a file holds that has its labels in it, and these, or those that are named, if any are."""
    from ..formats import Reading, read_labeled
    from ..formats.labeled import check_names
    from ..formats.readers import NamedMatrix, options_of, read_dataset

    dataset = read_dataset(path)
    if names and set(names) <= set(getattr(dataset.X, "column_names", ())):
        return read_labeled(dataset.X, names, labels_sep=sep, drop=drop, reading=Reading(**options.said()))
    if names and dataset.Y is None and "labels" in options_of(path):
        dataset, names = read_dataset(path, labels=",".join(names)), ()
    Y = dataset.answers
    if Y is None:
        said = next((sentence for sentence in dataset.decided if "; labels=" in sentence), "")
        hint = said.replace("; labels=", "; --set labels=") or f"`diabolo info {path}` says what it holds"
        raise DataError(f"{str(path)!r} has no labels: {hint}")
    if drop:
        check_names(dataset.X, list(drop), "--drop")
        dataset = replace(dataset, X=dataset.X.drop_columns(list(drop)))
    if names and isinstance(Y, NamedMatrix):
        return dataset, NamedMatrix(Y.of(list(names), "--labels: the file", "label"), list(names))
    if names and not hasattr(Y, "column_names"):
        raise DataError(f"--labels {','.join(names)}: {str(path)!r} has one class for each row: leave --labels out")
    if names:
        check_names(Y, list(names), "--labels")
    return dataset, Y.select(list(names)) if names else Y


def listing(names: str | None) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]
