"""diabolo fonts: a map on which every place is a font."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ..errors import warn
from .data import check_page, never_onto_input

EPILOG = """\b
Examples:
  diabolo fonts                                             (opens the browser; Ctrl-C ends it)
  diabolo fonts --text "Hello World" --face "Cabin Bold"
  diabolo fonts --export fonts.html                         (one file that opens from disk)
  diabolo fonts --at 0.8,1.0 --ttf mine.ttf --family "My Font"
  diabolo fonts --at 0.8,1.0 --svg word.svg --text Hello
  diabolo fonts --fit ~/fonts -o mine.diabolo
  diabolo fonts --fit system -o mine.diabolo
  diabolo fonts --letters a                                 (a map of one letter alone)
  diabolo fonts --model mine.diabolo
"""


PAGE = "the page in the browser"


def pair(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, float] | None:
    if value is None:
        return None
    try:
        x, y = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: give two numbers with a comma between them, such as 0.5,-1.2") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise click.BadParameter(f"{value!r}: give two finite numbers, such as 0.5,-1.2")
    return x, y


def word(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter(f"{value!r}: there is nothing to write; give one letter or more")
    return value


def once(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Each letter once, without spaces."""
    if value is None:
        return None
    letters = "".join(dict.fromkeys(value.replace(" ", "")))
    if not letters or not letters.isprintable():
        raise click.BadParameter(f"{value!r}: give one letter or more, such as a")
    return letters


@click.command(
    epilog=EPILOG,
    help="Drag a circle over a map of fonts: the letters follow. The map that comes with the package was learned from "
    "fonts with open licenses; --fit learns one from your own. The font of a place can be saved: --ttf.",
)
@click.option("--text", callback=word, help="The word to write; --ttf has all letters.  [default: Hamburgefonts]")
@click.option(
    "--letter",
    "--letters",
    "letters",
    callback=once,
    help="A map of these letters alone, such as a; with --fit, learn no others.",
)
@click.option("--at", "place", metavar="X,Y", callback=pair, help="A place of the map.")
@click.option("--face", help="The place of this face that was learned, such as 'Cabin Bold'.")
@click.option(
    "--model",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A map of your own.  [default: the shipped one]",
)
@click.option("--ttf", type=click.Path(path_type=Path), help="Write the font at the place to this file.")
@click.option("--family", default="Diabolo", show_default=True, help="The name of the font in --ttf.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write the word at the place as a picture of outlines.")
@click.option(
    "--fit",
    "source",
    metavar="SOURCE",
    help="Learn from a folder, a zip, a font file, or 'system': the fonts of this computer.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file of what --fit learns.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of --fit.")
@click.option("--export", type=click.Path(path_type=Path), help="Write the page as one HTML file, which needs no network.")
@click.option("--title", default="Fonts", show_default=True, help="Title of the page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which the page is served.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of it.  [default: the first free one from 8000]")
@click.option("--no-browser", is_flag=True, help="Do not open a browser: only print the address.")
def command(
    text: str | None,
    letters: str | None,
    place: tuple[float, float] | None,
    face: str | None,
    path: Path | None,
    ttf: Path | None,
    family: str,
    svg: Path | None,
    source: str | None,
    output: Path | None,
    seed: int,
    export: Path | None,
    title: str,
    host: str,
    port: int | None,
    no_browser: bool,
) -> None:
    check(source, output, place, face, ttf, svg, export)
    if source is not None:
        learn(source, output, letters, seed)
        return
    from .. import fonts

    for target in (ttf, svg, export):
        if target is not None:
            option = "--ttf" if target is ttf else "--svg" if target is svg else "--export"
            never_onto_input(target, *([path] if path else []), option=option)
    if export is not None:
        check_page(export, "--export")
    manifold = fonts.load(path) if path else fonts.shipped()
    if letters is not None:
        manifold = fonts.alone(manifold, letters, progress=True)
    where = manifold.where(face) if face is not None else place
    if ttf or svg:
        saved(manifold, where, text, ttf, svg, family)
        return
    show(manifold, text, where, title, export, host, port, no_browser)


def check(
    source: str | None,
    output: Path | None,
    place: tuple[float, float] | None,
    face: str | None,
    ttf: Path | None,
    svg: Path | None,
    export: Path | None,
) -> None:
    """Raise a UsageError for options that do not go together."""
    others = {"--at": place, "--face": face, "--ttf": ttf, "--svg": svg, "--export": export}
    given = [name for name, value in others.items() if value is not None]
    if (source is None) != (output is None):
        raise click.UsageError("--fit and -o belong together: what to learn from, and the file to write")
    if source is not None and given:
        raise click.UsageError(f"{given[0]} does not go with --fit: learn first, then give the file with --model")
    if place is not None and face is not None:
        raise click.UsageError("--at and --face are both places: give one of them")
    if (ttf or svg) and place is None and face is None:
        raise click.UsageError("--ttf and --svg need a place: give --at X,Y or --face NAME")
    if ttf and svg and ttf.resolve() == svg.resolve():
        raise click.UsageError("--ttf and --svg name the same file: give each its own")
    if (ttf or svg) and export:
        raise click.UsageError("--export does not go with --ttf and --svg: run it by itself")
    idle({"--fit": source, "--ttf": ttf, "--svg": svg, "--export": export})


