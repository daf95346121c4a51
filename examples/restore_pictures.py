"""Noise out of pictures, by a small network trained here, from nothing, on one photograph.

The photograph of a temple is what it learns from, the photograph of a flower is what it is tested on; both come with
scikit-learn. It is never told how strong the noise is. Beside it stands a Gaussian blur, which is given an advantage: the
width that is best, chosen by looking at the clean picture. The network that comes with the package has the same
shape but is larger, and has seen more than two thousand photographs: `diabolo denoise photo.jpg clean.png`. With --output,
the noisy picture, the restored one and what was taken out, four times as strong, are written there.

    python examples/restore_pictures.py [--output FOLDER] [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images

from diabolo import Denoiser
from diabolo.images.metrics import psnr
from diabolo.images.picture import read

WIDTHS = np.arange(0.4, 3.1, 0.2)  # of the blur, in pixels


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--output", type=Path, help="folder for the pictures")
    p.add_argument("--tiny", action="store_true", help="a few steps on small crops; the numbers mean nothing")
    args = p.parse_args()

    temple, flower = load_sample_images().images
    temple, clean = (temple[:96, :96], flower[180:244, 280:360]) if args.tiny else (temple, flower[100:356, 200:520])
    size = {"widths": (8, 16), "patch_size": 32} if args.tiny else {"widths": (16, 32), "patch_size": 64}
    quick = {"muon_lr": 0.02, "average": 0.97, "epochs": 2 if args.tiny else 120}  # a short run at a high rate
    model = Denoiser(init=None, gray_fraction=0.0, depth=1, **size, **quick, random_state=0, verbose=False).fit([temple])

    print(f"{'noise':>6} {'estimated':>10}   PSNR: {'noisy':>6} {'best blur':>10} {'denoised':>9}")
    for sigma in (15, 25, 50):
        noise = np.random.default_rng(sigma).normal(0, sigma, clean.shape)
        noisy = (clean + noise).round().clip(0, 255).astype(np.uint8)
        told = 255 * model.noise_level([noisy])[0]
        restored, removed = model.restore_picture(read(noisy), return_map=True)
        blurred = max(psnr(gaussian_filter(noisy.astype(float), (w, w, 0)), clean) for w in WIDTHS)
        scores = f"{psnr(noisy, clean):6.2f} {blurred:10.2f} {psnr(restored, clean):9.2f}"
        print(f"{sigma:6} {told:10.1f}         {scores}")
        if args.output:
            args.output.mkdir(parents=True, exist_ok=True)
            shown = (128 + 4 * 255 * -removed).round().clip(0, 255).astype(np.uint8)
            for name, picture in {"noisy": noisy, "restored": restored, "removed": shown}.items():
                Image.fromarray(picture).save(args.output / f"{name}-{sigma}.png")

    flat = np.full((40, 60, 3), 90, np.uint8)
    print(f"\na flat picture comes back {'as it was' if np.array_equal(model.transform([flat])[0], flat) else 'changed'}")
    if args.output:
        print(f"pictures are in {args.output}")


if __name__ == "__main__":
    main()
