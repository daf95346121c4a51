"""The page's encoder and decoder: the numbers, texts and errors of Python, for every format and every type of column."""

from __future__ import annotations

import base64
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
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo import DataError, explorer
from diabolo.explorer.codec import NotDescribed, described
from diabolo.formats import Arrays, Documents, Embedded, Format, Images, Reading, Tables, infer
from diabolo.formats.category import Category
from diabolo.formats.cells import dated, typed
from diabolo.formats.columns import Number
from diabolo.formats.schema import from_counts
from diabolo.formats.written import written
from diabolo.losses import Absolute, Columns, LogSquared, Loss, Part, Softmax, Squared
from diabolo.programs import Tensors
from kinds import frame, kinds, texts

WEB = Path(explorer.__file__).parent / "web"
BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
HOSTILE = "</script><script>alert(1)</script>"
PAGE = """
<!doctype html><script type="module">
import { makeCodec } from "./codec.js";
import { Tensors } from "./program.js";
const unmarked = (v) => (v === "nan" ? NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : v);
const marked = (v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v);
const floats = (row) => Float32Array.from(row, unmarked);
function tried(make) {
  try {
    return make();
  } catch (error) {
    return { error: error.message };
  }
}
const whole = (thing) => (thing?.width > 0 ? { ...thing, data: Uint8ClampedArray.from(thing.data) } : thing);
window.run = ({ json, table, blob, things, e, x }) => {
  const codec = makeCodec(json, new Tensors(table, Uint8Array.from(atob(blob), (c) => c.charCodeAt(0)).buffer));
  const said = [];
  const encoded = (thing) => Array.from(codec.encode(whole(thing), (text) => said.push(text)), marked);
  return {
    x: JSON.parse(things).map((thing) => tried(() => encoded(thing))),
    cells: e.map((row) => codec.decode(floats(row))),
    errors: e.map((row, i) => Array.from(codec.errors(floats(row), floats(x[i])), marked)),
    said,
    texts: codec.columns.map((column) => column.text?.(1234.5)),
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


def marked(x: Any) -> list[Any]:
    return [[v if np.isfinite(v) else str(v) for v in row] for row in np.asarray(x, dtype=float).tolist()]


def run(page: Any, format: Format, things: Any = (), e: Any = (), x: Any = (), loss: Loss | None = None) -> dict[str, Any]:
    """What the page makes of things, of expected values e, and of the errors of e where x is true."""
    tensors = Tensors()
    about = json.loads(json.dumps(described(format, tensors, loss)))
    given = {
        "json": about,
        "table": tensors.table,
        "blob": base64.b64encode(tensors.blob).decode(),
        "things": json.dumps(list(things)),
        "e": marked(e),
        "x": marked(x),
    }
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
    same(found["x"], format.to_tensor(format.from_array(x)))
    agree(format, found["cells"], e)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)
    return found


def test_a_table_of_all_kinds(page):
    check_table(page, frame())


@pytest.mark.parametrize(
    ("t", "zone"), [("s", None), ("us", None), ("ns", None), ("us", "Europe/Paris"), ("ms", "Asia/Kolkata"), ("D", None)]
)
def test_what_repeats_in_dates(t, zone, page):
    when = pd.Series(pd.date_range("1969-12-01 20:00:30", periods=90, freq="17h"))
    day = when.dt.date if t == "D" else when.dt.as_unit(t) if zone is None else when.dt.as_unit(t).dt.tz_localize(zone)
    X = pd.DataFrame({"day": day, "a": np.arange(90.0)})
    X.loc[4, "day"] = None
    check_table(page, X, Tables().with_recurring().fit(X))


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
    rows = format.from_array(x)
    rows = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
    back = format.from_array(e.double())
    back = back.toarray() if hasattr(back, "toarray") else back
    things = [[None if v != v else v if abs(v) < 2**53 else str(v) for v in row] for row in rows.tolist()]
    found = run(page, format, things, e, x)
    same(found["x"], x)
    digits = format.described()[1]["digits"].tolist()
    own = [written(pa.array(v), d) for v, d in zip(back.T, digits, strict=True)]
    assert shown(found["cells"]) == [list(row) for row in zip(*own, strict=True)]
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────────

LANGUAGES = [
    "Error 404: can't read B-17's logs \U0001f44d \U0001f44d\U0001f3fd",
    "新しい本を読む",
    "हिन्दी में लिखा हुआ",
    "naïve Café ﬁne STRASSE Straße",
    "ภาษาไทย 한국어 텍스트",
    "snake_case and_more x² ½ ٣٤",
    "İstanbul ΣΑΣ ςσ \U0001f1e9\U0001f1ea \u2764\ufe0f",
    "a\u0301 ne\u0301e e\u0301te\u0301",
    "",
]


TOKENS = [{"stop_words": "english"}, {"token_pattern": r"(?u)\b\w\w+\b"}, {"token_pattern": r"\d+|([a-z]+)-"}]


@pytest.mark.parametrize("params", [{}, *TOKENS], ids=str)
def test_documents(params, page):
    X = [*LANGUAGES, *texts(), "the tea-time is at 5"]
    format = Documents(min_df=1, max_df=1.0, **params).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = format.to_tensor(X)
    e = torch.from_numpy(np.float32(np.random.default_rng(0).random(x.shape).clip(0.5) - 0.5))
    found = run(page, format, X, e, x)
    same(found["x"], x)
    assert [" ".join(w["word"] for w in words) for words in found["cells"]] == format.from_array(e)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)


@settings(max_examples=10)
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


def opaque(rgba: np.ndarray) -> np.ndarray:
    return np.concatenate([rgba[..., :3], np.full_like(rgba[..., 3:], 255)], 2)


def logo(rgba: np.ndarray) -> np.ndarray:
    """Few pixels of it on transparent ground."""
    seen = np.random.default_rng(1).random(rgba.shape[:2]) < 0.02
    seen[0, 1] = True
    return np.where(seen[..., None], opaque(rgba), rgba * np.array([1, 1, 1, 0], dtype=np.uint8))


@pytest.mark.filterwarnings("ignore:.*partly transparent")
@pytest.mark.filterwarnings("ignore:1 of the pictures", "ignore:1 of 1 pictures looked at lose more than half")
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures(channels, page):
    """Of any size, gray or not, and partly transparent: cut and resampled to the bit."""
    rng = np.random.default_rng(0)
    format = Images().fit(rng.integers(0, 256, (6, 10, 12, channels), dtype=np.uint8))
    sizes = [(10, 12), (33, 41), (7, 50), (4, 4), (64, 40)]
    made = [rng.integers(0, 256, (*size, 4), dtype=np.uint8) for size in sizes]
    given = [change(rgba) for rgba in made for change in (opaque, logo, lambda rgba: rgba)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'picture 0' has colors")
        x = torch.cat([format.to_tensor([rgba]) for rgba in given])
    e = x.float() * 1.2 - 0.1
    found = run(page, format, map(image_data, given), e, x)
    same(found["x"], x)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)
    back = format.from_array(e).reshape(len(e), 10, 12, channels)
    for picture, pixels in zip(found["cells"], back, strict=True):
        assert (picture["width"], picture["height"]) == (12, 10)
        rgba = np.array(picture["data"]).reshape(10, 12, 4)
        np.testing.assert_array_equal(rgba[..., :3], np.broadcast_to(pixels, (10, 12, 3)))
        assert (rgba[..., 3] == 255).all()


def test_pictures_of_floats(page):
    X = np.random.default_rng(0).random((5, 8, 8)).astype(np.float32)
    shares, own = Images().fit(X), Images().fit(X * 3000 - 1000)
    rgba = np.random.default_rng(1).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    with pytest.warns(UserWarning, match="'picture 0' has colors"):
        same(run(page, shares, [image_data(opaque(rgba))])["x"], shares.to_tensor([opaque(rgba)]))
    (said,) = run(page, own, [image_data(rgba)])["x"]
    assert "fitted with pictures of floats from about" in said["error"]
    (picture,) = run(page, own, e=own.to_tensor(X[:1] * 3000 - 1000), x=np.zeros((1, 64)))["cells"]
    near = (own.to_tensor(X[:1] * 3000 - 1000)[0].clamp(0, 1) * 255).round().numpy()
    np.testing.assert_array_equal(np.array(picture["data"])[::4], near)


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
CELLS = [HOSTILE, "\ufeff1", "1\u00a0", "two\nlines", " ", " 12 ", " a", ""]
WRITTEN = """
12 ¦ -3.5 ¦ +7 ¦ .5 ¦ 5. ¦ 1e3 ¦ 1E-3 ¦ inf ¦ -Infinity ¦ nan ¦ NaN ¦ NA ¦ 007 ¦ 1_0 ¦ --1 ¦ 1,5 ¦ 3.0 ¦ 3.00
9007199254740993 ¦ -9223372036854775809 ¦ 18446744073709551615 ¦ 1e400 ¦ ٣ ¦ 0x ¦ 1d5 ¦ - ¦ -0 ¦ true ¦ False ¦ TRUE
yes ¦ 1 ¦ 0 ¦ 1.0 ¦ 2 ¦ ? ¦ -9 ¦ -9,0 ¦ 1.234,5 ¦ 1.23,4 ¦ € 3,50 ¦ 5 % ¦ 1.234.567 ¦ 2024-05-01 ¦ 2024-02-30 ¦ 2024-5-1
2024-05-01 12 ¦ 2024-05-01T12:30 ¦ 2024-05-01 12:30:15.123456789 ¦ 0000-01-01 ¦ 2024-05-01 12:30Z ¦ 2024-05-01 12:30+02
2024-05-01 12:30:00-0330 ¦ 2024-05-01 12:30+25:00 ¦ 2024-05-01Z ¦ 1500-01-01 ¦ 9999-12-31 23:59:59 ¦ 2024-05-01 24:00
2024-05-01 12:60 ¦ 20240501 ¦ 9:30 ¦ 09:30:15.25 ¦ 24:00 ¦ 9:3 ¦ -1:00 ¦ 5 ¦ -5 ¦ 1 days 02:30:00 ¦ -1 days +21:30:00
0 days -02:30:00.5 ¦ 1 day, 2:30:00 ¦ 1 days ¦ -2 days ¦ 0 days ¦ 1 days 2 ¦ +5 ¦ 10 days 99:99:99
31.12.2024 ¦ 1.2.2024 ¦ 12/31/99 ¦ 02/14/68 ¦ 02/14/69 ¦ 02/30/24
31 dec 2024 11:59 pm ¦ 1 Feb 2024 12:05 AM ¦ 2024-05-01T12:30:15.5+0200 ¦ Sunday, 31. December 2023
sun, 31. december 2023 ¦ a ¦ A ¦ Oslo
"""
CELLS += [cell for line in WRITTEN.strip().splitlines() for cell in line.split(" ¦ ")]
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


def python_reads(format: Tables, cell: str) -> list[float] | None:
    """The features of one cell of a file, or None."""
    about = format.described()[0]
    (column,), (own,) = format.fields, about["columns"]
    gone = cell in about["missing"] and cell not in own["spared"]
    values = pa.array([None if gone else cell], pa.string())
    try:
        if own["form"]:
            values = dated(values, own["form"], "a")
        else:
            values = typed(values, format.types["a"], "a", format.reading.decimal, format.reading.thousands)
        return format.encode(column, values)[0].tolist()
    except DataError:
        return None


FORMATS: dict[str, dict[str, Tables]] = {
    "usual": {name: fitted(values) for name, values in ONE_COLUMN.items()},
    "german": {name: fitted(ONE_COLUMN[name], GERMAN) for name in ("int64", "double", "decimal", "bool", "text", "zero one")},
}
for form in FORMS:
    moments = pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=9 * i) for i in range(20)])
    FORMATS[form] = {str(t): fitted(moments.cast(t)) for t in (pa.date32(), pa.timestamp("s"), pa.timestamp("us", "UTC"))}
    for format in FORMATS[form].values():
        format.reading = Reading(dates={"a": form})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=12)
@given(data=st.data())
def test_any_cell(kind, data, page):
    """What a file's cell is in Python it is in the page; what is refused there is refused here."""
    name = data.draw(st.sampled_from([*FORMATS[kind]]))
    format, some = FORMATS[kind][name], [*CELLS, *data.draw(st.lists(cells, max_size=20))]
    for cell, x in zip(some, run(page, format, [{"a": cell} for cell in some])["x"], strict=True):
        try:
            own = python_reads(format, cell)
        except OverflowError:  # Python has no year 0
            continue
        assert (own is None) == isinstance(x, dict), (name, cell, own, x)
        if own is not None:
            np.testing.assert_allclose(np.array(x, dtype=float), own, rtol=1e-5, atol=1e-5, err_msg=f"{name} {cell!r}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cell", ["NA", "", " ", "a", "?", "-9", "nan", "\n", "0"])
