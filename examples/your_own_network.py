"""Your own encoder and decoder: any nn.Module, saved without its code and loaded into a new instance.

A small convolution reads the digits as pictures of 8 x 8; the decoder is made of PyTorch's own layers. The file holds the
weights of both. Of the decoder it holds the description as well, for its layers are in the vocabulary of the format; your
class has to be given again when the file is loaded, because a model file never contains code.

    python examples/your_own_network.py --output FOLDER [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from diabolo import Autoencoder, FormatError, load

K = 8


class Eye(nn.Module):
    """Pictures of 8 x 8 as rows (B, 64) -> codes (B, k)."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 32, 3, stride=2), nn.SiLU())
        self.tell = nn.Linear(32 * 3 * 3, k)

    def forward(self, x: Tensor) -> Tensor:
        return self.tell(self.look(x.view(-1, 1, 8, 8)).flatten(1))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    p.add_argument("--output", type=Path, required=True, help="folder for the model")
    args = p.parse_args()

    X, X_test = train_test_split(load_digits().data / 16, random_state=0)
    decoder = nn.Sequential(nn.Linear(K, 128), nn.SiLU(), nn.Linear(128, 64))
    ae = Autoencoder(K, encoder=Eye(K), decoder=decoder, epochs=2 if args.tiny else 60, random_state=0).fit(X)
    print(f"explained variance of held-out rows: PCA {ae.comparison_['pca']:.1%}, yours {ae.comparison_['autoencoder']:.1%}")

    args.output.mkdir(parents=True, exist_ok=True)
    path = args.output / "eye.diabolo"
    ae.save(path)
    try:
        load(path)
    except FormatError as error:
        print(f"\nwithout your class:\n{error}")
    again = load(path, encoder=Eye(K))
    assert np.array_equal(again.transform(X_test), ae.transform(X_test))
    print("\nwith it, the codes are the same to the last bit")


if __name__ == "__main__":
    main()