USED = {  # what an option is used with
    "text": ("--svg", "--export", PAGE),
    "path": ("--ttf", "--svg", "--export", PAGE),
    "family": ("--ttf",),
    "seed": ("--fit",),
    "title": ("--export", PAGE),
    "no_browser": (PAGE,),
    "host": (PAGE,),
    "port": (PAGE,),
}


def idle(targets: dict[str, object]) -> None:
    """Raise a UsageError for an option that is given and does nothing."""
    doing = [name for name, value in targets.items() if value] or [PAGE]
    ctx = click.get_current_context()
    for name, use in USED.items():
        if not {*use} & {*doing} and ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            spelled = {"path": "model", "no_browser": "no-browser"}.get(name, name)
            raise click.UsageError(f"--{spelled} does nothing with {' and '.join(doing)}: leave it out")


def learn(source: str, output: Path | None, letters: str | None, seed: int) -> None:
    from .. import fonts
    from ..progress import progress
    from ..storage import check_writable

    assert output is not None
    if source != "system":
        never_onto_input(output, Path(source))
    check_writable(output)
    with progress("Fonts") as at:
        faces = fonts.collected(source, letters or fonts.LETTERS, say=lambda words: at(0, words))
    for out in faces.left_out:
        click.echo(f"left out {out.name}: {out.reason}", err=True)
    some, families = counted(len(faces), "face"), counted(len({face.family for face in faces.faces}), "family", "families")
    click.echo(f"{some} of {families}, {len(faces.left_out):,} left out")
    about = f"learned from {some} of {'this computer' if source == 'system' else Path(source).name}"
    fonts.fit(faces, seed=seed, about=about, progress=True).save(output)
    click.echo(f"wrote {output}")


def counted(n: int, one: str, more: str = "") -> str:
    """
    >>> counted(1, "face"), counted(2000, "face")
    ('1 face', '2,000 faces')
    """
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def usual(manifold: Any) -> str:
    """What is written if nothing else is asked for."""
    from ..fonts import TEXT

    return TEXT if set(TEXT) <= set(manifold.letters) else manifold.letters[: len(TEXT)]


def saved(manifold: Any, place: Any, text: str | None, ttf: Path | None, svg: Path | None, family: str) -> None:
    from ..fonts import truetype
    from ..fonts.outlines import outlines
    from ..progress import progress
    from ..storage import atomic

    shown = text or usual(manifold)
    if svg:
        manifold.index(shown)  # names the letters that are not there
    glyphs = manifold.at(place, None if ttf else shown)
    warn_outside(manifold, place)
    warn_incomplete(manifold, place, None if ttf else shown)
    if ttf and family.strip().casefold() in {name.casefold() for face in manifold.faces for name in face[:2]}:
        warn(f"--family {family!r} is the name of a font that was learned, which its license may reserve: choose another name")
    drawn = {}
    with progress("Fonts", len(glyphs.letters)) as at:
        for i, c in enumerate(glyphs.letters):
            drawn[c] = outlines(glyphs.fields[i], glyphs.box(i))
            at(i + 1, f"outlines of {i + 1} of {counted(len(glyphs.letters), 'letter')}")
    advances = {c: float(a) for c, a in zip(glyphs.letters, glyphs.advances, strict=True)}
    if ttf:
        truetype.write(ttf, drawn, advances, family, manifold.about)
        click.echo(f"wrote {ttf}")
    if svg:
        with atomic(svg) as file:
            file.write(truetype.word(shown, drawn, advances).encode())
        click.echo(f"wrote {svg}")


def warn_outside(manifold: Any, place: tuple[float, float]) -> None:
    """Beyond all learned fonts there are letters too, but of nothing that was learned."""
    low, high = manifold.places.min(0), manifold.places.max(0)
    if any(not a <= v <= b for a, v, b in zip(low, place, high, strict=True)):
        box = " and ".join(f"{name} from {a:.2g} to {b:.2g}" for name, a, b in zip("xy", low, high, strict=True))
        warn(f"the place {place[0]:g},{place[1]:g} is outside of the map, which has fonts for {box}: its letters are guesses")


def warn_incomplete(manifold: Any, place: tuple[float, float], text: str | None) -> None:
    """Between faces that differ much, a letter may come apart."""
    from ..fonts import incomplete

    if odd := incomplete(manifold, place, text):
        remedy = f"look at the file, or go nearer to a font that was learned: --face {manifold.nearest(place)!r} is there"
        warn(f"{' '.join(odd)}: {'looks' if len(odd) == 1 else 'look'} incomplete at {place[0]:g},{place[1]:g}; {remedy}")


def show(
    manifold: Any, text: str | None, place: Any, title: str, export: Path | None, host: str, port: int | None, no_browser: bool
) -> None:
    from ..explorer import html, server
    from ..explorer.fonts import payload
    from ..storage import atomic

    if place is not None:
        manifold.at(place, manifold.letters[0])  # or says that it is too far away
        warn_outside(manifold, place)
    absent = [c for c in dict.fromkeys(text or "") if c.strip() and c not in manifold.letters]
    if absent:
        warn(f"{' '.join(absent)}: not among the letters of this map; the page draws a box for each")
    made = html(payload(manifold, text or usual(manifold), title, place))
    if export is None:
        server.serve(lambda: made, host=host, port=port, open=not no_browser, what="The map of fonts")
        return
    with atomic(export) as file:
        file.write(made)
    click.echo(f"wrote {export}")
