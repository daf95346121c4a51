"""The report: one file, inert, the same for the same seed, whole for any kind of data, and alive in a browser."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_iris

from diabolo import (
    Autoencoder,
    Classifier,
    DataError,
    Denoiser,
    Gaussian,
    Mask,
    MultiLabelClassifier,
    OutlierDetector,
    Regressor,
    load,
)
from diabolo.estimators.autoencoder.maps import spread
from diabolo.formats import Documents, Reading, Tables
from diabolo.history import History
from diabolo.losses import Squared
from diabolo.report import agreement, write
from diabolo.report.page import inert
from diabolo.report.recipe import recipe
from diabolo.report.svg import draw_map
from diabolo.rows import evenly

HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "a & b", "]]><!--", "[[contents]]"]
WORDS = ["apple pear plum", "red green blue", "one two three", "north south east west"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def people(n: int = 60, names: list[str] | None = None) -> pd.DataFrame:
    """Numbers, a category, a boolean, dates and gaps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "height": 170 + 10 * x,
            "weight": 70 + 8 * x + rng.normal(size=n),
            "town": np.where(x > 0, "Oslo", "Rome"),
            "member": rng.random(n) > 0.5,
            "joined": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "visits": rng.integers(0, 9, n),
            "always": 1.0,
        }
    )
    frame.loc[::7, "weight"] = np.nan
    frame.loc[::9, "town"] = None
    return frame.rename(columns=dict(zip(frame.columns, names or [], strict=False)))


def fitted(X: Any, k: int = 3, **settings: Any) -> Autoencoder:
    return Autoencoder(n_components=k, hidden=(8,), epochs=2, random_state=0, verbose=False, **settings).fit(X)


def texts(n: int = 40) -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS[i % 4].split(), 6)) for i in range(n)]


def read(path: Path) -> dict[str, Any]:
    """The contents of a page."""
    (found,) = re.findall(r'<script type="application/json" id="contents">(.*?)</script>', path.read_text(), re.S)
    return json.loads(found)


def report(X: Any, folder: Path, k: int = 3, **settings: Any) -> dict[str, Any]:
    path = folder / "report.html"
    write(fitted(X, k), X, path, **settings)
    return read(path)


# ── one file, inert ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_refers_to_nothing_outside(tmp_path):
    report(people(), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert not re.search(r"https?://|url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\(", page)
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=(?!\"data:,\")", page)
    assert "default-src 'none'" in page
    assert "unsafe" not in page


def test_hostile_names_and_values_stay_text(tmp_path):
    frame = people(names=HOSTILE[:3])
    frame["town"] = HOSTILE[0]
    found = report(frame, tmp_path, title=HOSTILE[0], labels={HOSTILE[1]: [HOSTILE[3]] * len(frame)})
    page = (tmp_path / "report.html").read_text()
    assert page.count("<script") == page.count("</script>") == 2
    assert "<img" not in page
    assert "<!--" not in page
    assert found["title"] == HOSTILE[0]
    assert HOSTILE[1] in [column["name"] for column in found["map"]["columns"]]


def test_a_title_that_looks_like_a_mark_of_the_template(tmp_path):
    assert report(people(), tmp_path, title="[[contents]]")["title"] == "[[contents]]"


def test_a_lone_surrogate_can_be_written(tmp_path):
    assert report(people(), tmp_path, title="odd \ud800")["title"] == "odd \ud800"
    assert inert({"v": "\ud800"}) == '{"v":"\\ud800"}'


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    model, X = fitted(people()), people()
    for name in "abc":
        write(model, X, tmp_path / name, seed=name == "c")
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_loaded_model_gives_the_same_report(tmp_path):
    model, X = fitted(people()), people()
    model.save(tmp_path / "model.diabolo")
    write(model, X, tmp_path / "a")
    write(load(tmp_path / "model.diabolo"), X, tmp_path / "b")
    a, b = read(tmp_path / "a"), read(tmp_path / "b")
    assert a["columns"] == b["columns"]
    assert a["map"] == b["map"]


def test_nothing_is_left_behind_if_it_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="create it first"):
        write(fitted(people()), people(), tmp_path / "nowhere" / "report.html")
    assert not list(tmp_path.iterdir())


