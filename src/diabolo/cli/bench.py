"""diabolo bench: restoration scored by the protocols of the literature, any other tool's files by the same rules; and fonts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .data import never_onto_input
from .images import bar, restorer

if TYPE_CHECKING:
    from ..estimators.restoration.base import Restorer
    from ..estimators.restoration.colorizer import Colorizer
    from ..estimators.restoration.denoiser import Denoiser
    from ..estimators.restoration.upscaler import Upscaler
    from ..images.album import ImageCollection

EPILOG = """\b
Examples:
  diabolo bench restoration --data data/
  diabolo bench restoration --data data/ --sets set5,set14 --upscaler mine.diabolo
  diabolo bench restoration --data data/ --few 5
  diabolo bench restoration --clean originals/ --restored theirs/ --shave 2 --space y
"""

PROTOCOL = """\
denoise    white Gaussian noise on the float picture, neither clipped nor rounded; one seed (0) per set and sigma; the strength
           is unknown; result clipped to 0..255, not rounded; PSNR of each picture over all its channels, then the mean;
           "noisy" is the unchanged input, not clipped
upscale    cropped to multiples of the scale, RGB bytes reduced by MATLAB's bicubic with its rounding; result in bytes;
           PSNR on Y of BT.601 in whole numbers, without `scale` pixels at each border; a gray picture is its own Y
colorize   input: the gray with the same CIE lightness L, in bytes; result in RGB bytes; PSNR over R, G, B; ab: mean distance in
           a, b; colorful: colorfulness (Hasler & Süsstrunk 2003) as a share of that of the originals
published  printed in the repositories of the papers, not measured here; ~ quoted from memory: check it before you repeat
           it; BM3D and DnCNN know the strength of the noise, DnCNN-B does not"""

SETS = {
    "bsd68": ("denoise", "restoration/bsd68-gray.zip"),
    "set12": ("denoise", "restoration/set12-gray.zip"),
    "set5": ("upscale", "restoration/set5-color.zip"),
    "set14": ("upscale", "restoration/set14-color.zip"),
    "b100": ("upscale", "restoration/bsds500-val-b100-color.zip"),
    "photos": ("colorize", "photos/photos256.zip/val"),
}
LEVELS = {"denoise": (15, 25, 50), "upscale": (2, 3, 4), "colorize": (0,)}
ANCHORS = {"denoise": "noisy", "upscale": "bicubic"}
PUBLISHED: dict[str, dict[str, tuple[float, float, float]]] = {
    "bsd68": {"BM3D": (31.07, 28.57, 25.62), "DnCNN": (31.73, 29.23, 26.23), "DnCNN-B": (31.61, 29.16, 26.23)}
    | {"DRUNet": (31.91, 29.48, 26.59)},
    "set12": {"~BM3D": (32.37, 29.97, 26.72), "~DnCNN": (32.86, 30.44, 27.18)},
    "set5": {"~SRCNN": (36.66, 32.75, 30.48), "VDSR": (37.56, 33.67, 31.35), "DnCNN-3": (37.58, 33.75, 31.40)},
    "set14": {"VDSR": (33.02, 29.77, 27.99), "DnCNN-3": (33.03, 29.81, 28.04)},
    "b100": {"VDSR": (31.89, 28.82, 27.28), "DnCNN-3": (31.90, 28.85, 27.29)},
}

Tool = Callable[[Any], Any]
Row = dict[str, Any]


def parse_sets(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    unknown = [name for name in names if name not in SETS]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'}: allowed are {', '.join(SETS)}, separated by commas")
    return names


WEIGHTS = click.Path(exists=True, dir_okay=False, path_type=Path)
PLACE = click.Path(exists=True, path_type=Path)


GROUP = """\b
Examples:
  diabolo bench restoration --data data/
  diabolo bench fonts unseen.zip
