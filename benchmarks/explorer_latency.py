"""How fast the explorer's map moves, in a headless Chromium without a GPU.

A map of made-up rows, 800 x 800 pixels. *Panning*: the view moves by a few pixels each frame; frames a second of the median
frame and of the slowest in twenty, without the browser's own limit of 60. *Zooming*: the same with a factor each frame. *Full*:
milliseconds from the last move of a zoom until the picture is drawn in full and on the screen; the map waits 70 of them for
another move. *CPU*: milliseconds of all processes of the browser for a frame of panning; on a busy machine it says more than
frames a second.

And the page of fonts, as `diabolo fonts --text Hamburgefont --export` writes it, opened from disk. *Ready*: seconds from the
request until it can be used, the median of the openings. *Frame*: the circle is dragged around the middle of the map; the
milliseconds of each `diabolo:frame`, which is the decoding of the twelve letters and all that the page shows for them.

    python benchmarks/explorer_latency.py [--points 100000 1000000] [--ratios 1 2] [--frames 240]
"""

from __future__ import annotations

import mimetypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

import common

ROOT = Path(__file__).resolve().parent.parent
PLACES = (ROOT / "src" / "diabolo" / "explorer" / "web", ROOT / "tests" / "pages")
FREE = ["--no-sandbox", "--disable-gpu", "--disable-frame-rate-limit", "--disable-gpu-vsync"]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:"
BARS = {100_000: 60, 1_000_000: 30}  # points: frames a second
FULL = 150  # milliseconds
WORD = "Hamburgefont"  # twelve letters
FRAME, READY, SIZE = 8, 1.5, 8  # milliseconds, seconds, MB

MOVES = """([how, frames]) => new Promise((done) => {
  const times = [];
  let last = 0;
  const next = (now) => {
    if (last) times.push(now - last);
    last = now;
    if (times.length === frames) return done(times);
    const turn = times.length / 20;
    if (how === "pan") map.pan(9 * Math.cos(turn), 7 * Math.sin(turn));
    else map.zoom(Math.sin(turn) > 0 ? 1.02 : 1 / 1.02, 300, 500);
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""
SETTLES = """() => new Promise((done) => {
  const start = performance.now();
  map.zoom(1.01);
  const next = () => (map.still ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(next));
  next();
})"""
SAYS_READY = """new MutationObserver(() => {
  if (document.documentElement?.dataset.ready) window.readyAt ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] })"""
FRAMES = "performance.getEntriesByName('diabolo:frame').map((frame) => frame.duration)"


@contextmanager
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("this benchmark needs the package playwright")
    if not (path := shutil.which("chromium")):
        sys.exit("this benchmark needs the program chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FREE)
        yield browser
        browser.close()


def served(route: Any) -> None:
    """The files of the map and its test page, from an address that leads nowhere."""
    name = urlsplit(route.request.url).path[1:] or "map.html"
    name = "map.page.js" if name == "page.js" else name
    files = [folder / name for folder in PLACES if (folder / name).exists()]
    if not files:
        return route.fulfill(status=404)
    kind = mimetypes.guess_type(name)[0]
    return route.fulfill(body=files[0].read_bytes(), content_type=kind, headers={"Content-Security-Policy": POLICY})


def spent(browser: Any) -> float:
    """Seconds of CPU of all processes of the browser."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in found)


def row(browser: Any, n: int, ratio: int, frames: int) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 840, "height": 900}, device_scale_factor=ratio)
    page.route("**/*", served)
    page.goto(f"http://map.test/?n={n}")
    page.wait_for_function("document.documentElement.dataset.ready")
    page.evaluate(MOVES, ["pan", frames // 4])  # warm: the browser compiles what runs often
    page.evaluate(MOVES, ["zoom", frames // 4])
    page.evaluate(SETTLES)
    before = spent(browser)
    pans = np.array(page.evaluate(MOVES, ["pan", frames]))
    cpu = 1000 * (spent(browser) - before) / frames
    zooms = np.array(page.evaluate(MOVES, ["zoom", frames]))
    full = [page.evaluate(SETTLES) for _ in range(5)]
    page.close()
    return {
        "points": n,
        "pixel ratio": ratio,
        "panning, frames/s": float(1000 / np.median(pans)),
        "slowest 5 %": float(1000 / np.percentile(pans, 95)),
        "zooming, frames/s": float(1000 / np.median(zooms)),
        "full, ms": float(np.median(full)),
        "CPU, ms a frame": float(cpu),
    }


def exported(folder: Path) -> Path:
    path = folder / "fonts.html"
    subprocess.run([sys.executable, "-m", "diabolo", "fonts", "--text", WORD, "--export", str(path)], check=True)
    return path


def opened(browser: Any, path: Path) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(SAYS_READY)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")  # its policy forbids a function here
    return page


def dragged(page: Any, frames: int) -> np.ndarray:
    """Milliseconds of each frame while the circle goes around, a turn and a quarter of it for nothing: the browser compiles."""
    box = page.get_by_role("slider", name="Place").bounding_box()
    seen = page.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    u, v = seen["x"] + seen["width"] / 2, seen["y"] + seen["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(frames + frames // 4):
        if i == frames // 4:
            page.evaluate("performance.clearMeasures('diabolo:frame')")
        turn = i / frames * 4 * np.pi
        page.mouse.move(u + seen["width"] / 4 * np.cos(turn), v + seen["height"] / 4 * np.sin(turn))
    page.mouse.up()
    return np.array(page.evaluate(FRAMES))


def drag(browser: Any, frames: int, openings: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = exported(Path(folder))
        pages = [opened(browser, path) for _ in range(openings)]
        ready = float(np.median([page.evaluate("window.readyAt") for page in pages])) / 1000
        times, size = dragged(pages[-1], frames), path.stat().st_size / 1e6
        for page in pages:
            page.close()
    median, slow = np.percentile(times, [50, 95])
    met = slow <= FRAME and ready <= READY and size <= SIZE
    return {
        "frames of the drag": len(times),
        "frame, ms": float(median),
        "frame of the slowest 5 %, ms": float(slow),
        "ready, s": ready,
        "page, MB": size,
        "bar: fonts": "holds" if met else "MISSED",
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--points", nargs="+", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    p.add_argument("--ratios", nargs="+", type=int, default=[1, 2], help="device pixels a CSS pixel")
    p.add_argument("--frames", type=int, default=240)
    p.add_argument("--openings", type=int, default=5, help="of the page of fonts")
    args = p.parse_args()
    points, ratios, frames = ([500], [1], 12) if args.tiny else (args.points, args.ratios, args.frames)
    with chromium() as browser:
        rows = [row(browser, n, ratio, frames) for n in points for ratio in ratios]
        fonts = drag(browser, frames, 1 if args.tiny else args.openings)
    told = {
        f"bar: {n:,} points": "holds" if r["panning, frames/s"] >= BARS[n] and r["full, ms"] <= FULL else "MISSED"
        for r in rows
        if (n := r["points"]) in BARS and r["pixel ratio"] == 1
    }
    common.show("the map of the explorer, Chromium without a GPU", rows, args.json, **told, **fonts)


if __name__ == "__main__":
    main()
