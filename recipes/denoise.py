"""Trains ``src/diabolo/weights/denoise.diabolo``: one network for gray and color pictures with noise of any strength.

    python recipes/denoise.py            # two hours on two cores
    python benchmarks/restoration.py     # the table it reaches

Data: the training and test photographs of BSDS500 (never its validation part: BSD68, CBSD68 and B100 are made of it), the
91 pictures of Yang et al., and photographs of at most 256 pixels. Gray pictures first, for most of the time; then five
gray ones to three in color; at last three to one, with small steps.
"""

from __future__ import annotations

from common import arguments, keep, pictures
from diabolo import Denoiser

if __name__ == "__main__":
    a = arguments("denoise")
    X = pictures(a.data)
    shared = {"random_state": 0, "batch_size": 16, "validation_fraction": 0.005, "patience": 100, "resume": True}
    gray = Denoiser(init=None, gray_fraction=1.0, epochs=a.epochs or 9, checkpoint=a.checkpoint("gray"), **shared).fit(X)
    both = Denoiser(
        init=gray, gray_fraction=0.625, muon_lr=0.004, epochs=a.epochs or 4, checkpoint=a.checkpoint("both"), **shared
    ).fit(X)
    slow = {"gray_fraction": 0.75, "muon_lr": 0.002, "average": 0.998}
    last = Denoiser(init=both, epochs=a.epochs or 2, checkpoint=a.checkpoint("last"), **slow, **shared).fit(X)
    keep(last, a.out)