def test_what_is_missing_in_a_file(cell, page, tmp_path):
    """A level that reads NA is no gap, and what was said to be one is."""
    kinds = {"few": ONE_COLUMN["few"], "gaps": ONE_COLUMN["few with gaps"], "size": pa.array([*range(9, 29)])}
    format = Tables(Reading(na=("?", "-9"))).fit(pa.table(kinds))
    path = tmp_path / "a.csv"
    row = {"few": cell, "gaps": cell, "size": cell if cell != "a" else "1"}
    pd.DataFrame([row]).to_csv(path, index=False, quoting=1)
    same(run(page, format, [row])["x"], format.to_tensor(path))


# ── what a page is given ─────────────────────────────────────────────────────────────────────────────────────────────────


def people() -> Tables:
    r = np.random.default_rng(0)
    hours = pd.Timestamp("2024-01-01", tz="Europe/Paris") + pd.to_timedelta(r.integers(0, 999, 40), "h")
    table = {"age": r.integers(20, 60, 40), "size": r.normal(1.7, 0.1, 40).round(2), "city": ["Oslo", "Rome"] * 20}
    more = {HOSTILE: r.random(40) < 0.5, "when": hours, "day": hours.tz_localize(None).normalize(), "__proto__": 1.0}
    return Tables().fit(pd.DataFrame(table | more))


