"""The page's encoder and decoder: the same numbers, texts and errors as in Python, for every format and every type of column."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import frame, kinds, texts

from diabolo import DataError, explorer
from diabolo.explorer.codec import NotDescribed, described
from diabolo.formats import Arrays, Documents, Embedded, Format, Images, Reading, Tables, infer
from diabolo.formats.cells import typed
from diabolo.formats.columns import Category, Number
from diabolo.formats.written import written
from diabolo.losses import Absolute, Columns, LogSquared, Loss, Part, Softmax, Squared

WEB = Path(explorer.__file__).parent / "web"
BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
HOSTILE = "</script><script>alert(1)</script>"
PAGE = """
<!doctype html><script type="module">
import { makeCodec } from "./codec.js";
const unmarked = (v) => (v === "nan" ? NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : v);
const marked = (v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v);
const tensors = (list) => ({ array: (i) => new { f64: Float64Array, u8: Uint8Array, i32: Int32Array }[list[i][0]](list[i][1]) });
function tried(make) {
  try {
    return make();
  } catch (error) {
    return { error: error.message };
  }
}
const whole = (thing) => (thing?.width > 0 ? { ...thing, data: Uint8ClampedArray.from(thing.data) } : thing);
window.run = ({ json, list, things, e, x }) => {
  const codec = makeCodec(json, tensors(list));
  const said = [];
  return {
    x: things.map((thing) => tried(() => Array.from(codec.encode(whole(thing), (text) => said.push(text)), marked))),
    cells: e.map((row) => codec.decode(Float32Array.from(row, unmarked))),
    errors: e.map((row, i) => Array.from(codec.errors(Float32Array.from(row, unmarked), Float32Array.from(x[i], unmarked)), marked)),
    said,
  };
};
document.title = "ready";
</script>
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto("http://codec.test/")
        page.wait_for_function("document.title === 'ready'")
        yield page
        browser.close()


