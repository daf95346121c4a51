r"""Which network suits which kind of data; a format says which by its `architecture`.

    Dense            tables and arrays     layers on numbers, and an indicator for each that may be missing
    Text             documents             x -> tf-idf(x), layers, codes on a sphere
    Convolutional    pictures              ConvEncoder and ConvDecoder; dense layers if `hidden` gives them

Each fit makes a new architecture. It knows what the three kinds of estimators need: the autoencoder, the outlier detector and
the supervised estimators. The format of your own kind of data brings a subclass of :class:`Dense`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from ..corruption import Chain, ColumnMask, Corruption, Gaussian, Mirror, Shift, WordDropout
from ..formats import Format
from ..formats.scale import framed
from ..losses import Loss
from ..nets import (
    Calendar,
    ConcatHidden,
    ConvDecoder,
    ConvEncoder,
    ConvFeatures,
    Drop,
    EnsembleMLP,
    EnsembleScaler,
    EnsembleSkipMLP,
    MissingIndicator,
    ModuleEnsemble,
    PiecewiseLinearEncoding,
    PretrainedEncoder,
    SkipMLP,
    Sphere,
)
from ..nets.convolution import CHANNELS
from ..network import Diabolo
from .augmentation import augmentation_helps, augmented_pca, both, suiting
from .linear import Linear, tfidf

__all__ = ["ARCHITECTURES", "Dense", "architecture"]

N = TypeVar("N", bound=SkipMLP)

MANY_CELLS = 4_000_000  # rows x features; with more, an autoencoder is trained for longer
MANY_DOCUMENTS = 7000  # with more, too
MOST_DECAY_OF_DOCUMENTS, DECAY_OF_WORDS = 0.4, 2.0  # weight decay at most, and that of as many documents as words
WIDE, ROWS_IF_WIDE, STEPS_IF_WIDE = 512, 512, 3.15  # a wider layer is worth larger and more steps: as many rows, times as many
DECAY_OF_SHARES = 0.2  # weight decay for numbers that share a unit, such as pixels: of many columns a network remembers much
FEW_ROWS = 2500  # of more rows it remembers less
MIN_STEPS_FOR_PICTURES, MAX_STEPS_FOR_PICTURES = 300, 1500  # SGD steps for few pictures, and for many
MAX_PICTURES_AUGMENTED, MAX_PICTURES_TESTED, MIN_SIDE_AUGMENTED = (
    5000,
    20_000,
    16,
)  # below the first, pictures are augmented, below the second, if it helps; least side
MIN_PICTURES_TESTED = 40  # pictures; with fewer, a test whether augmentation helps is not possible
SMALL_PICTURE = 1024  # numbers: of such pictures, dense layers learn more than convolutions
SHARPENINGS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0)  # values of t that are tried
TFIDF_SCALE = 1 / 8  # scale of tf-idf features per row and feature; 1 is the scale with variance 1
TFIDF_SCALE_RANGE = 0.1, 1.0
MIN_IDF = 2.5  # least idf: even a word that is in most documents may decide
MAX_WORDS_TO_SOLVE = 5000  # of more words, numbers do not begin at a linear model: too few rows could be solved for
SHIFT_DIVISOR = 8  # pictures are shifted by up to 1/8 of their shorter side


class Dense:
    """Layers on numbers.

    Parameters
    ----------
    format : Format
        The fitted format; it describes the features.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the hidden layers between the input and the bottleneck.
    dropout : float, default=0.0
        Dropout rate after each of them.
    """

    widths: ClassVar[tuple[int, ...]] = (256, 256)  # of the hidden layers of an autoencoder
    batch_size: ClassVar[int] = 256
    most_steps: ClassVar[int] = 1000  # SGD steps, for a usual number of cells
    first_gap: ClassVar[int] = 10  # steps before the first look at held-out rows, which costs little
    weight_decay: ClassVar[float] = 0.0
    probed: ClassVar[int] = 2000  # rows on which the importance of each component is measured
    shares: ClassVar[bool] = True  # whether `n_components` may be a share of the variance
    slow: ClassVar[bool] = False  # whether one network takes as long as several others
    muon: ClassVar[float] = 0.0  # its learning rate from scratch with labels, in units of that of AdamW; 0: all by AdamW
    curves: ClassVar[bool] = True  # whether numbers that are learned from x are a smooth function of few features
    rows = 1

    def __init__(self, format: Format, hidden: Any = "auto", dropout: float = 0.0) -> None:
        self.format, self.dropout = format, dropout
        self.hidden = self.widths if hidden == "auto" else tuple(int(n) for n in hidden)
        self.side = 0  # of flattened pictures in an empty frame

    # ── the autoencoder ──────────────────────────────────────────────────────────────────────────────────────────────

    def expect(self, n: int, movable: bool) -> None:
        """Prepare for n rows; `movable`: whether they may be augmented."""
        self.rows = n

    def start(self, x: Tensor, linear: Linear, seed: int) -> Linear:
        """The start of the network: the linear autoencoder of the rows x (n, d)."""
        self.side = framed(x.numpy())
        return linear

    def kept(self, net: N) -> N:
        """A part of the network, some of whose weights may have to be frozen."""
        return net

    def corruption(self) -> Corruption | None:
        """What the encoder of an autoencoder sees instead of x; None: x."""
        return Shift((self.side, self.side)) if self.side and self.hidden else None

    @property
    def lr(self) -> float:
        """Learning rate of biases."""
        return 0.003

    @property
    def muon_lr(self) -> float:
        """Learning rate of matrices."""
        return 0.03

    @property
    def decay(self) -> float:
        """Weight decay of matrices."""
        return DECAY_OF_SHARES * min(1.0, FEW_ROWS / self.rows) ** 0.5 if self.format.common else self.weight_decay

    def training(self) -> dict[str, Any]:
        """Settings of training."""
        rows = ROWS_IF_WIDE if self.wide else self.batch_size
        own = {"batch_size": rows, "weight_decay": self.decay, "lr": self.lr, "muon_lr": self.muon_lr}
        return own | {"first_gap": 3 * self.first_gap}  # it needs more steps than labels

    def steps(self, n: int) -> int:
        """SGD steps for n rows; they grow with the cube root of the number of cells, if there are many."""
        most = self.most_steps * (STEPS_IF_WIDE if self.wide else 1.0)
        return round(most * max(1.0, n * self.format.width / MANY_CELLS) ** (1 / 3))

    @property
    def wide(self) -> bool:
        """Whether `hidden` gives a wide layer."""
        return max(self.hidden, default=0) > WIDE

    @property
    def watched(self) -> list[int]:
        """Features with an indicator of being missing."""
        return self.format.missing()

    def encoder(self, start: Linear) -> nn.Module:
        """x (B, d) -> z (B, k); it starts as the encoder of `start`."""
        curved = SkipMLP(self.format.width + len(self.watched), self.hidden, start.k, self.dropout)
        return nn.Sequential(self.first(self.watched), start.lead_in(curved, self.watched))

    def decoder(self, start: Linear, loss: Loss, z: Tensor) -> SkipMLP:
        """z (B, k) -> raw (B, d); it starts as the decoder of `start`, for codes that are distributed like z."""
        return start.lead_out(SkipMLP(start.k, self.hidden[::-1], self.format.width, self.dropout), loss, z)

    def bend(self, network: Diabolo, x: Tensor, z: Tensor) -> Diabolo:
        """Let the hidden units of a new network bend where rows x (n, d) and their codes z (n, k) are."""
        see, curved = cast(nn.Sequential, network.encoder)
        cast(SkipMLP, curved).bend(see(x))
        cast(SkipMLP, network.decoder).bend(z.float())
        return network

    def sharpen(self, network: Diabolo, linear: Linear, loss: Loss, x: Tensor, error: Callable[[Tensor], float]) -> None:
        """Calibrate the trained network on rows x (n, d)."""

    # ── outliers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def first(self, watched: list[int]) -> nn.Module:
        """x (B, d) -> the input of the hidden layers."""
        return MissingIndicator(watched)

    @property
    def hideable(self) -> list[int]:
        """The first feature of each cell that may be hidden from the network."""
        return [block.start for block in self.format.blocks]

    def noise(self) -> Corruption:
        """How the networks of a detector see x: with hidden cells, and noise."""
        return Chain((Gaussian(0.3), ColumnMask(0.7, tuple(b.stop - b.start for b in self.format.blocks))))

    def denoisers(self, starts: list[Linear], loss: Loss, z: list[Tensor]) -> Diabolo:
        """K networks side by side that begin as the linear autoencoders `starts`; z: codes of the rows of each, (n, k)."""
        hideable, d, k, hidden = self.hideable, self.format.width, starts[0].k, self.hidden
        inner = d + len(hideable)
        encoder, decoder = EnsembleSkipMLP(len(starts), inner, hidden, k), EnsembleSkipMLP(len(starts), k, hidden[::-1], d)
        for m in reversed(range(len(starts))):  # what the curved paths see is that of the first
            encoder.straight_as(m, starts[m].lead_in(EnsembleSkipMLP(1, inner, (), k), hideable))
            decoder.straight_as(m, starts[m].lead_out(EnsembleSkipMLP(1, k, (), d), loss, z[m]))
        return Diabolo(nn.Sequential(self.first(hideable), encoder), decoder)

    # ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def augmentation(self) -> tuple[Shift, Mirror] | tuple[None, None]:
        """How rows are varied in supervised training, if that changes no answer."""
        return None, None

    def members(
        self,
        members: int,
        x: Tensor,
        n: int,
        sizes: tuple[int, ...],
        dropout: float,
        bins: Callable[[Tensor], PiecewiseLinearEncoding],
        linear: bool = False,
    ) -> nn.Sequential:
        """Untrained encoders of all members, for n rows; x (r, d) are some of these.

        If `linear`, the last layer also reads what the first one does, so that it can begin as a linear model of x.
        """
        (c, s), watched = self.format.view(), self.watched
        c, s = torch.cat([c, torch.zeros(len(watched))]), torch.cat([s, torch.ones(len(watched))])
        first, cycles = nn.Sequential(self.first(watched)), self.format.cycles()
        for fitted in (bins, lambda seen: Calendar.of(seen, cycles)):
            seen = first(x.float())
            if len(more := fitted(seen)):
                first.append(more)
                e = more(seen)[:, len(c) :]
                c, s = torch.cat([c, e.mean(0)]), torch.cat([s, e.std(0).clamp(min=1e-3)])
        if not linear:
            return first.append(EnsembleMLP(members, len(c), sizes, 0.2, dropout).set_scaling(c, s))
        seen = first(x.float())
        center = seen.mean(0)
        unit = (seen - center).square().sum(1).mean().sqrt().clamp(min=1e-6)
        both = ConcatHidden(members, len(c), sizes, 0.0, dropout)
        both.tower.set_scaling((c - center) / unit, s / unit)
        return first.append(EnsembleScaler(members, len(c)).set_scaling(center, unit.expand_as(center))).append(both)


class Text(Dense):
    """Counts of words, seen as tf-idf; the codes of an autoencoder lie on a sphere."""

    widths = (128, 128)
    batch_size = 512
    most_steps = 300
    shares = False
    wide = False
    curves = False

    def corruption(self) -> Corruption:
        return WordDropout(0.5)

    @property
    def lr(self) -> float:
        return 0.001

    @property
    def muon_lr(self) -> float:
        return 0.05

    @property
    def decay(self) -> float:
        """As in ridge regression of a mean error, the penalty shrinks as documents become many, here for each word."""
        return min(MOST_DECAY_OF_DOCUMENTS, DECAY_OF_WORDS * self.format.width / self.rows)

    def steps(self, n: int) -> int:
        """They grow with the cube root of the documents, if there are many."""
        return round(self.most_steps * max(1.0, n / MANY_DOCUMENTS) ** (1 / 3))

    def noise(self) -> Corruption:
        return WordDropout(0.5)

    @property
    def watched(self) -> list[int]:
        return []

    @property
    def hideable(self) -> list[int]:
        return []

    def first(self, watched: list[int]) -> nn.Module:
        return tfidf(self.format).float()

    def sphere(self, k: int) -> list[nn.Module]:
        """The bottleneck. Two codes are a map: they are not put on a circle, which would waste one."""
        return [Sphere()] if k > 2 else []

    def encoder(self, start: Linear) -> nn.Module:
        return nn.Sequential(*cast(nn.Sequential, super().encoder(start)), *self.sphere(start.k))

    def decoder(self, start: Linear, loss: Loss, z: Tensor) -> SkipMLP:
        return super().decoder(start, loss, nn.Sequential(*self.sphere(start.k)).eval()(z / start.spread))

    def bend(self, network: Diabolo, x: Tensor, z: Tensor) -> Diabolo:
        """Of many words that are mostly absent, directions say more than places."""
        return network

    def sharpen(self, network: Diabolo, linear: Linear, loss: Loss, x: Tensor, error: Callable[[Tensor], float]) -> None:
        """raw0 + t (raw - raw0): training hid half of the words, so whole documents x (n, d) allow more certainty."""
        decoder, raw = cast(SkipMLP, network.decoder), network(x)
        raw0 = loss.tangent(linear.mean.to(x))[0]
        t = min(SHARPENINGS, key=lambda t: error(loss.predict(raw0 + t * (raw - raw0))))
        decoder.stretched(t, raw0)

    def members(
        self,
        members: int,
        x: Tensor,
        n: int,
        sizes: tuple[int, ...],
        dropout: float,
        bins: Callable[[Tensor], PiecewiseLinearEncoding],
        linear: bool = False,
    ) -> nn.Sequential:
        (c, s), d = self.format.view(), self.format.width
        seen = np.clip(TFIDF_SCALE * n / d, *TFIDF_SCALE_RANGE)  # with fewer rows per word, features are smaller
        see = tfidf(self.format).float()
        see.idf.clamp_(min=MIN_IDF)
        if linear and d <= MAX_WORDS_TO_SOLVE:
            both = ConcatHidden(members, d, sizes, 0.2, dropout)
            both.tower.set_scaling(c, s / seen)
            return nn.Sequential(see, EnsembleScaler(members, d), both)
        tower = EnsembleMLP(members, d, sizes, 0.2, dropout, plain=True)
        return nn.Sequential(see, tower.set_scaling(c, s / seen))


class Convolutional(Dense):
    """Pictures: convolutions, or dense layers if they are small or `hidden` gives these. Few are augmented where that suits."""

    batch_size = 128
    first_gap = 0
    probed = 250
    slow = True
    muon = 7.0
    curves = False

    def __init__(self, format: Format, hidden: Any = "auto", dropout: float = 0.0) -> None:
        super().__init__(format, hidden, dropout)
        self.shape = cast(tuple[int, int, int], format.shape)
        self.convolves = hidden == "auto" and math.prod(self.shape) > SMALL_PICTURE
        self.few = self.many = self.still = False
        self.vary: tuple[Corruption, ...] = ()  # how pictures are augmented

    def expect(self, n: int, movable: bool) -> None:
        super().expect(n, movable)
        movable = movable and self.convolves and min(self.shape[1:]) >= MIN_SIDE_AUGMENTED
        self.few = movable and MIN_PICTURES_TESTED <= n < MAX_PICTURES_TESTED
        self.many = n >= MAX_PICTURES_AUGMENTED
        self.vary = both(self.shape) if movable and n < MIN_PICTURES_TESTED else ()

    def start(self, x: Tensor, linear: Linear, seed: int) -> Linear:
        """For few pictures, PCA of these and of their augmentations, if this explains other pictures better."""
        if not self.convolves:
            return super().start(x, linear, seed)
        vary = suiting(x, self.format, seed) if self.few else self.vary
        self.still = self.few and len(vary) > 1 and augmentation_helps(x, self.format, linear.k, seed)
        self.vary = vary if self.still or not self.many else ()
        return augmented_pca(x, self.format, linear.k, seed) if self.still else linear

    def kept(self, net: N) -> N:
        """PCA of augmented pictures is frozen: its d k weights would mostly learn noise from few pictures."""
        if self.convolves:
            net.straight.requires_grad_(not self.still)
        return net

    def corruption(self) -> Corruption | None:
        return Chain(self.vary) if self.vary else super().corruption()

    @property
    def lr(self) -> float:
        return 0.001 if self.convolves else super().lr

    @property
    def muon_lr(self) -> float:
        return (0.002 if len(self.vary) > 1 else 0.006) if self.convolves else super().muon_lr

    @property
    def decay(self) -> float:
        return 0.0 if self.convolves else super().decay

    def steps(self, n: int) -> int:
        """Few steps for few pictures: more would overfit."""
        return min(MAX_STEPS_FOR_PICTURES, max(MIN_STEPS_FOR_PICTURES, n)) if self.convolves else super().steps(n)

    def encoder(self, start: Linear) -> nn.Module:
        if not self.convolves:
            return super().encoder(start)
        return self.kept(start.lead_in(ConvEncoder(self.shape, CHANNELS, start.k), []))

    def decoder(self, start: Linear, loss: Loss, z: Tensor) -> SkipMLP:
        if not self.convolves:
            return super().decoder(start, loss, z)
        return self.kept(start.lead_out(ConvDecoder(start.k, CHANNELS, self.shape), loss, z))

    def bend(self, network: Diabolo, x: Tensor, z: Tensor) -> Diabolo:
        return network if self.convolves else super().bend(network, x, z)

    def augmentation(self) -> tuple[Shift, Mirror]:
        return Shift(self.shape, max(1, min(self.shape[1:]) // SHIFT_DIVISOR), None), Mirror(self.shape)

    def members(
        self,
        members: int,
        x: Tensor,
        n: int,
        sizes: tuple[int, ...],
        dropout: float,
        bins: Callable[[Tensor], PiecewiseLinearEncoding],
        linear: bool = False,
    ) -> nn.Sequential:
        sights = [ConvFeatures(self.shape) for _ in range(members)]
        each = [nn.Sequential(sight, Drop(dropout)) for sight in sights]
        return PretrainedEncoder(ModuleEnsemble(each), EnsembleScaler(members, sights[0].m))


ARCHITECTURES: dict[str, type[Dense]] = {"dense": Dense, "text": Text, "convolutional": Convolutional}


def architecture(format: Format, hidden: Any = "auto", dropout: float = 0.0) -> Dense:
    """The architecture of a fitted format: one that it names or brings."""
    kind = format.architecture
    return (ARCHITECTURES[kind] if isinstance(kind, str) else kind)(format, hidden, dropout)
