r"""Colours for grey pictures: a distribution over colours at each place, and what to make of it.

    p_q(place)  ~  exp( (logit_q + beta u . c_q) / T ),      (a, b) = v sum_q p_q c_q,     L stays what it was

* ``c_q`` colours on a grid in the a-b plane of CIE Lab; the network says how likely each is, for it cannot know
* ``T``    1: the mean of all colours, the unlikely ones too, which are many and far away; towards 0: the likeliest one
* ``v``    above 1: more vivid than the mean of what is likely, which is pale
* ``u``    a direction in the plane: tilting the distribution by it gives another version, warmer, greener ..., in which
  what is certain (sky, grass) keeps its colour and what is not (a shirt) changes
* the entropy of p says where the network does not know

The network looks at a small copy of the picture: what a thing is can be seen there, and colour is smooth within a thing.
Its colours are carried to the full size along the edges of the brightness, by a guided filter. Hints are seen by the
network, which was trained with random ones, and are met exactly by a smooth correction at the end.

References
----------
Colorful image colorization (Zhang et al., 2016), https://arxiv.org/abs/1603.08511
Real-time user-guided image colorization with learned deep priors (Zhang et al., 2017), https://arxiv.org/abs/1705.02999
Guided image filtering (He et al., 2013), https://doi.org/10.1109/TPAMI.2012.213
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError
from ...images.album import Album
from ...images.color import from_lab, to_lab, within
from ...images.picture import Picture
from ...images.resize import resize
from ...losses import Loss, Softmax
from ...nets import Palette, UNet
from ...nets.restoration import colours
from ...network import Diabolo
from ..base import is_size
from .base import Restorer, check_sizes, in_bytes, one, pixels, tensor
from .patches import Patches

__all__ = ["Colorizer"]

SIDE = 144  # pixels of the shorter side of the copy that the network sees
RADIUS, SMOOTH = 3, 20.0  # of the guided filter: pixels of the small copy, squared units of L
FLAT = 0.2  # of L, half a step of bytes: noise and skies differ by more
AROUND = 6  # pixels of the small copy within which something must be seen
FAINT = 2.0  # standard deviation of L, below which a picture shows nothing
STRIP = 256  # rows that are turned into RGB at a time
MOST_HINTS = 24  # of one picture in training
NOISE = 0.25  # beyond 0 and 1, of a twentieth of the pixels at most
COLOURLESS = 4.0  # mean |a|, |b| of a picture that teaches no colours

Hint = tuple[int, int, Sequence[int]]


@dataclass(kw_only=True, repr=False, eq=False)
class Colorizer(Restorer):
    """Give grey pictures the colours they may have had; brightness is left as it is.

    Parameters
    ----------
    vividness : float, default=1.1
        v: less has a smaller error, and is pale; more shows more colour.
    temperature : float, default=0.5
        T: 1 takes the mean of all colours as likely as they are, towards 0 the likeliest one. In between the error is smaller
        at the same colourfulness.
    start : Colorizer, "pretrained" or None, default="pretrained"
        Whose weights training begins with.
    widths : tuple of int, default=(32, 64, 96, 96, 96)
        Channels at half the size of the small copy, a quarter, and so on.
    depth : int, default=1
        Blocks at each size, down and up.
    step : int, default=14
        Distance of neighbouring colours c_q.
    patch_size, epochs, batch_size, lr, muon_lr, weight_decay, average
        As of :class:`Denoiser`.
    validation_fraction, patience, precision, device, checkpoint, resume, random_state, verbose
        As of :class:`Denoiser`.

    Attributes
    ----------
    network_, history_, format_, about_, n_features_in_, loss_, seed_
        As in :class:`Denoiser`.

    Notes
    -----
    Of a picture that has colours only the brightness is looked at, as of a photograph that a scanner tinted. Floats must
    lie between 0 and 1, but for noise: what is white must be known.

    Examples
    --------
    >>> grey = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    >>> Colorizer.pretrained().transform([grey])[0].shape
    (48, 64, 3)
    """

    vividness: float = 1.1
    temperature: float = 0.5
    widths: tuple[int, ...] = (32, 64, 96, 96, 96)
    depth: int = 1
    step: int = 14
    patch_size: int = 128

    _weights = "colorize.diabolo"

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def versions(self, picture: Any, count: int = 4, hints: Sequence[Hint] = ()) -> list[Any]:
        """The likeliest version of one picture, and others.

        Parameters
        ----------
        picture : Picture, or whatever ``formats.picture.read`` reads
        count : int, default=4
        hints : sequence of (x, y, (r, g, b))
            Met by all of them.

        Returns
        -------
        list of ndarray or PIL image
        """
        if not is_size(count):
            raise ValueError(f"count={count!r}: allowed are integers from 1")
        self._check_fitted()
        picture = one(picture)
        turns = [2 * math.pi * i / max(1, count - 1) for i in range(count - 1)]
        tilts = [(0.0, 0.0), *((TILT * math.cos(t), TILT * math.sin(t)) for t in turns)]
        return [picture.like(self._coloured(picture, hints, tilt)) for tilt in tilts[:count]]

    def doubt(self, picture: Any, hints: Sequence[Hint] = ()) -> np.ndarray:
        """How little is known of the colour of each pixel (H, W): 0 one colour, 1 all are equally likely."""
        self._check_fitted()
        light = lightness(one(picture))
        p = self._likely(light, checked(hints, light))[0]
        entropy = -(p * p.clamp(min=1e-9).log()).sum(1, keepdim=True) / math.log(p.shape[1])
        size = (light.shape[2], light.shape[3])
        return F.interpolate(entropy, size=size, mode="bilinear")[0, 0].clamp(0, 1).numpy()

    def _restored(self, picture: Picture, hints: Sequence[Hint] = ()) -> tuple[np.ndarray, np.ndarray]:
        """The picture in grey, and in colour.

        hints : sequence of (x, y, (r, g, b)), default=()
            Colours that are known, of a pixel each.
        """
        return pixels(shown(lightness(picture), None)), self._coloured(picture, hints)

    def _coloured(self, picture: Picture, hints: Sequence[Hint], tilt: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        light = lightness(picture)
        return pixels(shown(light, self._colours(light, checked(hints, light), tilt)))

    def _colours(self, light: Tensor, hints: Sequence[Hint], tilt: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """L (1, 1, H, W) -> a, b (1, 2, H, W)."""
        p, small = self._likely(light, hints, tilt)
        palette: Any = self.network_.decoder
        ab = self.vividness * torch.einsum("bqhw,qc->bchw", p, palette.colours)
        ab = guided(light, F.avg_pool2d(small, 2), ab)
        return met(ab if hints else ab * known(small, light.shape), light, hints)

    def _likely(self, light: Tensor, hints: Sequence[Hint], tilt: tuple[float, float] = (0.0, 0.0)) -> tuple[Tensor, Tensor]:
        """p (1, Q, h/2, w/2) at the temperature, and the small copy of L (1, 1, h, w)."""
        small = resize(light, reduced(light.shape[2], light.shape[3]))
        seen = torch.cat([small / 50 - 1, planes(hints, light.shape, small.shape)], 1)
        network: Any = self.network_
        stride, h, w = network.encoder.stride, small.shape[2], small.shape[3]
        padded = F.pad(seen, (0, -w % stride, 0, -h % stride), mode="replicate")
        with self._inference():
            logits = network(padded).float()[..., : h // 2, : w // 2]
        lean = (network.decoder.colours @ torch.tensor(tilt)).view(1, -1, 1, 1)
        return ((logits + lean) / self.temperature).softmax(1), small[..., : h // 2 * 2, : w // 2 * 2]

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not self.temperature > 0:
            raise ValueError(f"temperature={self.temperature!r}: allowed are numbers above 0; 1 is the mean of all colours")
        if not self.vividness >= 0:
            raise ValueError(f"vividness={self.vividness!r}: allowed are numbers from 0 (grey); 1 is the mean")
        if self.patch_size > SIDE:
            raise ValueError(f"patch_size={self.patch_size!r}: allowed are numbers up to {SIDE}, the size that is looked at")

    def _unit(self) -> int:
        check_sizes(widths=self.widths, depth=(self.depth,), step=(self.step,))
        return int(2 ** len(self.widths))

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(UNet(4, self.widths, self.depth, bias=True), Palette(self.widths[0], self.step))

    def _loss(self) -> Loss:
        return Softmax((len(colours(self.step)),))

    def _pictures(self, X: Any) -> list[np.ndarray]:
        """All pictures that have colours, small."""
        small = (resize(tensor(in_bytes(p)), reduced(*p.pixels.shape[:2])) for p in Album(X) if p.pixels.shape[2] == 3)
        kept = [pixels(x.clamp(0, 1) * 255).round().astype(np.uint8) for x in small if colourful(x)]
        if not kept:
            raise DataError("X holds no picture in colour: give pictures whose colours are to be learned")
        return kept

    def _patches(self, pictures: list[np.ndarray]) -> Patches:
        return Patches(pictures, self.patch_size, turned=False)

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        light, ab = to_lab(x).split((1, 2), 1)
        seen = torch.cat([light / 50 - 1, hinted(ab, rng)], 1)
        shares = self.network_.decoder.shares(F.avg_pool2d(ab, 2))  # type: ignore[operator]
        logits = self.network_(seen).float()
        rows = [t.movedim(1, -1).flatten(0, 2) for t in (logits, shares)]
        return self.loss_(*rows).view(len(x), -1).mean(1)

    def _trials(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
        light = to_lab(x)[:, :1]
        h, w = x.shape[2:]
        rng = np.random.default_rng(0)
        places = [(int(rng.integers(w)), int(rng.integers(h))) for _ in range(10)]
        known = [(px, py, [round(255 * float(v)) for v in x[0, :, py, px]]) for px, py in places]
        for name, hints in (("no hints", []), ("10 hints", known)):
            yield name, shown(light, None), shown(light, self._colours(light, hints)), x


TILT = 0.05  # beta, per unit of a and b


def colourful(x: Tensor) -> bool:
    return bool(to_lab(x)[:, 1:].abs().mean() > COLOURLESS)


def in_colour(picture: Picture) -> bool:
    """Whether a picture has colours already, a tint as of sepia among them."""
    x = tensor(picture.visible.clip(0, 1))
    return x.shape[1] == 3 and colourful(resize(x, reduced(*x.shape[2:])).clamp(0, 1))


def reduced(h: int, w: int) -> tuple[int, int]:
    """The size at which the network looks: shorter side SIDE, longer one at most four times that."""
    s = min(SIDE / min(h, w), 4 * SIDE / max(h, w))
    return max(2, round(h * s)), max(2, round(w * s))


def known(small: Tensor, size: torch.Size) -> Tensor:
    """How much can be told of colours (1, 1, H, W), from L (1, 1, h, w): 0 in a picture, or area, of one even grey; else 1."""
    spread = F.avg_pool2d(small, 9, 1, 4, count_include_pad=False).std(correction=0)  # of more than noise
    if spread < FAINT:
        return ((spread / FAINT) ** 2).expand(1, 1, 1, 1)
    around = F.pad(small, [AROUND] * 4, mode="replicate")
    high, low = (sign * F.max_pool2d(sign * around, 2 * AROUND + 1, 1) for sign in (1, -1))
    even = (high - low < FLAT).float()
    if not even.any():
        return torch.ones(1, 1, 1, 1)
    even = F.max_pool2d(even, 2 * AROUND + 7, 1, AROUND + 3)  # the windows themselves, and lines between them
    even = -F.max_pool2d(-even, 7, 1, 3)
    return 1 - F.interpolate(F.avg_pool2d(even, 5, 1, 2, count_include_pad=False), size=size[2:], mode="bilinear")


def lightness(picture: Picture) -> Tensor:
    """L (1, 1, H, W)."""
    some = np.quantile(picture.pixels.ravel()[:: max(1, picture.pixels.size >> 20)], (0.05, 0.95))
    if picture.unit != 1 or some[0] < -NOISE or some[1] > 1 + NOISE:
        low, high = (picture.low + picture.unit * float(v) for v in (picture.pixels.min(), picture.pixels.max()))
        raise DataError(
            f"{picture.name!r} has floats from {low:g} to {high:g}, and what is white is not known: scale them to 0 to 1, "
            + ("for example (array - array.min()) / np.ptp(array)" if low < 0 else f"divide by {255 if high < 256 else 65535}")
        )
    x = tensor(picture.visible.clip(0, 1))
    return to_lab(x.expand(1, 3, -1, -1))[:, :1]


def shown(light: Tensor, ab: Tensor | None) -> Tensor:
    """L (1, 1, H, W), a and b (1, 2, H, W) or none -> RGB, a few rows at a time."""
    ab = torch.zeros_like(light).expand(1, 2, -1, -1) if ab is None else ab
    strips = zip(light.split(STRIP, 2), ab.split(STRIP, 2), strict=True)
    return torch.cat([from_lab(within(torch.cat(strip, 1))) for strip in strips], 2).clamp(0, 1)


def guided(light: Tensor, small: Tensor, ab: Tensor) -> Tensor:
    """a, b (1, 2, h, w) at the size of L (1, 1, H, W): locally a straight function of L, the one that fits them best."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2 * RADIUS + 1, 1, RADIUS, count_include_pad=False)

    centre, spread = mean(small), mean(small * small) - mean(small) ** 2
    slope = (mean(small * ab) - centre * mean(ab)) / (spread + SMOOTH)
    level = mean(ab) - slope * centre
    slope, level = (F.interpolate(mean(t), size=(light.shape[2], light.shape[3]), mode="bilinear") for t in (slope, level))
    return slope * light + level


