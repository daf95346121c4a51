"""Write the files of tests/files/cytometry, with the libraries that people write such files with.

python -m venv v && v/bin/pip install numpy==2.4.6 flowio==1.4.0 fcswrite==0.6.4 && v/bin/python write_cytometry.py
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent / "cytometry"


def main():
    import fcswrite
    import flowio
    import numpy as np

    HERE.mkdir(exist_ok=True)
    events = np.random.default_rng(0).normal(100, 50, (40, 4)).astype(np.float32)
    events[:, 3] = np.arange(40)
    said = {"p2g": "2.5", "timestep": "0.01", "spillover": "2,FL1-A,FL2-A,1,0.1,0.2,1", "cyt": "Aria", "date": "01-JAN-2020"}
    with (HERE / "flowio.fcs").open("wb") as file:
        names = ["FSC-A", "FL1-A", "FL2-A", "Time"]
        flowio.create_fcs(file, events.ravel().tolist(), names, ["", "CD4", "CD8/a", ""], said)
    fcswrite.write_fcs(HERE / "big.fcs", ["FSC-A", "FL1-A", "FL2-A"], events[:, :3], endianness="big")


if __name__ == "__main__":
    main()
