"""Networks for pictures, and the three estimators that restore them: what must hold whatever was learned."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_sample_images
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from diabolo import Colorizer, DataError, Denoiser, Mask, Upscaler, load
from diabolo.estimators import ESTIMATORS
from diabolo.estimators.restoration import base as restoration
from diabolo.estimators.restoration import colorizer as colorization
from diabolo.estimators.restoration.base import Restorer
from diabolo.estimators.restoration.denoiser import OPPONENT, from_opponent, halves, opponent
from diabolo.estimators.restoration.patches import Pictures
from diabolo.estimators.restoration.pixels import decibels, tensor
from diabolo.estimators.restoration.tiling import tiled
from diabolo.formats import Images
from diabolo.images.color import from_lab, to_lab
from diabolo.images.metrics import psnr
from diabolo.images.picture import read
from diabolo.images.resize import resize
from diabolo.losses import Absolute, LogSquared, Softmax, Squared
from diabolo.nets import ColorClassHead, NoiseConditionalUNet, PixelShuffleHead, PixelShuffleHeads, ResidualCNN, UNet
from diabolo.nets.restoration import NoiseEstimator
from diabolo.network import Diabolo
from kinds import RESTORERS, pictures, restorer

NAMES = tuple(RESTORERS)
WEIGHTS = files("diabolo") / "weights"


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def noisy(net: nn.Module, std: float = 0.2) -> nn.Module:
    """In double precision, with weights none of which is 0."""
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=std)
    return net.double().requires_grad_(False)


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        (UNet(1, (4, 4), 1), PixelShuffleHead(4, 1, 2)),
        (UNet(1, (4, 4, 4), 1), PixelShuffleHead(4, 1, 2)),
        (UNet(1, (4,), 2, bias=True), PixelShuffleHead(4, 1, 2)),
        (ResidualCNN(1, 4, 2), PixelShuffleHead(4, 1, 1)),
        (ResidualCNN(1, 4, 2), PixelShuffleHead(4, 1, 2)),
    ],
    ids=["UNet 2", "UNet 3", "UNet 1", "Column", "Column, larger"],
)
def test_nothing_changes_beyond_the_reach(encoder: Any, decoder: Any) -> None:
    net, reach, stride = noisy(nn.Sequential(encoder, decoder)), encoder.reach, encoder.stride
    side = 2 * (reach + 2 * stride)
    side += -side % stride
    x = torch.randn(1, 1, side, side, dtype=torch.float64)
    before, furthest = net(x), 0
    scale = before.shape[-1] // side
    for shift in range(stride):  # a pixel's place in its square of stride x stride matters
        place = side // 2 + shift
        changed = x.clone()
        changed[0, 0, place, place] += 1
        rows, columns = (net(changed) != before)[0, 0].nonzero().div(scale, rounding_mode="floor").T
        furthest = max(furthest, int((rows - place).abs().max()), int((columns - place).abs().max()))
    assert furthest <= reach
    assert furthest > reach - stride, "nor is the reach longer than it need be"
    assert reach % stride == 0


def restoring() -> dict[str, tuple[nn.Module, Tensor]]:
    x = torch.randn(2, 3, 16, 24)
    return {
        "UNet": (nn.Sequential(UNet(3, (8, 16), 1), PixelShuffleHead(8, 3, 2)), x),
        "Column": (nn.Sequential(ResidualCNN(3, 8, 2), PixelShuffleHead(8, 3, 2)), x),
        "Level": (NoiseEstimator(3), x),
    }


@pytest.mark.parametrize("name", restoring())
def test_without_bias_nothing_comes_of_nothing_and_half_the_contrast_of_half(name: str) -> None:
    net, x = restoring()[name]
    noisy(net).float()
    assert float(net(x).abs().min()) > 0
    assert bool((net(0 * x) == 0).all())
    assert torch.equal(net(2 * x), 2 * net(x))
    assert torch.equal(net(x / 4), net(x) / 4)
    assert not any(name.endswith("bias") for name, _ in net.named_parameters())


def test_told_twice_the_noise_of_twice_the_picture_the_result_is_twice_as_strong() -> None:
    net = NoiseConditionalUNet(3, (8, 16), 1)
    noisy(net).float()
    x, level = torch.randn(2, 3, 16, 24), torch.tensor([0.1, 0.3])
    assert torch.equal(net(2 * x, 2 * level), 2 * net(x, level))
    assert not torch.equal(net(x, 2 * level), net(x, level)), "the level matters"
    assert bool((net(0 * x, 0 * level) == 0).all())


def test_a_bias_is_there_if_asked_for() -> None:
    net = noisy(UNet(1, (4, 8), 1, bias=True))
    assert float(net(torch.zeros(1, 1, 8, 8, dtype=torch.float64)).abs().max()) > 0


@pytest.mark.parametrize("scale", [2, 3])
def test_a_fresh_network_adds_nothing(scale: int) -> None:
    x = torch.randn(2, 1, 8, 16)
    assert bool((PixelShuffleHeads(8, 1, (2, 3))(ResidualCNN(1, 8, 2)(x), scale) == 0).all())
    assert bool((PixelShuffleHead(8, 1, scale)(ResidualCNN(1, 8, 2)(x)) == 0).all())
    assert bool((PixelShuffleHead(8, 1, 2)(NoiseConditionalUNet(1, (8, 16), 1)(x, torch.ones(2))) == 0).all())


def test_a_level_does_not_know_how_bright_or_how_strong_a_picture_is() -> None:
    level, x = NoiseEstimator(1), torch.randn(3, 1, 16, 16)
    assert torch.allclose(level(x + 5), level(x), rtol=1e-4)
    assert torch.allclose(level(7 * x), 7 * level(x), rtol=1e-4)
    assert bool((level(x) >= 0).all())
    assert torch.equal(level(torch.full((1, 1, 4, 4), 0.5)), torch.zeros(1))


@pytest.mark.parametrize("step", [14, 28])
def test_shares_sum_to_one_and_their_mean_is_the_color(step: int) -> None:
    palette = ColorClassHead(4, step)
    ab = to_lab(torch.rand(2, 3, 20, 20))[:, 1:]
    shares = palette.shares(ab)
    assert shares.shape == (2, len(palette.colors), 20, 20)
    assert bool((shares >= 0).all())
    assert int((shares > 1e-5).sum(1).max()) <= 4, "of the four nearest"
    assert torch.allclose(shares.sum(1), torch.ones(2, 20, 20), atol=1e-5)
    assert torch.allclose(torch.einsum("bqhw,qc->bchw", shares, palette.colors), ab, atol=1e-3)


def test_a_palette_holds_what_screens_show() -> None:
    colors = ColorClassHead(4, 14).colors
    assert [0.0, 0.0] in colors.tolist()
    assert 100 < len(colors) < (2 * 112 // 14 + 1) ** 2
    assert [112.0, 112.0] not in colors.tolist()
    shown = to_lab(torch.rand(3, 2000, 1))[1:, :, 0].T
    near = ((shown[:, None] - colors).abs() < 14).all(2)
    assert bool(near.any(1).all()), "every color has neighbors"
    assert len(colors.unique(dim=0)) == len(colors)
    for wrong in (0, -14):
        with pytest.raises(ValueError, match=f"step={wrong}: allowed are integers from 1"):
            ColorClassHead(4, wrong)
    assert bool((ColorClassHead(4)(torch.randn(1, 4, 3, 3)) == 0).all()), "at first all colors are equally likely"


@pytest.mark.parametrize("kind", ["NoiseConditionalUNet", "ResidualCNN", "ColorClassHead"])
def test_every_parameter_gets_a_gradient(kind: str) -> None:
    x = torch.randn(4, 1, 16, 16)
    net = {
        "NoiseConditionalUNet": Diabolo(NoiseConditionalUNet(1, (4, 8), 1), PixelShuffleHead(4, 1, 2)),
        "ResidualCNN": Diabolo(ResidualCNN(1, 4, 1), PixelShuffleHeads(4, 1, (2, 3))),
        "ColorClassHead": Diabolo(UNet(1, (4, 8), 1, bias=True), ColorClassHead(4, 28)),
    }[kind]
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(4):  # what starts at zero lets nothing through at first
        optimizer.zero_grad()
        if kind == "NoiseConditionalUNet":
            level = net.encoder.level(x)
            loss = (net.decoder(net.encoder(x, torch.ones(4))) - x).square().mean() + (level - 1).square().mean()
        elif kind == "ResidualCNN":
            loss = sum((net.decoder(net.encoder(x), s) - 1).square().mean() for s in (2, 3))
        else:
            loss = net(x).log_softmax(1)[:, 0].square().mean()
        loss.backward()
        optimizer.step()
    for name, p in net.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().sum() > 0, name


# ── fitted ones ──────────────────────────────────────────────────────────────────────────────────────────────────────

LEARNING = {"muon_lr": 0.02, "validation_fraction": 0.125}
EPOCHS = {"Denoiser": 10, "Upscaler": 15, "Colorizer": 3}


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    """Each trained for some dozens of steps on the same pictures."""
    X = pictures(16, 64)
    return {name: restorer(name, epochs=EPOCHS[name], **LEARNING).fit(X) for name in NAMES}


@pytest.fixture
def denoiser(fitted: dict[str, Any]) -> Denoiser:
    return fitted["Denoiser"]


@pytest.fixture
def upscaler(fitted: dict[str, Any]) -> Upscaler:
    return fitted["Upscaler"]


@pytest.fixture
def colorizer(fitted: dict[str, Any]) -> Colorizer:
    return fitted["Colorizer"]


def scale_of(model: Any) -> int:
    return model.scale if isinstance(model, Upscaler) else 1


def numbers(image: Any) -> np.ndarray:
    return np.asarray(image).astype(float)


def noise(picture: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    e = np.random.default_rng(seed).normal(size=picture.shape)
    return (picture + sigma * e).clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_it_restores_better_than_nothing_at_all(name: str, fitted: dict[str, Any]) -> None:
    model = fitted[name]
    held = [tensor(p / np.float32(255)) for p in model._held_out]
    assert len(held) == 2
    before = np.mean([decibels(seen, y) for x in held for _, seen, _, y in model._trials(x)])
    after = np.mean([model._decibels(x) for x in held])
    assert after > before + {"Denoiser": 0.8, "Upscaler": 0.1, "Colorizer": 0.5}[name]
    assert after == pytest.approx(-min(model.history_.held_out), abs=0.05)
    if name != "Colorizer":  # which begins with all colors equally likely, not with none
        assert before == pytest.approx(-model.history_.held_out[0], abs=1e-3)


SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (3, 200), (37, 21)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_any_size(name: str, size: tuple[int, int], fitted: dict[str, Any]) -> None:
    s = scale_of(fitted[name])
    for channels in ((), (1,), (3,)):
        x = np.random.default_rng(0).integers(0, 256, (*size, *channels)).astype(np.uint8)
        (y,) = fitted[name].transform([x])
        assert y.dtype == np.uint8
        assert y.shape[:2] == (s * size[0], s * size[1])


KINDS = {
    "gray": ((20, 30), np.uint8),
    "gray, 1 channel": ((20, 30, 1), np.uint8),
    "gray, alpha": ((20, 30, 2), np.uint8),
    "RGB": ((20, 30, 3), np.uint8),
    "RGBA": ((20, 30, 4), np.uint8),
    "16 bits": ((20, 30, 3), np.uint16),
    "16 bits, gray": ((20, 30), np.uint16),
    "float32": ((20, 30, 3), np.float32),
    "float64, gray": ((20, 30), np.float64),
    "bool": ((20, 30), bool),
}


def given(kind: str) -> np.ndarray:
    shape, dtype = KINDS[kind]
    values = np.random.default_rng(0).random(shape)
    integers = np.dtype(dtype).kind == "u"
    return (values * np.iinfo(dtype).max if integers else values > 0.5 if dtype is bool else values).astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_what_comes_back_is_of_the_kind_that_was_given(name: str, kind: str, fitted: dict[str, Any]) -> None:
    model, x = fitted[name], given(kind)
    before = x.copy()
    (y,) = model.transform([x])
    assert np.array_equal(x, before), "the picture itself is never changed"
    assert y.dtype == x.dtype
    s, alpha = scale_of(model), x.ndim == 3 and x.shape[2] in (2, 4)
    if name == "Colorizer":
        assert y.shape == (20, 30, 4 if alpha else 3)
    else:
        assert y.shape == (20 * s, 30 * s, *x.shape[2:])
    if alpha and s == 1:
        assert np.array_equal(y[..., -1], x[..., -1])
    if y.dtype.kind == "f":
        assert float(y.min()) >= 0
        assert float(y.max()) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_images_paths_folders_and_lists_give_the_same(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    model, x = fitted[name], pictures(2, 24)
    for i, picture in enumerate(x):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    wanted = model.transform(x)
    for X in ([Image.fromarray(p) for p in x], [tmp_path / "0.png", str(tmp_path / "1.png")], tmp_path, np.stack(x)):
        got = model.transform(X)
        assert [np.array_equal(np.asarray(a), b) for a, b in zip(got, wanted, strict=True)] == [True, True]
    assert isinstance(model.transform([Image.fromarray(x[0])])[0], Image.Image)
    assert isinstance(model.transform(tmp_path)[0], Image.Image)
    one = next(model.restore(x))
    assert np.array_equal(one, wanted[0])


@pytest.mark.parametrize("name", NAMES)
def test_neighbors_in_a_list_do_not_matter(name: str, fitted: dict[str, Any]) -> None:
    a, b = pictures(1, 24)[0], pictures(1, 32, seed=1)[0]
    assert np.array_equal(fitted[name].transform([a, b])[0], fitted[name].transform([a])[0])


@pytest.mark.parametrize(
    "flat",
    [
        np.full((37, 21), 100, np.uint8),
        np.full((37, 21, 3), (10, 200, 77), np.uint8),
        np.full((5, 64, 3), 3001, np.uint16),
        np.full((24, 24), 1 / 3, np.float32),
        np.zeros((24, 24), np.uint8),
        np.full((24, 24, 3), 255, np.uint8),
    ],
    ids=["gray", "color", "16 bits", "float", "black", "white"],
)
def test_what_is_flat_stays_flat_to_the_bit(flat: np.ndarray, denoiser: Denoiser, upscaler: Upscaler) -> None:
    assert np.array_equal(denoiser.transform([flat])[0], flat)
    assert np.array_equal(upscaler.transform([flat])[0], flat.repeat(2, 0).repeat(2, 1))


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_the_same_random_state_gives_the_same_bits(name: str) -> None:
    X = pictures(4)
    a = restorer(name).fit(X)
    before = torch.get_rng_state()
    b = clone(a).fit(X)
    assert torch.equal(before, torch.get_rng_state())
    assert alike(a, b)
    assert not alike(a, clone(a).set_params(random_state=1).fit(X))


def alike(a: Any, b: Any) -> bool:
    one, other = a.network_.state_dict(), b.network_.state_dict()
    return one.keys() == other.keys() and all(torch.equal(v, other[k]) for k, v in one.items())


OTHER: dict[str, Any] = {  # values with which a fit ends elsewhere
    "average": 0.5,
    "batch_size": 3,
    "corruption": Mask(0.1),
    "depth": 2,
    "epochs": 3,
    "gray_fraction": 1.0,
    "loss": Squared(),
    "lr": 0.05,
    "muon_lr": 0.05,
    "patch_size": 24,
    "precision": "bfloat16",
    "random_state": 1,
    "scales": (2,),
    "step": 20,
    "target": "self",
    "validation_fraction": 0.25,
    "weight_decay": 0.9,
    "width": 12,
    "widths": (8, 4),
}
APART = {
    "checkpoint",
    "device",
    "patience",
    "resume",
    "scale",
    "init",
    "temperature",
    "verbose",
    "vividness",
}  # they have other tests


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_changes_what_is_learned(name: str) -> None:
    X = pictures(6)
    usual: dict[str, Any] = {"epochs": 2 if name == "Colorizer" else 6, "batch_size": 4, "validation_fraction": 0.0}
    other = OTHER | ({"patch_size": 24} if name == "Upscaler" else {"patch_size": 80} if name == "Colorizer" else {})

    def learned(**params: Any) -> tuple[bytes, ...]:
        return tuple(p.numpy().tobytes() for p in restorer(name, **usual | params).fit(X).network_.parameters())

    usually = learned()
    asked = [p for p in ESTIMATORS[name]().get_params() if p not in APART]
    assert [p for p in asked if learned(**{p: other[p]}) == usually] == []


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    a, X = fitted[name], pictures(2, 24)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert type(b) is type(a)
    assert alike(a, b)
    assert [np.array_equal(p, q) for p, q in zip(a.transform(X), b.transform(X), strict=True)] == [True, True]
    assert (tmp_path / "a.diabolo").stat().st_size < 2.2 * sum(p.numel() for p in a.network_.parameters()) + 20_000


@pytest.mark.parametrize("name", NAMES)
def test_interrupted_and_resumed(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    size = 96 if name == "Colorizer" else 40  # whose pictures are larger
    X, params = pictures(5), {"epochs": 6, "batch_size": 4, "patch_size": size, "validation_fraction": 0.25}
    whole = restorer(name, **params).fit(X)
    cls, calls = ESTIMATORS[name], [0]
    plan, objective = cls._plan, cls._objective

    def interrupted(self: Any, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        calls[0] += 1
        if calls[0] == 4:
            raise KeyboardInterrupt
        return objective(self, i, x, rng)

    with monkeypatch.context() as patch:
        patch.setattr(cls, "_plan", lambda self, n: replace(plan(self, n), checkpoint_seconds=0.0))
        patch.setattr(cls, "_objective", interrupted)
        with pytest.warns(UserWarning, match=r"training was interrupted at epoch \d of 6: the best weights so far are kept$"):
            half = restorer(name, **params, checkpoint=tmp_path / "c").fit(X)
        assert half.history_.stopped.startswith("interrupted")
        assert half.history_.epoch != whole.history_.epoch
        patch.setattr(cls, "_objective", objective)
        rest = restorer(name, **params, checkpoint=tmp_path / "c", resume=True).fit(X)
    assert alike(rest, whole)
    assert rest.history_.loss[1:] == whole.history_.loss[1:]
    assert rest.history_.held_out == whole.history_.held_out


@pytest.mark.parametrize("name", NAMES)
def test_it_begins_where_another_ended(name: str, fitted: dict[str, Any]) -> None:
    a, X = fitted[name], pictures(4)
    still = restorer(name, init=a, muon_lr=0.0, **({"lr": 0.0} if name == "Colorizer" else {})).fit(X)
    assert alike(a, still)
    assert not any(p.requires_grad for p in a.network_.parameters())
    further = restorer(name, init=a).fit(X)
    assert not alike(a, further)
    assert alike(a, still), "the model that was begun with stays as it is"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_pictures_are_named(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    model, fresh = fitted[name], restorer(name)
    (tmp_path / "notes.txt").write_text("no picture")
    nan = np.full((40, 40), 0.5)
    nan[3, 4] = np.nan
    for use in (model.transform, fresh.fit):
        with pytest.raises(DataError, match="'picture 1' has the value nan at row 3, column 4"):
            use([np.zeros((40, 40)), nan])
        with pytest.raises(DataError, match="there are no pictures: the list is empty"):
            use([])
        with pytest.raises(DataError, match="contains no pictures"):
            use(tmp_path)
    with pytest.raises(DataError, match="'picture 0' has floats from 200 to 200: to learn from they must lie between 0 and 1"):
        fresh.fit([np.full((40, 40, 3), 200.0)])


def test_a_held_out_picture_has_no_copy_among_those_that_are_learned() -> None:
    model = restorer("Denoiser", validation_fraction=0.4)
    model.seed_ = 0
    train, held = model._split(Pictures(pictures(6) * 2))
    assert len(held) == 2, "a share of the different ones"
    assert len(train) == 8, "and none of their copies"
    assert not any(np.array_equal(a, b) for a in held.source for b in train.source)


def test_copies_of_few_pictures_are_few_pictures() -> None:
    assert not restorer("Denoiser", epochs=1).fit(pictures(4) * 2)._held_out


@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
def test_pictures_too_small_to_learn_from_are_told_and_not_held_out(name: str) -> None:
    small = [picture[:8, :8] for picture in pictures(30)]
    with pytest.warns(UserWarning, match="30 of 36 pictures are smaller than patch_size=32 and left out"):
        model = restorer(name, epochs=1, validation_fraction=0.5).fit([*small, *pictures(6)])
    assert [picture.shape[:2] for picture in model._held_out] == [(40, 48)] * 3


@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
def test_pictures_to_learn_from_that_are_black_for_want_of_bits_are_told(name: str) -> None:
    dark = [picture.mean(2).astype(np.uint16) * 16 for picture in pictures(3)]
    with pytest.warns(UserWarning, match="reaches only .* of 65,535, so that it is nearly black and is learned") as told:
        restorer(name, epochs=1).fit(dark)
    assert len(told) == 1, "once"


def test_pictures_that_are_noisy_where_clean_ones_are_needed_are_told() -> None:
    r = np.random.default_rng(0)
    noisy = [(p + r.normal(0, 20, p.shape)).clip(0, 255).astype(np.uint8) for p in load_sample_images().images]
    some = [p[y : y + 96, 200:296] for p in noisy for y in (0, 150, 300)]
    with pytest.warns(UserWarning, match=r"look noisy themselves \(standard deviation about (18|19|20|21) of 255\).*--noisy"):
        restorer("Denoiser").fit(some)
    restorer("Denoiser", target="self").fit(some)


def test_a_scale_that_is_a_whole_float_is_one() -> None:
    assert Upscaler.pretrained().transform([np.zeros((4, 5), np.uint8)], scale=2.0)[0].shape == (8, 10)


def test_gray_pictures_that_a_colorizer_leaves_out_are_told() -> None:
    gray = [picture.mean(2).astype(np.uint8) for picture in pictures(2)]
    with pytest.warns(UserWarning, match="2 of 8 pictures have hardly any color: they are left out"):
        restorer("Colorizer", epochs=1).fit([*gray, *pictures(6)])


@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
def test_pictures_that_are_all_too_small_are_an_error(name: str) -> None:
    with pytest.raises(DataError, match="all pictures are smaller than patch_size=32"):
        restorer(name).fit(pictures(3, 20))


def test_grays_teach_no_colors() -> None:
    with pytest.raises(DataError, match="X holds no picture in color"):
        restorer("Colorizer").fit([np.zeros((64, 64), np.uint8), np.full((64, 64, 3), 9, np.uint8)])


@pytest.mark.parametrize("name", NAMES)
def test_not_fitted(name: str) -> None:
    model = restorer(name)
    uses = [model.transform, model.restore_picture, model.save, *([model.versions, model.doubt] if name == "Colorizer" else [])]
    for use in uses:
        with pytest.raises(NotFittedError, match=rf"{name}.pretrained\(\), or call fit"):
            use(pictures(1)[0])


@pytest.mark.parametrize("name", NAMES)
def test_wrong_parameters_are_named(name: str) -> None:
    for params in ({"epochs": 0}, {"batch_size": "large"}, {"muon_lr": -1.0}, {"validation_fraction": 1.0}):
        with pytest.raises(ValueError, match=f"{next(iter(params))}="):
            restorer(name, **params).fit(pictures(1))


def test_another_loss_and_another_corruption() -> None:
    X = pictures(3)
    assert isinstance(restorer("Denoiser").fit(X).loss_, LogSquared)
    assert isinstance(restorer("Upscaler").fit(X).loss_, Absolute)
    assert isinstance(restorer("Colorizer").fit(X).loss_, Softmax)
    other = restorer("Denoiser", loss=Absolute(), corruption=Mask(0.1)).fit(X)
    assert isinstance(other.loss_, Absolute)
    assert not alike(other, restorer("Denoiser", loss=Absolute()).fit(X))


def test_gray_and_color_are_learned_from_together() -> None:
    model = restorer("Denoiser", gray_fraction=0.5)
    seen, y = model._lesson(torch.rand(8, 3, 16, 16), torch.Generator().manual_seed(0))
    assert seen.shape == y.shape == (8, 3, 16, 16)
    assert bool((seen[:4, 1:] == 0).all()), "a gray picture has no opposed colors, and its noise none"
    assert bool((seen[4:, 1:].abs().amax((1, 2, 3)) > 0).all())
    assert bool((seen != y).flatten(1).any(1).all())


# ── denoiser ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_opponents_keep_what_noise_is() -> None:
    x = torch.rand(2, 3, 8, 8)
    assert torch.allclose(from_opponent(opponent(x), 3), x, atol=1e-6)
    rows = OPPONENT
    assert torch.allclose(rows @ rows.T, torch.eye(3) / 3, atol=1e-6)
    gray = opponent(torch.rand(1, 1, 4, 4).expand(1, 3, 4, 4))
    assert torch.allclose(gray[:, 1:], torch.zeros(1, 2, 4, 4), atol=1e-6)
    assert torch.equal(from_opponent(opponent(x[:, :1]), 1), x[:, :1])


@pytest.mark.parametrize("gray", [True, False])
def test_noise_is_taken_out_of_every_channel(gray: bool, denoiser: Denoiser) -> None:
    clean = pictures(1, 64, seed=9)[0]
    clean = clean[..., :1] if gray else clean
    before = noise(clean, 50)
    (after,) = denoiser.transform([before])
    assert after.shape == clean.shape
    off = [np.abs(numbers(p) - clean).mean((0, 1)) for p in (before, after)]
    assert bool((off[1] < 0.95 * off[0]).all())


@pytest.mark.parametrize("kind", ["gray", "RGB", "RGBA", "16 bits", "float32", "bool"])
def test_strength_0_is_the_identity_to_the_bit(kind: str, denoiser: Denoiser) -> None:
    x = given(kind)
    assert np.array_equal(denoiser.transform([x], strength=0)[0], x)
    assert np.array_equal(denoiser.transform([x], sigma=0)[0], x)


def test_more_strength_changes_more(denoiser: Denoiser) -> None:
    x = noise(pictures(1, 48, seed=9)[0], 40)
    changes = [np.abs(denoiser.transform([x], strength=s, return_map=True)[0][1]).mean() for s in (0.0, 0.3, 0.7, 1.0)]
    assert changes == sorted(changes)
    assert changes[0] == 0 < changes[1]


def test_the_noise_level_is_about_right_and_grows_with_the_noise(denoiser: Denoiser) -> None:
    clean = pictures(1, 64, seed=9)[0]
    levels = denoiser.noise_level([noise(clean, s) for s in (5, 25, 50)])
    assert levels.shape == (3,)
    assert bool((np.diff(levels) > 0).all())
    assert 12 < 255 * levels[1] < 50
    assert denoiser.noise_level([np.full((20, 20), 77, np.uint8)]).tolist() == [0.0]
    float_noise = np.random.default_rng(0).normal(size=(32, 32, 3)).clip(-3, 3) / 12
    one, half = denoiser.noise_level([(0.5 + float_noise), (0.5 + float_noise / 2)])
    assert one == pytest.approx(2 * half, rel=0.05)


def test_told_the_noise_it_need_not_estimate(denoiser: Denoiser) -> None:
    x = noise(pictures(1, 48, seed=9)[0], 40)
    level = float(denoiser.noise_level([x])[0])
    told = denoiser.transform([x], sigma=level)[0]
    assert np.array_equal(told, denoiser.transform([x])[0])
    assert not np.array_equal(denoiser.transform([x], sigma=0.5 * level)[0], told)


@pytest.mark.parametrize("options", [{"strength": -0.1}, {"strength": 2}, {"strength": np.nan}])
def test_a_wrong_strength_is_named(options: dict[str, Any], denoiser: Denoiser) -> None:
    with pytest.raises(ValueError, match=r"strength=.*: allowed are numbers from 0 .* to 1.5"):
        denoiser.transform(pictures(1), **options)


@pytest.mark.parametrize("sigma", [-0.1, 25, np.nan])
def test_a_wrong_sigma_is_named(sigma: float, denoiser: Denoiser) -> None:
    with pytest.raises(ValueError, match=r"sigma=.*: allowed are numbers from 0 to 1"):
        denoiser.transform(pictures(1), sigma=sigma)


# ── upscaler ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_made_smaller_again_it_is_nearly_what_was_given(scale: int, upscaler: Upscaler) -> None:
    x = read(pictures(1, 40, seed=9)[0])

    def off(pixels: np.ndarray) -> Tensor:
        return (resize(tensor(pixels), x.pixels.shape[:2]) - tensor(x.pixels)).abs()

    image, change = upscaler.restore_picture(
        replace(x, bounded=False, dtype=np.dtype(np.float32)), scale=scale, return_map=True
    )
    plain, larger = (off(p) for p in (image - change, image))
    assert float(larger.max()) < 0.3 * float(plain.max())
    assert float(larger.mean()) < 1 / 255


def test_projected_often_enough_it_is_what_was_given(monkeypatch: pytest.MonkeyPatch, upscaler: Upscaler) -> None:
    monkeypatch.setattr(Upscaler, "_projections", 20)
    x = read(pictures(1, 40, seed=9)[0])
    larger = upscaler.restore_picture(replace(x, bounded=False, dtype=np.dtype(np.float32)), scale=2)  # nor rounded
    assert float((resize(tensor(larger), x.pixels.shape[:2]) - tensor(x.pixels)).abs().max()) < 1 / 255


@pytest.mark.parametrize("scale", [0, 1, 5, 2.5, -2])
def test_a_wrong_scale_is_named(scale: Any, upscaler: Upscaler) -> None:
    with pytest.raises(ValueError, match=rf"scale={scale}: this model has learned 2, 3, 4"):
        upscaler.transform(pictures(1), scale=scale)
    wrong = clone(upscaler).set_params(scale=scale)
    wrong.network_ = upscaler.network_
    with pytest.raises(ValueError, match=rf"scale={scale}: this model has learned 2, 3, 4"):
        wrong.transform(pictures(1))


def test_one_network_serves_all_scales(upscaler: Upscaler) -> None:
    x = pictures(1, 20)
    for scale in (2, 3, 4):
        assert upscaler.transform(x, scale=scale)[0].shape == (20 * scale, 28 * scale, 3)
    two = restorer("Upscaler", scales=(2,)).fit(pictures(3))
    assert [name for name, *_ in two._trials(torch.zeros(1, 3, 16, 16))] == ["x2"]
    with pytest.raises(ValueError, match=r"this model has learned 2$"):
        two.transform(x, scale=3)


def test_a_gray_picture_is_the_same_in_one_channel_and_in_three(upscaler: Upscaler) -> None:
    x = pictures(1, 24)[0][..., 1]
    one, three = upscaler.transform([x, x[..., None].repeat(3, 2)])
    assert np.abs(numbers(three) - numbers(one)[..., None]).max() <= 1


# ── colorizer ────────────────────────────────────────────────────────────────────────────────────────────────────────


def gray(side: int = 40, seed: int = 9) -> np.ndarray:
    return pictures(1, side, seed)[0].mean(2).round().astype(np.uint8)


def lab(image: np.ndarray) -> np.ndarray:
    rgb = image if image.ndim == 3 else image[..., None].repeat(3, 2)
    return to_lab(tensor(rgb / 255))[0].movedim(0, -1).numpy()


@pytest.mark.parametrize("colors", [False, True])
def test_lightness_is_kept(colors: bool, colorizer: Colorizer) -> None:
    x = pictures(1, 40, seed=9)[0] if colors else gray()
    (y,) = colorizer.transform([x])
    assert y.shape == (40, 48, 3)
    assert float(np.abs(lab(y) - lab(x))[..., 0].max()) < 0.6
    assert float(np.abs(lab(y))[..., 1:].max()) > 5, "it is in color"


@pytest.mark.parametrize("value", [0, 100, 255])
def test_the_lightness_of_a_flat_picture_is_kept(value: int, colorizer: Colorizer) -> None:
    x = np.full((37, 21), value, np.uint8)
    (y,) = colorizer.transform([x])
    assert float(np.abs(lab(y) - lab(x))[..., 0].max()) < 0.6


def test_the_colors_that_were_there_do_not_matter(colorizer: Colorizer) -> None:
    """Only the lightness is seen."""
    x = torch.full((1, 3, 24, 24), 60.0, dtype=torch.float64)
    x[..., :12, :], x[:, 1:] = 40.0, 0.0
    colors = x.clone()
    colors[:, 1], colors[:, 2, :, :12] = 10.0, -15.0
    gray, colored = (from_lab(lab)[0].movedim(0, -1).numpy() for lab in (x, colors))
    assert np.ptp(colored, axis=2).min() > 0.05
    same = colorizer.transform([gray[..., 0], gray, colored])
    assert np.abs(same[0] - same[1]).max() < 1e-5
    assert np.abs(same[0] - same[2]).max() < 1e-3


def test_hints_are_met_where_they_are_given(colorizer: Colorizer) -> None:
    x = np.full((48, 64), 128, np.uint8)
    hints = [(5, 7, (150, 122, 110)), (60, 40, (118, 132, 120)), (30, 24, (120, 125, 160))]
    (y,) = colorizer.transform([x], hints=hints)
    for column, row, color in hints:
        wanted = lab(np.array([[color]], np.uint8))[0, 0, 1:]
        assert np.abs(lab(y)[row, column, 1:] - wanted).max() < 1
    plain = colorizer.transform([x])[0]
    assert not np.array_equal(plain, y)
    assert np.array_equal(colorizer.transform([x], hints=[])[0], plain)


@pytest.mark.parametrize(
    "hint",
    [
        (-1, 0, (1, 2, 3)),
        (64, 0, (1, 2, 3)),
        (0, 48, (1, 2, 3)),
        (1.5, 0, (1, 2, 3)),
        (0, 0, (1, 2)),
        (0, 0),
        (0, 0, "red"),
        (0, 0, (1, 2, 256)),
        (0, 0, (-1, 2, 3)),
    ],
    ids=repr,
)
def test_wrong_hints_are_named(hint: Any, colorizer: Colorizer) -> None:
    x = np.zeros((48, 64), np.uint8)
    for use in (partial(colorizer.transform, [x]), partial(colorizer.versions, read(x)), partial(colorizer.doubt, read(x))):
        with pytest.raises(
            ValueError,
            match=r"hints: .*(is no pixel of the picture: x is 0 to 63, y is 0 to 47|is not a color|is not \(x, y, )",
        ):
            use(hints=[hint])


def test_versions_differ_and_the_first_is_the_likeliest(colorizer: Colorizer) -> None:
    x = gray()
    found = colorizer.versions(read(x), 4)
    assert len(found) == 4
    assert np.array_equal(found[0], colorizer.transform([x])[0])
    for i in range(4):
        assert float(np.abs(lab(found[i]) - lab(x))[..., 0].max()) < 0.6
        assert all(np.abs(numbers(found[i]) - numbers(found[j])).max() > 2 for j in range(i))
    assert len(colorizer.versions(read(x), 1)) == 1
    hint = (20, 20, tuple(int(v) for v in (x[20, 20],) * 3))
    for y in colorizer.versions(read(x), 3, hints=[hint]):
        assert np.abs(lab(y)[20, 20, 1:]).max() < 1


def test_doubt_is_a_share_of_what_could_be_unknown(colorizer: Colorizer) -> None:
    for size in ((48, 64), (3, 100), (1, 1)):
        doubt = colorizer.doubt(read(np.full(size, 90, np.uint8)))
        assert doubt.shape == size
        assert 0 <= float(doubt.min()) <= float(doubt.max()) <= 1
    sure, unsure = clone(colorizer), clone(colorizer)
    for model, temperature in ((sure, 0.01), (unsure, 100.0)):
        model.temperature = temperature
        model.network_ = colorizer.network_
    x = read(gray())
    assert sure.doubt(x).mean() < colorizer.doubt(x).mean() < unsure.doubt(x).mean()
    assert unsure.doubt(x).mean() > 0.95


def test_between_two_colors_the_doubt_is_one_bit(colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    p = torch.zeros(1, len(colorizer.network_.decoder.colors), 4, 4)
    p[:, :2] = 0.5
    monkeypatch.setattr(Colorizer, "_likely", lambda self, light, hints: (p, light))
    bit = np.log(2) / np.log(p.shape[1])
    assert np.allclose(colorizer.doubt(read(np.zeros((9, 7), np.uint8))), bit, atol=1e-5)


# ── what was changed ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_before_and_the_map_are_after(name: str, fitted: dict[str, Any]) -> None:
    model = fitted[name]
    x = (0.3 + 0.4 * pictures(1, 24)[0] / 255).astype(np.float32)  # where nothing is cut off at 0 and 1
    x += np.random.default_rng(0).normal(0, 0.01, x.shape).astype(np.float32)  # what is drawn has no noise
    x = x.mean(2) if name == "Colorizer" else x
    ((image, change),) = model.transform([x], return_map=True)
    assert change.dtype == np.float32
    assert change.shape == image.shape
    before = image - change
    assert np.array_equal(image, model.transform([x])[0])
    assert float(np.abs(change).max()) > 0
    if name == "Denoiser":
        assert np.allclose(before, x, atol=1e-6)
    if name == "Colorizer":
        assert np.allclose(before, x[..., None], atol=1e-4)
    if name == "Upscaler":
        assert np.allclose(before, resize(tensor(x), (48, 64))[0].movedim(0, -1).numpy(), atol=1e-6)


# ── tiles ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
@pytest.mark.parametrize("gray", [True, False])
def test_in_tiles_it_is_the_same_picture(
    name: str, gray: bool, fitted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    x = noise(pictures(1, 150, seed=9)[0], 25)[:, :131]
    x = x[..., 0] if gray else x
    whole = numbers(fitted[name].transform([x])[0])
    monkeypatch.setattr(restoration, "tiled", partial(tiled, tile=32))
    pieces = numbers(fitted[name].transform([x])[0])
    assert np.abs(whole - pieces).max() <= 1
    assert (whole != pieces).sum() <= max(1, whole.size / 100_000)


def test_in_strips_it_is_the_same_picture(colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Colorizer looks at a small copy; only colors are computed a few rows at a time."""
    x = gray(60)
    whole = colorizer.transform([x])[0]
    monkeypatch.setattr(colorization, "STRIP", 7)
    assert np.array_equal(colorizer.transform([x])[0], whole)