def serve(route: Any) -> None:
    """The page and its modules, with no network."""
    name = route.request.url.rpartition("/")[2]
    if name.endswith(".js"):
        route.fulfill(body=(WEB / name).read_text(), content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


class Listed(list):
    """Tensors, as JSON can hold them."""

    def add(self, array: np.ndarray, dtype: str = "f32") -> int:
        self.append((dtype, array.ravel().tolist()))
        return len(self) - 1


def marked(x: Any) -> list[Any]:
    return [[v if np.isfinite(v) else str(v) for v in row] for row in np.asarray(x, dtype=float).tolist()]


def run(page: Any, format: Format, things: Any = (), e: Any = (), x: Any = (), loss: Loss | None = None) -> dict[str, Any]:
    """What the page makes of things, of expected values e, and of the errors of e where x is true."""
    tensors = Listed()
    about = json.loads(json.dumps(described(format, tensors, loss)))
    given = {"json": about, "list": tensors, "things": list(things), "e": marked(e), "x": marked(x)}
    return page.evaluate("(given) => window.run(given)", given)


def same(found: list[Any], x: Any) -> None:
    """Features, equal to 1e-5."""
    assert not [row for row in found if isinstance(row, dict)]
    np.testing.assert_allclose(np.array(found, dtype=float), np.asarray(x, dtype=float), rtol=1e-5, atol=1e-5)


def expected(x: Any, seed: int = 0) -> torch.Tensor:
    """Expected values near x, in float32 as a network has them; of a missing cell any."""
    rng = np.random.default_rng(seed)
    x = np.nan_to_num(np.asarray(x), posinf=1, neginf=0)
    return torch.from_numpy(np.float32(0.8 * x + 0.1 * rng.random(x.shape)))


def decoded(format: Tables, e: torch.Tensor) -> list[list[str]]:
    """The texts of rows that are expected."""
    reading = format.reading
    columns = [
        column.texts(column.decode(e[:, block].double().numpy()), reading.decimal, reading.dates.get(column.name, ""))
        for column, block in zip(format.fields, format.blocks, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def shown(cells: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in cells]


def check_table(page: Any, X: Any, format: Tables | None = None) -> dict[str, Any]:
    """Rows as texts -> features; expected values -> texts; errors."""
    format = format or Tables().fit(X)
    x = format.to_tensor(X)
    e = expected(x)
    rows = decoded(format, x)
    found = run(page, format, [dict(zip(format.columns, row, strict=True)) for row in rows], e, x)
    same(found["x"], format.to_tensor(format.from_tensor(x)))
    assert shown(found["cells"]) == decoded(format, e)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)
    return found


def test_a_table_of_all_kinds(page):
    check_table(page, frame())


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_whatever_it_came_as(kind, page):
    check_table(page, kinds()[kind])


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

ARRAYS = {
    **{kind: kinds()[kind] for kind in ("array", "float32", "gaps", "pixels", "shares", "yes and no", "sparse")},
    "bytes": np.arange(64 * 30, dtype=np.uint8).reshape(30, 64),
    "shares of one unit": np.random.default_rng(0).random((30, 64)),
    "booleans": np.random.default_rng(0).random((30, 3)) < 0.4,
    "large": np.array([[2**60 + 12345, -5], [2**60 - 77, 9], [2**60 + 3, 4]]),
    "wild": np.array([*range(40), 1e9, -1e12])[:, None],
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(kind, page):
    X = ARRAYS[kind]
    format = Arrays().fit(X)
    x = format.to_tensor(X)
    e = expected(x)
    rows = format.from_tensor(x)
    rows = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
    back = format.from_tensor(e.double())
    back = back.toarray() if hasattr(back, "toarray") else back
    things = [[None if v != v else v if abs(v) < 2**53 else str(v) for v in row] for row in rows.tolist()]
    found = run(page, format, things, e, x)
    same(found["x"], x)
    digits = [c["digits"] for c in described_columns(format)]
    assert shown(found["cells"]) == [list(row) for row in zip(*(written(pa.array(v), d) for v, d in zip(back.T, digits)), strict=True)]
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)


def described_columns(format: Arrays) -> list[dict[str, int]]:
    return [{"digits": int(d)} for d in format.described()[1]["digits"]]


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────────

LANGUAGES = [
    "Error 404: can't read B-17's logs \U0001f44d \U0001f44d\U0001f3fd", "新しい本を読む", "हिन्दी में लिखा हुआ", "naïve Café ﬁne STRASSE Straße",
    "ภาษาไทย 한국어 텍스트", "snake_case and_more x² ½ ٣٤", "İstanbul ΣΑΣ ςσ \U0001f1e9\U0001f1ea \u2764\ufe0f", "a\u0301 ne\u0301e e\u0301te\u0301", "",
]


@pytest.mark.parametrize("params", [{}, {"stop_words": "english"}, {"token_pattern": r"(?u)\b\w\w+\b"}, {"token_pattern": r"\d+|([a-z]+)-"}])
def test_documents(params, page):
    X = [*LANGUAGES, *texts()] if len(params) < 1 else [*LANGUAGES, *texts(), "the tea-time is at 5"]
    format = Documents(min_df=1, max_df=1.0, **params).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = format.to_tensor(X)
    e = torch.from_numpy(np.float32(np.random.default_rng(0).random(x.shape) * (np.random.default_rng(1).random(x.shape) < 0.5)))
    found = run(page, format, X, e, x)
    same(found["x"], x)
    assert [" ".join(w["word"] for w in words) for words in found["cells"]] == format.from_tensor(e)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=40), min_size=20, max_size=60))
def test_any_text(page, X):
    X = [*X, "a word"]
    format = Documents(min_df=1, max_df=1.0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(run(page, format, X)["x"], format.to_tensor(X))


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def image_data(rgba: np.ndarray) -> dict[str, Any]:
    return {"width": rgba.shape[1], "height": rgba.shape[0], "data": rgba.ravel().tolist()}


@pytest.mark.parametrize("shape", [(10, 12, 1), (10, 12, 3)])
@pytest.mark.parametrize("size", [(10, 12), (33, 41), (7, 50), (4, 4), (64, 40)])
@pytest.mark.parametrize("alpha", [False, True])
def test_pictures(shape, size, alpha, page):
    rng = np.random.default_rng(0)
    format = Images().fit(rng.integers(0, 256, (6, *shape), dtype=np.uint8))
    rgba = rng.integers(0, 256, (*size, 4), dtype=np.uint8)
    if not alpha:
        rgba[..., 3] = 255
    x = format.to_tensor([rgba])
    e = x.float() * 1.2 - 0.1
    found = run(page, format, [image_data(rgba)], e, x)
    same(found["x"], x)
    picture = found["cells"][0]
    assert (picture["width"], picture["height"]) == (12, 10)
    pixels = np.array(picture["data"]).reshape(10, 12, 4)
    back = format.from_tensor(e)[0]
    np.testing.assert_array_equal(pixels[..., :3], back if shape[2] == 3 else np.repeat(back[..., None], 3, 2))
    assert (pixels[..., 3] == 255).all()
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)