# ── any kind of data ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "csv", "parquet"])
def test_tables(kind, tmp_path):
    frame = people()
    X: Any = {"pandas": frame, "polars": pl.from_pandas(frame), "arrow": pa.Table.from_pandas(frame)}.get(kind)
    if kind == "csv":
        frame.to_csv(X := tmp_path / "people.csv", index=False)
    if kind == "parquet":
        frame.to_parquet(X := tmp_path / "people.parquet")
    found = report(X, tmp_path)
    kinds = {column["name"]: column["kind"] for column in found["map"]["columns"]}
    assert kinds["height"] == "number"
    assert kinds["town"] == "category"
    assert kinds["joined"] == "date"
    assert found["columns"]["constant"] == ["always"]
    assert found["rows"] == len(frame)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_arrays(k, tmp_path):
    X, y = load_iris(return_X_y=True)
    for rows in (X, sp.csr_matrix(X), X.astype(np.float32)):
        found = report(rows, tmp_path, k, labels={"species": y})
        assert found["map"]["method"] == {1: "strip", 2: "codes", 3: "t-SNE"}[k]
        assert found["map"]["columns"][0]["levels"] == ["0", "1", "2"]
        assert found["picture"] is None


def test_missing_numbers_are_missing(tmp_path):
    X = load_iris().data.copy()
    X[::3, 1] = np.nan
    found = report(X, tmp_path)
    (column,) = (c for c in found["map"]["columns"] if c["name"] == "x1")
    assert column["values"][:4] == [None, 3.0, 3.2, None]
    assert any(cell["seen"] is None for row in found["examples"] for cell in row["cells"])


def test_pictures(tmp_path):
    digits = load_digits()
    found = report(digits.data[:100] / 16, tmp_path, labels={"digit": digits.target[:100]})
    assert found["picture"] == {"channels": 1, "height": 8, "width": 8, "low": 0, "high": 1}
    assert len(found["examples"]) == 12
    assert all(len(row["pixels"]) == 3 for row in found["examples"])
    assert len(found["columns"]["picture"]) == 2
    assert any(c["group"] == "column" for c in found["map"]["columns"])


def test_no_map_is_colored_by_single_pixels(tmp_path):
    """Of pictures of 60 x 60, thousands of names stood in the list."""
    found = report((load_digits().images[:60] * 15).astype(np.uint8), tmp_path)
    assert {c["group"] for c in found["map"]["columns"]} == {"error", "code"}
    assert found["map"]["left_out"] == 0


def test_documents(tmp_path):
    found = report(texts(), tmp_path)
    assert found["linear"] == "LSA"
    assert found["columns"]["bars"][0]["name"] in " ".join(WORDS)
    words = found["examples"][0]["words"]
    assert len(words) == 3
    assert set(words[0]) <= set(WORDS[0].split())


def test_a_matrix_of_counts(tmp_path):
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(1.0, (30, 12)))
    assert report(counts, tmp_path)["kind"] == "documents"


def test_an_empty_document(tmp_path):
    model = fitted(texts())
    with pytest.warns(UserWarning, match="no word of the vocabulary is in 1 of 41 documents"):
        write(model, [*texts(), ""], tmp_path / "report.html")
    assert read(tmp_path / "report.html")["rows"] == 41


@pytest.mark.parametrize("n", [1, 2, 4, 5, 12])
def test_few_rows(n, tmp_path):
    model = fitted(people())
    write(model, people()[:n], tmp_path / "report.html")
    found = read(tmp_path / "report.html")
    assert len(found["map"]["x"]) == n
    assert len(found["worst"]) + len(found["best"]) <= n
    assert found["map"]["method"] == ("plane" if n < 5 else "t-SNE")


