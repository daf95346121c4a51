"""Restored pictures are scored as the published tables score them, whoever restored them."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from diabolo import estimators
from diabolo.cli import bench
from diabolo.cli import cli as verbs
from diabolo.errors import DataError
from diabolo.images.metrics import ab_error, colorfulness, lightness, luma_y, psnr, recolored
from diabolo.images.protocols import arrays, bicubic, colorization, denoising, gray, noisy, rescore, smaller, super_resolution


def picture(h: int = 36, w: int = 48, seed: int = 0, colors: bool = True) -> np.ndarray:
    """Waves, so that neighbors are alike."""
    y, x = np.mgrid[:h, :w] / 9
    waves = [np.sin(a * y + b * x + c) for a, b, c in np.random.default_rng(seed).normal(size=(3, 3))]
    rgb = np.rint(127.5 + 90 * np.stack(waves, 2)).astype(np.uint8)
    return rgb if colors else rgb[..., 0]


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


# ── measures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [1, 5, 50])
def test_psnr_of_a_known_error(error: int) -> None:
    y = np.full((9, 8, 3), 100, np.uint8)
    assert psnr(y + np.uint8(error), y) == pytest.approx(20 * math.log10(255 / error))
    assert psnr(y - np.uint8(error), y) == psnr(y + np.uint8(error), y)  # bytes do not wrap around
    assert psnr(y, y) == math.inf


def test_psnr_leaves_the_border_out() -> None:
    y = np.zeros((10, 12))
    e = y.copy()
    e[:2], e[-2:], e[:, :2], e[:, -2:] = 9, 9, 9, 9
    assert psnr(e, y, 2) == math.inf
    assert psnr(e, y, 1) < math.inf
    with pytest.raises(DataError, match="nothing is left"):
        psnr(e, y, 5)
    with pytest.raises(DataError, match="cannot be compared"):
        psnr(e, y[:-1])


def test_luma_is_that_of_studio_video() -> None:
    rgb = np.eye(3, dtype=np.uint8)[None] * 255
    assert luma_y(rgb).tolist() == [[81.0, 145.0, 41.0]]
    assert np.array_equal(luma_y(rgb[..., 0]), rgb[..., 0])


def test_colorfulness() -> None:
    assert colorfulness(np.repeat(picture(colors=False)[..., None], 3, 2)) == 0
    half = np.zeros((2, 2, 3), np.uint8)
    half[0] = (255, 0, 0)  # rg: 255 or 0, yb: 127.5 or 0
    assert colorfulness(half) == pytest.approx(1.3 * math.hypot(127.5, 63.75))
    assert colorfulness(picture()) > colorfulness(picture() // 2 + 60) > 0


def test_colors_there_and_back() -> None:
    y = picture()
    lab = lightness(y)
    assert np.array_equal(recolored(lab[..., 0], lab[..., 1:]), y)
    assert ab_error(y, y) == 0
    grays = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(gray(np.repeat(grays[..., None], 3, 2)), grays)
    assert np.abs(lightness(gray(y))[..., 0] - lab[..., 0]).max() < 0.3  # bytes have steps


def test_arrays_are_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.png", picture())
    write(tmp_path / "b.png", picture(colors=False))
    color, plain = arrays(tmp_path)
    assert np.array_equal(color, picture())
    assert np.array_equal(plain, picture(colors=False))


# ── protocols ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_noise_is_the_same_again_and_not_clipped() -> None:
    black = [np.zeros((64, 64), np.uint8), np.zeros((50, 40, 3), np.uint8)]
    first, again = ([seen for seen, _ in noisy(black, 25, seed=3)] for _ in range(2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == np.float32
        assert a.min() < 0
        assert 255 * a.std() == pytest.approx(25, rel=0.05)
    assert not np.array_equal(first[0], next(noisy(black, 25, seed=4))[0])


def test_denoising_scores_what_the_tool_gives_back() -> None:
    pictures = [picture(seed=s, colors=s > 0) for s in range(3)]
    truths = iter(pictures)
    assert denoising(lambda seen: next(truths) / 255, pictures, 50) > 100  # a float is not exactly a byte over 255
    truths = iter(pictures)
    assert denoising(lambda seen: next(truths) / 255 + 0.1, pictures, 50) == pytest.approx(20, abs=0.5)
    white = [np.full((8, 8), 255, np.uint8)]
    assert denoising(lambda seen: 0 * seen + 7, white, 25) == math.inf  # clipped
    with pytest.raises(DataError, match="no pictures"):
        denoising(lambda seen: seen, [], 25)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_super_resolution_crops_and_shaves(scale: int) -> None:
    pictures = [picture(37, 50), picture(41, 30, colors=False)]
    for (seen, y), whole in zip(smaller(pictures, scale), pictures, strict=True):
        assert y.shape[:2] == tuple(scale * n for n in seen.shape[:2])
        assert np.array_equal(y, whole[: y.shape[0], : y.shape[1]])
        assert (seen.dtype, seen.ndim) == (np.uint8, whole.ndim)
    truths = [y for _, y in smaller(pictures, scale)]
    framed = []
    for y in truths:
        e = np.zeros_like(y)
        inside = np.s_[scale:-scale, scale:-scale]
        e[inside] = y[inside]
        framed.append(e)
    results = iter(framed)
    assert super_resolution(lambda seen: next(results), pictures, scale) == math.inf


def test_colorization_of_the_truth_and_of_gray() -> None:
    pictures = [picture(seed=s) for s in range(2)]
    truths = iter(pictures)
    best = colorization(lambda seen: next(truths), pictures, lambda e, y: float(np.abs(e - y).sum()))
    assert best == (math.inf, 0.0, 1.0, 0.0)
    worst = colorization(lambda seen: np.repeat(seen[..., None], 3, 2), pictures)
    assert worst.colorfulness == 0
    assert worst.ab == pytest.approx(np.mean([np.hypot(*np.moveaxis(lightness(y)[..., 1:], -1, 0)).mean() for y in pictures]))
    assert math.isnan(worst.distance)


# ── the published anchors ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("scale", "decibels"), [(2, 33.65), (3, 30.39), (4, 28.42)])
def test_bicubic_anchor_of_set5(scale: int, decibels: float, data_folder: Path) -> None:
    pictures = arrays(data_folder / "images" / "restoration" / "set5-color.zip")
    assert super_resolution(bench.bicubic_tool(scale), pictures, scale) == pytest.approx(decibels, abs=0.02)


def test_noisy_anchor_of_bsd68(data_folder: Path) -> None:
    pictures = arrays(data_folder / "images" / "restoration" / "bsd68-gray.zip")
    values = [psnr(255 * seen, y) for seen, y in noisy(pictures, 25)]
    assert len(values) == 68
    assert np.mean(values) == pytest.approx(20.17, abs=0.03)


def test_small_pictures_of_matlab(data_folder: Path) -> None:
    pairs = data_folder / "images" / "restoration" / "set5-matlab-bicubic-pairs.zip"
    (large,), (small,) = (arrays(pairs / f"x3/img_003_SRF_3_{size}.png") for size in ("HR", "LR"))
    assert np.array_equal(bicubic(large, small.shape[:2]), small)


# ── files of any tool ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("space", ["y", "rgb", "gray"])
def test_rescore_of_the_same_folder(space: str, tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / f"{i}.png", picture(seed=i, colors=i > 0))
    assert rescore(tmp_path, tmp_path, 2, space) == {"0": math.inf, "1": math.inf}


def test_rescore_matches_names_and_tells_the_error(tmp_path: Path) -> None:
    y = np.full((12, 14, 3), 100, np.uint8)
    for name, e in (("b", y + np.uint8(5)), ("a", y + np.uint8(50))):
        write(tmp_path / "clean" / f"{name}.bmp", y)
        write(tmp_path / "theirs" / f"{name}.png", e[:-2, :-1])  # cropped to multiples
    scores = rescore(tmp_path / "clean", tmp_path / "theirs")
    assert list(scores) == ["a", "b"]
    assert scores["a"] == pytest.approx(20 * math.log10(255 / 50))
    assert scores["b"] == pytest.approx(20 * math.log10(255 / 5))
    assert rescore(tmp_path / "clean", tmp_path / "theirs", space="gray") == pytest.approx(scores)
    assert rescore(tmp_path / "clean", tmp_path / "theirs", space="y")["b"] > scores["b"]  # Y spans 219 of 255


def test_rescore_says_what_does_not_fit(tmp_path: Path) -> None:
    clean, theirs = tmp_path / "clean", tmp_path / "theirs"
    for i in range(3):
        write(clean / f"{i}.png", picture(seed=i))
        write(theirs / f"{i + 1}.png", picture(seed=i))
    with pytest.raises(DataError, match=r"theirs' holds no picture named '0'"):
        rescore(clean, theirs)
    write(theirs / "0.png", picture(40, 48))
    with pytest.raises(DataError, match=r"clean' holds no picture named '3'"):
        rescore(clean, theirs)
    (theirs / "3.png").unlink()
    with pytest.raises(DataError, match=r"'0.png' is 48 x 40 pixels, but '0.png' is 48 x 36"):
        rescore(clean, theirs)
    write(theirs / "0.bmp", picture())
    with pytest.raises(DataError, match="have the same name: rename one"):
        rescore(clean, theirs)
    with pytest.raises(ValueError, match="space='lab': allowed are 'y', 'rgb', 'gray'"):
        rescore(clean, clean, space="lab")


# ── the verb ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    """Hardly trained."""
    small = {"widths": (8, 8), "depth": 1, "width": 8, "patch_size": 32, "epochs": 1, "batch_size": 2}
    small |= {"init": None, "validation_fraction": 0.0, "verbose": False, "random_state": 0, "precision": "float32"}
    made = {}
    for task, kind in (("denoise", "Denoiser"), ("upscale", "Upscaler"), ("colorize", "Colorizer")):
        cls = getattr(estimators, kind)
        known = cls().get_params()
        made[task] = cls(**{k: v for k, v in small.items() if k in known}).fit([picture(48, 48, s) for s in range(2)])
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As DIABOLO_DATA is laid out, two small pictures in each zip."""
    root = tmp_path / "images"
    for task, inside in bench.SETS.values():
        path = root / inside
        archive = path if path.suffix == ".zip" else path.parent
        archive.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive, "w") as z:
            for i in range(2):
                file = tmp_path / "one.png"
                write(file, picture(seed=i, colors=task != "denoise"))
                z.write(file, f"{'' if path == archive else path.name + '/'}{i}.png")
    return tmp_path