"""


@click.group(epilog=GROUP, help="Score models by the protocols of published tables, beside simpler methods.")
def command() -> None:
    pass


@command.command(
    short_help="Restored pictures, and those of any other tool.",
    epilog=EPILOG,
    help="Score the restoration of pictures by the protocols of published tables, beside methods without a network. Or, with "
    "--clean and --restored, score the pictures that any other tool has written.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="DIABOLO_DATA",
    show_envvar=True,
    help="Folder with images/restoration/*.zip and images/photos/photos256.zip.",
)
@click.option(
    "--sets",
    callback=parse_sets,
    default=",".join(SETS),
    show_default=True,
    metavar="NAMES",
    help="The sets, separated by commas.",
)
@click.option("--few", type=click.IntRange(1), help="Only this number of pictures of each set: quick, but not comparable.")
@click.option("--denoiser", type=WEIGHTS, help="Your own denoiser.  [default: the shipped one]")
@click.option("--upscaler", type=WEIGHTS, help="Your own upscaler.  [default: the shipped one]")
@click.option("--colorizer", type=WEIGHTS, help="Your own colorizer.  [default: the shipped one]")
@click.option("--clean", type=PLACE, help="Folder or zip of the original pictures.")
@click.option("--restored", type=PLACE, help="Folder or zip of the restored pictures, with the same names.")
@click.option(
    "--shave", type=click.IntRange(0), default=0, show_default=True, help="Number of pixels to ignore at each border."
)
@click.option(
    "--space",
    type=click.Choice(["y", "rgb", "gray"]),
    default="rgb",
    show_default=True,
    help="Compare Y of BT.601 (as in super-resolution), all channels, or brightness.",
)
def restoration(
    data: Path | None,
    sets: Sequence[str],
    few: int | None,
    denoiser: Path | None,
    upscaler: Path | None,
    colorizer: Path | None,
    clean: Path | None,
    restored: Path | None,
    shave: int,
    space: str,
) -> None:
    if clean or restored:
        if not (clean and restored):
            raise click.UsageError("--clean and --restored belong together: give both")
        score_files(clean, restored, shave, space)
        return
    found = locate_sets(data, sets)
    paths = {"denoise": denoiser, "upscale": upscaler, "colorize": colorizer}
    models = {task: restorer(task, paths[task]) for task in dict.fromkeys(SETS[name][0] for name in sets)}
    click.echo(PROTOCOL)
    for task, model in models.items():
        rows = score_models(task, model, {name: found[name] for name in sets if SETS[name][0] == task}, few)
        title = f"{task}, decibels" if task in ANCHORS else task
        if few:  # published scores are those of whole sets
            title = f"{title}; the first {few} of each set"
            rows = [{k: v for k, v in line.items() if k != "published"} for line in rows]
        show(title, rows)


def locate_sets(data: Path | None, sets: Sequence[str]) -> dict[str, Path]:
    """Name of a set -> its zip, or the folder in it."""
    if data is None:
        raise click.UsageError("give the folder of the sets with --data FOLDER (or DIABOLO_DATA); --help says what it holds")
    root = data / "images" if (data / "images").is_dir() else data
    places = {name: root / SETS[name][1] for name in sets}
    files = {name: path if path.suffix == ".zip" else path.parent for name, path in places.items()}
    absent = [f"{str(file)!r} ({name})" for name, file in files.items() if not file.exists()]
    if absent:
        raise DataError(f"there is no {', no '.join(absent)}: see --data, or choose other sets with --sets")
    return places


# ── fonts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

FONTS = """\b
Examples:
  diabolo bench fonts unseen.zip
  diabolo bench fonts ~/fonts --model mine.diabolo --json fonts.json
