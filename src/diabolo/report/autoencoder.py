"""The contents of a report: numbers and texts, a JSON-like dict per section, in the order of the page."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import sklearn
import torch

from .. import __version__
from ..errors import DataError
from ..estimators.autoencoder.maps import MAX_ROWS, Map, spread
from ..nets import SkipMLP
from ..rows import evenly
from .display import RowFormatter
from .names import Names
from .recipe import recipe
from .rows import Measured, SelectedRows, measure, pick
from .values import as_list, at, column, plain, rounded
from .values import seed as fitted_seed

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder

__all__ = ["contents"]

WORST, BEST, EXAMPLES = 6, 3, 12  # rows that are shown; half as many examples if rows are not pictures
MAX_VALUES_OF_MAP = 400_000  # values that the map holds
PIXELS = 4_000_000
BARS = 200  # columns that are shown with their error


@dataclass(frozen=True)
class Subject:
    """The model, the rows and their measurements."""

    model: Autoencoder
    measured: Measured
    picked: SelectedRows
    labels: dict[str, Any]
    people: RowFormatter
    names: Names


def contents(
    model: Autoencoder, X: Any, title: str, labels: Mapping[str, Any], seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure all that the page shows."""
    say("measuring the rows")
    measured = measure(model, X)
    n = len(measured.rows)
    checked = {str(name): _checked(str(name), values, n) for name, values in labels.items()}
    shown = choose(measured)
    picked = pick(model, X, np.concatenate(list(shown.values())))
    subject = Subject(model, measured, picked, checked, RowFormatter(model, picked), Names(model.format_, X))
    say(f"drawing the map of {len(shown['map']):,} rows")
    places = spread(picked.at(shown["map"]).z.double().numpy(), seed)
    return {
        "title": title or "Autoencoder",
        "linear": model.comparison_.linear,
        "kind": model.format_.kind,
        "k": model.n_components_,
        "rows": n,
        "headline": model.comparison_.headline,
        "doubt": model.comparison_.doubt,
        "comparison": {name: rounded(value) for name, value in model.comparison_.items()},
        "seen": str(model.corruption or ""),
        "layers": layers(model),
        "history": history(model),
        "map": chart(subject, places, shown["map"]),
        "components": components(model),
        "columns": columns(subject),
        "picture": subject.people.picture,
        "worst": subject_rows(subject, shown["worst"]),
        "best": subject_rows(subject, shown["best"]),
        "examples": subject_rows(subject, shown["examples"][:: 1 if subject.people.picture else 2]),
        "facts": facts(model, n, seed),
        "code": recipe(model, "model"),
        "repeatable": model.random_state is not None,
    }


def _checked(name: str, values: Any, n: int) -> Any:
    found = values if isinstance(values, pa.ChunkedArray) else as_list(values)
    if len(found) != n:
        raise DataError(f"labels[{name!r}] has {len(found):,} values, but X has {n:,} rows: give one value per row")
    return found