ROW = {"age": 30, "size": "1.75", "city": "Rome", HOSTILE: True, "__proto__": 1}
ROW |= {"when": "2024-05-01 12:30+02:00", "day": "2024-05-31"}


def told(page: Any, **given: Any) -> tuple[Any, list[str]]:
    found = run(page, people(), [ROW | given])
    return found["x"][0], found["said"]


def test_a_row_of_cells(page):
    """Numbers as numbers or texts, null for a missing cell; other columns are not looked at."""
    format = people()
    when = pd.Timestamp("2024-05-01 12:30", tz="Europe/Paris")
    frame = pd.DataFrame([ROW | {"size": 1.75, "when": when, "day": pd.Timestamp("2024-05-31"), "__proto__": 1.0}])
    found = run(page, format, [ROW, ROW | {"age": "30", "other": "?"}, ROW | {"age": None, "city": None, "when": None}])
    x = format.to_tensor(frame)
    same(found["x"][:2], x.repeat(2, 1))
    gaps = format.to_tensor(frame.assign(age=np.nan, city=None, when=pd.NaT))
    same(found["x"][2:], gaps)
    assert {said.partition(" has ")[0] for said in found["said"]} == {'column "when"', 'column "day"'}  # later ones
    assert all("far from all that it had when the model was fitted" in said for said in found["said"])