def run(*args: Any, data: str = "") -> Any:
    return CliRunner().invoke(verbs, ["bench", "restoration", *map(str, args)], env={"DIABOLO_DATA": data})


def test_bench_prints_the_protocol_and_the_tables(
    folder: Path, models: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "restorer", lambda task, path: models[task])
    said = run("--data", folder)
    assert said.exit_code == 0, said.output
    for word in ("clipped", "MATLAB", "BT.601", "seed (0)", *bench.SETS, "noisy", "bicubic", "gray", "published", "VDSR"):
        assert word in said.output, word
    few = run("--few", 1, "--sets", "set5", data=str(folder / "images"))
    assert few.exit_code == 0, few.output
    assert "the first 1 of each set" in few.output
    assert "VDSR" not in few.output
    assert "set14" not in few.output


def test_bench_names_the_files_it_looked_for(folder: Path, tmp_path: Path) -> None:
    (folder / "images" / "restoration" / "set14-color.zip").unlink()
    said = run("--data", folder)
    assert isinstance(said.exception, DataError)
    assert "set14-color.zip" in str(said.exception)
    assert "set5-color.zip" not in str(said.exception)
    said = run()
    assert said.exit_code == 2
    assert "DIABOLO_DATA" in said.output
    said = run("--sets", "set5,set99")
    assert said.exit_code == 2
    assert "set99: allowed are bsd68" in said.output


def test_bench_scores_the_files_of_others_without_data(tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / "clean" / f"{i}.png", picture(seed=i))
        write(tmp_path / "theirs" / f"{i}.png", picture(seed=i) + np.uint8(10))
    said = run("--clean", tmp_path / "clean", "--restored", tmp_path / "theirs", "--shave", 2)
    assert said.exit_code == 0, said.output
    assert f"mean of 2: {20 * math.log10(255 / 10):.2f} dB" in said.output
    assert "2 pixels off each border" in said.output
    said = run("--clean", tmp_path / "clean")
    assert said.exit_code == 2
    assert "belong together" in said.output


def test_published_numbers_are_complete() -> None:
    for name, tools in bench.PUBLISHED.items():
        task = bench.SETS[name][0]
        for values in tools.values():
            assert len(values) == len(bench.LEVELS[task])
            assert list(values) == sorted(values, reverse=True)
