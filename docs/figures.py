"""Draw the pictures of README.md and of this folder: one command each time their look changes.

    python docs/figures.py            explorer.png, explorer.webp, fonts.png, report.png and restored.jpg
    DIABOLO_DATA=... python examples/documents.py --output docs       documents.svg

explorer.png  the page of examples/explorer.py after a drag of its circle; needs Chromium, too
explorer.webp the same drag as a moving picture
fonts.png     five frames of a drag over the map of `diabolo fonts`, and the word in each; needs Chromium, too
report.png    the top and the map of `diabolo demo`; needs Chromium, its path in CHROMIUM, and the package playwright
restored.jpg  scikit-learn's two photographs with noise, made small and made gray; beside each, what the shipped models give
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

from diabolo import Colorizer, Denoiser, Upscaler

DOCS = Path(__file__).resolve().parent
SIDE, GAP, LINE, EDGE = 192, 8, 24, 24  # pixels: of a picture, between two, of the words above, around the report

COLORED = np.s_[40:424, 120:504]  # of the temple


def main() -> None:
    restored().save(DOCS / "restored.jpg", quality=88, optimize=True)
    report().quantize(96, dither=Image.Dither.NONE).save(DOCS / "report.png", optimize=True)
    rest, *moving = explorer()
    rest.quantize(160, dither=Image.Dither.NONE).save(DOCS / "explorer.png", optimize=True)
    moving[0].save(DOCS / "explorer.webp", save_all=True, append_images=moving[1:], duration=90, loop=0, quality=55, method=6)
    fonts().quantize(128, dither=Image.Dither.NONE).save(DOCS / "fonts.png", optimize=True)
    for name in ("restored.jpg", "report.png", "explorer.png", "explorer.webp", "fonts.png"):
        print(f"{DOCS / name}: {(DOCS / name).stat().st_size / 1000:.0f} kB")


def restored() -> Image.Image:
    """Three pairs: noise with a standard deviation of 50 of 255, a third of the size, no colors."""
    temple, flower = load_sample_images().images
    detail, petals = temple[170:362, 180:372], flower[110:302, 190:382]
    noisy = (detail + np.random.default_rng(0).normal(0, 50, detail.shape)).round().clip(0, 255).astype(np.uint8)
    small = np.asarray(Image.fromarray(petals).resize((SIDE // 3, SIDE // 3), Image.Resampling.BICUBIC))
    gray = np.asarray(Image.fromarray(temple).convert("L"))
    colors = Colorizer.pretrained().transform([gray])[0]
    pairs = {
        "noise": (noisy, Denoiser.pretrained().transform([noisy])[0]),
        "a third of the size": (np.repeat(np.repeat(small, 3, 0), 3, 1), Upscaler.pretrained().transform([small], scale=3)[0]),
        "no colors": (gray[COLORED], colors[COLORED]),
    }
    return strip(pairs, ("denoise", "upscale -x 3", "colorize"))


def strip(pairs: dict[str, tuple[np.ndarray, np.ndarray]], verbs: tuple[str, ...]) -> Image.Image:
    """The pairs in a row, each with its words above."""
    sheet = Image.new("RGB", (6 * SIDE + 5 * GAP + 2 * GAP, SIDE + LINE), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    x = 0
    for (name, pictures), verb in zip(pairs.items(), verbs, strict=True):
        for words, picture in zip((name, f"diabolo {verb}"), pictures, strict=True):
            draw.text((x, 2), words, fill="#24292f", font=font)
            sheet.paste(Image.fromarray(picture).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, LINE))
            x += SIDE + GAP
        x += GAP
    return sheet


WALK = ((-150, 40), (-60, -70), (90, -30), (150, 60), (0, 0))  # of the circle, in pixels from where it begins


def explorer() -> list[Image.Image]:
    """The map of the wines, and the circle after a drag; then all frames of a longer one, small."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([sys.executable, DOCS.parent / "examples" / "explorer.py", "--output", folder], check=True)
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme="light")
        page.goto((Path(folder) / "wines.html").as_uri() + "#color=")
        page.wait_for_selector("html[data-ready=true]")
        box = page.locator(".map-handle").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        frames, at = [], (0.0, 0.0)
        for to in WALK:
            for step in np.linspace(0, 1, 9)[1:]:
                page.mouse.move(x + at[0] + (to[0] - at[0]) * step, y + at[1] + (to[1] - at[1]) * step)
                page.wait_for_timeout(250)
                frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
            at = to
    small = [frame.resize((frame.width * 5 // 8, frame.height * 5 // 8), Image.Resampling.LANCZOS) for frame in frames]
    return [frames[7], *small]


PATH = ((0.376, 0.677), (0.45, 0.93), (0.51, 0.56), (0.646, 0.346), (0.85, 0.5))  # of the circle


def fonts() -> Image.Image:
    """Five frames of a drag: the map, and the word below."""
    from playwright.sync_api import sync_playwright

    frames = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "fonts.html"
        subprocess.run([sys.executable, "-m", "diabolo", "fonts", "--export", file], check=True, stdout=subprocess.DEVNULL)
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 880, "height": 1000}, color_scheme="light")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=true]")
        handle, stage = (page.locator(css).bounding_box() for css in (".map-handle", ".map-stage"))
        assert handle is not None
        assert stage is not None
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        for x, y in PATH:
            page.mouse.move(stage["x"] + x * stage["width"], stage["y"] + y * stage["height"], steps=12)
            page.wait_for_timeout(300)
            parts = [page.locator(css).screenshot() for css in (".map-stage", ".font .words")]
            frames.append([Image.open(io.BytesIO(part)).convert("RGB") for part in parts])
    sheet = Image.new("RGB", (len(frames) * (SIDE + GAP) - GAP, SIDE + GAP + SIDE // 3), "white")
    for i, (ground, word) in enumerate(frames):
        sheet.paste(ground.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (i * (SIDE + GAP), 0))
        word.thumbnail((SIDE, SIDE // 3), Image.Resampling.LANCZOS)
        sheet.paste(word, (i * (SIDE + GAP), SIDE + GAP))
    return sheet


def report() -> Image.Image:
    """The head of the demo's report, and its map."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([sys.executable, "-m", "diabolo", "demo", "--output", folder], check=True, stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 640, "height": 900}, color_scheme="light")
        page.goto((Path(folder) / "report.html").as_uri())
        shown = ("header.page", "section[aria-labelledby=h-comparison]", "section[aria-labelledby=h-map]")
        parts = [Image.open(io.BytesIO(page.locator(css).screenshot())).convert("RGB") for css in shown]
        browser.close()
    top, comparison, places = parts
    height = max(top.height + comparison.height, places.height) + 2 * EDGE
    sheet = Image.new("RGB", (top.width + places.width + 2 * EDGE, height), top.getpixel((0, 0)))
    sheet.paste(top, (0, 0))
    sheet.paste(comparison, ((top.width - comparison.width) // 2, top.height + EDGE))
    sheet.paste(places, (top.width + EDGE, EDGE))
    return sheet


if __name__ == "__main__":
    main()