def test_rows_that_are_all_the_same(tmp_path):
    model = fitted(people())
    write(model, pd.concat([people()[:1]] * 8), tmp_path / "report.html")
    assert read(tmp_path / "report.html")["map"]["method"] == "plane"


def test_a_linear_model_has_no_curves(tmp_path):
    X = load_iris().data
    write(Autoencoder(2, hidden=(), random_state=0, verbose=False).fit(X), X, tmp_path / "report.html")
    found = read(tmp_path / "report.html")
    assert found["history"]["epoch"] == []
    assert "gains nothing" in found["headline"]


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_its_numbers_are_those_of_the_model(tmp_path):
    X = load_iris().data
    model = fitted(X)
    write(model, X, tmp_path / "report.html")
    found = read(tmp_path / "report.html")
    errors, constant = model.reconstruction_errors(X), model.constant_errors(X)
    left = {bar["name"]: bar["autoencoder"] for bar in found["columns"]["bars"]}
    np.testing.assert_allclose([left[f"x{j}"] for j in range(4)], errors.sum(0) / constant.sum(0), rtol=1e-4)
    assert [row["row"] for row in found["worst"]] == np.argsort(-errors.sum(1), kind="stable")[:6].tolist()
    assert found["comparison"]["pca"] == pytest.approx(model.comparison_["pca"], abs=1e-5)


def test_the_words_of_a_document_sum_to_its_divergence(tmp_path):
    from diabolo.report.rows import measure

    model = fitted(texts())
    found = measure(model, texts())
    np.testing.assert_allclose(found.rows, model.reconstruction_errors(texts()).sum(1), rtol=1e-4, atol=1e-5)
    assert found.columns[2].sum() == pytest.approx(model.constant_errors(texts()).sum(), rel=1e-4)


def test_cells_are_sorted_and_the_outlier_stands_out(tmp_path):
    model, X = fitted(people()), people()
    X.loc[20, "height"] = 300.0
    write(model, X, tmp_path / "report.html")
    worst = read(tmp_path / "report.html")["worst"][0]
    assert worst["row"] == 20
    assert worst["cells"][0]["name"] in ("height", "weight")
    assert worst["cells"][0]["surprising"]
    shares = [cell["share"] for cell in worst["cells"]]
    assert shares == sorted(shares, reverse=True)


def test_labels_of_the_wrong_length(tmp_path):
    with pytest.raises(DataError, match="2 values, but X has 60 rows"):
        write(fitted(people()), people(), tmp_path / "report.html", labels={"y": [1, 2]})


def test_the_map_is_sampled_evenly():
    assert evenly(10_001, 101).tolist() == list(range(0, 10_001, 100))
    assert evenly(3, 5000).tolist() == [0, 1, 2]


def test_a_far_row_does_not_squeeze_a_map_of_one_code():
    z = np.random.default_rng(0).normal(size=(500, 1))
    z[0] = 1e4
    found = spread(z)
    assert found.places[0, 0] == 1e4
    assert np.ptp(found.drawn[:, 0]) < 12
    assert found.drawn[:, 1].max() < 100  # the stacks
    assert "Outside the frame, and drawn at its edge: 1 of 500 points." in found.note


def test_without_opentsne_the_map_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    found = spread(np.random.default_rng(0).normal(size=(20, 4)), 0)
    assert found.method == "plane"
    assert "pip install 'diabolo[maps]'" in found.note


def test_wild_codes_are_drawn_at_the_edge():
    z = np.random.default_rng(0).normal(size=(1000, 2))
    z[3] = 1e6
    found = spread(z, 0)
    assert np.abs(found.drawn).max() < 10
    assert "1 of 1,000" in found.note
    np.testing.assert_array_equal(found.places, z)  # only the picture has an edge
    np.testing.assert_array_equal(found.transform(2 * z), 2 * z)
    assert "Outside, too: 1 of 2 new rows." in draw_map(found, z[2:4], new=np.ones(2, bool)).decode()


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────

BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
PAINTED = (
    "() => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
)


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(browser: Any, path: Path, width: int, scheme: str) -> tuple[Any, list[str], list[str]]:
    """A page, its complaints and its requests."""
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("canvas.width > 300 && document.querySelector('#hourglass svg')")
    return page, said, asked


@pytest.mark.parametrize("kind", ["table", "hostile", "digits", "documents", "one code", "one row"])
def test_it_lives_in_a_browser(kind, browser, tmp_path):
    digits = load_digits()
    X: Any = {
        "table": people(),
        "hostile": people(names=HOSTILE),
        "digits": digits.data[:100] / 16,
        "documents": texts(),
        "one code": load_iris().data,
        "one row": people(),
    }[kind]
    path, model = tmp_path / "report.html", fitted(X, 1 if kind == "one code" else 3)
    shown = X[:1] if kind == "one row" else X
    write(model, shown, path, title=HOSTILE[0], labels={"which": [HOSTILE[i % 3] for i in range(len(shown))]})
    for width, scheme in ((1280, "light"), (390, "dark")):
        page, said, asked = opened(browser, path, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(PAINTED) > 3
        before = page.evaluate("canvas.toDataURL()")
        page.select_option("#color", label="reconstruction error")
        if len(shown) > 1:
            assert page.evaluate("canvas.toDataURL()") != before
        page.locator("canvas#canvas").focus()
        page.keyboard.press("ArrowRight")
        assert re.match(r"(Row|Document) \d+\n", page.locator("#tip").inner_text())
        assert page.locator("h1").inner_text() == read(path)["headline"]
        assert page.locator("#worst .card").count() == len(read(path)["worst"])
        assert said == []
        assert asked == [path.as_uri()]
        page.close()


OVERLAPS = """() => [...document.querySelectorAll(".chart svg")].flatMap((chart) => {
  const boxes = [...chart.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
  const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => touch(a, b)));
}).length"""


@pytest.mark.parametrize("best", [1, 9])
def test_no_text_of_a_chart_lies_on_another(best, browser, tmp_path):
    """The best round may be the last one, and little better than PCA: both names stood at the right end."""
    model = fitted(people())
    held = [1.1, *[0.79 - 0.003 * min(i, best) for i in range(1, 10)]]
    model.history_ = History([30.0 * i for i in range(10)], [3.2 - 0.01 * i for i in range(10)], held, [0.1] * 10, best)
    model.comparison_ |= {"pca": 0.306, "autoencoder": 0.34, "held_out_rows": 40}
    write(model, people(), path := tmp_path / "report.html")
    for width in (1280, 390):
        page, _, _ = opened(browser, path, width, "light")
        assert page.locator(".chart text.said").count() == 1
        assert page.evaluate(OVERLAPS) == 0
        page.close()


def test_a_level_can_be_singled_out_and_a_row_pointed_at(browser, tmp_path):
    X, y = load_iris(return_X_y=True)
    write(fitted(X, 2), X, path := tmp_path / "report.html", labels={"species": y})
    page, said, _ = opened(browser, path, 1280, "light")
    before = page.evaluate("canvas.toDataURL()")
    page.locator("#legend button").first.click()
    assert page.evaluate("canvas.toDataURL()") != before
    assert page.locator("#legend button").first.get_attribute("aria-pressed") == "true"
    box = page.locator("#canvas").bounding_box()
    for x in np.linspace(0.1, 0.9, 60):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + box["height"] / 2)
        if page.locator("#tip").is_visible():
            break
    assert re.match(r"Row \d+\n", page.locator("#tip").inner_text())
    assert said == []
    page.close()


# ── outliers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def detector(X: Any, **settings: Any) -> OutlierDetector:
    return OutlierDetector(hidden=(8,), epochs=2, random_state=0, verbose=False, **settings).fit(X)


def strange(X: pd.DataFrame) -> pd.DataFrame:
    return X.assign(**{X.columns[0]: [9999.0, *X.iloc[1:, 0]]})