def test_an_error_names_the_column_what_was_found_and_what_is_allowed(page):
    def said(**given: Any) -> str:
        return told(page, **given)[0]["error"]

    assert said(age="old") == 'column "age" has "old": allowed are numbers such as 12, or nothing where the value is missing'
    assert said(size=True).startswith('column "size" has true: allowed are numbers such as 12.5')
    assert said(size="inf").startswith('column "size" has "inf"')
    assert said(city=3).startswith('column "city" has 3: allowed are texts')
    assert said(**{HOSTILE: "maybe"}).startswith(f'column "{HOSTILE}" has "maybe": allowed are False and True')
    assert said(day="soon").startswith('column "day" has "soon": allowed are dates such as 2024-05-31, or')
    assert "allowed are dates such as 2024-05-31 14:30:00+02:00, or" in said(when="2024-02-30")
    assert said(day=20240531).startswith('column "day" has 20240531: allowed are dates')
    row = {name: value for name, value in ROW.items() if name not in ("age", "__proto__")}
    (absent,) = run(page, people(), [row])["x"]
    assert absent["error"] == 'the row has no column "age", "__proto__", which the model was fitted with'


def test_what_python_warns_of_is_told(page):
    assert told(page, city="oslo ")[1][0] == 'column "city" has "oslo ", which is another level than "Oslo"'
    assert "names none, and is taken as UTC" in told(page, when="2024-05-01 12:30")[1][0]
    empty = Tables.__new__(Tables)
    with pytest.warns(UserWarning, match="no values at all"):
        empty = Tables().fit(pa.table({"a": [1.0, 2.0], "b": pa.nulls(2)}))
    assert "had no values when the model was fitted" in run(page, empty, [{"a": 1, "b": "x"}])["said"][0]


