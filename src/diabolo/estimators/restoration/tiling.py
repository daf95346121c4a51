"""Large pictures in tiles, without seams.

    tile [y, y + t)  is computed from  [y - r, y + t + r)          a pixel of the result depends on pixels up to r away

The zeros of a convolution's padding reach a tile only at the border of the picture. So the tiles together equal the result for
the whole picture, with the memory of one tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor
from torch.nn import functional as F

__all__ = ["tiled"]

TILE = 512  # pixels; a multiple of every stride


def tiled(
    f: Callable[[Tensor], Tensor], x: Tensor, stride: int = 1, reach: int = 0, scale: int = 1, tile: int = TILE
) -> Tensor:
    """``f(x)``, computed in tiles.

    Parameters
    ----------
    f : callable
        (1, C, h, w) -> (1, C', scale * h, scale * w), for h and w that are multiples of `stride`.
    x : Tensor (1, C, h, w)
        Of any size; it is continued by its border to multiples of `stride`.
    reach : int
        An output pixel depends on no pixel of x further away.
    tile : int
        Side of a tile, in pixels of x: a multiple of `stride`.

    Examples
    --------
    >>> x = torch.rand(1, 1, 30, 50)
    >>> blur = lambda x: F.avg_pool2d(x, 3, 1, 1)
    >>> torch.allclose(tiled(blur, x, 4, 4, tile=8), blur(F.pad(x, (0, 2, 0, 2), mode="replicate"))[..., :30, :50])
    True
    """
    h, w = x.shape[-2:]
    x = F.pad(x, (0, -w % stride, 0, -h % stride), mode="replicate")
    out = None
    for (rows, inner_rows, kept_rows), (columns, inner_columns, kept_columns) in windows(
        (x.shape[-2], x.shape[-1]), tile, reach
    ):
        piece = f(x[..., rows, columns])[..., _times(inner_rows, scale), _times(inner_columns, scale)]
        if out is None:
            out = piece.new_empty(1, piece.shape[1], scale * x.shape[-2], scale * x.shape[-1])
        out[..., _times(kept_rows, scale), _times(kept_columns, scale)] = piece
    assert out is not None
    return out[..., : scale * h, : scale * w]


Window = tuple[slice, slice, slice]


def windows(size: tuple[int, int], tile: int, reach: int) -> Iterator[tuple[Window, Window]]:
    """For each tile and direction: what is read, which part of that is right, and where it belongs."""
    for y in spans(size[0], tile, reach):
        for x in spans(size[1], tile, reach):
            yield y, x


def spans(n: int, tile: int, reach: int) -> Iterator[Window]:
    for start in range(0, n, tile):
        stop = min(n, start + tile)
        low, high = max(0, start - reach), min(n, stop + reach)
        yield slice(low, high), slice(start - low, stop - low), slice(start, stop)


def _times(part: slice, scale: int) -> slice:
    return slice(part.start * scale, part.stop * scale)