# ── the models that come with the package ────────────────────────────────────────────────────────────────────────────


def test_the_models_of_the_package_are_small() -> None:
    assert sum(len((WEIGHTS / ESTIMATORS[name]._weights).read_bytes()) for name in NAMES) <= 6_000_000


@pytest.mark.parametrize("name", NAMES)
def test_the_models_of_the_package_load_and_work(name: str) -> None:
    cls = ESTIMATORS[name]
    assert issubclass(cls, Restorer)
    model = cls.pretrained()
    assert type(model) is cls
    (y,) = model.transform([gray(24)])
    assert y.dtype == np.uint8
    assert cls.pretrained(device="cpu").device == "cpu"


def test_the_denoiser_of_the_package_denoises() -> None:
    clean = np.add.outer(np.arange(64), 2 * np.arange(64)) + 20.0
    before = noise(clean, 25)
    (after,) = Denoiser.pretrained().transform([before])
    seen, restored, y = (torch.from_numpy(numbers(p) / 255) for p in (before, after, clean))
    assert decibels(restored, y) > decibels(seen, y) + 8


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_frame_says_nothing_about_the_noise_and_stays(value: int) -> None:
    shipped, clean = Denoiser.pretrained(), load_sample_images().images[1][100:260, 200:400].mean(2)
    before = np.pad(noise(clean, 25), 30, constant_values=value)
    (after,) = shipped.transform([before])
    assert 20 < 255 * shipped.noise_level([before])[0] < 30
    assert psnr(after[30:-30, 30:-30], clean) > psnr(before[30:-30, 30:-30], clean) + 4
    assert (after[:30] == value).all()
    flat = np.full((90, 90), 200, np.uint8)
    flat[40:43, 40:44] = 10
    assert shipped.noise_level([flat])[0] < 1 / 255  # what is in this frame is too little to tell


