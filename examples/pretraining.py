"""Few labels, many rows: an autoencoder learns the rows first, then a supervised last layer needs fewer labels.

Digits (1,797 pictures), of which 1 %, 5 %, 20 % and all have a label: from scratch, on the frozen encoder, fine-tuned, and
the two linear cases, principal-component regression and partial least squares.

    python examples/pretraining.py [--tiny] [--output FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.datasets import load_digits

from diabolo import Autoencoder, label_efficiency


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    p.add_argument("--output", type=Path, help="folder for the curves as a picture")
    args = p.parse_args()
    tiny = args.tiny

    X, y = load_digits(return_X_y=True)
    ae = Autoencoder(32, epochs=2 if tiny else "auto", random_state=0, verbose=False).fit(X)
    fractions = (0.05, 0.2) if tiny else (0.01, 0.05, 0.2, 1.0)
    epochs = 2 if tiny else "auto"
    found = label_efficiency(X, y, fractions, encoder=ae, repeats=1 if tiny else 3, epochs=epochs, verbose=False)
    print(found)
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "curves.svg").write_text(found.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