# ── hints ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def checked(hints: Sequence[Hint], light: Tensor) -> Sequence[Hint]:
    """The hints, if they lie in the picture and are colours."""
    h, w = light.shape[2:]
    for hint in hints:
        try:
            x, y, colour = hint
            red, green, blue = (int(v) for v in colour)
        except (TypeError, ValueError):
            raise ValueError(f"hints: {hint!r} is not (x, y, (red, green, blue))") from None
        if x != int(x) or y != int(y) or not (0 <= x < w and 0 <= y < h):
            raise ValueError(f"hints: ({x}, {y}) is no pixel of the picture: x is 0 to {w - 1}, y is 0 to {h - 1}")
        share = 0 < max(colour) <= 1 and any(isinstance(v, (float, np.floating)) for v in colour)
        if share or not all(0 <= v <= 255 for v in (red, green, blue)):
            raise ValueError(f"hints: {colour!r} is not a colour: give red, green and blue, each 0 to 255")
    return hints


def wanted(hints: Sequence[Hint]) -> Tensor:
    """a, b (n, 2) of the hints' colours."""
    rgb = torch.tensor([list(colour) for _, _, colour in hints]).float().T[:, :, None] / 255
    return to_lab(rgb)[1:, :, 0].T


def planes(hints: Sequence[Hint], full: torch.Size, small: torch.Size) -> Tensor:
    """What the network sees of hints (1, 3, h, w): a, b, and where they are known."""
    out = torch.zeros(1, 3, *small[2:])
    if hints:
        for (x, y, _), ab in zip(hints, wanted(hints), strict=True):
            row, column = int(y * small[2] / full[2]), int(x * small[3] / full[3])
            spot = (0, slice(None), slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
            out[spot] = torch.cat([ab / 50, torch.ones(1)]).view(3, 1, 1)
    return out


def hinted(ab: Tensor, rng: torch.Generator) -> Tensor:
    """Random hints for training (B, 3, h, w): none for a third of the pictures, few for most, many for some."""
    out = torch.zeros(len(ab), 3, *ab.shape[2:], device=ab.device)
    counts = (MOST_HINTS ** (1.5 * torch.rand(len(ab), generator=rng, device=ab.device) - 0.5)).int().tolist()
    for i, count in enumerate(counts):
        for row, column in torch.randint(ab.shape[2], (count, 2), generator=rng, device=ab.device).tolist():
            spot = (slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
            out[i, :2, *spot] = ab[i, :, *spot].mean((1, 2), keepdim=True) / 50
            out[i, 2, *spot] = 1.0
    return out


def met(ab: Tensor, light: Tensor, hints: Sequence[Hint]) -> Tensor:
    """ab moved so that each hint is met exactly, near it and where the brightness is like it: kernel interpolation."""
    if not hints:
        return ab
    x, y = (torch.tensor([hint[i] for hint in hints]) for i in (0, 1))
    reach = 0.08 * max(ab.shape[2:])
    at = light[0, 0, y, x]

    def near(rows: Tensor, columns: Tensor, values: Tensor) -> Tensor:
        far = ((rows - y.view(-1, 1, 1)) ** 2 + (columns - x.view(-1, 1, 1)) ** 2) / reach**2
        return torch.exp(-far / 2 - (values - at.view(-1, 1, 1)) ** 2 / (2 * 10.0**2))

    gram = near(y.view(1, -1), x.view(1, -1), at.view(1, -1))[:, 0] + 1e-4 * torch.eye(len(hints))
    missing = torch.linalg.solve(gram, wanted(hints) - ab[0, :, y, x].T)
    rows, columns = torch.arange(ab.shape[2]).view(-1, 1), torch.arange(ab.shape[3]).view(1, -1)
    return ab + torch.einsum("nhw,nc->chw", near(rows, columns, light[0, 0]), missing)
