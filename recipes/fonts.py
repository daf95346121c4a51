"""Trains ``src/diabolo/weights/fonts.diabolo``: a map of fonts with open licenses, and writes FONTS.txt beside it.

    python recipes/fonts.py        # seven minutes on one core
    python benchmarks/fonts.py     # the same from 200 of the 250 families, measured on the other 50

Data: fonts/fonts-dev.zip, 250 families of Google Fonts from the npm packages @fontsource/*, and fonts-dev.csv, which says the
license of each. All of them are learned: what is published about unseen families is measured by the benchmark, on a model
that was learned in the same way without them.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

from common import WEIGHTS
from diabolo import fonts

ABOUT = "learned from {} faces of {} families with open licenses, which FONTS.txt names, by recipes/fonts.py"
NOTICE = """The fonts from which fonts.diabolo was learned
==============================================

The weights hold no font file and no outline. What they draw are means of many fonts; and they hold a picture of 32 x 32 pixels
of each letter of each face, for comparisons. The fonts themselves remain under their licenses. Names of some are reserved: a
font that you save must not bear one of these names.

"""


def notice(table: list[dict[str, str]]) -> str:
    """All families with their licenses and authors."""
    lines = [
        f"{name} ({row['license']}, npm {row['package']} {row['package_version']}): {row['attribution']}"
        for name, row in {row["family"]: row for row in table}.items()
    ]
    return NOTICE + "\n".join(" ".join(line.split()) for line in lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the weights of the map of fonts.")
    parser.add_argument("--data", type=Path, default=os.environ.get("DIABOLO_DATA"), help="default: $DIABOLO_DATA")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "fonts.diabolo")
    a = parser.parse_args()
    if a.data is None:
        parser.error("say where the data lie: --data FOLDER, or the environment variable DIABOLO_DATA")
    archive = Path(a.data) / "fonts" / "fonts-dev.zip"
    with archive.with_suffix(".csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    faces = fonts.collected(archive, say=print)
    families = len({row["family"] for row in table})
    fonts.fit(faces, about=ABOUT.format(len(faces), families), progress=True).save(a.out)
    a.out.with_name("FONTS.txt").write_text(notice(table), encoding="utf-8")
    print(f"wrote {a.out}")
