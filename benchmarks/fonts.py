"""The map of fonts on families that it has not seen: errors at the best place, beside a plane and the nearest font.

250 families of Google Fonts (512 faces; 4 more are color fonts). A map is learned from 200 families, and measured on the faces
of the other 50, chosen at random, bold and italic with their family. Two numbers place a font: `manifold` is the picture at
its best place on the map, `pca2` that of PCA with 2 components, `nearest` that of the nearest face that was learned.

    squared error       mean over 26 letters at 32 x 32 pixels, of values in [0, 1]
    L1, SSIM, IoU       at 256 x 256
    advance             mean error of the advance widths of these letters, in 1/1000 em

    DIABOLO_DATA=... python benchmarks/fonts.py [--held-out 50] [--seed 0]
"""

from __future__ import annotations

import csv
import tempfile
import zipfile
from pathlib import Path

import matplotlib
import numpy as np

import common
from diabolo import fonts
from diabolo.fonts.bench import MEASURES, measured, summary
from diabolo.fonts.glyphs import CAPITALS, SMALL


def parted(archive: Path, folder: Path, count: int, seed: int) -> tuple[Path, Path]:
    """Two zips: the fonts of all families but `count`, and those of these."""
    with archive.with_suffix(".csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    families = sorted({row["family"] for row in table})
    unseen = set(np.random.default_rng(seed).permutation(families)[:count].tolist())
    paths = folder / "learned.zip", folder / "unseen.zip"
    with zipfile.ZipFile(archive) as source:
        for path, inside in zip(paths, (False, True), strict=True):
            with zipfile.ZipFile(path, "w") as target:
                for row in table:
                    if (row["family"] in unseen) == inside:
                        target.writestr(row["path"], source.read(row["path"]))
    return paths


def tiny(folder: Path) -> tuple[Path, Path]:
    """Fonts of matplotlib."""
    source = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    paths = folder / "learned.zip", folder / "unseen.zip"
    for path, names in zip(paths, (("DejaVuSans*.ttf", "cmr10.ttf"), ("cmss10.ttf",)), strict=True):
        with zipfile.ZipFile(path, "w") as target:
            for name in sorted(p for pattern in names for p in source.glob(pattern)):
                target.write(name, name.name)
    return paths


if __name__ == "__main__":
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--held-out", type=int, default=50, help="families")
    p.add_argument("--seed", type=int, default=0, help="of their choice")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learned, unseen = (
            tiny(folder) if a.tiny else parted(common.data() / "fonts" / "fonts-dev.zip", folder, a.held_out, a.seed)
        )
        faces = fonts.collected(learned, "AHOxo" if a.tiny else fonts.LETTERS)
        manifold, seconds = common.timed(lambda: fonts.fit(faces, **({"epochs": 1, "rank": 4, "copies": 1} if a.tiny else {})))
        rows = {name: list(measured(manifold, unseen, letters)) for name, letters in (("a-z", SMALL), ("A-Z", CAPITALS))}
    table = []
    for letters, found in ((letters, summary(some)) for letters, some in rows.items()):
        for name in ("manifold", "pca2", "nearest"):
            measures = {key: found[name + ending] for key, ending in MEASURES.items()}
            less = "" if name == "manifold" else f"{1 - found['manifold'] / found[name]:.1%}"
            advance = f"{found['advance']:.1f}" if name == "manifold" else ""
            table.append({"letters": letters, "picture": name, **measures, "manifold below": less, "advance": advance})
    facts = {"faces learned": len(faces), "faces measured": len(rows["a-z"]), "seconds": seconds}
    common.show("Fonts of families that were not learned, at the best place of the map", table, a.json, **facts)
