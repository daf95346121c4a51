"""diabolo map: rows as places on paper."""

from __future__ import annotations

from pathlib import Path

import click

from .data import DATA, MODEL, OUTPUT, loaded, never_onto_input, save

EPILOG = """\b
Examples:
  diabolo map people.diabolo people.csv -o places.csv
  diabolo map people.diabolo people.csv --new applicants.csv -o places.csv
  diabolo report people.diabolo people.csv --label income -o report.html     (the map to look at)
"""


@click.command(
    epilog=EPILOG,
    help="A place (x, y) for each row of DATA, near those with similar codes: t-SNE of the codes; with two codes the codes "
    "themselves. With each place its reconstruction error and log-likelihood, to colour it by.",
)
@MODEL
@DATA
@OUTPUT
@click.option("--new", type=click.Path(exists=True, path_type=Path), help="Further rows, put onto the map of DATA.")
@click.option("--seed", type=int, default=0, show_default=True)
def command(model: Path, data: Path, output: Path, new: Path | None, seed: int) -> None:
    import numpy as np

    never_onto_input(output, model, data, *([new] if new else []))
    ae = loaded(model, "map")
    found = ae.map(data, seed=seed)
    parts = [(data, found.places)] + ([(new, found.transform(ae.transform(new)))] if new else [])
    table = [
        np.column_stack([np.arange(len(places)), np.full(len(places), i), places, -ae.score_samples(rows), ae.log_prob(rows)])
        for i, (rows, places) in enumerate(parts)
    ]
    save(np.concatenate(table), ["row", "new", "x", "y", "error", "log likelihood"], output)
    click.echo(f"{len(np.concatenate(table)):,} rows, {found.method}: wrote {output}")
