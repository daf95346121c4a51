"""Fonts that we write: accepted by FreeType, HarfBuzz and the browsers' sanitizer, and drawn as the field is."""

from __future__ import annotations

import io
import os
import re
import shutil
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from diabolo import DataError, DiaboloError
from diabolo.fonts import outlines as tracing
from diabolo.fonts import truetype as writing
from diabolo.fonts.outlines import contours, outlines, upsampled
from diabolo.fonts.truetype import truetype, word, write

DEJAVU = Path(matplotlib.get_data_path(), "fonts", "ttf")
WEB = Path(tracing.__file__).parents[1] / "explorer" / "web"
BOX = (-0.14, -0.32, 1.14, 0.96)
LETTERS = "Hamburgefontsivz&Q"
SQUARE = [(0.1, 0.0, 1), (0.1, 0.5, 1), (0.6, 0.5, 1), (0.6, 0.0, 1)]


def field(letter: str, face: str = "DejaVuSerif", size: int = 64) -> tuple[np.ndarray, float]:
    """Signed distances of a letter in BOX, in cells, and its advance in em."""
    times = 768 // size
    font = ImageFont.truetype(DEJAVU / f"{face}.ttf", 600, layout_engine=ImageFont.Layout.BASIC)
    image = Image.new("L", (768, 768))
    ImageDraw.Draw(image).text((0.14 * 600, 0.96 * 600), letter, fill=255, font=font, anchor="ls")
    ink = np.asarray(image) > 127
    far = np.where(ink, distance_transform_edt(ink) - 0.5, 0.5 - distance_transform_edt(~ink)) / times
    middle = slice(times // 2 - 1, times // 2 + 1)
    return far.reshape(size, times, size, times)[:, middle, :, middle].mean((1, 3)), font.getlength(letter) / 600


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    return {a: field(a)[0] for a in LETTERS}


@pytest.fixture(scope="module")
def drawn(fields: dict[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, float]]:
    return {a: outlines(f, BOX) for a, f in fields.items()}, {a: field(a)[1] for a in LETTERS}


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(executable).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Any) -> Any:
    """A blank page with the two modules."""

    def serve(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        kind = "text/javascript" if name else "text/html"
        route.fulfill(body=(WEB / name).read_text() if name else "<!doctype html>", content_type=kind)

    page = browser.new_page()
    page.route("**/*", serve)
    page.goto("http://fonts.test/")
    page.evaluate("async () => { window.m = { ...await import('/outlines.js'), ...await import('/truetype.js') } }")
    return page


def in_page(page: Any, f: np.ndarray, box: tuple[float, ...] = BOX) -> list[np.ndarray]:
    made = page.evaluate(
        "([data, height, width, box]) => m.outlines({ data: Float64Array.from(data), height, width }, { box })",
        [f.ravel().tolist(), *f.shape, list(box)],
    )
    return [np.array(c) for c in made]


def font_in_page(page: Any, drawn: Any, advances: dict[str, float], family: str = "My Font", about: str = "") -> bytes:
    plain = {a: [np.asarray(c).tolist() for c in some] for a, some in drawn.items()}
    return bytes(page.evaluate("(args) => Array.from(m.truetype(...args))", [plain, advances, family, about]))


def picture(font: bytes, letter: str, size: int = 600) -> np.ndarray:
    """A letter in BOX, drawn by FreeType."""
    face = ImageFont.truetype(io.BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
    image = Image.new("L", (round(1.28 * size),) * 2)
    ImageDraw.Draw(image).text((0.14 * size, 0.96 * size), letter, fill=255, font=face, anchor="ls")
    return np.asarray(image) > 127


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())
