"""How fast the explorer's map moves, in a headless Chromium without a GPU.

A map of made-up rows, 800 x 800 pixels. *Panning*: the view moves by a few pixels each frame; frames a second of the median
frame and of the slowest in twenty, without the browser's own limit of 60. *Zooming*: the same with a factor each frame. *Full*:
milliseconds from the last move of a zoom until the picture is drawn in full and on the screen; the map waits 70 of them for
another move. *CPU*: milliseconds of all processes of the browser for a frame of panning; on a busy machine it says more than
frames a second.

    python benchmarks/explorer_latency.py [--points 100000 1000000] [--ratios 1 2] [--frames 240]
"""

from __future__ import annotations

import mimetypes
import shutil
import sys
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


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--points", nargs="+", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    p.add_argument("--ratios", nargs="+", type=int, default=[1, 2], help="device pixels a CSS pixel")
    p.add_argument("--frames", type=int, default=240)
    args = p.parse_args()
    points, ratios, frames = ([500], [1], 12) if args.tiny else (args.points, args.ratios, args.frames)
    with chromium() as browser:
        rows = [row(browser, n, ratio, frames) for n in points for ratio in ratios]
    told = {
        f"bar: {n:,} points": "holds" if r["panning, frames/s"] >= BARS[n] and r["full, ms"] <= FULL else "MISSED"
        for r in rows
        if (n := r["points"]) in BARS and r["pixel ratio"] == 1
    }
    common.show("the map of the explorer, Chromium without a GPU", rows, args.json, **told)


if __name__ == "__main__":
    main()