def test_noise_that_is_cut_off_at_white_or_black_is_not_taken_for_none() -> None:
    shipped, clean = Denoiser.pretrained(), load_sample_images().images[1][100:300, 100:300].mean(2)
    for moved in (clean + 90, clean - 60):
        level = 255 * shipped.noise_level([noise(moved, 25)])[0]
        assert 20 < level < 30


def test_paper_around_letters_is_no_frame_and_no_noise_that_is_cut_off() -> None:
    page = np.full((200, 200), 255, np.uint8)
    page[20:180:12, 10:190] = np.random.default_rng(0).choice([0, 90, 200, 255], (14, 180))
    assert Denoiser.pretrained().noise_level([page])[0] < 1 / 255


def test_the_upscaler_of_the_package_is_better_than_bicubic() -> None:
    y = tensor(pictures(1, 64, seed=9)[0] / np.float32(255))
    small = resize(y, (32, 36), levels=255)
    (e,) = Upscaler.pretrained().transform([small[0].movedim(0, -1).numpy()])
    assert decibels(tensor(e), y) > decibels(resize(small, (64, 72)), y) + 0.5


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("Denoiser", {"patch_size": 30}),
    ("Denoiser", {"patch_size": 0}),
    ("Denoiser", {"widths": ()}),
    ("Denoiser", {"depth": -1}),
    ("Denoiser", {"gray_fraction": 2.0}),
    ("Denoiser", {"target": "both"}),
    ("Denoiser", {"loss": "squared"}),
    ("Denoiser", {"init": "mine"}),
    ("Denoiser", {"init": Upscaler()}),
    ("Upscaler", {"scale": 7}),
    ("Upscaler", {"scales": ()}),
    ("Upscaler", {"scales": (2.5,)}),
    ("Upscaler", {"patch_size": 4}),
    ("Colorizer", {"patch_size": 33}),
    ("Colorizer", {"patch_size": 160}),
    ("Colorizer", {"temperature": 0.0}),
    ("Colorizer", {"step": 0}),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=[f"{name} {wrong}"[:60] for name, wrong in WRONG])