"""


@command.command(
    short_help="A map of fonts, on fonts that it has not seen.",
    epilog=FONTS,
    help="How near the map of fonts comes to those of SOURCE, a folder or a zip: the best place for each, beside PCA with 2 "
    "components and the nearest of the fonts that were learned. Squared errors are those of 26 letters at 32 x 32 pixels.",
)
@click.argument("source", type=PLACE)
@click.option("--model", type=WEIGHTS, help="A map of your own.  [default: the shipped one]")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers here, too.")
@click.option("--capitals", is_flag=True, help="Compare A to Z instead of a to z.")
@click.option("--coarse", is_flag=True, help="Without L1, SSIM and IoU at 256 x 256, which take most of the time.")
def fonts(source: Path, model: Path | None, path: Path | None, capitals: bool, coarse: bool) -> None:
    import json

    from .. import fonts
    from ..errors import DataError, warn
    from ..fonts.bench import learned, measured, summary
    from ..fonts.glyphs import CAPITALS, SMALL
    from ..progress import progress
    from ..storage import atomic

    if path:
        never_onto_input(path, source, *([model] if model else []), option="--json")
    manifold = fonts.load(model) if model else fonts.shipped()
    wanted = CAPITALS if capitals else SMALL
    if (letters := learned(manifold, wanted)) != wanted:
        warn(f"the map has not learned all of {wanted[0]} to {wanted[-1]}: fonts are compared by {letters!r}")
    rows: list[Any] = []
    left_out: list[Any] = []
    with progress("Fonts") as at:
        for row in measured(manifold, source, letters, left_out.append, not coarse):
            rows.append(row)
            at(len(rows), row["face"])
    for out in left_out:
        click.echo(f"left out {out.name}: {out.reason}", err=True)
    if not rows:
        raise DataError(f"no font in {str(source)!r} can be compared")
    seen = [row["face"] for row in rows if row["learned"]]
    if seen:
        warn(f"{len(seen):,} of {len(rows):,} fonts are not unseen: their families were learned, such as {seen[0]}")
    found = summary(rows)
    show(f"{len(rows):,} fonts", [{"": name} | of_method(found, name) for name in ("manifold", "pca2", "nearest")])
    for name in ("pca2", "nearest"):
        click.echo(f"manifold: {beside(found['manifold'], found[name])} {name}")
    click.echo(f"advance widths: {found['advance']:.1f}/1000 em off on average")
    if path:
        with atomic(path) as file:
            file.write(json.dumps(found | {"rows": rows}, indent=1).encode())


def beside(ours: float, other: float) -> str:
    """
    >>> beside(0.03, 0.04), beside(0.05, 0.04), beside(0.01, 0.0)
    ('25.0% below', '25.0% above', 'more than ten times above')
    """
    if ours > 10 * other:
        return "more than ten times above"
    share = 1 - ours / other if other else 0.0
    return f"{abs(share):.1%} {'below' if share >= 0 else 'above'}"


def of_method(found: dict[str, float], name: str) -> dict[str, str]:
    """Its columns of the table."""
    from ..fonts.bench import MEASURES

    return {key: f"{found[name + ending]:.4f}" for key, ending in MEASURES.items() if name + ending in found}


# ── our models as tools ──────────────────────────────────────────────────────────────────────────────────────────────


def denoising_tool(model: Denoiser) -> Tool:
    """Noisy floats, in [0, 1] except for the noise -> floats; the model estimates the strength of the noise."""
    from ..estimators.restoration.pixels import pixels, tensor

    def restore(seen: Any) -> Any:
        gray = seen.ndim == 2
        clean = pixels(model._clean(tensor(seen[..., None] if gray else seen)))
        return clean[..., 0] if gray else clean

    return restore


def upscaling_tool(model: Upscaler, scale: int) -> Tool:
    return lambda seen: model.transform([seen], scale=scale)[0]


def coloring_tool(model: Colorizer) -> Tool:
    return lambda seen: model.transform([seen])[0]


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def score_models(task: str, model: Restorer, places: dict[str, Path], few: int | None) -> list[Row]:
    """The rows of the table of one task."""
    from ..images.album import ImageCollection

    albums = {name: ImageCollection(path)[:few] for name, path in places.items()}
    total = sum(map(len, albums.values())) * len(LEVELS[task])
    with bar(task, total, quiet=False) as advance:
        return [row for name, album in albums.items() for row in ROWS[task](name, album, model, advance)]


def with_progress(tool: Tool, advance: Callable[[], None]) -> Tool:
    def run(seen: Any) -> Any:
        advance()
        return tool(seen)

    return run


def denoised(name: str, album: ImageCollection, model: Denoiser, advance: Callable[[], None]) -> Iterator[Row]:
    import numpy as np

    from ..images.metrics import psnr
    from ..images.protocols import arrays, denoising, noisy

    pictures, tool = list(arrays(album)), with_progress(denoising_tool(model), advance)
    for sigma in LEVELS["denoise"]:
        anchor = float(np.mean([psnr(255 * seen, y) for seen, y in noisy(pictures, sigma)]))
        yield row(name, len(pictures), "sigma", sigma, anchor, denoising(tool, pictures, sigma))


def enlarged(name: str, album: ImageCollection, model: Upscaler, advance: Callable[[], None]) -> Iterator[Row]:
    from ..images.protocols import arrays, super_resolution

    pictures = list(arrays(album))
    for scale in LEVELS["upscale"]:
        tool = with_progress(upscaling_tool(model, scale), advance)
        anchor = super_resolution(bicubic_tool(scale), pictures, scale)
        yield row(name, len(pictures), "scale", scale, anchor, super_resolution(tool, pictures, scale))


def bicubic_tool(scale: int) -> Tool:
    """The methods that need no network."""
    from ..images.protocols import bicubic

    return lambda seen: bicubic(seen, (scale * seen.shape[0], scale * seen.shape[1]))


def row(name: str, count: int, kind: str, level: int, anchor: float, ours: float) -> Row:
    start = {"set": name, "pictures": count, kind: level, ANCHORS[SETS[name][0]]: anchor, "diabolo": ours}
    return start | {"published": published(name, level)}


def published(name: str, level: int) -> str:
    """For example: VDSR 37.56, DnCNN-3 37.58.

    >>> published("b100", 4)
    'VDSR 27.28, DnCNN-3 27.29'
    """
    column = LEVELS[SETS[name][0]].index(level)
    return ", ".join(f"{tool} {values[column]:.2f}" for tool, values in PUBLISHED.get(name, {}).items())


def colored(name: str, album: ImageCollection, model: Colorizer, advance: Callable[[], None]) -> Iterator[Row]:
    from ..images.protocols import arrays, colorization

    pictures = list(arrays(album))
    for tool, color in (("gray", uncolored), ("diabolo", with_progress(coloring_tool(model), advance))):
        scores = colorization(color, pictures)
        yield {"set": name, "pictures": len(pictures), "tool": tool, "PSNR": scores.psnr, "ab": scores.ab} | {
            "colorful": scores.colorfulness
        }


def uncolored(seen: Any) -> Any:
    """Gray stays gray."""
    import numpy as np

    return np.repeat(seen[..., None], 3, 2)


ROWS: dict[str, Callable[..., Iterator[Row]]] = {"denoise": denoised, "upscale": enlarged, "colorize": colored}


def score_files(clean: Path, restored: Path, shave: int, space: str) -> None:
    """Print the PSNR of each picture, and the mean."""
    import numpy as np

    from ..images.protocols import rescore

    scores = rescore(clean, restored, shave, space)
    what = {"y": "Y of BT.601, whole numbers", "rgb": "R, G, B together", "gray": "brightness"}[space]
    show("", [{"picture": name, "PSNR": value} for name, value in scores.items()])
    click.echo(f"mean of {len(scores):,}: {np.mean(list(scores.values())):.2f} dB ({what}; {shave} pixels off each border)")


def show(title: str, rows: list[Row]) -> None:
    from rich.table import Table

    from .printing import console

    table = Table(title=title or None, title_justify="left")
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right")
    for line in rows:
        table.add_row(*[f"{v:.2f}" if isinstance(v, float) else str(v) for v in line.values()])
    console.print(table)