def choose(measured: Measured) -> dict[str, np.ndarray]:
    """The rows of each section."""
    order = np.argsort(-measured.rows, kind="stable")
    n = len(order)
    worst = order[: min(WORST, (n + 1) // 2)]
    best = order[len(worst) :][::-1][:BEST]
    return {"map": evenly(n, MAX_ROWS), "worst": worst, "best": best, "examples": evenly(n, EXAMPLES)}


def history(model: Autoencoder) -> dict[str, Any]:
    """The rounds; without held-out rows there is only the training loss."""
    h, c = model.history_, model.comparison_
    held = c["held_out_rows"] > 0 and bool(h.held_out)
    kept = not held or h.held_out[h.best] <= min(h.held_out)  # otherwise the linear model is kept
    level = h.held_out[h.best] * (1 - c["pca"]) / (1 - c["autoencoder"]) if held and kept and c["autoencoder"] < 1 else None
    return {
        "epoch": [rounded(v) for v in h.epoch],
        "loss": [rounded(v) for v in h.loss],
        "held_out": [rounded(v) for v in h.held_out] if held else None,
        "linear": None if level is None else rounded(level),
        "best": h.best if kept else None,
        "stopped": h.stopped,
    }


def chart(subject: Subject, places: Map, rows: np.ndarray) -> dict[str, Any]:
    """The map, and the columns to color it with."""
    picked, people = subject.picked.at(rows), subject.people
    chosen = _columns_to_send(subject, len(rows))
    codes = picked.z.double().numpy()
    numbers = {
        "reconstruction error": subject.measured.rows[rows],
        "log-likelihood of the code": subject.model.density_.log_prob(codes),
        **{f"z{j + 1}": codes[:, j] for j in range(codes.shape[1])},
    }
    return {
        "x": [rounded(v, 5) for v in places.drawn[:, 0].tolist()],
        "y": [rounded(v, 5) for v in places.drawn[:, 1].tolist()],
        "method": places.method,
        "axes": places.axes,
        "note": places.note,
        "rows": rows.tolist(),
        "names": [subject.names.name(i) for i in rows.tolist()],
        "columns": [
            *(column(name, "label", at(values, rows)) for name, values in subject.labels.items()),
            *(column(people.names[j], "column", values) for j, values in zip(chosen, people.seen(picked, chosen), strict=True)),
            *(column(name, "code" if name[0] == "z" else "error", list(v.tolist())) for name, v in numbers.items()),
        ],
        "left_out": len(people.names) - len(chosen) if chosen else 0,
        "words": people.words(picked.x, 8) if people.documents else None,
        "pixels": people.pixels(picked.x) if people.picture and picked.x.numel() <= PIXELS else None,
    }


def _columns_to_send(subject: Subject, n: int) -> list[int]:
    """All columns; if there are too many, those with most of the error; of pictures none, since one pixel says nothing."""
    if subject.model.format_.kind == "images":
        return []
    many = min(len(subject.people.names), max(1, MAX_VALUES_OF_MAP // n))
    errors = subject.measured.columns[0]
    if len(errors) != len(subject.people.names):
        return list(range(many))
    return sorted(np.argsort(-errors, kind="stable")[:many].tolist())


def components(model: Autoencoder) -> list[dict[str, Any]]:
    """Explained variance of each code; that of LSA is not comparable."""
    linear = getattr(model.pca_, "explained_variance_ratio_", None) if model.format_.kind != "documents" else None
    return [
        {"name": f"z{j + 1}", "autoencoder": rounded(v), "linear": None if linear is None else rounded(float(linear[j]))}
        for j, v in enumerate(model.explained_variance_ratio_.tolist())
    ]


def columns(subject: Subject) -> dict[str, Any] | None:
    """Share of the variance that is left over, for the columns with most of the error."""
    errors, names = subject.measured.columns, subject.people.names
    if errors.shape[1] != len(names) or len(names) < 2:
        return None
    varying = np.flatnonzero(errors[2] > 1e-9 * max(float(errors[2].max()), 1e-9))
    most = varying[np.argsort(-errors[0, varying], kind="stable")][:BARS]
    most = most[np.argsort(-errors[0, most] / errors[2, most], kind="stable")]
    bars = [
        {"name": names[j], "autoencoder": rounded(errors[0, j] / errors[2, j]), "linear": rounded(errors[1, j] / errors[2, j])}
        for j in most
    ]
    constant = sorted(set(range(len(names))) - set(varying.tolist()))
    return {
        "bars": bars,
        "total": len(varying),
        "constant": [names[j] for j in constant[:20]],
        "constants": len(constant),
        "picture": subject.people.heat(errors[:2]),
    }


def subject_rows(subject: Subject, rows: np.ndarray) -> list[dict[str, Any]]:
    """Rows with the observed values and the expected values of two models."""
    n, mean = len(subject.measured.rows), float(subject.measured.rows.mean()) or 1.0
    found = subject.people.rows(subject.picked.at(rows), subject.measured.columns[2] / n)
    for i, entry in zip(rows, found, strict=True):
        entry["row"], entry["error"] = int(i), rounded(subject.measured.rows[i] / mean, 4)
        entry["name"], entry["text"] = subject.names.name(int(i)), subject.names.text(int(i))
        entry["labels"] = [[name, plain(at(values, [i])[0])] for name, values in subject.labels.items()]
    return found


def layers(model: Autoencoder) -> list[int]:
    """Widths from the input through the bottleneck to the output, if they are known."""
    widths: list[int] = []
    for side in (model.network_.encoder, model.network_.decoder):
        for module in side.modules():
            if isinstance(module, SkipMLP):
                widths += [module.sizes[0], *module.sizes[1]]
    return [*widths, model.format_.width] if widths else [model.format_.width, model.n_components_, model.format_.width]


def draw_network(model: Autoencoder) -> str:
    """The layers in a line, with a comment on what the line does not show."""
    widths, d = layers(model), model.format_.width
    line = " → ".join(f"{w:,}" for w in widths)
    if not any(isinstance(module, SkipMLP) for module in model.network_.modules()):
        return f"{line}, with other layers in between (convolutions, for pictures)"
    extra = widths[0] - d
    return f"{line} ({d:,} features and {extra:,} missing indicators)" if extra > 0 else line


def facts(model: Autoencoder, n: int, seed: int) -> list[list[str]]:
    """The facts that one needs to reproduce the report."""
    weights = sum(p.numel() for p in model.network_.parameters())
    h, held = model.history_, model.comparison_["held_out_rows"]
    made = [f"diabolo {__version__}", f"PyTorch {torch.__version__}", f"scikit-learn {sklearn.__version__}"]
    made += [f"NumPy {np.__version__}", f"Python {platform.python_version()}"]
    width = f"{len(model.format_.columns):,} columns" + (
        f", {model.format_.width:,} features" if model.format_.kind == "tables" else ""
    )
    return [
        ["Rows in this report", f"{n:,} ({model.format_.kind}, {width})"],
        ["Codes per row", f"{model.n_components_:,}"],
        ["Layers", draw_network(model)],
        ["Weights", f"{weights:,}"],
        ["Held out during the fit", f"{held:,} rows" if held else "no rows"],
        ["Training", f"{h.epoch[-1]:.4g} epochs, best after {model.n_iter_:.4g}; {h.stopped}" if h.epoch else h.stopped],
        ["Seed of the fit", fitted_seed(model)],
        ["Seed of the map", str(seed)],
        ["Versions of this report", ", ".join(made)],
    ]