def test_the_page_of_a_detector_names_rows_and_cells(tmp_path):
    model = detector(people(), alpha=0.1)
    for name in "ab":
        write(model, strange(people()), tmp_path / name, title="People & towns")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    page = (tmp_path / "a").read_text()
    flagged = int((model.predict(strange(people())) == -1).sum())
    assert f"<h1>{flagged} of 60 rows" in page
    assert "People &amp; towns" in page
    assert "<h3>Row 0</h3>" in page
    assert "<tr class=surprising><th scope='row'>height</th><td>9999" in page
    assert page.count("class='flagged'") == flagged
    assert not re.search(r"https?://|url\(|<script", page)


@pytest.mark.filterwarnings("ignore:alpha=1e-09 with")  # so that nothing is flagged
@pytest.mark.parametrize("kind", ["hostile", "documents", "digits", "pictures", "no pictures", "nothing"])
def test_the_page_of_a_detector_in_a_browser(kind, browser, tmp_path):
    X: Any = {
        "hostile": people(names=HOSTILE).assign(**{HOSTILE[2]: HOSTILE[1]}),
        "documents": texts(),
        "digits": load_digits().data[:100] / 16,
        "pictures": load_digits().images[:100].astype(np.uint8) * 15,
        "no pictures": load_digits().images[:60].astype(np.uint8) * 15,
        "nothing": people(),
    }[kind]
    path, model = tmp_path / "report.html", detector(X, alpha=1e-9 if kind.startswith("no") else 0.2)
    write(model, X, path, title=HOSTILE[0])
    for width, scheme in ((1280, "light"), (390, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        count = int((model.predict(X) == -1).sum())
        assert page.locator(".card").count() == min(count, 24)
        assert page.locator("svg .flagged").count() == count
        assert page.locator(".card img").count() == 3 * min(count, 24) * (kind == "pictures")
        assert page.evaluate("[...document.images].every(i => i.naturalWidth == 8)")
        assert said == []
        assert asked == [path.as_uri()]
        page.close()


def test_of_few_rows_hardly_one_is_a_false_alarm(tmp_path):
    """A third of a row is no "about 0"."""
    model = detector(people(), alpha=0.02)
    for n, said in ((10, "of them: hardly one."), (60, "of them: about 1.")):
        write(model, people()[:n], tmp_path / "report.html")
        assert said in (tmp_path / "report.html").read_text()


# ── which row it is ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_have_the_names_of_their_owner(tmp_path):
    X = strange(people()).set_axis([f"P{i}" for i in range(60)])
    write(detector(people(), alpha=0.1), X, tmp_path / "a")
    assert "<h3>Row 0</h3>" in (tmp_path / "a").read_text()
    assert "<p class='tags'>P0</p>" in (tmp_path / "a").read_text()
    found = report(people().set_axis([f"P{i}" for i in range(60)]), tmp_path)
    assert found["map"]["names"] == [f"P{i}" for i in found["map"]["rows"]]
    assert all(entry["name"] == f"P{entry['row']}" for entry in found["worst"])
    assert {entry["name"] for entry in report(people(), tmp_path)["worst"]} == {""}, "numbers from 0 are no names"


def test_documents_and_files_are_named(tmp_path):
    found = report(texts(), tmp_path)
    assert all(entry["text"] == texts()[entry["row"]] for entry in found["worst"])
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, picture in enumerate(load_digits().images[:45]):
        Image.fromarray((picture * 15).astype(np.uint8)).save(folder / f"digit-{i:02d}.png")
    found = report(folder, tmp_path)
    assert all(entry["name"] == f"digit-{entry['row']:02d}.png" for entry in found["worst"])


@pytest.mark.filterwarnings("ignore")  # few rows
def test_labels_name_texts_and_headlines_are_sentences(tmp_path):
    X = texts(120)
    Y = [["a"] * ("apple" in text) + ["b"] * (len(text) % 2) for text in X]
    Y = [y or ["c"] for y in Y]
    clf = MultiLabelClassifier(epochs=2, hidden=(8,), members=2, verbose=False, random_state=0).fit(X, Y)
    write(clf, X, tmp_path / "a", labels={"y": Y})
    page = (tmp_path / "a").read_text()
    assert re.search(r"<h1>The (mean )?average precision of \d labels? is \d\.\d\d", page)
    first = clf.report(X, Y, compare=False).cards[0].confirm[0]
    assert f"<li>{first} <small>{X[first]}</small></li>" in page


def test_titles_of_axes_keep_clear_of_the_ticks(tmp_path):
    write(detector(people(), alpha=0.1), strange(people()), tmp_path / "a")
    page = (tmp_path / "a").read_text()
    heights = [float(y) for y in re.findall(r"<text x='[^']*' dx='-8' y='([\d.]+)' text-anchor='end'>", page)]
    (title,) = re.findall(r"<text class='said' x='8' y='(\d+)'>", page)
    assert min(heights) - float(title) > 12, "the title stands above the highest tick"


@pytest.mark.parametrize("cls", [Denoiser, Classifier])
def test_of_what_there_is_no_report_is_said(cls: type, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"the model is a {cls.__name__}, on which there is no report: give an Autoencoder, "):
        write(cls(), np.zeros((5, 3)), tmp_path / "a.html")
    assert not [*tmp_path.iterdir()]


# ── how to reproduce it ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_code_of_a_report_reads_the_data_as_the_fit_did(tmp_path: Path) -> None:
    """It is executed, and gives the same model, although a saved one has no parameters of its format."""
    (tmp_path / "a.csv").write_text("day;rent;code\n" + "".join(f"{i % 28 + 1:02}.05.2024;{i},5;{i % 3}\n" for i in range(60)))
    how = Reading(decimal=",", dates={"day": "%d.%m.%Y"})
    ae = Autoencoder(1, format=Tables(reading=how), epochs=1, random_state=0, verbose=False)
    ae.fit(tmp_path / "a.csv", categories=["code"]).save(tmp_path / "a.diabolo")
    code = recipe(load(tmp_path / "a.diabolo"), "model")
    read = "Tables(reading=Reading(decimal=',', dates={'day': '%d.%m.%Y'}), categories=['code'])"
    assert code.splitlines()[1:4] == ["from diabolo.formats import Reading, Tables", "", f"format = {read}"]
    assert code.endswith("model.fit(X)  # X has the columns 'day', 'rent', 'code'")
    names: dict[str, Any] = {"X": tmp_path / "a.csv"}
    exec(code, names)
    assert np.array_equal(names["model"].transform(tmp_path / "a.csv"), ae.transform(tmp_path / "a.csv"))


@pytest.mark.parametrize(
    "params",
    [{"corruption": Mask(0.1, fill=float("nan"))}, {"corruption": Gaussian(0.3), "loss": Squared()}, {"epochs": np.int64(2)}],
)
def test_the_code_of_a_report_imports_what_it_makes(params: dict[str, Any]) -> None:
    X = np.random.RandomState(0).randn(60, 5)
    ae = Autoencoder(**{"n_components": 1, "epochs": 1, "random_state": 0, "verbose": False} | params).fit(X)
    names: dict[str, Any] = {"X": X}
    exec(recipe(ae, "model"), names)
    assert np.array_equal(names["model"].transform(X), ae.transform(X))


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_the_code_of_a_report_says_that_no_number_was_the_seed(seed: Any) -> None:
    ae = Autoencoder(1, epochs=1, random_state=seed, verbose=False).fit(np.random.RandomState(0).randn(60, 5))
    code = recipe(ae, "model")
    assert "# random_state was no number" in code
    exec(code, {"X": np.zeros((60, 5)) + np.arange(60)[:, None]})


def test_the_code_names_what_was_said_of_texts_and_files() -> None:
    texts = ["red apple", "green apple", "green pear", "red pear"] * 15
    ae = Autoencoder(1, format=Documents(max_features=3, min_df=1), epochs=1, random_state=0, verbose=False).fit(texts)
    assert "from diabolo.formats import Documents\n\nformat = Documents(max_features=3, min_df=1)\n" in recipe(ae, "ae")
    ae.format_.options = {"layer": "counts"}
    assert "from diabolo.formats import read_dataset\n" in recipe(ae, "ae")
    assert "X = read_dataset(path, layer='counts')\n" in recipe(ae, "ae")
    plain = Autoencoder(1, epochs=1, random_state=0, verbose=False).fit(np.random.default_rng(0).normal(size=(60, 25)))
    start = "from diabolo import Autoencoder\n\nmodel = Autoencoder("
    assert recipe(plain, "model").startswith(start)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def homes(n: int = 200, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """A price that depends on the area and the town, and not on the color; some prices and towns are not known."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"area": rng.uniform(20, 200, n), "town": rng.choice(["Oslo", "Rome"], n), "color": rng.normal(size=n)})
    y = pd.Series(3000 * X["area"] * np.where(X["town"] == "Oslo", 2, 1) + rng.normal(0, 9000, n), name="price")
    y[5], X.loc[7, "town"] = np.nan, None
    return X, y


def regressor(X: Any, y: Any, **settings: Any) -> Regressor:
    return Regressor(**{"hidden": (16,), "epochs": 20, "random_state": 0, "verbose": False} | settings).fit(X, y)


def test_numbers_of_the_page_of_a_regressor(tmp_path: Path) -> None:
    """Its R2 is that of `score`, the mean error is that of the predictions; the columns stand in their order."""
    (X, y), (new, truth) = homes(), homes(150, 1)
    reg = regressor(X, y)
    write(reg, new, tmp_path / "a.html", title="Homes", labels={"y": truth})
    write(reg, new, tmp_path / "b.html", title="Homes", labels={"y": truth})
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    known = truth.notna()
    off, score = np.abs(reg.predict(new) - truth)[known], reg.score(new, truth)
    assert f"<h1>The model explains {score:.0%} of the variance of price.</h1>" in page
    assert f"<span class='big'>{score:.1%}</span>" in page
    assert (
        f"Measured on 150 rows, 149 of them with a known price. On average it is {float(f'{off.mean():.4g}'):,.10g} off."
        in page
    )
    assert f"held out in the fit it explained {1 - reg.held_out_:.0%}" in page
    (columns,) = re.findall(r'<h2 id="h-columns">.*?</section>', page, re.S)
    assert re.findall(r"scope='row'>(\w+)<", columns)[:2] == ["area", "town"]
    (rows,) = re.findall(r'<h2 id="h-rows">.*?</section>', page, re.S)
    assert re.findall(r"scope='row'>(\d+)<", rows)[:3] == [str(i) for i in off.sort_values(ascending=False).index[:3]]
    assert len(re.findall("<circle class='flagged'", page)) == 149


def test_a_line_is_fitted_to_some_of_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = homes()
    reg = regressor(X, y, epochs=1)
    monkeypatch.setattr(agreement, "MAX_NUMBERS", 50 * reg.format_.width)
    write(reg, X, tmp_path / "a.html", labels={"y": y})
    assert "judged on the others. It knows 50 of them." in (tmp_path / "a.html").read_text()


def test_rows_of_the_fit_are_told_from_new_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 4)), rng.normal(size=120)
    reg = regressor(X, y, hidden=(256,), epochs=300, patience=300, dropout=0.0, weight_decay=0.0)
    write(reg, X, tmp_path / "a.html", labels={"y": y})
    write(reg, rng.normal(size=(60, 4)), tmp_path / "b.html", labels={"y": rng.normal(size=60)})
    fitted, new = ((tmp_path / name).read_text() for name in ("a.html", "b.html"))
    said = "these rows are perhaps those of the fit, and new ones will be worse."
    assert (said in fitted, said in new) == (reg.score(X, y) > 1 - reg.held_out_ + 0.05, False)
    assert "In these rows, the model predicts y no better than the mean." in new


@pytest.mark.parametrize("kind", ["two targets", "array", "documents", "pictures", "few", "all the same", "hostile"])
def test_a_page_of_any_regressor(kind: str, tmp_path: Path) -> None:
    X: Any
    X, y = homes(60)
    Y: Any = y.fillna(0)
    if kind == "two targets":
        Y = pd.DataFrame({"price": Y, "rooms": np.where(np.arange(60) % 9, (X["area"] / 30).round(), np.nan)})
    elif kind == "array":
        X = X[["area", "color"]].to_numpy()
    elif kind == "documents":
        X = texts(60)
    elif kind == "pictures":
        X = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    elif kind == "hostile":
        X, Y = X.rename(columns={"area": HOSTILE[0]}), Y.rename(HOSTILE[1])
    reg = regressor(X, Y, epochs=1)
    some = slice(0, 5 if kind == "few" else 60)
    if kind == "all the same":
        Y = Y * 0 + 3.0
    write(reg, X[some], tmp_path / "a.html", labels={"y": Y[some]})
    page = (tmp_path / "a.html").read_text()
    assert '<h2 id="h-versus">' in page
    assert not re.search(r"\$\{|nan%|>nan<", page)
    assert not any(text in page for text in HOSTILE[:2])
    assert ("a straight line" in page) == (kind != "few")
    assert page.count("Errors: predicted minus observed") == (kind != "two targets")


def test_targets_in_another_order_and_numbers_that_are_all_the_same(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    X, z = pd.DataFrame(r.normal(size=(200, 3))).add_prefix("x"), r.normal(size=200)
    Y = pd.DataFrame({"a": 3 * X["x0"] + 0.1 * z, "b": X["x1"] + 0.1 * z})
    reg, pages = regressor(X, Y), {}
    same = Y.assign(b=1.0)
    for name, (rows, y) in {"ab": (X, Y), "ba": (X, Y[["b", "a"]]), "same": (X, same), "one": (X[:1], Y[:1])}.items():
        write(reg, rows, tmp_path / f"{name}.html", labels={"y": y}, title="t")
        pages[name] = (tmp_path / f"{name}.html").read_text()
    assert pages["ba"] == pages["ab"]
    assert "of the variance of 2 targets, on average" in pages["same"], "of the one that shows it"
    assert "These rows cannot show it: all observed numbers are the same." in pages["one"]


def test_what_a_report_on_numbers_needs(tmp_path: Path) -> None:
    X, y = homes(60)
    reg = regressor(X, y, epochs=1)
    for labels, words in (
        (None, "a report on a Regressor needs the observed numbers of the rows"),
        ({"y": y[:9]}, "9"),
        ({"y": y * np.nan}, "nothing is known of price in these rows"),
        ({"y": np.ones((60, 2))}, "y has 2 columns, but the model was fitted with 1"),
    ):
        with pytest.raises(DataError, match=words):
            write(reg, X, tmp_path / "a.html", labels=labels)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_a_regressor_in_a_browser(width: int, browser: Any, tmp_path: Path) -> None:
    """Nothing sticks out, and no number lies on another or is cut off."""
    X, y = homes()
    write(regressor(X, y), X, tmp_path / "a.html", labels={"y": y})
    page = browser.new_page(viewport={"width": width, "height": 844})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "a.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    cut = """() => [...document.querySelectorAll('.chart svg text')].filter(t => {
        const a = t.getBoundingClientRect(), b = t.closest('svg').getBoundingClientRect();
        return a.left < b.left - 1 || a.right > b.right + 1 }).length"""
    wide = "() => [...document.querySelectorAll('.versus td')].filter(td => td.scrollWidth > td.clientWidth + 1).length"
    assert (page.evaluate(cut), page.evaluate(wide), said) == (0, 0, [])
    page.close()
