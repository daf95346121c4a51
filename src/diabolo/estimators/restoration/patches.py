"""Random patches of pictures of any size, as rows for the training loop.

    patch = turn_o( picture_i[:, y : y + s, x : x + s] )      i ~ its number of pixels;  (y, x), o: all equally likely

``o`` is one of the eight rotations and reflections of a square, or one of two if up and down matter. Pictures stay bytes until
a batch is cut from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ...rows import ALL, Rows, steps_per_epoch

__all__ = ["Patches", "Pictures"]


class Pictures(Rows):
    """Pictures of any size, a list of uint8 ndarrays (H, W, C), from which patches are cut."""

    source: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.source)

    def firsts(self) -> np.ndarray:
        """(n,) for each picture the number of the first one with the same pixels.

        >>> black, white = (np.full((2, 2, 1), value, np.uint8) for value in (0, 255))
        >>> Pictures([black, white, black.copy()]).firsts().tolist()
        [0, 1, 0]
        """
        seen: dict[tuple[tuple[int, ...], bytes], int] = {}
        keys = ((p.shape, blake2b(p.tobytes()).digest()) for p in self.source)
        return np.array([seen.setdefault(key, i) for i, key in enumerate(keys)], dtype=int)


class Patches(Rows):
    """Random patches: an epoch holds as many as there are disjoint ones in the pictures.

    Parameters
    ----------
    pictures : sequence of uint8 ndarray (H, W, C)
        Those smaller than `size` in a direction are left out.
    size : int
        Side of a patch, in pixels.
    turned : bool, default=True
        Whether patches may also be turned, not only mirrored.

    Examples
    --------
    >>> patches = Patches([np.zeros((20, 40, 3), np.uint8)], size=10)
    >>> i, x = next(patches.batches(4, seed=0))
    >>> len(patches), i.shape, x.shape
    (8, torch.Size([4]), torch.Size([4, 3, 10, 10]))
    """

    def __init__(self, pictures: Sequence[np.ndarray], size: int, turned: bool = True) -> None:
        self.pictures = [p for p in pictures if min(p.shape[:2]) >= size]
        if not self.pictures:
            raise DataError(f"all pictures are smaller than patch_size={size}: give larger ones, or a smaller patch_size")
        self.size, self.turned = size, turned
        self.channels = max(p.shape[2] for p in self.pictures)
        areas = np.array([p.shape[0] * p.shape[1] for p in self.pictures], dtype=float)
        self.share = areas / areas.sum()
        self.count = max(1, int(areas.sum() / size**2))

    def __len__(self) -> int:
        return self.count

    def batches(self, size: int, seed: int, skip: int = 0, part: slice = ALL) -> Iterator[tuple[Tensor, Tensor]]:
        """(j, x): patches x, and the numbers j of their pictures.

        Batch i is drawn from (seed, i) alone, so an epoch can begin at any of its batches.
        """
        for i in range(skip, steps_per_epoch(len(self), size)):
            rng = np.random.default_rng((seed, i))
            chosen = rng.choice(len(self.pictures), size, p=self.share)
            patches = torch.stack([self.cut(int(j), rng) for j in chosen])
            yield torch.from_numpy(chosen)[part], patches[part].float().div_(255)

    def cut(self, j: int, rng: np.random.Generator) -> Tensor:
        """One patch of picture j, turned and mirrored at random: uint8 (C, s, s)."""
        picture, s = self.pictures[j], self.size
        y, x = (int(rng.integers(n - s + 1)) for n in picture.shape[:2])
        patch = np.rot90(picture[y : y + s, x : x + s], int(rng.integers(4)) if self.turned else 0)
        if rng.random() < 0.5:
            patch = patch[:, ::-1]
        gray = patch.shape[2] < self.channels  # among pictures in color
        return torch.from_numpy(np.ascontiguousarray((patch.repeat(self.channels, 2) if gray else patch).transpose(2, 0, 1)))