def test_a_decoded_row_can_be_encoded_again(page):
    """By its values exactly; by its texts, as far as they show it."""
    format = Tables().fit(frame(gaps=False))
    e = expected(format.to_tensor(frame(gaps=False)))
    cells = run(page, format, e=e, x=e)["cells"]
    values = [{cell["name"]: cell["value"] for cell in row} for row in cells]
    again = [{cell["name"]: cell["text"] for cell in row} for row in cells]
    found = run(page, format, [*values, *again])["x"]
    same(found, format.to_tensor(format.from_array(e)).repeat(2, 1))


def test_how_sure_a_cell_is(page):
    format = people()
    e = format.to_tensor(format.from_array(torch.zeros(1, format.width)))
    city, yes = format.blocks[2], format.blocks[3]
    e[0, city], e[0, yes] = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.1])
    sure = [cell["sure"] for cell in run(page, format, e=e, x=e)["cells"][0]]
    np.testing.assert_allclose([sure[2], sure[3]], [0.7, 0.9], rtol=1e-6)
    assert sure[:2] == [None, None]


@pytest.mark.filterwarnings("ignore")
def test_rare_levels_and_levels_never_seen(page):
    r = np.random.default_rng(0)
    few = [*np.repeat([f"level {i}" for i in range(101)], 3), "level 999", "level 998"]
    many = [f"{v}" for v in r.integers(0, 10**6, len(few))]
    mixed = pd.Categorical([1, "x"] * 200 + [1])[: len(few)]
    format = Tables().fit(pd.DataFrame({"few": few, "many": many, "mixed": mixed}))
    assert [column.others is None for column in format.fields if isinstance(column, Category)] == [False, True, False]
    new = pd.DataFrame({"few": ["level 1", "level 999", "new", None], "many": [many[0], "new", "new", None]})
    new["mixed"] = pd.Series([1, "1", "x", 2.5], dtype=object).map(str)
    x = format.to_tensor(new)
    rows = [{k: None if v is None or v != v else v for k, v in row.items()} for row in new.to_dict("records")]
    e = expected(x)
    e[0, format.blocks[0].stop - 1] = 0.9  # the rare levels together
    e[1, format.blocks[1].stop - 1] = 500.0
    rows[0]["mixed"], rows[3]["mixed"] = 1, 2.5
    found = run(page, format, rows, e, x)
    same(found["x"], x)
    agree(format, found["cells"], e)
    np.testing.assert_allclose(found["errors"], format.loss().errors(e.double(), x), rtol=1e-5, atol=1e-5)


