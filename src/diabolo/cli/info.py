"""diabolo info: what a model is, from its header alone; or what a file of data holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .data import Where
from .options import check_reading, reading, said

if TYPE_CHECKING:
    from ..storage import Header

EPILOG = """\b
Examples:
  diabolo info people.diabolo
  diabolo info people.diabolo --json | jq .meta.comparison
  diabolo info cells.h5ad
  diabolo info scene.arff
  diabolo info photos/ --set labels=folder
"""


DECODER = ("centers", "values", "mix", "means", "draw", "level")  # of fonts


@click.command(
    epilog=EPILOG,
    help="Describe FILE: a model from its header, without loading it; or what a file of data holds, and how it is read.",
)
@click.argument("model", metavar="FILE", type=Where(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON: of a model its whole header.")
@reading
def command(model: Path, as_json: bool) -> None:
    from .. import storage

    if not model.name.endswith(".diabolo"):
        from ..formats.readers import of_pairs
        from . import contents

        if contents.is_data(model):
            check_reading(model)
            found_there = [*contents.facts(model)]
            if as_json:
                names = dict.fromkeys(name for name, _ in found_there)
                click.echo(json.dumps({n: [v for name, v in found_there if name == n] for n in names}, ensure_ascii=False))
            else:
                show(found_there)
            return
        if remark := of_pairs(model):
            raise DataError(f"{str(model)!r} is no model{remark}")
    if said():
        raise click.UsageError(f"options on reading are for data, but {str(model)!r} is a model, or should be one")
    head = storage.header(model)
    if as_json:
        click.echo(storage.canonical({"kind": head.kind, "digest": head.digest, "bytes": head.bytes, "meta": head.meta}))
        return
    with storage.explained(model):
        found = facts(head)
    show(found.items())


def show(facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        first, *rest = value.splitlines()
        click.echo(f"{name + ':':<14} {first}")
        for line in rest:
            click.echo(f"{'':<14} {line}")


def facts(head: Header) -> dict[str, str]:
    """The most important facts."""
    meta = head.meta
    fonts = head.kind == "FontManifold"
    weights = sum(
        _size(shape) for name, (_, shape) in head.shapes.items() if name.startswith("network.") or (fonts and name in DECODER)
    )
    found = {
        "file": f"{head.path} ({head.bytes:,} bytes)",
        "kind": head.kind,
        "weights": f"{weights:,}",
        "checksum": head.digest[:16] + (f", of the weights alone {meta['weights'][:16]}" if "weights" in meta else ""),
    }
    if fonts:
        found["data"] = f"{len(meta['faces']):,} faces of fonts, {len(meta['letters']):,} letters"
    else:
        found["data"] = _data(meta["format"], meta) if "format" in meta else "pictures of any size"
    if "comparison" in meta:
        c, k = meta["comparison"], meta["params"].get("n_components")
        found["codes"] = f"{len(meta['explained'])} (n_components={k})"
        rows = f"{c['held_out_rows']:,} held-out rows" if c["held_out_rows"] else "training rows"
        linear = "LSA" if meta["format"]["kind"] == "documents" else "PCA"
        found["explained"] = f"{linear} {c['pca']:.1%}, autoencoder {c['autoencoder']:.1%} of the variance of {rows}"
    if "labels" in meta:
        found |= _labels(meta)
    if meta.get("targets"):
        found["predicts"] = ", ".join(meta["targets"])
    if meta.get("about"):
        found["about"] = meta["about"]
    if "history" in meta and "seed" in meta:
        found["training"] = f"{meta['history']['stopped']}; seed {seed(meta)}"
    return found


def seed(meta: dict[str, Any]) -> str:
    """The seed that was given, or the one that was drawn."""
    given = meta["params"].get("random_state")
    return f"{meta['seed']} (drawn)" if given is None else str(given)


def _labels(meta: dict[str, Any]) -> dict[str, str]:
    """The labels, and whether the file holds training rows."""
    names = [str(name) for name in meta["labels"]["names"]]
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    n = meta["rows_kept"]
    kept = f"{n:,} training rows are in this file, for new labels and refresh(): share it only with people who may see them"
    return {"labels": f"{len(names):,}: {shown}", "rows kept": kept if n else "none: no training row is in this file"}


def _data(format: dict[str, Any], meta: dict[str, Any]) -> str:
    if format["kind"] == "tables":
        own = [f"{f['name']} ({_kind(f)})" for f in format["fields"] if not f.get("part_of")]
        return f"table of {len(own)} columns: {', '.join(own)}"
    if format["kind"] == "documents":
        words = format["words"] or []
        shown = f": {', '.join(words[:10])}{' ...' * (len(words) > 10)}" if words else " columns of counts"
        left_out = f"; left out: {format['left_out']}" if format["left_out"] else ""
        return f"documents, vocabulary of {meta['n_features']:,}{shown}{left_out}"
    if format["kind"] == "images":
        channels, height, width = format["shape"]
        return f"pictures of {width} x {height} pixels, {'gray' if channels == 1 else 'in color'}"
    return f"array of {meta['n_features']:,} columns ({format['dtype']})"


TIMES = {"timestamp": "date", "date": "date", "time": "time", "duration": "duration"}  # Arrow's types, without their units


def _kind(column: dict[str, str]) -> str:
    """The kind of a column; dates are numbers with a unit."""
    kind, name = column["kind"], column["type"].partition("[")[0].rstrip("0123456789")
    return TIMES.get(name, kind) if kind == "number" else kind


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total