def test_what_is_asked_for_is_checked(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        restorer(name, **wrong).fit(pictures(6))


def test_another_size_than_that_of_the_start(denoiser: Denoiser) -> None:
    with pytest.raises(ValueError, match="its network has another size"):
        restorer("Denoiser", init=denoiser, widths=(16, 16)).fit(pictures(6))


def test_two_halves_of_a_picture() -> None:
    x = torch.arange(64.0).view(1, 1, 8, 8)
    a, b = halves(x, torch.Generator().manual_seed(0))
    apart = (a.pixels - b.pixels).abs()
    assert a.pixels.shape == (1, 1, 4, 4)
    assert set(apart.unique().tolist()) == {1.0, 8.0}, "neighbors beside, or above each other"
    again = halves(2 * x, None, a.places)
    assert torch.equal(again[0].pixels, 2 * a.pixels)
    assert torch.equal(again[1].pixels, 2 * b.pixels)


def test_learning_from_noisy_pictures_alone() -> None:
    clean = pictures(12, 64)
    r = np.random.default_rng(0)
    noisy = [(p + r.normal(0, 30, p.shape)).clip(0, 255).astype(np.uint8) for p in clean]
    model = restorer("Denoiser", target="self", epochs=20, **LEARNING).fit(noisy[:10])
    after = model.transform(noisy[10:])
    assert all(psnr(a, y) > psnr(x, y) + 0.7 for a, x, y in zip(after, noisy[10:], clean[10:], strict=True))
    assert not model._held_out, "nobody has clean ones to judge by"


def test_a_large_folder_is_learned_from_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.formats.base.MAX_BYTES_IN_MEMORY", 30_000)
    model = restorer("Denoiser")
    model.seed_ = 0
    kept = model._pictures(pictures(20, 96))
    assert sum(p.size for p in kept) < 100_000
    assert {p.shape[0] for p in kept} == {max(model.patch_size, 22)}


def test_a_flat_picture_gets_one_color(colorizer: Colorizer) -> None:
    (y,) = colorizer.transform([np.full((50, 70), 90, np.uint8)])
    assert (y == y[0, 0]).all()


def test_tiles_of_any_size_are_the_same_picture() -> None:
    x = pictures(1, 150)[0]
    for model in (Denoiser.pretrained(), Upscaler.pretrained()):
        results = []
        for tile in (64, 128, 512):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("diabolo.estimators.restoration.base.tiled", partial(tiled, tile=tile))
                results.append(model.transform([x])[0].astype(int))
        assert all(abs(a - results[-1]).max() <= 1 for a in results)


def test_the_noise_of_a_large_picture_is_told_from_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    x = noise(np.full((300, 400), 120.0), 20)
    model = Denoiser.pretrained()
    whole = model.noise_level([x])[0]
    monkeypatch.setattr("diabolo.estimators.restoration.denoiser.MAX_PIXELS_ESTIMATED_WHOLE", 1000)
    monkeypatch.setattr("diabolo.estimators.restoration.denoiser.SPOT", 64)
    assert model.noise_level([x])[0] == pytest.approx(whole, rel=0.1)
    assert whole == pytest.approx(20 / 255, rel=0.1)


# ── pictures as people have them ─────────────────────────────────────────────────────────────────────────────────────


def ramp(sigma: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A clean picture, and the same with noise that nobody clipped."""
    clean = np.tile(np.linspace(0, 1, 48), (40, 1))
    return clean, clean + np.random.default_rng(seed).normal(0, sigma, clean.shape)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    return {cls.__name__: cls.pretrained() for cls in (Denoiser, Upscaler, Colorizer)}


@pytest.mark.parametrize(
    ("unit", "low"), [(1, 0), (1, -0.5), (255, 0), (4095, 0), (40, 280), (1e-9, 0), (1e12, 0), (1, 1e6), (2, -1)]
)
@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
def test_floats_in_any_unit_give_the_same(name: str, unit: float, low: float, shipped: dict[str, Any]) -> None:
    model, (clean, seen) = shipped[name], ramp(0.1)
    (wanted,) = model.transform([seen])
    (got,) = model.transform([unit * seen + low])
    assert got.dtype == np.float64
    np.testing.assert_allclose((got - low) / unit, wanted, atol=0.02)
    assert wanted.min() < 0 or wanted.max() > 1 or name == "Denoiser", "nothing is clipped"
    if name == "Denoiser":
        assert np.square(wanted - clean).mean() < 0.1 * np.square(seen - clean).mean()
        assert model.noise_level([unit * seen + low])[0] == pytest.approx(unit * model.noise_level([seen])[0], rel=1e-3)
        (softer,) = model.transform([unit * seen + low], sigma=0.1 * unit)
        np.testing.assert_allclose((softer - low) / unit, model.transform([seen], sigma=0.1)[0], atol=0.02)


def test_a_few_values_far_beyond_spoil_nothing_else(shipped: dict[str, Any]) -> None:
    clean, seen = ramp(0.1)
    seen[3, 4] = 1e4
    (got,) = shipped["Denoiser"].transform([seen])
    assert np.square(got - clean)[10:].mean() < 0.1 * np.square(seen - clean)[10:].mean()
    assert got[3, 4] > 9e3
    (large,) = shipped["Upscaler"].transform([seen])
    assert np.abs(large[30:]).max() < 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_strength_0_keeps_floats_of_any_unit(dtype: Any, shipped: dict[str, Any]) -> None:
    seen = (40 * ramp(0.3)[1] + 280).astype(dtype)
    (got,) = shipped["Denoiser"].transform([seen], strength=0)
    np.testing.assert_allclose(got, seen, rtol=0 if dtype is np.float32 else 1e-7)


def test_what_is_white_must_be_known_for_colors(shipped: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"floats from .* to .*, and what is white is not known: .*divide by 255"):
        shipped["Colorizer"].transform([np.linspace(0, 255, 400).reshape(20, 20)])
    (got,) = shipped["Colorizer"].transform([ramp(0.1)[1]])
    assert 0 <= got.min() < got.max() <= 1


def sprite(channels: int, dtype: Any, hidden: float) -> tuple[np.ndarray, np.ndarray]:
    """A disc of one color, as shares of the whole range, on nothing; the hidden color below nothing."""
    y, x = np.mgrid[:40, :52]
    inside = (y - 20) ** 2 + (x - 26) ** 2 < 180
    color = np.array((0.8, 0.2, 0.2) if channels == 4 else (0.6,))
    share = np.where(inside[..., None], [*color, 1.0], [*[hidden] * (channels - 1), 0.0])
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    return (share * top).astype(dtype), inside


@pytest.mark.parametrize("hidden", [0.0, 1.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [2, 4])
def test_nothing_bleeds_from_below_what_is_transparent(
    channels: int, dtype: Any, hidden: float, shipped: dict[str, Any]
) -> None:
    x, inside = sprite(channels, dtype, hidden)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    (same,) = shipped["Denoiser"].transform([x])
    assert np.abs(same.astype(float) - x).max() <= 3 / 255 * top
    assert np.array_equal(same[~inside], x[~inside]), "what nobody sees stays"
    (large,) = shipped["Upscaler"].transform([x])
    seen = large[..., -1] > 0.1 * top
    assert np.abs(large[seen][:, :-1].astype(float) - x[20, 26, :-1]).max() <= 3 / 255 * top
    (colored,) = shipped["Colorizer"].transform([x])
    assert np.ptp(colored[inside][:, :3].astype(float), axis=0).max() <= 3 / 255 * top, "one gray, one color"


def test_what_is_drawn_stays_and_the_noise_of_what_is_seen_is_found(shipped: dict[str, Any]) -> None:
    x, inside = sprite(4, np.uint8, 1.0)
    r = np.random.default_rng(0)
    x[inside, :3] = r.integers(0, 256, (10, 13, 3)).repeat(4, 0).repeat(4, 1)[inside]
    assert np.array_equal(shipped["Denoiser"].transform([x])[0], x)
    x[inside, :3] = (128 + r.normal(0, 20, (inside.sum(), 3))).round()
    assert shipped["Denoiser"].noise_level([x])[0] == pytest.approx(20 / 255, rel=0.2)
    assert shipped["Denoiser"].transform([x])[0][inside][:, :3].std() < 5


def test_16_bits_that_are_nearly_black_or_become_8_are_told(shipped: dict[str, Any]) -> None:
    gray = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint16) * 40  # 12 bits
    with pytest.warns(
        UserWarning, match="'picture 0' has 16 bits, but reaches only 3,520 of 65,535, so that it is nearly black"
    ):
        shipped["Colorizer"].transform([gray])
    with pytest.warns(UserWarning, match="16 bits per color, but Pillow reads or writes 8 bits: give an array to keep all"):
        image = shipped["Colorizer"].transform([Image.fromarray(gray * 16)])[0]
    assert image.mode == "RGB"
    assert shipped["Colorizer"].transform([gray * 16])[0].dtype == np.uint16  # without a word


@pytest.mark.filterwarnings("ignore:.*partly transparent")
def test_hidden_colors_are_no_data() -> None:
    one, other = (sprite(4, np.uint8, hidden)[0] for hidden in (0, 1))
    format = Images().fit([one, one])
    assert torch.equal(format.to_tensor([one]), format.to_tensor([other]))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("name", ["Denoiser", "Upscaler"])
def test_gray_in_three_channels_stays_gray(name: str, dtype: Any, shipped: dict[str, Any]) -> None:
    seen = ramp(0.05)[1].clip(0, 1) * (np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1)
    gray = seen.astype(dtype)
    one, three, both = shipped[name].transform(
        [gray, np.dstack([gray] * 3), np.dstack([gray] * 3 + [np.full_like(gray, gray.max())])]
    )
    assert np.array_equal(three, np.dstack([one] * 3))
    assert np.array_equal(both[..., :3], three)
    assert shipped[name].restore_picture(np.dstack([gray] * 3), return_map=True)[1].shape == three.shape


def test_areas_of_one_gray_each_get_no_color(shipped: dict[str, Any]) -> None:
    bars = np.repeat(np.array([20, 90, 140, 200, 250], np.uint8), 24)[None].repeat(80, 0)
    assert np.ptp(shipped["Colorizer"].transform([bars])[0].astype(int), axis=2).max() <= 2


@pytest.mark.parametrize("level", [30, 128, 192, 250])
@pytest.mark.parametrize("sigma", [0, 1, 6])
def test_a_page_on_which_nothing_is_gets_no_color(level: int, sigma: float, shipped: dict[str, Any]) -> None:
    page = np.random.default_rng(0).normal(level, sigma, (60, 80)).clip(0, 255).astype(np.uint8)
    (got,) = shipped["Colorizer"].transform([page])
    assert np.ptp(got.astype(int), axis=2).max() <= (15 if sigma > 3 else 4)
    (hinted,) = shipped["Colorizer"].transform([page], hints=[(40, 30, (200, 60, 60))])
    assert np.ptp(hinted[30, 40].astype(int)) > 20 or level == 250, "but the color that is told"


def test_an_even_frame_gets_no_color(shipped: dict[str, Any]) -> None:
    frame = np.full((160, 200), 190, np.uint8)
    frame[50:110, 60:140] = 255 * np.random.default_rng(0).random((60, 80)).cumsum(1) / 80
    (got,) = shipped["Colorizer"].transform([frame])
    assert np.ptp(got.astype(int), axis=2)[:30].max() <= 2


@pytest.mark.parametrize("name", NAMES)
def test_options_are_named_in_the_signature_and_described(name: str, fitted: dict[str, Any]) -> None:
    option = {"Denoiser": "strength", "Upscaler": "scale", "Colorizer": "hints"}[name]
    for method in ("transform", "restore_picture"):
        f = getattr(fitted[name], method)
        _, *options = inspect.signature(f).parameters
        assert {option, "return_map"} <= {*options}
        assert [name for name in options if f"        {name} : " not in f.__doc__] == []
    for use in (fitted[name].transform, fitted[name].restore_picture, lambda X, **o: next(fitted[name].restore(X, **o))):
        with pytest.raises(TypeError, match="got an unexpected keyword argument 'zzz'"):
            use([np.zeros((9, 9), np.uint8)], zzz=1)


@pytest.mark.parametrize("shape", [(24, 30), (24, 30, 1), (24, 30, 3), (24, 30, 4)])
def test_one_array_is_one_picture(shape: tuple[int, ...], upscaler: Upscaler) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    (got,) = upscaler.transform(picture)
    assert got.shape == (48, 60, *shape[2:])
    assert np.array_equal(got, upscaler.transform([picture])[0])
    assert np.array_equal(got, upscaler.restore_picture(picture))


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_is_restored_page_by_page(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    pages = [picture[..., 0] for picture in pictures(3, 24)]
    first, *rest = map(Image.fromarray, pages)
    first.save(tmp_path / "s.tif", save_all=True, append_images=rest)
    for got, wanted in zip(fitted[name].transform(tmp_path / "s.tif"), fitted[name].transform(pages), strict=True):
        assert np.array_equal(np.asarray(got), wanted)


@pytest.mark.parametrize("name", NAMES)
def test_warnings_point_at_the_line_of_who_asks(name: str, fitted: dict[str, Any]) -> None:
    image = Image.new("CMYK", (20, 20), (0, 90, 90, 0))
    for use in (fitted[name].transform, fitted[name].restore_picture):
        with pytest.warns(UserWarning, match="is CMYK: the result will be RGB") as told:
            use(image)
        assert [w.filename for w in told] == [__file__]


def test_what_was_drawn_stays_as_it_is() -> None:
    """Flat areas with sharp corners have no noise; where black is clipped, the rest still has."""
    chart = np.full((96, 96, 3), 250, np.uint8)
    chart[20:60, 20:60], chart[40:80, 50:90] = [200, 30, 30], [30, 30, 200]
    denoiser = Denoiser.pretrained()
    assert (denoiser.transform(chart)[0] == chart).all()
    assert denoiser.noise_level(chart) == [0]
    night = np.zeros((96, 96))
    night[:, :20] = 0.5
    noisy = (night + np.random.default_rng(0).normal(-0.1, 0.1, night.shape)).clip(0, 1)  # most is black
    assert np.mean(noisy == 0) > 0.5
    assert denoiser.noise_level(noisy) > 0.02


def test_colors_need_to_know_black_and_white() -> None:
    x = np.tile(np.linspace(0, 1, 64), (48, 1))
    noisy = x + np.random.default_rng(0).normal(0, 0.05, x.shape)
    assert Colorizer.pretrained().transform(noisy)[0].shape == (48, 64, 3)
    for other in (2 * x - 1, x - 0.5, 2 * x):
        with pytest.raises(DataError, match="what is white is not known"):
            Colorizer.pretrained().transform(other)


def test_hints_are_bytes() -> None:
    gray = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    with pytest.raises(ValueError, match=r"\(1.0, 0.0, 0.0\) is not a color: give red, green and blue, each 0 to 255"):
        Colorizer.pretrained().transform([gray], hints=[(5, 5, (1.0, 0.0, 0.0))])


@pytest.mark.parametrize("ground", [0, 255])
def test_drawings_in_pure_colors_have_no_noise(ground: int) -> None:
    logo = np.full((96, 96, 3), ground, np.uint8)
    logo[10:70, 20:60], logo[40:80, 50:90] = (255, 0, 0), (0, 0, 255)
    shown = Denoiser.pretrained()
    assert shown.noise_level([logo]) == [0]
    assert (np.asarray(shown.transform([logo])[0]) == logo).all()