def test_a_decimal_comma(page):
    """Numbers are written as they are read; dates in the format of the file."""
    days = [f"{d}.{m}.2024" for d in (1, 11, 28) for m in range(1, 11)]
    frame = pd.DataFrame({"price": np.linspace(1000, 2000, 30).round(2), "day": pd.to_datetime(days, format="%d.%m.%Y")})
    format = Tables(Reading(decimal=",", thousands=".")).fit(frame)
    format.reading = Reading(decimal=",", thousands=".", dates={"day": "%d.%m.%Y"})
    found = run(page, format, [{"price": "1.234,50", "day": "1.5.2024"}], e=torch.zeros(1, 2), x=torch.zeros(1, 2))
    same(found["x"], format.to_tensor(pd.DataFrame({"price": [1234.5], "day": [pd.Timestamp("2024-05-01")]})))
    agree(format, found["cells"], torch.zeros(1, 2))
    price, day = shown(found["cells"])[0]
    assert price == "1500,00"
    assert found["texts"][0] == "1234,50"
    assert day[2] == day[5] == "."


def test_counts_of_words(page):
    X = kinds()["counts"]
    format = Documents().fit(X)
    x = format.to_tensor(X)
    found = run(page, format, x.tolist(), x, x)
    same(found["x"], x)
    assert run(page, format, [[1, 2]])["x"][0]["error"] == "2 counts are given, but the model was fitted with 12"


def test_words_that_only_python_finds(page):
    for params, why in (({"stem": "english"}, "stemmed"), ({"token_pattern": r"(?<!\d)\w+"}, "token_pattern=")):
        format = Documents(**params).fit(texts())
        e = torch.rand(1, format.width)
        found = run(page, format, ["red apple"], e, e)
        assert why in found["x"][0]["error"]
        assert " ".join(w["word"] for w in found["cells"][0]) == format.from_array(e)[0]


def test_a_text_without_a_known_word_is_told(page):
    assert "no word of this text" in run(page, Documents().fit(texts()), ["zebra"])["said"][0]


# ── errors, and what cannot be described ─────────────────────────────────────────────────────────────────────────────────


x = [
    [0.0, 1.0, float("nan"), float("inf"), -2.0],
    [3.0, float("-inf"), 1.0, 1.0, 0.5],
    [float("nan")] * 5,
    [1.0, float("nan"), 2.0, 0.0, 1.0],
]
e = [[0.5, 0.5, 0.1, 0.2, 0.3], [1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5, [0.5] * 5]
LOSSES = [Squared(), Absolute(), LogSquared(), Softmax((2, 3))]
LOSSES += [Columns([Part(Softmax((2, 2)), (1, 2, 3, 4), (1, 2), (1.0, 1.0)), Part(Squared(), (0,), (0,), (3.0,))])]


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_errors_of_a_loss(loss, page):
    format = Arrays().fit(np.random.default_rng(0).normal(size=(20, 5)))
    found = run(page, format, e=e, x=x, loss=loss)["errors"]
    np.testing.assert_allclose(found, loss.errors(torch.tensor(e), torch.tensor(x)), rtol=1e-5, atol=1e-6)


def test_a_loss_with_errors_of_its_own(page, monkeypatch):
    format = Arrays().fit(np.random.default_rng(0).normal(size=(20, 5)))
    monkeypatch.setattr(Absolute, "errors", lambda self, expected, y: 2 * Loss.errors(self, expected, y))
    assert described(format, Tensors(), Absolute())["errors"] is None
    mixed = Columns([Part(Squared(), (0, 1), (0, 1), (1.0, 1.0)), Part(LogSquared(), (2, 3, 4), (2,), (1.0,))])
    assert described(format, Tensors(), mixed)["errors"] is None
    with pytest.raises(Exception, match="known in Python only"):
        run(page, format, e=e, x=x, loss=Absolute())


def test_what_only_python_knows():
    class Lengths:
        def encode(self, texts: list[str]) -> np.ndarray:
            return np.array([[len(text)] for text in texts], dtype=float)

    with pytest.raises(NotDescribed, match="Embedded format is known in Python only"):
        described(Embedded(Lengths()).fit(["a", "bc"]), Tensors())


@pytest.mark.parametrize("kind", kinds())
def test_a_format_of_a_file_is_described_as_it_was(kind):
    """As JSON, without a number that JavaScript would round."""
    format = infer(kinds()[kind]).fit(kinds()[kind])
    about, again = described(format, first := Tensors()), Tensors()
    assert described(type(format).from_state(*format.state()), again) == about
    assert again.blob == first.blob
    assert json.loads(json.dumps(about), parse_int=float) == about
