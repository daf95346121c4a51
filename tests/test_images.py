"""Pictures of one size as X: the format, and every estimator that learns from rows."""

from __future__ import annotations

import time
import warnings
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from diabolo import (
    Autoencoder,
    Classifier,
    DataError,
    Mirror,
    MultiLabelClassifier,
    OutlierDetector,
    Regressor,
    Shift,
    load,
    progress,
)
from diabolo.corruption import Chain, Clean
from diabolo.estimators.architectures import architecture
from diabolo.estimators.augmentation import augmentation_helps, shift_and_flip
from diabolo.estimators.multilabel.comparison import seen_by_both
from diabolo.formats import Images, infer
from diabolo.formats.scale import framed
from diabolo.images.album import ImageCollection
from diabolo.images.bursts import MANY_COPIES, copied, following
from diabolo.losses import Bounded
from diabolo.nets import Drop
from diabolo.nets.convolution import CHANNELS, ConvDecoder, ConvEncoder, ConvFeatures, halvings

SMALL: dict[str, Any] = {"epochs": 2, "verbose": False, "random_state": 0}


def squares(n: int = 48, h: int = 16, w: int = 12, c: int = 3, seed: int = 0) -> np.ndarray:
    """Gray ground with one bright square, whose place and color vary."""
    r = np.random.default_rng(seed)
    x = np.full((n, h, w, c), 60, np.uint8)
    for picture in x:
        y0, x0 = r.integers(0, h - 5), r.integers(0, w - 5)
        picture[y0 : y0 + 5, x0 : x0 + 5] = r.integers(100, 256, c)
    return x if c > 1 else x[..., 0]


def saved(folder: Path, pictures: np.ndarray) -> Path:
    folder.mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{i:03d}.png")
    return folder


def zipped(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for picture in sorted(folder.iterdir()):
            file.write(picture, f"all/{picture.name}")
    return path


@pytest.mark.parametrize("c", [1, 3])
def test_there_and_back(c: int) -> None:
    X = squares(c=c)
    format = Images().fit(X)
    x = format.to_tensor(X)
    assert x.shape == (len(X), format.width) == (len(X), c * 16 * 12)
    assert 0 <= x.min() <= x.max() <= 1
    assert np.array_equal(format.from_array(x), X)
    assert np.array_equal(torch.cat(list(format.rows(X).chunks())).numpy(), x.float().numpy())


def test_what_is_shown_of_bytes_lies_between_black_and_white() -> None:
    format = Images().fit(np.zeros((5, 6, 6), np.uint8))
    assert [v for column in format.original(np.full((1, 36), -0.3)) for v in column] == [0.0] * 36
    assert format.shown(np.full((1, 36), 1.2), 3) == [255.0]


def test_every_way_to_give_pictures_is_the_same(tmp_path: Path) -> None:
    X = squares(20)
    folder = saved(tmp_path / "p", X)
    ways = [list(X), [Image.fromarray(p) for p in X], folder, str(folder), zipped(tmp_path / "p.zip", folder)]
    ways.append(sorted(folder.iterdir()))
    wanted = Images().fit(X).to_tensor(X)
    for way in ways:
        assert isinstance(infer(way), Images)
        assert torch.equal(Images().fit(way).to_tensor(way), wanted)


def test_sizes() -> None:
    small, large = np.zeros((40, 60, 3), np.uint8), np.zeros((300, 200, 3), np.uint8)
    assert Images().fit([small] * 3).shape == (3, 40, 60), "all alike and small: as they are"
    assert Images().fit([large] * 3).shape == (3, 64, 43), "large: the longer side has 64 pixels"
    assert Images(size=(8, 9)).fit([large, small]).shape == (3, 8, 9)
    assert Images(most=32).fit([small] * 3).shape == (3, 21, 32)
    assert Images().fit([small[..., 0]] * 3).shape == (1, 40, 60)
    assert Images().fit([small[..., 0], small]).shape == (3, 40, 60), "gray and color together: color"


def test_cut_around_the_middle() -> None:
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    with pytest.warns(UserWarning, match="lose more than half"):
        format = Images(size=(10, 10)).fit([wide])
    with pytest.warns(UserWarning, match="lose more than half"):
        x = format.to_tensor([wide])
    assert (x == 1).all(), "what is left and right of the middle is cut off, not squeezed in"


def test_the_rest_of_a_folder_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path / "p", squares(12))
    (folder / "005.png").write_text("no picture")
    with pytest.raises(DataError, match=r"005\.png"):
        Autoencoder(2, **SMALL).fit(folder)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 12), (3, 5, 9), (1, 1, 1), (2, 33, 7), (1, 128, 128)])
