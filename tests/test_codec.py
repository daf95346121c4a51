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
from diabolo.formats.schema import from_counts
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


def agree(format: Tables, cells: list[list[dict[str, Any]]], e: torch.Tensor) -> None:
    """The texts that the page shows are those of Python."""
    pairs = zip(shown(cells), decoded(format, e), strict=True)
    differ = [(format.columns[j], a, b) for row, own in pairs for j, (a, b) in enumerate(zip(row, own, strict=True)) if a != b]
    assert not differ


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
    agree(format, found["cells"], e)
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


# ── every type of column ─────────────────────────────────────────────────────────────────────────────────────────────────


def typed_columns(n: int = 60) -> dict[str, pa.Array]:
    """A column of every type that can be learned."""
    r = np.random.default_rng(0)
    whole, gaps = r.integers(-40, 90, n), r.random(n) < 0.1
    hours = r.integers(0, 20_000, n)
    found = {f"{t}": pa.array(np.abs(whole), t, mask=gaps) for t in (pa.uint8(), pa.uint64())}
    found |= {f"{t}": pa.array(whole, t, mask=gaps) for t in (pa.int8(), pa.int64(), pa.float32(), pa.float64())}
    found["halffloat"] = pa.array((whole / 8).astype(np.float16))
    found["two decimals"] = pa.array(np.round(r.normal(size=n), 2))
    found["open"] = pa.array(r.normal(size=n))
    found["tiny"] = pa.array(r.normal(size=n) * 1e-20)
    found["large"] = pa.array(r.normal(size=n) * 1e20)
    found["wild"] = pa.array(np.where(r.random(n) < 0.1, 1e9, r.normal(size=n)))
    found["orders"] = pa.array(np.exp(3 * r.normal(size=n)))
    found["ids"] = pa.array(2**60 + r.permutation(n * 3)[:n])
    found["decimal"] = pa.array([Decimal(int(v)).scaleb(-2) for v in whole], pa.decimal128(9, 2))
    found["thousands"] = pa.array([Decimal(int(v)) * 1000 for v in whole], pa.decimal128(9, -3))
    found["bool"] = pa.array(whole > 0, mask=gaps)
    found["zero one"] = pa.array((whole > 0).astype(np.int16))
    found["zero one floats"] = pa.array((whole > 0).astype(float))
    found["zero one decimals"] = pa.array([Decimal(int(v > 0)) for v in whole], pa.decimal128(3, 1))
    for unit, per in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        step = 3600 * per
        for zone in (None, "UTC", "Europe/Paris", "America/St_Johns", "+05:30"):
            found[f"hours {unit} {zone}"] = from_counts(400_000 * step + hours * step, pa.timestamp(unit, zone))
        found[f"span {unit}"] = from_counts(whole * step + whole, pa.duration(unit))
        found[f"any {unit}"] = from_counts(hours * step + whole, pa.timestamp(unit))
        width = pa.time32 if unit in ("s", "ms") else pa.time64
        found[f"time {unit}"] = from_counts(hours % 24 * step + whole % 50, width(unit))
    found["days"] = from_counts(hours // 24 - 9000, pa.date32())
    found["days of ms"] = from_counts(hours // 24 * 86_400_000, pa.date64())
    found["midnights"] = from_counts(hours // 24 * 86_400, pa.timestamp("s"))
    found["nothing"] = pa.nulls(n)
    levels = r.integers(0, 4, n)
    found["text"] = pa.array(np.array(["a", "NA", HOSTILE, "é"])[levels], mask=gaps)
    found["codes"] = pa.array(levels + 2**60).dictionary_encode()
    found["float levels"] = pa.array(np.array([0.5, 1.0, 1e20, 1e-7])[levels]).dictionary_encode()
    found["day levels"] = from_counts(levels, pa.date32()).dictionary_encode()
    found["hour levels"] = from_counts(levels * 3600, pa.timestamp("s", "Europe/Paris")).dictionary_encode()
    found["time levels"] = from_counts(levels, pa.time32("s")).dictionary_encode()
    return found


@pytest.mark.filterwarnings("ignore")
def test_every_type_of_column(page):
    table = pa.table(typed_columns())
    format = Tables(numbers=["ids"]).fit(table)
    check_table(page, table, format)
    assert {type(column).__name__ for column in format.fields} == {"Number", "Binary", "Category"}


@pytest.mark.filterwarnings("ignore")
def test_far_from_what_was_seen(page):
    """Expected values where no type has values, and beside gaps."""
    format = Tables(numbers=["ids"]).fit(pa.table(typed_columns()))
    e = torch.tensor([[v] * format.width for v in (-1e4, -30.0, -2.5, 0.5, 30.0, 700.0, 1e4, float("nan"))])
    e = torch.cat([e, torch.randn(30, format.width, generator=torch.Generator().manual_seed(0)) * 3])
    agree(format, run(page, format, e=e, x=e)["cells"], e)


def test_numbers_beyond_what_a_type_holds():
    """Arrow makes 0 of a decimal that is too large, and numpy the least integer of one that is."""
    decimal = Number("n", "decimal128(5, 2)").decode(np.array([[1e6], [-1e6], [1.5]]))
    assert decimal.to_pylist() == [Decimal("999.99"), Decimal("-999.99"), Decimal("1.50")]
    whole = Number("n", "int64", origin=-(2**60)).decode(np.array([[1e30], [-1e30]])).to_pylist()
    assert whole == sorted(whole, reverse=True)


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

GERMAN = Reading(decimal=",", thousands=".", na=("?", "-9"))
FORMS = ["%d.%m.%Y", "%m/%d/%y", "%d %b %Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z", "%A, %d. %B %Y"]
CELLS = [
    *("12", "-3.5", "+7", ".5", "5.", "1e3", "1E-3", "inf", "-Infinity", "nan", "NaN", "NA", "", " ", " 12 ", "007", "1_0", "--1", "1,5"),
    *("3.0", "3.00", "9007199254740993", "-9223372036854775809", "18446744073709551615", "1e400", "٣", "0x", "1d5", "-", "-0"),
    *("true", "False", "TRUE", "yes", "1", "0", "1.0", "2", "?", "-9", "-9,0", "1.234,5", "1.23,4", "€ 3,50", "5 %", "1.234.567"),
    *("2024-05-01", "2024-02-30", "2024-5-1", "2024-05-01 12", "2024-05-01T12:30", "2024-05-01 12:30:15.123456789", "0000-01-01"),
    *("2024-05-01 12:30Z", "2024-05-01 12:30+02", "2024-05-01 12:30:00-0330", "2024-05-01 12:30+25:00", "2024-05-01Z", "1500-01-01"),
    *("9999-12-31 23:59:59", "2024-05-01 24:00", "2024-05-01 12:60", "20240501", "9:30", "09:30:15.25", "24:00", "9:3", "-1:00"),
    *("5", "-5", "1 days 02:30:00", "-1 days +21:30:00", "0 days -02:30:00.5", "1 day, 2:30:00", "1 days", "+5", "10 days 99:99:99"),
    *("31.12.2024", "1.2.2024", "12/31/99", "02/30/24", "31 dec 2024 11:59 pm", "1 Feb 2024 12:05 AM", "2024-05-01T12:30:15.5+0200"),
    *("Sunday, 31. December 2023", "sun, 31. december 2023", "a", "A", " a", "Oslo", HOSTILE, "\ufeff1", "1\u00a0", "two\nlines"),
]
cells = st.one_of(st.sampled_from(CELLS), st.text(st.sampled_from("0123456789.,:-+ eE/T%Z"), max_size=12))
ONE_COLUMN = {
    **{name: values for name, values in typed_columns().items() if not name.startswith("nothing")},
    "few": pa.array(["a", "b", "NA", ""] * 5),
    "few with gaps": pa.array(["a", "b", None, "x"] * 5),
}


def fitted(values: pa.Array, reading: Reading | None = None) -> Tables:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Tables(reading).fit(pa.table({"a": values}))


def python_reads(format: Tables, cell: str, folder: Path) -> list[float] | None:
    """The features of one cell of a file, or None."""
    path = folder / "one.csv"
    path.write_text('a,b\n"' + cell.replace('"', '""') + '",x\n', encoding="utf-8")
    try:
        return format.to_tensor(path)[0].tolist()
    except (DataError, OverflowError):
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["one", "german", *FORMS])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_cell(kind, data, page, tmp_path):
    """What a file's cell is in Python it is in the page; what is refused there is refused here."""
    formats = FORMS_OF[kind]
    name = data.draw(st.sampled_from([*formats]))
    some = CELLS if data.draw(st.booleans()) else data.draw(st.lists(cells, min_size=30, max_size=60))
    format = formats[name]
    for cell, x in zip(some, run(page, format, [{"a": cell} for cell in some])["x"], strict=True):
        own = python_reads(format, cell, tmp_path)
        assert (own is None) == isinstance(x, dict), (name, cell, own, x)
        if own is not None:
            np.testing.assert_allclose(np.array(x, dtype=float), own, rtol=1e-5, atol=1e-5, err_msg=f"{name} {cell!r}")


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    FORMS_OF: dict[str, dict[str, Tables]] = {
        "one": {name: fitted(values) for name, values in ONE_COLUMN.items()},
        "german": {name: fitted(ONE_COLUMN[name], GERMAN) for name in ("int64", "double", "decimal", "bool", "text", "zero one", "few")},
    }
    for form in FORMS:
        moments = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=9 * i) for i in range(20)]
        FORMS_OF[form] = {}
        for t in (pa.date32(), pa.timestamp("s"), pa.timestamp("us", "UTC")):
            FORMS_OF[form][str(t)] = fitted(pa.array(moments, pa.timestamp("us", "UTC")).cast(t))
            FORMS_OF[form][str(t)].reading = Reading(dates={"a": form})
