"""A map to drag a circle over: 178 wines, and what the decoder makes of each place.

The page is one HTML file. It opens from disk, needs no network, and decodes and encodes by itself. The names of the map's
regions are known in Python, too.

    python examples/explorer.py --output folder [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.datasets import load_wine

from diabolo import Autoencoder
from diabolo.explorer import export


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the map means nothing")
    p.add_argument("--output", type=Path, default=Path("explorer"), help="folder of the page")
    args = p.parse_args()

    wine = load_wine(as_frame=True)
    names = {0: "Barolo", 1: "Grignolino", 2: "Barbera"}
    ae = Autoencoder(2, epochs=3 if args.tiny else "auto", random_state=0).fit(wine.data)
    for region in ae.map(wine.data).regions_:
        print(f"{len(region.rows):3} wines around ({region.center[0]:.2f}, {region.center[1]:.2f}): {region.name}")

    args.output.mkdir(parents=True, exist_ok=True)
    page = args.output / "wines.html"
    export(ae, wine.data, page, title="178 wines", labels={"cultivar": wine.target.map(names)})
    print(f"open {page} in a browser, and drag the circle")


if __name__ == "__main__":
    main()