def test_convolutions_of_every_size(shape: tuple[int, int, int]) -> None:
    c, h, w = shape
    x = torch.rand(2, c * h * w)
    into, out = ConvEncoder(shape, (4, 8, 8), 3), ConvDecoder(3, (4, 8, 8), shape)
    assert into(x).shape == (2, 3)
    assert out(into(x)).shape == x.shape
    assert ConvFeatures(shape, (4, 8, 8))(x).shape == (2, ConvFeatures(shape, (4, 8, 8)).m)
    assert halvings(h, w)[0] == (h, w)
    assert all(b == ((a[0] + 1) // 2, (a[1] + 1) // 2) for a, b in zip(halvings(h, w), halvings(h, w)[1:], strict=False))


@pytest.mark.parametrize(("shape", "most"), [((3, 48, 64), 4.1), ((3, 128, 128), 31.0)])
def test_large_pictures_are_encoded_with_few_operations(shape: tuple[int, int, int], most: float) -> None:
    count = []

    def counted(layer: nn.Module, _: Any, y: torch.Tensor) -> None:
        weight = cast(torch.Tensor, layer.weight)
        count.append(weight[0].numel() * y[0].numel() / 1e6)

    into = ConvEncoder(shape, CHANNELS, 16)
    for layer in into.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(counted)
    into(torch.zeros(1, int(np.prod(shape))))
    assert sum(count) < most, "million multiply-adds for a picture"


def test_labels_are_learned_by_muon_with_dropout() -> None:
    X, y = squares(48), np.arange(48) % 2
    clf = Classifier(**SMALL | {"epochs": 1}, dropout=0.25).fit(X, y)
    drops = [part.p for part in clf.network_.modules() if isinstance(part, Drop)]
    assert drops == [0.25]
    settings = clf._defaults()
    assert (settings["optimizer"], settings["muon_lr"]) == ("muon", pytest.approx(7 * clf.lr))
    rows = Classifier(**SMALL | {"epochs": 1}).fit(np.random.default_rng(0).normal(size=(48, 3)), y)
    assert rows._defaults()["optimizer"] == "adamw"


def test_it_starts_as_pca() -> None:
    for X, kind in ((squares(60, 24, 20), ConvEncoder), (squares(60), nn.Sequential)):  # of small ones, dense layers learn more
        ae = Autoencoder(4, **SMALL | {"epochs": 1, "lr": 0.0, "muon_lr": 0.0}).fit(X)
        assert isinstance(ae.encoder_, kind)
    assert ae.comparison_["autoencoder"] == pytest.approx(ae.comparison_["pca"], abs=1e-5)


def waves(n: int) -> np.ndarray:
    """Pictures of which every part is as likely everywhere: sums of waves."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:40, :32]
    f, phase = rng.normal(size=(2, n, 6, 1, 1)), rng.uniform(0, 6.3, (n, 6, 1, 1))
    return (128 + 18 * np.cos(f[0] * x / 6 + f[1] * y / 6 + phase).sum(1)).astype(np.uint8)


def test_few_pictures_are_varied_where_it_helps() -> None:
    shape = (1, 40, 32)
    few = Autoencoder(8, **SMALL | {"epochs": 1, "random_state": 5}).fit(waves(80))
    assert few._corruption() == shift_and_flip(shape) == Chain((Shift(shape, 2, None), Mirror(shape)))
    others = waves(200)[80:]
    linear = few.pca_.inverse_transform(few.pca_.transform(others.reshape(120, -1) / 255.0)) - others.reshape(120, -1) / 255.0
    assert -few.score_samples(others).mean() < 0.98 * np.square(linear).sum(1).mean(), "it begins at more than PCA"
    one_sided, fading = waves(160), (waves(320) * np.linspace(0.2, 1, 32)).astype(np.uint8)
    one_sided[:, :, 16:] = 0
    kinds = ((one_sided, Clean()), (fading, Chain((Shift(shape, 2, None),))), (waves(80)[:, :9, :9], Clean()))
    for X, varied in kinds:
        ae = Autoencoder(8, **SMALL | {"epochs": 1, "lr": 0.0, "muon_lr": 0.0}).fit(X)
        assert ae._corruption() == varied
        assert ae.comparison_["autoencoder"] == pytest.approx(ae.comparison_["pca"], abs=1e-5), "it begins at PCA"
    chosen = Autoencoder(8, corruption=Mirror(shape), **SMALL | {"epochs": 1}).fit(waves(80))
    assert isinstance(chosen._corruption(), Mirror)
    x = torch.rand(40, 3 * 40 * 32)
    seen, y = shift_and_flip((3, 40, 32))(x, torch.Generator().manual_seed(0))
    assert torch.equal(seen, y), "it is the picture that is moved, for the encoder and for what it shall give"
    assert not torch.equal(seen, x)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_variations_help_unless_each_side_has_its_own(seed: int) -> None:
    whole, sided = waves(160), waves(160)
    sided[:, :, 16:] = 0
    for X, wanted in ((whole, True), (sided, False)):
        format = Images().fit(X)
        assert augmentation_helps(format.to_tensor(X), format, 8, seed) == wanted


def dots(n: int = 60, side: int = 18) -> np.ndarray:
    """Flattened pictures (n, side * side) with one bright square in an empty frame."""
    r, x = np.random.default_rng(0), np.zeros((n, side, side))
    for picture in x:
        y0, x0 = r.integers(1, side - 6, 2)
        picture[y0 : y0 + 5, x0 : x0 + 5] = r.uniform(0.5, 1.0)
    return x.reshape(n, -1)


def test_flattened_pictures_in_an_empty_frame_are_shifted() -> None:
    X = dots()
    assert Autoencoder(2, **SMALL).fit(X)._corruption() == Shift((18, 18))
    assert Autoencoder(2, hidden=(8,), **SMALL).fit(X.reshape(-1, 18, 18))._corruption() == Shift((18, 18))
    assert Autoencoder(2, hidden=(), **SMALL).fit(X).history_.stopped.startswith("nothing to train")
    assert isinstance(Autoencoder(2, corruption=Clean(), **SMALL).fit(X)._corruption(), Clean)


def test_flattened_pictures_in_an_empty_frame_have_a_bounded_loss(tmp_path: Path) -> None:
    """The same in an array and in a table, and after loading. PCA, and a decoder of your own, have the usual one."""
    X = dots()
    for rows in (X, pd.DataFrame(X).add_prefix("x")):
        ae = Autoencoder(2, **SMALL).fit(rows)
        ae.save(tmp_path / "m.diabolo")
        again = load(tmp_path / "m.diabolo")
        assert isinstance(ae.loss_.parts[0].loss, Bounded)
        assert isinstance(again.loss_.parts[0].loss, Bounded)
        assert np.array_equal(np.asarray(again.reconstruct(rows)), np.asarray(ae.reconstruct(rows)))
    other = np.random.default_rng(0).permutation(X, axis=1)
    for rows, own in ((other, {}), (X, {"hidden": ()}), (X, {"decoder": nn.Linear(2, 324)}), (X, {"loss": "clipped"})):
        ae = Autoencoder(2, **SMALL | own).fit(rows)
        ae.save(tmp_path / "m.diabolo")
        for one in (ae, load(tmp_path / "m.diabolo")):
            assert not isinstance(one.loss_.parts[0].loss, Bounded)


def test_other_rows_are_no_flattened_pictures() -> None:
    x = torch.from_numpy(dots()).float()
    mixed = x[:, torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))]
    lit = x.clone()
    lit[:, ::18] = torch.rand(60, 18, generator=torch.Generator().manual_seed(0))
    for other in (
        mixed,
        lit,
        2 * x,
        x - 0.5,
        x[:, 1:],
        x * torch.nan,
        torch.zeros(9, 324),
        torch.from_numpy(dots(60, 15)).float(),
    ):
        assert framed(other.numpy()) == 0
    assert framed(x.numpy()) == 18


def test_it_gets_better_than_pca() -> None:
    ae = Autoencoder(3, **SMALL | {"epochs": 60, "corruption": None}).fit(squares(400))
    assert ae.comparison_["autoencoder"] > ae.comparison_["pca"] + 0.02


def test_autoencoder_of_pictures(tmp_path: Path) -> None:
    X = squares()
    ae = Autoencoder(3, **SMALL).fit(saved(tmp_path / "p", X))
    z = ae.transform(X)
    assert z.shape == (len(X), 3)
    assert ae.inverse_transform(z).shape == ae.reconstruct(X).shape == X.shape
    assert ae.reconstruct(X).dtype == np.uint8
    assert ae.sample(2, random_state=0).shape == (2, *X.shape[1:])
    assert ae.log_prob(X).shape == (len(X),)
    ae.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").transform(X), z)


def test_error_map_shows_where(tmp_path: Path) -> None:
    X = squares(80, c=1)
    detector = OutlierDetector(**SMALL | {"epochs": 40}).fit(X)
    odd = X[:1].copy()
    odd[0, :3, :3] = 255
    odd[0, 12:, 8:] = 60
    where = detector.error_map(odd)[0]
    assert where.shape == X.shape[1:]
    assert where[:3, :3].mean() > 4 * where[10:, 8:].mean()
    detector.save(tmp_path / "d.diabolo")
    assert np.array_equal(load(tmp_path / "d.diabolo").error_map(odd)[0], where)
    with pytest.raises(AttributeError, match="explain"):
        OutlierDetector(**SMALL).fit(np.random.default_rng(0).normal(size=(40, 3))).error_map(np.zeros((1, 3)))


class Mean(nn.Module):
    """Somebody's network: the mean of each color."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.ndim == 4, "pictures, not rows"
        return x.mean((2, 3)) + 0 * self.weight

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


def colored(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Red and blue pictures."""
    r = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = r.integers(0, 120, (n, 12, 12, 3)).astype(np.uint8)
    X[y == 1, ..., 0] += 100
    X[y == 0, ..., 2] += 100
    return X, y


def test_classifiers_of_pictures(tmp_path: Path) -> None:
    X, y = colored()
    own = Classifier(encoder=Mean(), **SMALL).fit(X, y)
    assert own.score(X, y) == 1.0
    own.save(tmp_path / "c.diabolo")
    assert np.array_equal(load(tmp_path / "c.diabolo", encoder=Mean()).predict_proba(X), own.predict_proba(X))
    assert Classifier(**SMALL | {"epochs": 30}).fit(X, y).score(X, y) > 0.9
    many = MultiLabelClassifier(**SMALL | {"epochs": 30}).fit(list(X), np.stack([y, 1 - y], 1))
    assert many.predict(X).shape == (len(X), 2)
    assert (many.predict(X)[:, 0] == y).mean() > 0.9


def test_fine_tuning_what_was_learned_without_labels() -> None:
    X, y = colored()
    ae = Autoencoder(2, **SMALL).fit(X)
    frozen = Classifier(encoder=ae, **SMALL).fit(X, y)
    tuned = Classifier(encoder=ae, freeze=False, **SMALL).fit(X, y)
    assert frozen.score(X, y) > 0.8
    assert tuned.score(X, y) > 0.8


@pytest.mark.parametrize(("h", "w", "pixels"), [(8, 8, 1), (32, 20, 2), (128, 192, 16), (5, 9, 1)])
def test_how_far_pictures_move(h: int, w: int, pixels: int) -> None:
    """By up to an eighth of their shorter side, unless the encoder stays as it is: then not at all."""
    clf = Classifier()
    clf.format_ = Images((h, w)).fit(np.zeros((2, h, w, 3), np.uint8))
    clf._architecture = architecture(clf.format_)
    assert clf._architecture.augmentation()[0] == Shift((3, h, w), pixels, None)
    clf._given_encoder = object()
    assert clf._corruption() == Clean()


def ramps(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures with a ramp that falls to the left, to the right or downwards, and as many that are one level."""
    r = np.random.default_rng(0)
    kind, ramp = np.arange(n) % 4, np.linspace(0, 60, 12)
    each = [np.broadcast_to(ramp[::-1], (12, 12)), np.broadcast_to(ramp, (12, 12)), np.broadcast_to(ramp[:, None], (12, 12))]
    X = np.stack([each[k] if k < 3 else np.full((12, 12), 30.0) for k in kind]) + r.uniform(0, 150, (n, 1, 1))
    return (X + r.normal(0, 3, X.shape)).clip(0, 255).astype(np.uint8), np.array(["left", "right", "down", "no"])[kind], kind


def test_left_is_not_right(capfd: pytest.CaptureFixture[str]) -> None:
    """A mirrored picture of one class is one of another: of few classes among several, too, and of labels and numbers."""
    X, y, kind = ramps(240)
    few = SMALL | {"epochs": 30, "verbose": True}
    assert Classifier(**few).fit(X, y).score(X, y) > 0.95
    assert "images are not mirrored in training, since mirrored ones may have other answers" in capfd.readouterr().err
    labels = MultiLabelClassifier(**few).fit(X, np.stack([kind == 0, X.mean((1, 2)) < 120], 1))
    assert (labels.predict(X)[:, 0] == (kind == 0)).mean() > 0.95
    slope = X[:, :, -1].mean(1, dtype=float) - X[:, :, 0].mean(1)
    assert Regressor(**few).fit(X, slope).score(X, slope) > 0.8
    capfd.readouterr()
    Classifier(**few).fit(X, np.where(kind < 2, "side", y))
    assert "mirrored" not in capfd.readouterr().err


def test_a_place_is_no_other_place(capfd: pytest.CaptureFixture[str]) -> None:
    """Shifted pictures have other answers if these are places, and the same if they are sizes."""
    r = np.random.default_rng(0)
    n, few = 400, SMALL | {"epochs": 30, "verbose": True}
    x, y, size = r.integers(4, 28, n), r.integers(4, 28, n), r.integers(2, 5, n)
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    near = np.maximum(abs(across - x[:, None, None]), abs(down - y[:, None, None])) < size[:, None, None]
    X = np.where(near, 200, 20).astype(np.uint8)
    assert Regressor(**few).fit(X, x).score(X, x) > 0.9
    assert "images are not shifted or mirrored in training" in capfd.readouterr().err
    Regressor(**few).fit(X, size)
    assert "images are not" not in capfd.readouterr().err


def test_what_finds_out_how_to_vary_is_told(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a title and seconds of its own; the stages of a fit are all of it."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    X, y, _ = ramps(120)
    start = time.monotonic()
    clf = Classifier(**SMALL | {"verbose": True}).fit(X, y)
    seconds = time.monotonic() - start
    assert "Classifier, to know how to vary images: " in capfd.readouterr().err
    times = clf.history_.times
    assert times["how to vary"] > 0
    assert sum(times.values()) <= seconds
    frozen = Classifier(encoder=Autoencoder(4, **SMALL).fit(X), **SMALL).fit(X, y)
    assert list(frozen.history_.times) == ["reading", "start", "training", "measuring"]


def spots(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures of a dot, how far to the right it is, and how bright, both of variance 1."""
    r, X = np.random.default_rng(seed), np.zeros((n, 16, 16), np.uint8)
    right, down, bright = (r.integers(low, high, n) for low, high in ((1, 13), (1, 13), (80, 250)))
    for i in range(n):
        X[i, down[i] : down[i] + 3, right[i] : right[i] + 3] = bright[i]
    return X, right / right.std(), bright / bright.std()


@pytest.mark.parametrize("share", [0.0, 0.35])
def test_a_small_part_that_orientation_tells_is_learned(share: float, capfd: pytest.CaptureFixture[str]) -> None:
    """Of a number that brightness tells for the most part, and the place for the rest: mirrored pictures hide the place."""
    (X, right, bright), (new, place, light) = spots(400, 0), spots(300, 1)
    reg = Regressor(epochs=30, hidden=(32,), random_state=0).fit(X, bright + share * right)
    assert ("mirrored in training" in capfd.readouterr().err) == (share > 0)
    told = np.column_stack([light, np.ones(300)])
    rest = reg.predict(new) - told @ np.linalg.lstsq(told, reg.predict(new), rcond=None)[0]
    assert (abs(np.corrcoef(rest, place)[0, 1]) > 0.7) == (share > 0)


def test_a_report_of_a_fine_tuned_encoder() -> None:
    """Convolutions of both kinds are trained: what is shared is compared on small pictures."""
    X, y = colored()
    ae = Autoencoder(2, **SMALL).fit(X)
    Y = np.stack([y, 1 - y], 1)
    clf = MultiLabelClassifier(encoder=ae, freeze=False, **SMALL).fit(X, Y)
    seen, told = seen_by_both(clf, X)
    assert seen.shape == (len(X), 12 * 12 * 3)
    assert "resized to 12 x 12" in told


# ── pictures as people have them ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("unit", "low"), [(255, 0), (40, 280), (1, -0.5), (1e-6, 0), (1e6, 1e6)])
def test_floats_in_any_unit_are_learned_from(unit: float, low: float) -> None:
    X = squares(c=1) / 255
    ae, wanted = (Autoencoder(4, hidden=(), format="images", **SMALL).fit(x.astype(np.float32)) for x in (unit * X + low, X))
    assert ae.format_.whole is False
    x = ae.format_.to_tensor((unit * X + low).astype(np.float32))
    assert -1.5 < x.min() < x.max() < 1.5
    back = ae.inverse_transform(ae.transform((unit * X + low).astype(np.float32)))
    np.testing.assert_allclose((back - low) / unit, wanted.inverse_transform(wanted.transform(X.astype(np.float32))), atol=0.02)


def frames(scenes: int, each: int) -> np.ndarray:
    """Scenes that move a little from picture to picture, with noise."""
    r = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32] / 5
    waves = r.normal(size=(scenes, 2))
    shown = [100 * np.sin(a * y + b * (x + k / 10)) + r.normal(0, 2, x.shape) for a, b in waves for k in range(each)]
    return (np.stack(shown) + 127).clip(0, 255).astype(np.uint8)


def test_pictures_that_are_nearly_the_same_as_the_one_before_are_told() -> None:
    with pytest.warns(UserWarning, match=r"7\d% of the pictures looked at are nearly the same as the one before"):
        Autoencoder(2, hidden=(), **SMALL).fit(frames(15, 4))
    for alike in (frames(60, 1), frames(60, 1).repeat(2, 0), np.tile(frames(1, 1), (60, 1, 1))):
        assert following(alike[:, None]) == 0, "others, copies, or one thing on a conveyor belt"
    noise = np.random.default_rng(1).normal(0, 4, (60, 32, 32))
    assert following((frames(1, 1) + noise)[:, None]) == 0
    assert following((frames(2, 1).repeat(30, 0) + noise)[:, None]) == 0, "classes in order"


def test_near_copies_anywhere_are_told() -> None:
    scenes = (255 * np.random.default_rng(0).random((60, 8, 8))).repeat(4, 1).repeat(4, 2).astype(np.uint8)
    lighter = np.clip(1.1 * scenes[:30].astype(float) + 3, 0, 255).astype(np.uint8)
    album = np.concatenate([scenes, scenes[:30, :, ::-1], np.rot90(lighter, 1, (1, 2))])
    shuffled = album[np.random.default_rng(1).permutation(len(album))]
    with pytest.warns(UserWarning, match=r"7\d% of the pictures looked at have a near copy among them"):
        Autoencoder(2, hidden=(), **SMALL).fit(shuffled)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Images().fit(scenes.repeat(3, 0))  # the same bits are held out together
    assert copied(scenes[:, None]) == 0
    noise = np.random.default_rng(1).normal(0, 4, (60, 32, 32))
    assert copied((scenes[:1] + noise)[:, None]) == 0, "one thing on a conveyor belt"
    y, x = np.mgrid[:32, :32] / 5
    turned = np.stack([np.sin(2 * (x * np.cos(a) + y * np.sin(a))) for a in np.random.default_rng(0).uniform(0, np.pi, 300)])
    assert copied(turned[:, None]) < MANY_COPIES, "one thing at any angle"
    assert copied((scenes[:2].repeat(30, 0) + noise)[:, None]) == 0, "classes of pictures that are alike"


def test_gray_and_transparent_pictures_of_a_model_that_knows_none_are_told(tmp_path: Path) -> None:
    X = squares(40)
    red = X * np.array([1, 0, 0], np.uint8)
    Autoencoder(2, hidden=(), **SMALL).fit(red).save(tmp_path / "m.diabolo")
    model = load(tmp_path / "m.diabolo")
    with pytest.warns(UserWarning, match="the pictures are all gray, where those of fit had colors"):
        model.transform(X[..., :1].repeat(3, 3))
    clear = np.concatenate([red, X[..., :1]], 3)
    with pytest.warns(UserWarning, match="'picture 0' is partly transparent, and the pictures of fit were not"):
        model.transform(clear)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.transform(red)
        mixed = Autoencoder(2, hidden=(), **SMALL).fit(np.concatenate([red, X[:10, ..., :1].repeat(3, 3)]))
        mixed.transform(X[..., :1].repeat(3, 3))
    with pytest.warns(UserWarning, match="40 of the pictures looked at are partly transparent"):
        known = Autoencoder(2, hidden=(), **SMALL).fit(clear)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known.transform(clear)


def test_numbers_of_classes_in_masks_are_told_to_be_nearly_black() -> None:
    masks = (squares(40, c=1) > 60).astype(np.uint8) * 3
    with pytest.warns(UserWarning, match="the pictures reach only 3 of 255, so that all are nearly black"):
        Autoencoder(2, hidden=(), **SMALL).fit(masks)


@pytest.mark.parametrize("bytes_first", [True, False])
def test_floats_from_minus_1_to_1_where_0_was_black_are_told_and_the_other_way_round(bytes_first: bool) -> None:
    X = squares(40)
    seen, centered = X if bytes_first else X / 255, X / 127.5 - 1
    from_black = Autoencoder(2, hidden=(), **SMALL).fit(seen)
    with pytest.warns(UserWarning, match="'picture 0' has floats from -0.53 to .*where the pictures of fit were .*0 was black"):
        from_black.transform(centered)
    from_gray = Autoencoder(2, hidden=(), **SMALL).fit(centered)
    with pytest.warns(UserWarning, match="the pictures have nothing below 0, where those of fit were floats from about -0.5"):
        from_gray.transform(seen / 255 if bytes_first else seen)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = from_gray.inverse_transform(from_gray.transform(centered))
        assert back.min() < 0
        noise = 0.1 * np.random.default_rng(0).normal(size=X.shape)
        from_black.transform(X / 255 + noise)


def test_another_unit_than_that_of_fit(tmp_path: Path) -> None:
    X = squares(8, c=1)
    whole, own = Images().fit(X), Images().fit(X * 1.5)
    with pytest.raises(DataError, match="'picture 0' has floats in a unit of their own, but the pictures of fit were bytes"):
        whole.to_tensor(X.astype(np.float32))
    with pytest.raises(
        DataError, match="has uint8, white is the largest, but the pictures of fit were floats from about 90 to"
    ):
        own.to_tensor(X)
    assert torch.allclose(whole.to_tensor(X), whole.to_tensor(X / 255)), "shares of white are understood"
    assert torch.equal(Images.from_state(*own.state()).to_tensor(X * 1.5), own.to_tensor(X * 1.5))


def test_transparency_is_left_out_and_this_is_said() -> None:
    X = squares(4)
    solid = np.concatenate([X, np.full_like(X[..., :1], 255)], 3)
    Images().fit(solid)
    solid[2:, :3, :3, 3] = 0
    with pytest.warns(UserWarning, match="2 of the pictures looked at are partly transparent, 'picture 2' the first"):
        Images().fit(solid)


def test_one_picture_of_the_fitted_size() -> None:
    color, gray = squares(), squares(c=1)
    in_color, in_gray = (Autoencoder(2, hidden=(), **SMALL).fit(X) for X in (color, gray))
    for ae, X in ((in_color, color), (in_gray, gray)):
        np.testing.assert_allclose(ae.transform(X[0]), ae.transform(X[:1]), atol=1e-6)
    np.testing.assert_allclose(in_gray.transform(gray[:3]), in_gray.transform(gray)[:3], atol=1e-6)
    with pytest.raises(DataError, match="channels first, or three gray ones"):
        in_color.transform(np.moveaxis(color[0], -1, 0))
    with pytest.raises(DataError, match=r"X of shape \(16, 12, 3\) is one picture: give several.*X.reshape\(len\(X\), -1\)"):
        Autoencoder(2, **SMALL).fit(color[0])


def test_a_single_picture_of_another_shape_is_told() -> None:
    r = np.random.default_rng(0)
    format = Images().fit(r.random((6, 8, 8)))
    assert len(format.to_tensor(r.random((12, 9)))) == 1
    with pytest.warns(UserWarning, match=r"X of shape \(3, 65\) is read as one picture and brought to 8 x 8 pixels"):
        format.to_tensor(r.random((3, 65)))


def test_a_stack_is_data(tmp_path: Path) -> None:
    X = squares(12, c=1)
    first, *rest = map(Image.fromarray, X)
    first.save(tmp_path / "s.tif", save_all=True, append_images=rest)
    ae = Autoencoder(2, hidden=(), **SMALL).fit(tmp_path / "s.tif")
    assert ae.transform(tmp_path / "s.tif").shape == (12, 2)
    np.testing.assert_array_equal(ae.transform(tmp_path / "s.tif"), ae.transform(X))


def test_rows_of_pixels_are_not_one_wide_picture() -> None:
    X = np.arange(30 * 12 * 10, dtype=np.uint8).reshape(30, 12, 10)
    format = Images().fit(X)
    with pytest.raises(DataError, match=r"give X.reshape\(-1, 12, 10\)"):
        format.rows(X.reshape(30, -1))
    assert len(format.rows(X[0])) == 1


def test_pictures_of_which_most_is_cut_away_are_told() -> None:
    """In fit, and later; of those that all are alike, nothing is said."""
    X = squares(12)
    format = Images().fit(X)
    wide = np.concatenate([X] * 4, 2)
    assert format.to_array(wide[:, :, :20]).shape == (12, format.width)
    with pytest.warns(
        UserWarning, match=r"12 of 12 pictures looked at lose more than half .* of 16 x 12 pixels: 'picture 0' with"
    ):
        format.to_array(wide)
    with pytest.warns(UserWarning, match=r"4 of 16 pictures looked at lose more than half"):
        Images().fit([*X, *wide[:4]])


def test_pictures_that_are_nearly_black_are_told() -> None:
    """As 12 bits in 16 are, and bytes in 16."""
    X = squares(12)
    with pytest.warns(UserWarning, match=r"16 bits, but reach only 4,0\d\d of 65,535"):
        Images().fit(X.astype(np.uint16) * 16)
    format = Images().fit(X)
    assert len(np.concatenate([*format.arrays(X.astype(np.uint16) * 257)])) == 12
    for dark in (X.astype(np.uint16), X.astype(np.uint16) * 16):
        with pytest.warns(UserWarning, match="nearly black beside those of fit"):
            list(format.tensors(dark))


def test_floats_far_from_those_of_fit_are_told() -> None:
    X = squares(12, c=1).astype(np.float32)
    format = Images().fit(X)
    assert format.own
    assert len(np.concatenate([*format.arrays(X / 2)])) == 12
    for other in (X / 255, X * 255):
        with pytest.warns(UserWarning, match="where those of fit were floats from about 60 to 2.*: is their unit another one"):
            list(format.tensors(other))


def test_what_many_pictures_have_in_common_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "print").mkdir()
    for i, picture in enumerate(squares(150)):
        Image.fromarray(picture).convert("CMYK").save(tmp_path / "print" / f"{i}.jpg")
    with pytest.warns(UserWarning, match="is CMYK: the result will be RGB") as told:
        format = Images().fit(tmp_path / "print")
    with pytest.warns(UserWarning, match="is CMYK: the result will be RGB") as again:
        format.to_tensor(tmp_path / "print")
    assert len(told) == len(again) == 1


def test_colors_that_a_gray_model_does_not_see_are_told() -> None:
    format = Images().fit(squares(c=1))
    format.to_tensor(np.repeat(squares(70, c=1)[..., None], 3, 3))  # grays in three channels
    with pytest.warns(
        UserWarning, match="'picture 0' has colors, and the pictures of fit had none: only brightness is seen"
    ) as told:
        format.to_tensor(squares(150))
    assert len(told) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_in_files_that_nothing_reads_are_told(packed: bool, tmp_path: Path) -> None:
    """The photographs of a telephone were left out without a word."""
    folder = saved(tmp_path / "photos", squares(12))
    (folder / "a.HEIC").write_bytes(b"?")
    (folder / ".b.heic").write_bytes(b"?")
    (folder / "notes.md").write_text("of June")
    path = zipped(tmp_path / "photos.zip", folder) if packed else folder
    with pytest.warns(
        UserWarning, match="photos.*: 1 of its files cannot be read here, such as '(all/)?a.HEIC': .* as .png or .jpg"
    ):
        assert len(ImageCollection(path)) == 12


def tiffs(folder: Path, pictures: list[np.ndarray]) -> Path:
    folder.mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture.astype(np.float32)).save(folder / f"{i:03d}.tif")
    return folder


def test_floats_around_a_far_value_have_a_unit_of_their_own(tmp_path: Path) -> None:
    """1000 to 1001 was learned as if it were 0 to 1, and the model could not be loaded."""
    X = squares(c=1) / 255
    ae, wanted = (
        Autoencoder(4, hidden=(), **SMALL).fit(tiffs(tmp_path / name, list(x))) for name, x in (("far", X + 1000), ("near", X))
    )
    x = ae.format_.to_tensor(tmp_path / "far")
    assert -0.1 < x.min() < x.max() < 1.1
    ae.save(tmp_path / "m.diabolo")
    assert np.array_equal(load(tmp_path / "m.diabolo").transform(tmp_path / "far"), ae.transform(tmp_path / "far"))
    np.testing.assert_allclose(ae.reconstruct(tmp_path / "far") - 1000, wanted.reconstruct(tmp_path / "near"), atol=0.02)


def test_a_dark_picture_among_floats_is_one_of_theirs(tmp_path: Path) -> None:
    """Its largest number says nothing of the unit, neither in fit nor later; a few bright pixels of it stay bright."""
    X, night = squares(c=1) / 255, np.full((64, 48), 1e-3)
    assert not Images().fit(tiffs(tmp_path / "fit", [*X, night])).own
    format = Images().fit(tiffs(tmp_path / "day", list(X)))
    assert format.to_tensor([night.astype(np.float32)]).max() < 2e-3
    stars = np.full((320, 240), 1e-3, np.float32)
    stars[160:168, 120:128] = 1.0  # less than a thousandth of the pixels
    assert Images((16, 12)).fit([*X.astype(np.float32), stars]).to_tensor([stars]).max() > 0.1


def test_bytes_in_16_bits_can_be_loaded(tmp_path: Path) -> None:
    X = squares(c=1).astype(np.uint16)
    with pytest.warns(UserWarning, match="16 bits, but reach only"):
        ae = Autoencoder(2, **SMALL).fit(X)
    ae.save(tmp_path / "m.diabolo")
    assert np.array_equal(load(tmp_path / "m.diabolo").transform(X), ae.transform(X))


def soft(h: int, w: int) -> np.ndarray:
    """A made-up photograph (h, w, 3)."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((w, h), Image.Resampling.BICUBIC)
    return (np.asarray(coarse) + rng.integers(-9, 10, (h, w, 1))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("turned", [1, 6])
def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(turned: int, tmp_path: Path) -> None:
    """And its row is that of all its pixels, to less than a level."""
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.fromarray(soft(360, 480)).save(tmp_path / "a.jpg", quality=90, exif=exif)
    Image.fromarray(soft(60, 90)).save(tmp_path / "b.jpg", quality=90, exif=exif)
    whole = ImageCollection(tmp_path)
    h, w = (48, 40) if turned == 6 else (40, 48)
    part = whole.at_least(h, w)
    assert part[0].pixels.shape == ((120, 90, 3) if turned == 6 else (90, 120, 3))
    assert np.array_equal(part[1].pixels, whole[1].pixels)
    format = Images(size=(h, w)).fit(tmp_path)
    read = format.to_array(tmp_path) - format.to_array([(p.pixels * 255).round().astype(np.uint8) for p in whole])
    assert np.abs(read[0]).mean() < 0.5 / 255
    assert np.abs(read[0]).max() < 5 / 255
    assert not read[1].any()


# ── broken ones ──────────────────────────────────────────────────────────────────────────────────────────────────────


BROKEN = (0, 3, 4, 11, 17, 18, 19)


@pytest.fixture
def some_broken(tmp_path: Path) -> Path:
    """A folder of 20 pictures; one has no header, others have half of their pixels."""
    folder = saved(tmp_path / "photos", squares(20))
    for i in BROKEN:
        file = folder / f"{i:03d}.png"
        file.write_bytes(file.read_bytes()[:20] if i == 4 else file.read_bytes()[:-40])
    return folder


@pytest.mark.parametrize("looked_at", [1000, 2])
@pytest.mark.parametrize("kind", ["folder", "zip", "list"])
@pytest.mark.parametrize("model", [Autoencoder, OutlierDetector, MultiLabelClassifier])
def test_all_broken_pictures_are_named_at_once(
    model: Any, kind: str, looked_at: int, some_broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are looked at first, and those that are read later; none is left out, for the labels would be others'."""
    monkeypatch.setattr("diabolo.formats.images.LOOKED_AT", looked_at)
    X: Any = {
        "folder": some_broken,
        "zip": zipped(some_broken.parent / "photos.zip", some_broken),
        "list": sorted(some_broken.iterdir()),
    }[kind]
    Y = [np.arange(20)[:, None] % 2] * (model is MultiLabelClassifier)
    with pytest.raises(DataError, match=r"^7 of 20 pictures.* cannot be read: .*; and 2 more\. Remove them") as said:
        model(**SMALL).fit(X, *Y)
    for i in range(20):
        assert (f"{i:03d}.png" in str(said.value)) == (i in BROKEN[:5])


@pytest.mark.parametrize(
    "X", [squares(20).astype(np.int64), list(np.moveaxis(squares(20), 3, 1))], ids=["type", "channels first"]
)
def test_what_is_wrong_with_all_pictures_is_said_of_one(X: Any) -> None:
    with pytest.raises(DataError, match=r"^'picture 0' has the (type int64: .*astype|shape .*np.moveaxis)") as said:
        Autoencoder(2, **SMALL).fit(X)
    assert "picture 1" not in str(said.value)
    assert "Remove" not in str(said.value)


def test_pictures_that_cannot_be_encoded_are_named_too(some_broken: Path) -> None:
    ae = Autoencoder(2, hidden=(), **SMALL).fit(squares(20))
    with pytest.raises(
        DataError, match=r"7 of 20 pictures \(in '.*photos'\) cannot be read: '000.png': it is cut off.*'003.png'"
    ):
        ae.transform(some_broken)
    for i in BROKEN[1:]:
        (some_broken / f"{i:03d}.png").unlink()
    with pytest.raises(DataError, match=r"^cannot read '000.png': it is cut off .*photos'\)$"):
        ae.transform(some_broken)
