"""diabolo fit --labels: a table that holds its labels in, a model of labels out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from . import options
from .data import load_model

IMAGENET = "imagenet"  # an encoder that is no file


def learn(
    table: Any,
    path: Path,
    output: Path,
    formats: tuple[Any, Any],
    text: str | None,
    labels: str | None,
    label: tuple[str, ...],
    labels_sep: str | None,
    encoder: Path | str | None,
    loss: str,
    **params: Any,
) -> None:
    """Fit a MultiLabelClassifier to the table of a file, save it, and tell of it; `formats`: of documents, and of tables."""
    from ..estimators import MultiLabelClassifier
    from ..formats import Reading, read_labeled
    from ..formats.labeled import check_names, table_of

    table = table_of(table, Reading(**options.said()))
    names = [*([labels] if labels_sep and labels else listing(labels)), *label]
    check_names(table, names, "--labels")
    if labels_sep and len(names) > 1:
        raise DataError("--labels-sep is for one column of lists, but --labels names more")
    pretrained: Any = load_model(encoder, "fit --encoder") if isinstance(encoder, Path) else encoder
    format = "auto" if encoder is None else "images" if encoder == IMAGENET else pretrained.format_
    X, Y = read_labeled(table, names, sep=labels_sep, text=text, format=format, folder=path.parent)
    documents = isinstance(X, list) and all(isinstance(x, str) for x in X)
    kind = "documents" if documents else "tables" if hasattr(X, "schema") else "images"
    options.check_data(click.get_current_context(), path, kind)
    read = {"documents": formats[0], "tables": formats[1]}.get(kind, "auto")
    params |= {"loss": "logistic" if loss == "auto" else loss, "format": read}
    clf = MultiLabelClassifier(encoder=pretrained, **params).fit(X, Y)
    clf.save(output)
    if clf.verbose:
        from . import printing

        printing.fitted_labels(clf, len(Y), output)


def listing(names: str | None) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]
