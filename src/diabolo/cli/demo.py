"""diabolo demo: the main job on data that comes with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  diabolo demo
  diabolo demo --output /tmp/demo
"""


@click.command(epilog=EPILOG, help="Fit 1,797 handwritten digits, compare with PCA, find unusual ones, write a report.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("diabolo-demo"),
    show_default=True,
    help="Folder to write to.",
)
@click.option("--epochs", type=click.IntRange(1), help="Largest number of epochs.")
def command(output: Path, epochs: int | None) -> None:
    import numpy as np
    from sklearn.datasets import load_digits

    from ..estimators import Autoencoder
    from ..report import write
    from . import printing
    from .saving import save_fitted

    digits = load_digits()
    X = digits.data / 16  # 8 x 8 pixels in [0, 1]
    output.mkdir(parents=True, exist_ok=True)
    model, report = output / "digits.diabolo", output / "report.html"
    ae = Autoencoder(8, epochs=epochs or "auto", random_state=0).fit(X)
    save_fitted(ae, model)
    printing.comparison(ae, model)
    printing.worst(ae, printing.Errors.of(ae, X), 5)
    write(ae, X, report, title="Handwritten digits", labels={"digit": np.array([str(t) for t in digits.target])})
    click.echo(f"The report is at {report.resolve()}")
