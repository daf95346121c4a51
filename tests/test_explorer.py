"""The explorer: one file, inert, without a request; its answers are those of the model; every panel does its work."""

from __future__ import annotations

import copy
import json
import re
import shutil
import struct
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.datasets import load_digits

from diabolo import (
    Autoencoder,
    Classifier,
    DataError,
    Denoiser,
    MultiLabelClassifier,
    OutlierDetector,
    Regressor,
    fonts,
    load,
)
from diabolo.cli import main
from diabolo.estimators.autoencoder.regions import regions
from diabolo.explorer import Payload, export, html, payload
from diabolo.explorer.bundle import module, script
from diabolo.explorer.columns import column
from diabolo.explorer.fonts import payload as font_payload
from diabolo.explorer.grids import box_around
from diabolo.explorer.near import interpolated
from diabolo.explorer.sides import sides
from diabolo.formats import Reading, Tables
from diabolo.formats.readers import NamedMatrix
from diabolo.programs import Tensors, compiled

HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "a & b", "]]><!--", "${script}"]
BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 2, "random_state": 0, "verbose": False}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def people(n: int = 120) -> pd.DataFrame:
    """Numbers, a category, a boolean, dates and gaps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "height": (170 + 10 * x).round(1),
            "weight": (70 + 8 * x + rng.normal(size=n)).round(1),
            "town": np.where(x > 0, "Oslo", "Rome"),
            "member": rng.random(n) > 0.5,
            "joined": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "visits": rng.integers(0, 9, n),
        }
    )
    frame.loc[::7, "weight"] = np.nan
    return frame


def texts(n: int = 60) -> list[str]:
    rng = np.random.default_rng(0)
    words = ["apple pear plum fig", "red green blue gray", "north south east west"]
    return [" ".join(rng.choice(words[i % 3].split(), 6)) for i in range(n)]


def pictures(n: int = 40) -> np.ndarray:
    return (load_digits().images[:n] * 15.9).astype(np.uint8)


def larger() -> np.ndarray:
    """Large enough for convolutions."""
    return pictures().repeat(5, 1).repeat(5, 2)


class Own(torch.nn.Module):
    """A decoder that is no layer of ours."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.line = torch.nn.Linear(2, d)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sin(self.line(z))


def tags(n: int) -> list[list[str]]:
    return [["even"] * (i % 2 == 0) + ["third"] * (i % 3 == 0) for i in range(n)]


def made() -> dict[str, Any]:
    """Kind -> how a model is fitted, and its rows."""
    frame, array = people(), np.random.default_rng(0).normal(size=(80, 5))
    digits = load_digits().data[:60] / 16

    def apart(name: str) -> tuple[pd.DataFrame, np.ndarray]:
        return frame.drop(columns=name), frame[name].to_numpy()

    return {
        "table": lambda: (Autoencoder(2, **SMALL).fit(frame), frame),
        "one code": lambda: (Autoencoder(1, **SMALL).fit(frame), frame),
        "three codes": lambda: (Autoencoder(3, **SMALL).fit(frame), frame),
        "array": lambda: (Autoencoder(2, **SMALL).fit(array), array),
        "pixels": lambda: (Autoencoder(2, **SMALL).fit(digits), digits),
        "texts": lambda: (Autoencoder(2, **SMALL).fit(texts()), texts()),
        "pictures": lambda: (Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(pictures()), pictures()),
        "large pictures": lambda: (Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(larger()), larger()),
        "own decoder": lambda: (Autoencoder(2, decoder=Own(5), **SMALL).fit(array), array),
        "outliers": lambda: (OutlierDetector(epochs=2, random_state=0, verbose=False, alpha=0.1).fit(frame), frame),
        "classifier": lambda: (Classifier(epochs=1, random_state=0, verbose=False).fit(*apart("town")), apart("town")[0]),
        "numbers": lambda: (Regressor(epochs=1, random_state=0, verbose=False).fit(*apart("height")), apart("height")[0]),
        "labels": lambda: (MultiLabelClassifier(epochs=1, random_state=0, verbose=False).fit(frame, tags(len(frame))), frame),
    }


KINDS = [*made()]
fitted_models: dict[str, Any] = {}


def fitted(kind: str) -> tuple[Any, Any]:
    """The model of a kind, fitted once."""
    if kind not in fitted_models:
        fitted_models[kind] = made()[kind]()
    return fitted_models[kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("explorer")


def page_of(kind: str, folder: Path, **settings: Any) -> Path:
    """The exported page of a kind, written once."""
    path = folder / f"{kind}{len(settings)}.html"
    if not path.exists():
        export(*fitted(kind), path, **settings)
    return path


def read(path: Path) -> dict[str, Any]:
    """The head in a page."""
    (found,) = re.findall(r'<script type="application/json" id="head">(.*?)</script>', path.read_text(), re.S)
    return json.loads(found)


# ── one file, inert ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_refers_to_nothing_outside(folder):
    page = page_of("table", folder).read_text()
    assert not re.search(r"@import|XMLHttpRequest|WebSocket|\bimport\(", page)
    assert "url(" not in re.search(r"<style>(.*?)</style>", page, re.S)[1]
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=(?!\"data:,\")", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "connect-src" not in policy


def test_hostile_names_stay_text(tmp_path):
    frame = people().rename(columns={"height": HOSTILE[0], "weight": HOSTILE[1], "town": HOSTILE[4]})
    frame[HOSTILE[4]] = np.where(frame[HOSTILE[4]] == "Oslo", HOSTILE[0], HOSTILE[3])
    export(
        Autoencoder(2, **SMALL).fit(frame),
        frame,
        tmp_path / "a.html",
        title=HOSTILE[0],
        labels={HOSTILE[2]: [HOSTILE[1]] * 120},
    )
    page = (tmp_path / "a.html").read_text()
    assert page.count("<script") == page.count("</script>") == 3
    assert "<img" not in page
    assert "<!--" not in page
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[4]} <= {c["name"] for c in read(tmp_path / "a.html")["columns"]}


@pytest.mark.filterwarnings("ignore:the texts hold HTML")
def test_hostile_texts_and_labels_stay_text_in_a_browser(browser, tmp_path):
    given = [f"{text} {HOSTILE[i % 5]} {i}" for i, text in enumerate(texts())]
    frame = people().assign(**{HOSTILE[1]: [f"{HOSTILE[0]} {i}" for i in range(120)]})  # read as a text of the page
    names = [[HOSTILE[0]] * (i % 2 == 0) + [HOSTILE[1]] * (i % 3 == 0) for i in range(120)]
    export(Autoencoder(2, **SMALL).fit(given), given, tmp_path / "texts.html", labels={HOSTILE[2]: given})
    labels = {HOSTILE[0]: frame.pop(HOSTILE[1])}
    export(MultiLabelClassifier(**SMALL).fit(frame, names), frame, tmp_path / "labels.html", labels=labels, title=HOSTILE[1])
    for name in ("texts", "labels"):
        page = opened(browser, tmp_path / f"{name}.html", at=f"#color={HOSTILE[2]}&ground=labels")
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(130)
        assert page.locator("#diabolo script, #diabolo img").count() == 0
        assert page.said == []
        page.close()


def test_the_same_bytes_for_the_same_seed_and_after_loading(tmp_path):
    model, X = fitted("table")
    model.save(tmp_path / "m.diabolo")
    for name, m in (("a", model), ("b", model), ("c", load(tmp_path / "m.diabolo"))):
        export(m, X, tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert read(tmp_path / "a")["columns"] == read(tmp_path / "c")["columns"]
    assert len(a) == len(c)


def test_nothing_is_left_behind_if_it_cannot_be_written(tmp_path, monkeypatch):
    model, X = fitted("table")
    with pytest.raises(OSError, match="create it first"):
        export(model, X, tmp_path / "nowhere" / "a.html")
    (tmp_path / "a.html").write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        export(model, X, tmp_path / "a.html")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.html", "old")]


def test_nothing_is_left_behind_if_the_disk_is_full(tmp_path):
    resource = pytest.importorskip("resource", reason="files of this system have no limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "a.html").write_text("old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            export(*fitted("table"), tmp_path / "a.html")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.html", "old")]


def test_models_without_a_map_are_named():
    with pytest.raises(DataError, match="Denoiser, whose rows have no places"):
        sides(Denoiser())


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"v": "string"}, r"labels\['v'\] is 'string': give a list or a column of 120 values, one per row"),
        ({"v": 7}, r"labels\['v'\] is 7: give a list"),
        ({"v": {"a": 1}}, r"labels\['v'\] is \{'a': 1\}: give a list"),
        ({"v": np.zeros((120, 2))}, r"labels\['v'\] is array"),
        ("town", "labels='town': give a dict of a name to one value per row"),
        ({1: [0] * 120, "1": [1] * 120}, "labels: two names are written alike"),
    ],
)
def test_labels_that_are_no_columns(labels, said):
    with pytest.raises(DataError, match=said):
        payload(*fitted("table"), labels=labels)


def test_labels_of_the_wrong_length():
    with pytest.raises(DataError, match=r"labels\['y'\] has 3 values, but X has 120 rows"):
        payload(*fitted("table"), labels={"y": [1, 2, 3]})


def test_other_columns_are_an_error():
    model, X = fitted("table")
    with pytest.raises(ValueError, match="height"):
        payload(model, X.drop(columns="height"))


def test_a_bundle_keeps_the_scopes_of_its_modules():
    found = script()
    assert not re.search(r"^(import|export)\b", found, re.M)
    names = re.findall(r"^const (\$\w+) = \(\(\) =>", found, re.M)
    assert len(names) == len(set(names)) > 10
    assert names[-1] == "$main"
    assert module("widget").endswith("export const { render } = $widget;\n")


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_has_the_code_of_its_own_place():
    rng = np.random.default_rng(0)
    places, codes = rng.normal(size=(30, 2)), rng.normal(size=(30, 4))
    np.testing.assert_allclose(interpolated(places, places, codes), codes, atol=1e-9)
    for n in (3, 30):  # rows that are all at one place
        one = interpolated(np.array([[5.0, 5.0]]), np.zeros((n, 2)), np.repeat(codes[:1], n, 0))
        np.testing.assert_allclose(one, codes[:1])


def test_codes_are_continuous_between_the_rows():
    rng = np.random.default_rng(1)
    places, codes = rng.normal(size=(60, 2)), rng.normal(size=(60, 3))
    line = np.linspace([-1, -1], [1, 1], 4001)
    steps = np.abs(np.diff(interpolated(line, places, codes), axis=0)).max()
    assert steps < 0.1


def test_regions_are_named_by_what_sets_them_apart():
    frame = pd.DataFrame({"age": [20.0] * 60 + [70.0] * 60, "town": ["Oslo"] * 60 + ["Rome"] * 60})
    found = Autoencoder(2, **SMALL).fit(frame).map(frame).regions_
    for region in found:
        town = frame["town"].iloc[region.rows].mode()[0]
        assert region.name == f"{'low' if town == 'Oslo' else 'high'} age, town {town}"
        assert len(region.says) > 0
    assert sorted(np.concatenate([region.rows for region in found]).tolist()) == [*range(120)]


def test_regions_of_like_rows_have_names_of_their_own():
    frame = pd.DataFrame({"age": [20.0] * 60 + [70.0] * 60 + [20.0] * 60})
    format = Tables().fit(frame)
    places = np.repeat([[0.0, 0.0], [5.0, 9.0], [10.0, 0.0]], 60, 0)
    names = [region.name for region in regions(places, format.to_tensor(frame).numpy(), format)]
    assert len(set(names)) == 3
    assert set(names) == {"high age", "low age", "low age, part 2"}


def test_regions_speak_of_values_as_the_file_has_them():
    """On a page with 1.866,57 in a row, 44,591 would be read as less than 45."""
    reading = Reading(decimal=",", thousands=".", dates={"since": "%d.%m.%Y"})
    since = pd.to_datetime(["2020-01-02"] * 60 + ["2024-05-06"] * 60)
    frame = pd.DataFrame({"rent": [664.25] * 60 + [44591.0] * 60, "since": since})
    format = Tables(reading=reading).fit(frame)
    places = np.repeat([[0.0, 0.0], [5.0, 9.0]], 60, 0)
    says = [text for region in regions(places, format.to_tensor(frame).numpy(), format) for text in region.says]
    assert any(text.startswith("rent: 44.591 on average here") for text in says)
    assert any(text.startswith("rent: 664,") for text in says)
    assert any(text.startswith("since: 06.05.2024 on average here") for text in says)


def test_regions_of_documents_are_words():
    model, X = fitted("texts")
    names = {word for region in model.map(X).regions_ for word in region.name.split(", ")}
    assert names <= {word for text in X for word in text.split()}
    assert len(names) > 3


def test_a_matrix_of_counts_has_rows_and_columns(browser, tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).poisson(2.0, (60, 4)), columns=["CD3E", "LYZ", "MS4A1", "GNLY"])
    X = NamedMatrix(sparse.csr_matrix(frame), [*frame], True, {})
    model = Autoencoder(2, **SMALL).fit(X)
    export(model, X, tmp_path / "cells.html")
    page = opened(browser, tmp_path / "cells.html", at="#tab=encode")
    said = page.locator("body").inner_text()
    assert [word in said for word in ("60 rows", "Decoded row", "document", "Words")] == [True, True, False, False]
    page.get_by_label("Names and counts, one a line").fill("LYZ 5\nCD3E 2")
    page.wait_for_selector(".result strong")
    z = model.transform(NamedMatrix(sparse.csr_matrix([[2, 5, 0, 0]]), [*frame], True, {}))[0]
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(place, z, atol=1e-4)
    page.get_by_label("Names and counts, one a line").fill("LYX 5")
    page.wait_for_selector(".result [role=alert]")
    assert "LYX is none of the 4 columns" in page.locator(".result").inner_text()
    page.get_by_label("Names and counts, one a line").fill("LYZ 1.2.3")
    page.get_by_text("LYZ 1.2.3: give a name and a count").wait_for()
    page.close()


def test_a_place_is_trusted_where_the_decoder_and_the_encoder_agree():
    x = np.random.default_rng(0).normal(size=(200, 2)) @ np.array([[1.0, 0, 1, 2], [0, 1, 1, -1]])
    model = Autoencoder(2, hidden=(), random_state=0, verbose=False).fit(x)
    head = payload(model, x).head
    round_trip, stretch = (tensor(payload(model, x), head["trust"][name]) for name in ("round", "stretch"))
    assert round_trip.max() < 1e-5  # a linear autoencoder: encode(decode(z)) = z
    np.testing.assert_allclose(stretch, 1, atol=1e-5)  # and the same everywhere


def tensor(found: Any, number: int) -> np.ndarray:
    about = found.head["tensors"][number]
    types = {"f32": "<f4", "f64": "<f8", "i32": "<i4"}
    return np.frombuffer(found.blob, types[about["dtype"]], int(np.prod(about["shape"])), about["offset"]).reshape(
        about["shape"]
    )


@pytest.mark.parametrize("kind", ["table", "outliers"])
def test_a_single_row_is_not_unlikely_at_its_own_place(kind, browser, tmp_path):
    model, X = fitted(kind)
    export(model, X.iloc[[8]], tmp_path / "one.html")
    page = opened(browser, tmp_path / "one.html")
    word = """() => {
      const { map, model } = document.getElementById("diabolo").explorer;
      return map.word(...model.places);
    }"""
    assert page.evaluate(word) == "likely"
    page.close()


def test_changes_are_said_in_few_letters(browser, tmp_path):
    """Of moments in the largest unit that fits, of huge numbers with few digits."""
    at = pd.Timestamp("2010-01-01", tz="Europe/Oslo") + pd.to_timedelta(np.arange(80) * 700, unit="s")
    frame = pd.DataFrame({"at": at, "huge": np.linspace(-1, 1, 80) * 1.234567e299})
    model = Autoencoder(2, **SMALL | {"epochs": 20}).fit(frame)
    export(model, frame, tmp_path / "a.html")
    page = opened(browser, tmp_path / "a.html")
    drag(page, 90, 60)
    changes = page.locator(".cells .change").all_inner_texts()
    assert re.fullmatch(r"[+−][\d.,]+ (h|min|s|days?)", changes[0])
    assert re.fullmatch(r"[+−]\d(\.\d\d)?e[+-]\d+", changes[1])
    page.mouse.up()
    page.close()


@pytest.mark.parametrize(
    ("places", "method", "box"),
    [
        ([[2, 3]], "codes", [1.43, 2.57, 2.43, 3.57]),
        ([[2, 3], [4, 3]], "codes", [1.86, 4.14, 1.86, 4.14]),
        ([[2, 0], [2, 50]], "strip", [1.43, 2.57, 0, 53.5]),
    ],
)
def test_rows_in_one_place_or_line_are_in_the_middle_of_a_map(places, method, box):
    assert box_around(np.array(places, dtype=float), method) == pytest.approx(box)


def test_names_that_are_taken_are_told_apart():
    frame = people().rename(columns={"height": "z1", "visits": "log likelihood"})
    model = Autoencoder(2, **SMALL).fit(frame)
    names = [(c["name"], c["group"]) for c in payload(model, frame, labels={"town": frame["town"]}).head["columns"]]
    assert {("town", "column"), ("town (label)", "label"), ("z1", "column"), ("z1 (code)", "code")} <= {*names}
    assert ("log likelihood (measure)", "measure") in names
    assert len({name for name, _ in names}) == len(names)


def test_more_rows_than_tsne_takes_are_placed_too_and_it_is_said(monkeypatch):
    monkeypatch.setattr(sys.modules["diabolo.explorer.payload"], "MOST_OF_TSNE", 40)
    model, X = fitted("three codes")
    found = payload(model, X)
    assert (found.head["n"], found.head["map"]["method"]) == (120, "t-SNE")
    assert "t-SNE placed 40 of the 120 rows; each other row lies between" in found.head["map"]["note"]
    z, places = (tensor(found, found.head[name]) for name in ("codes", "places"))
    near = np.square(z[:, None] - z).sum(2).argsort(1)[:, 1]
    apart = np.linalg.norm(places - places[near], axis=1)
    assert np.median(apart) < 0.2 * np.median(np.linalg.norm(places - places.mean(0), axis=1))


def test_a_network_sees_few_rows_at_once():
    X = np.random.default_rng(0).normal(size=(1500, 4))
    model = Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(X)
    seen: list[int] = []
    assert model.density_  # is learned when it is first asked for
    for half in (model.network_.encoder, model.network_.decoder):
        half.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    assert payload(model, X).head["n"] == 1500
    assert max(seen) <= 512


def test_what_was_left_out_is_said(monkeypatch):
    here = sys.modules["diabolo.explorer.payload"]
    monkeypatch.setattr(here, "MAX_ROWS", 50)
    monkeypatch.setattr(here, "CELLS", 100)
    head = payload(*fitted("table")).head
    assert (head["n"], head["rows"], head["left_out"]) == (50, 120, 4)
    assert head["about"].startswith("50 of 120 rows")
    assert len([c for c in head["columns"] if c["group"] == "column"]) == 2


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


LISTEN = (
    "document.addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.blockedURI))"
)


def opened(browser: Any, path: Path, width: int = 1280, scheme: str = "light", at: str = "", before: str = "") -> Any:
    """A page that is ready; its complaints and requests are `said` and `asked`."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("dialog", lambda dialog: (page.said.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.add_init_script(LISTEN + ";" + before)
    page.goto(path.as_uri() + at)
    page.wait_for_selector("html[data-ready=true]", timeout=15000)
    return page


def own(requests: list[str]) -> list[str]:
    """Requests that leave the page."""
    return [url.partition("#")[0] for url in requests if not url.startswith(("data:", "blob:"))]


@pytest.mark.parametrize("kind", KINDS)
def test_it_lives_in_a_browser(kind, browser, folder):
    path = page_of(kind, folder)
    for width, scheme in ((1280, "light"), (390, "dark"))[: 2 if kind in ("table", "pictures") else 1]:
        page = opened(browser, path, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        handle = page.get_by_role("slider", name=re.compile("^Place on"))
        assert re.match("unlikely|usual|likely", handle.get_attribute("aria-valuetext"))
        page.wait_for_selector("[aria-label^=Decoded]")
        before = page.locator(".decoded").inner_text(), page.evaluate("document.querySelector('.decoded canvas')?.toDataURL()")
        handle.focus()
        page.keyboard.press("Home")
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        after = page.locator(".decoded").inner_text(), page.evaluate("document.querySelector('.decoded canvas')?.toDataURL()")
        assert before != after
        assert page.evaluate("performance.getEntriesByName('diabolo:frame').length") > 0
        for tab in page.get_by_role("tab").all():
            tab.click()
            assert page.locator("[role=tabpanel]:visible").count() == 1
        for name in (
            ("Ground", "Show", "Color by") if width == 1280 and kind in ("table", "pictures", "labels", "numbers") else ()
        ):
            for option in page.get_by_label(name, exact=True).locator("option").all():
                page.get_by_label(name, exact=True).first.select_option(option.get_attribute("value"))
        assert page.said == []
        assert own(page.asked) == [path.as_uri()]
        page.close()


CODES = """(x) => {
  const { model } = document.getElementById("diabolo").explorer;
  return x.map((row) => Array.from(model.encode(Float32Array.from(row, (v) => v ?? NaN))));
}"""
DECODED = """(places) => {
  const { model } = document.getElementById("diabolo").explorer;
  return places.map((place) => Array.from(model.decodeAt(place)));
}"""


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("own decoder", "classifier", "labels", "numbers")])
def test_python_and_the_page_agree(kind, browser, folder):
    model, X = fitted(kind)
    page = opened(browser, page_of(kind, folder))
    half = sides(model)
    x = torch.cat(list(model._features(X)))[:20]
    z = np.array(page.evaluate(CODES, [[None if v != v else v for v in row] for row in x.tolist()]))
    np.testing.assert_allclose(z, half.encode(x).numpy(), rtol=1e-5, atol=1e-5)
    found = payload(model, X)
    places, codes = tensor(found, found.head["places"])[:20].astype(float), tensor(found, found.head["codes"])[:20]
    e = np.array(page.evaluate(DECODED, places.tolist()))
    inside = (codes[:, : min(2, half.k)] == places[:, : half.k]).all(1) if half.k <= 2 else np.ones(20, bool)
    expected = half.decode(torch.from_numpy(codes.astype(np.float64)).to(x.dtype)).numpy()
    assert inside.sum() > 10
    np.testing.assert_allclose(e[inside], expected[inside], rtol=1e-5, atol=2e-5)
    page.close()


@pytest.mark.parametrize("kind", ["classifier", "labels", "numbers"])
def test_labels_of_a_row_are_those_of_the_model(kind, browser, folder):
    model, X = fitted(kind)
    page = opened(browser, page_of(kind, folder))
    x = torch.cat(list(model._features(X)))[:10]
    run = CODES.replace("model.encode(", "model.labelsOf(")
    p = np.array(page.evaluate(run, [[None if v != v else v for v in row] for row in x.tolist()]))
    expected = model.predict(X)[:10, None] if kind == "numbers" else model.predict_proba(X)[:10]
    np.testing.assert_allclose(p, expected, rtol=1e-5, atol=1e-5)
    page.close()


def test_labels_that_a_row_is_given_stand_out(browser, folder):
    """By the thresholds of the model, and not by the likeliest, or by 50 %."""
    model, X = copy.deepcopy(fitted("labels"))
    model._decision.thresholds[:] = 0.3, 0.9
    names = ("even", "third")
    export(model, X, folder / "given.html")
    page = opened(browser, folder / "given.html")
    for p in ([0.35, 0.85], [0.2, 0.95], [0.1, 0.2]):
        page.evaluate("(p) => document.getElementById('diabolo').explorer.face.update(p)", p)
        given = model._decision.decided(np.array([p]))[0]
        lines = page.locator(".bars li")
        changed = [line.get_attribute("class") == "changed" for line in lines.all()]
        assert [*zip(lines.locator(".name").all_inner_texts(), changed, strict=True)] == [*zip(names, given, strict=True)]
    page.close()


def test_without_webassembly_the_answers_are_the_same(browser, folder):
    path = page_of("table", folder)
    places = [[0.1, -0.2], [0.5, 0.3]]
    with_kernel = opened(browser, path)
    without = opened(browser, path, before="delete window.WebAssembly")
    a, b = (np.array(page.evaluate(DECODED, places)) for page in (with_kernel, without))
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert without.said == []
    for page in (with_kernel, without):
        page.close()


def drag(page: Any, dx: float, dy: float) -> None:
    """The circle, with the mouse; it is not let go."""
    box = page.locator(".map-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=8)
    page.wait_for_timeout(60)


def test_a_drag_shows_what_has_changed_since_the_circle_was_let_go(browser, folder):
    page = opened(browser, page_of("table", folder))
    rest = dict(zip(page.locator(".cells th").all_inner_texts(), page.locator(".cells .value").all_inner_texts(), strict=True))
    drag(page, 150, -60)
    values = page.locator(".cells .value").all_inner_texts()
    changes = dict(zip(rest, page.locator(".cells .change").all_inner_texts(), strict=True))
    now = dict(zip(rest, values, strict=True))
    by = float(changes["height"].replace("−", "-"))
    assert by == pytest.approx(float(now["height"]) - float(rest["height"]), abs=1e-6)
    assert by != 0
    page.mouse.up()
    drag(page, 30, 0)
    again = float(page.locator(".cells .change").first.inner_text().replace("−", "-"))
    assert again == pytest.approx(float(page.locator(".cells .value").first.inner_text()) - float(now["height"]), abs=1e-6)
    page.mouse.up()
    for share in (0.3, 0.5):  # clicks, too, are told from where the circle was
        rest = page.locator(".cells .value").first.inner_text()
        stage = page.locator(".map-stage").bounding_box()
        page.mouse.click(stage["x"] + stage["width"] * share, stage["y"] + stage["height"] / 2)
        by = float(page.locator(".cells .change").first.inner_text().replace("−", "-") or 0)
        assert by == pytest.approx(float(page.locator(".cells .value").first.inner_text()) - float(rest), abs=1e-6)
        assert by != 0
    assert page.said == []
    page.close()


def test_the_address_holds_the_state(browser, folder):
    path = page_of("table", folder, labels={"which": [i % 3 for i in range(120)]})
    page = opened(browser, path)
    page.get_by_label("Color by", exact=True).select_option("town")
    page.get_by_role("tab", name="Find").click()
    page.get_by_label("Filter by a column").select_option(label="visits")
    page.get_by_label("visits: from").fill("4")
    page.get_by_role("tab", name="Walk").click()
    page.get_by_role("button", name="Set A here").click()
    drag(page, 80, 40)
    page.mouse.up()
    rows = lasso(page)
    page.get_by_role("button", name="Rome").click()
    page.get_by_role("tab", name="Walk").click()
    page.wait_for_timeout(900)
    link = page.evaluate("location.hash")
    assert len(link) < 500
    same = opened(browser, path, at=link)
    for one in (page, same):
        one.state = one.evaluate("""() => {
          const { map, store } = document.getElementById("diabolo").explorer;
          const anchors = store.get("anchors").flat().map((v) => v.toFixed(3));
          const filters = JSON.stringify([...store.get("filters")]);
          const [selected, shown] = ["selected", "shown"].map((name) => Array.from(store.get(name)));
          return [map.place.map((v) => v.toFixed(3)), anchors, filters, store.get("color"), store.get("tab"), selected, shown];
        }""")
    assert page.state == same.state
    assert same.state[2:5] == ['[["visits",{"low":4,"high":8}]]', "town", "walk"]
    assert np.flatnonzero(same.state[5]).tolist() == rows != []
    np.testing.assert_array_equal(same.state[6], (people()["visits"] >= 4) & (people()["town"] != "Rome"))
    same.evaluate("document.getElementById('diabolo').explorer.store.set('query', 'x'.repeat(9000))")
    same.get_by_role("tab", name="Save").click()
    same.get_by_text("but not the search: that would be too long").wait_for()
    assert "query" not in same.evaluate("location.hash")
    link = "#at=x,y&color=nothing&ground=labels&things=%3Cimg%3E&axes=0,9&view=1,1,NaN&tab=zzz&rows=3c.2r&hidden=a"
    odd = opened(browser, path, at=link + "&filters=[[1,2],3&walk=1e308,1,-1e308,1")
    assert odd.said == []
    assert odd.locator("[role=tabpanel]:visible").count() == 1
    for one in (page, same, odd):
        one.close()


def test_search_filter_and_legend_hide_rows(browser, folder):
    page = opened(browser, page_of("table", folder))
    frame = people()

    def shown() -> int:
        page.wait_for_timeout(300)
        said = page.locator(".find [role=status]").inner_text()
        return int(re.match(r"(all )?(\d+)", said)[2])

    page.get_by_role("tab", name="Find").click()
    assert shown() == 120
    page.get_by_label("Search all columns").fill("ósló")
    assert shown() == int((frame["town"] == "Oslo").sum())
    listed = page.get_by_role("list", name="Rows found").get_by_role("button")
    assert listed.all_inner_texts() == [f"row {i}" for i in np.flatnonzero(frame["town"] == "Oslo")[:8]]
    listed.nth(2).click()
    page.wait_for_timeout(700)
    assert page.locator(".facts dd").nth(1).inner_text() == listed.nth(2).inner_text()
    page.get_by_label("Filter by a column").select_option(label="visits")
    page.get_by_label("visits: from").fill("5")
    assert shown() == int(((frame["town"] == "Oslo") & (frame["visits"] >= 5)).sum())
    page.get_by_role("button", name="Show all rows").click()
    assert shown() == 120
    page.get_by_label("Color by", exact=True).select_option("town")
    page.get_by_role("button", name="Rome").click()
    assert shown() == int((frame["town"] != "Rome").sum())
    assert page.get_by_role("button", name="Rome").get_attribute("aria-pressed") == "false"
    assert page.said == []
    page.close()


def lasso(page: Any) -> list[int]:
    """A loop around most of the map; the selected rows."""
    box = page.locator(".map-stage").bounding_box()
    x, y, w, h = box["x"] + 8, box["y"] + 8, box["width"] - 80, box["height"] - 16
    page.keyboard.down("Shift")
    page.mouse.move(x, y)
    page.mouse.down()
    for to in ((x + w, y), (x + w, y + h), (x, y + h), (x, y + 4)):
        page.mouse.move(*to, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    return page.evaluate("""() => {
      const { store } = document.getElementById("diabolo").explorer;
      return Array.from(store.get("selected") ?? []).flatMap((v, i) => (v ? [i] : []));
    }""")


def saved(page: Any, name: str, path: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    waiting.value.save_as(path)
    return path


def test_a_column_colors_the_map_at_first(browser, tmp_path):
    model, X = fitted("table")
    names = [f"person {i}" for i in range(len(X))]
    with pytest.raises(DataError, match="color='name' is a column of texts"):
        export(model, X, tmp_path / "a.html", color="name", labels={"name": names})
    export(model, X, tmp_path / "a.html", color="visits", labels={"group": ["a", "b"] * 60})
    page = opened(browser, tmp_path / "a.html")
    assert page.get_by_label("Color by").input_value() == "visits"
    assert page.locator(".legend").inner_text().startswith("visits")
    page.close()


def test_selected_rows_become_a_file_and_a_label(run, browser, folder, tmp_path):
    model, X = fitted("labels")
    page = opened(browser, page_of("labels", folder))
    rows = lasso(page)
    assert 5 < len(rows) <= 120
    assert page.locator(".selection strong").inner_text() == f"{len(rows)} rows selected"
    found = pd.read_csv(saved(page, "Rows as CSV", tmp_path / "rows.csv"))
    assert found["row"].tolist() == rows
    pd.testing.assert_series_equal(found["height"], X["height"].iloc[rows].reset_index(drop=True))
    assert page.get_by_text(re.compile("^joined: 2024-")).count() < 2
    page.get_by_role("button", name="Save the examples").click()
    assert "Give the label a name." in page.locator(".selection form").inner_text()
    for taken, said in (("town", "The rows have a column town"), ("even", "The model has a label even already")):
        page.get_by_label("Name of the new label").fill(taken)
        page.get_by_role("button", name="Save the examples").click()
        assert said in page.locator(".selection form").inner_text()
    page.get_by_label("Name of the new label").fill("long" * 80)
    assert saved(page, "Save the examples", tmp_path / "long.csv").read_text().count("long" * 80) == 1
    page.get_by_label("Name of the new label").fill("special")
    examples = saved(page, "Save the examples", tmp_path / "special.csv")
    model.save(tmp_path / "tags.diabolo")
    assert "diabolo label add MODEL.diabolo special special.csv" in page.locator(".selection form").inner_text()
    assert run("label", "add", "tags.diabolo", "special", examples, "-o", "more.diabolo")[0] == 0
    assert [str(name) for name in load(tmp_path / "more.diabolo").labels_.names] == ["even", "third", "special"]
    assert page.said == []
    page.close()


def test_numbers_in_files_have_all_their_digits(browser, tmp_path):
    """In single precision 2**30 has 10 digits, and 0.1 has one."""
    values = [2**30, 123456768, 1 / 4096, float(np.float32(0.1)), float(np.float32(16777.217)), 0.1, 1e-300, -0.5]
    frame = people()[["height", "weight"]][: len(values)]
    model = Autoencoder(2, **SMALL).fit(people()[["height", "weight"]])
    export(model, frame, tmp_path / "a.html", labels={"size": values, "whole": [2**30 + 4096 * i for i in range(len(values))]})
    page = opened(browser, tmp_path / "a.html", at="#tab=save")
    found = pd.read_csv(saved(page, "Shown rows as CSV", tmp_path / "rows.csv"), dtype=str)
    assert [float(text) for text in found["size"]] == pytest.approx(values, rel=2e-8)
    assert found["size"].tolist()[:4] == ["1073741824", "123456768", "0.000244140625", "0.1"]
    assert found["whole"].tolist() == [str(2**30 + 4096 * i) for i in range(len(values))]
    page.close()


def test_an_endless_name_leaves_room_for_others(browser, tmp_path):
    frame = people()[["height", "weight"]].set_axis(["x" * 2000, "weight"], axis=1)
    export(Autoencoder(2, **SMALL).fit(frame), frame, tmp_path / "a.html")
    page = opened(browser, tmp_path / "a.html")
    assert page.locator(".cells tr").first.bounding_box()["height"] < 200
    assert page.locator(".cells th").first.get_attribute("title") == "x" * 2000
    page.close()


def test_columns_without_a_name_and_those_that_are_called_as_those_of_the_page(browser, tmp_path):
    frame = people()[["height", "weight"]].set_axis(["", "row"], axis=1)
    export(Autoencoder(2, **SMALL).fit(frame), frame, tmp_path / "a.html")
    page = opened(browser, tmp_path / "a.html", at="#tab=encode")
    assert page.locator(".cells th").all_inner_texts() == ["(no name)", "row"]
    assert page.locator(".legend").inner_text() == ""
    assert page.get_by_label("(no name)", exact=True).input_value() != ""
    page.get_by_label("Color by", exact=True).select_option(label="(no name)")
    assert re.search(r"\d+", page.locator(".legend").inner_text())
    tall = frame[""] > 175
    page.evaluate(
        "(rows) => document.getElementById('diabolo').explorer.store.set('selected', Uint8Array.from(rows))", tall.tolist()
    )
    mean = page.get_by_text(re.compile(r"^\(no name\): [\d.]+ on average, of all [\d.]+$")).inner_text()
    assert [float(v) for v in re.findall(r"[\d.]+", mean)] == pytest.approx(
        [frame[""][tall].mean(), frame[""].mean()], rel=1e-3
    )
    lines = saved(page, "Rows as CSV", tmp_path / "rows.csv").read_text().splitlines()
    assert lines[0] == "row (page),,row,reconstruction error,log likelihood,z1,z2,map x,map y"
    assert len(lines) == 1 + tall.sum()
    page.get_by_label("Name of the new label").fill("tall")
    assert saved(page, "Save the examples", tmp_path / "tall.csv").read_text().startswith(",row,tall\n")
    assert page.said == []
    page.close()


def test_examples_of_pictures_are_pictures(browser, folder, tmp_path):
    page = opened(browser, page_of("pictures", folder))
    rows = lasso(page)
    page.get_by_label("Name of the new label").fill("round ones")
    path = saved(page, "Save the examples", tmp_path / "x.zip")
    assert "This model (Autoencoder) learns no labels" in page.locator(".selection form").inner_text()
    from diabolo.images.album import ImageCollection

    album = ImageCollection(path)
    assert len(album) == len(rows)
    np.testing.assert_array_equal(np.rint(255 * album[0].pixels[..., 0]), pictures()[rows[0]])
    assert zipfile.ZipFile(path).testzip() is None
    page.close()


def test_a_row_is_encoded_in_the_page(browser, folder):
    model, X = fitted("table")
    page = opened(browser, page_of("table", folder))
    page.get_by_role("tab", name="Encode").click()
    row = X.iloc[[8]]
    page.get_by_label("Paste a row").fill(row.to_csv(index=False))
    page.wait_for_timeout(300)
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    z = model.transform(row)[0]
    box = read(page_of("table", folder))["map"]["box"]
    np.testing.assert_allclose(place, np.clip(z, [box[0], box[2]], [box[1], box[3]]), atol=1e-5)
    error = float(re.search(r"Error of the reconstruction: ([\d.e-]+)", page.locator(".result").inner_text())[1])
    assert error == pytest.approx(model.reconstruction_errors(row).sum(), rel=1e-3)
    assert page.get_by_label("town", exact=True).input_value() == row["town"].item()
    page.get_by_label("height", exact=True).fill("tall")
    page.wait_for_timeout(200)
    assert 'column "height" has "tall": allowed are numbers' in page.locator(".result [role=alert]").inner_text()
    page.get_by_label("Paste a row").fill("\t80\tOslo\tTrue\t2024-03-01\t\n")  # cells at the ends of a line may be empty
    page.wait_for_selector(".result table")
    assert [page.get_by_label(name, exact=True).input_value() for name in ("height", "weight", "visits")] == ["", "80", ""]
    for given, words in (
        ("1,2,3", "the row has 3 values, but there are 6 columns"),
        ("1", "the row has 1 value, but"),
        ("170 80 Oslo True 2024-03-01 3", "Put a comma, a semicolon or a tab between values"),
        ("height,weight\n170,5,80,5", "the row has 4 values, but there are 2 columns: height, weight"),
        ("heigth,weight\n170,80", 'there is no column "heigth"'),
    ):
        page.get_by_label("Paste a row").fill(given)
        page.wait_for_timeout(200)
        assert words in page.locator(".result").inner_text()
        assert page.locator(".result table").count() == 0
    assert page.said == []
    page.close()


@pytest.mark.parametrize("given", ['{"height": 171.5, "town": "Rome"}', "height,town\n171.5,Rome"])
def test_what_is_not_in_a_pasted_row_is_missing(given, browser, folder):
    model, X = fitted("table")
    page = opened(browser, page_of("table", folder))
    page.get_by_role("tab", name="Encode").click()
    assert re.search(r"Taken from row \d+, the nearest to the circle\.", page.locator(".encode").inner_text())
    page.get_by_label("visits", exact=True).fill("3")
    assert "changed since: visits." in page.locator(".encode").inner_text()
    page.get_by_label("Paste a row").fill(given)
    page.wait_for_selector("text=and so missing: weight, member, joined, visits.")
    page.wait_for_timeout(300)
    assert [box.input_value() for box in page.locator(".form input").all()] == ["171.5", "", "Rome", "", "", ""]
    row = X.iloc[[0]].astype({"member": "boolean", "visits": float})
    row[["height", "town"]] = 171.5, "Rome"
    row[["weight", "member", "joined", "visits"]] = None
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(place, model.transform(row)[0], atol=1e-4)
    page.close()


def test_dates_and_numbers_are_those_of_the_file(browser, tmp_path):
    rng = np.random.default_rng(0)
    size = rng.normal(170, 10, 80)
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta((5 * size).astype(int), unit="D")
    frame = pd.DataFrame({"size": size.round(1), "day": days.strftime("%d.%m.%Y"), "at": "12:30:15"})
    frame["at"] = [f"{10 + i % 9}:30:15" for i in range(80)]
    frame.to_csv(tmp_path / "a.csv", sep=";", decimal=",", index=False)
    reading = Reading(decimal=",", dates={"day": "%d.%m.%Y"})
    model = Autoencoder(2, format=Tables(reading=reading), **SMALL | {"epochs": 20}).fit(tmp_path / "a.csv")
    export(model, tmp_path / "a.csv", tmp_path / "a.html")
    page = opened(browser, tmp_path / "a.html", at="#tab=encode&color=at")
    assert re.fullmatch(r"at\s+1\d:30:15\s+1\d:30:15", page.locator(".legend").inner_text())
    number = int(page.locator(".facts dd").nth(1).inner_text().split()[1])
    own = (tmp_path / "a.csv").read_text().splitlines()[1 + number]
    assert [box.input_value() for box in page.locator(".form input").all()] == own.replace(",0", "").split(";")
    page.get_by_label("Paste a row").fill(own)
    page.wait_for_selector(".result table")
    assert page.locator(".result [role=alert]").count() == 0
    then = page.locator(".cells .value").all_inner_texts()
    drag(page, 90, 60)
    now, changes = page.locator(".cells .value").all_inner_texts(), page.locator(".cells .change").all_inner_texts()
    plain = [float(text.replace(",", ".").replace("−", "-")) for text in (now[0], then[0], changes[0])]
    assert plain[2] == pytest.approx(plain[0] - plain[1], abs=1e-6)
    gone = [pd.to_datetime(row[1], format="%d.%m.%Y") for row in (now, then)]
    assert changes[1].replace("−", "-") == f"{(gone[0] - gone[1]).days:+d} days"
    page.mouse.up()
    page.get_by_role("tab", name="Near").click()
    assert re.search(r"day \d\d\.\d\d\.20\d\d, not \d\d\.\d\d\.20", page.locator(".side").inner_text())
    assert page.said == []
    page.close()


@pytest.mark.parametrize(
    ("name", "cell", "said"),
    [
        ("height", "5.9", "far from all that it had"),
        ("height", "190", ""),
        ("joined", "2035-01-01", "far from all that it had"),
        ("joined", "2024-05-01T00:00:00+02:00", "names one, and counts as what it is in UTC"),
        ("member", "7", "had only 0 and 1 when the model was fitted: it counts as 1"),
    ],
)
def test_what_is_far_from_fit_is_told_as_in_python(name, cell, said, browser, folder):
    model, X = fitted("table")
    page = opened(browser, page_of("table", folder), at="#tab=encode")
    page.get_by_label("Paste a row").fill(X.iloc[[8]].astype(object).assign(**{name: cell}).to_csv(index=False))
    page.wait_for_selector(".result table")
    notes = page.locator(".result .note").all_inner_texts()
    assert [said in note and f'"{name}"' in note for note in notes] == [True] * bool(said)
    if name == "height":
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.transform(X.iloc[[8]].assign(height=float(cell)))
        assert bool(told) == bool(said)
    page.close()


@pytest.mark.parametrize("kind", ["table", "outliers"])
def test_gaps_that_are_new_are_filled_as_in_python(kind, browser, folder):
    model, X = fitted(kind)
    page = opened(browser, page_of(kind, folder))
    row = X.iloc[[8]].astype({"height": object, "town": object, "member": object})
    row[["height", "town", "member"]] = None
    row = row.astype({"height": float, "member": "boolean"})
    page.get_by_role("tab", name="Encode").click()
    page.get_by_label("Paste a row").fill(row.to_csv(index=False))
    page.wait_for_selector(".result table")
    error = float(re.search(r"Error of the reconstruction: ([\d.e-]+)", page.locator(".result").inner_text())[1])
    half = sides(model)
    x = torch.cat(list(model._features(row)))
    z = page.evaluate(CODES, [[None if v != v else v for v in x[0].tolist()]])
    np.testing.assert_allclose(z, half.encode(x).numpy(), rtol=1e-4, atol=1e-4)
    if kind == "table":
        assert error == pytest.approx(model.reconstruction_errors(row).sum(), rel=1e-3)
    page.close()


def test_a_text_is_encoded_in_the_page(browser, folder):
    model, _ = fitted("texts")
    page = opened(browser, page_of("texts", folder))
    page.get_by_role("tab", name="Encode").click()
    page.get_by_label("A text to place on the map").fill("red blue blue north")
    page.wait_for_timeout(300)
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(place, model.transform(["red blue blue north"])[0], atol=1e-4)
    assert "Error of the reconstruction" in page.locator(".result").inner_text()
    page.get_by_label("A text to place on the map").fill("zzz qqq")
    page.wait_for_timeout(300)
    assert page.locator(".result").inner_text().startswith("no word of this text is in the vocabulary")
    assert "rror of" not in page.locator(".result").inner_text()
    assert place == page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    assert page.said == []
    page.close()


def test_a_picture_is_read_as_in_python_whatever_its_profile(browser, tmp_path):
    """Telephones write a profile of colors, and JPEGs with large previews before the picture."""
    from PIL import Image, ImageCms

    X = np.stack([pictures(), 255 - pictures(), pictures() // 2], axis=-1)
    model = Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(X)
    export(model, X, tmp_path / "a.html")
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = swapped.find(b"rXYZ"), swapped.find(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    Image.fromarray(X[3]).save(tmp_path / "three.png", icc_profile=bytes(swapped))
    Image.fromarray(X[3]).save(tmp_path / "three.jpg", icc_profile=bytes(400_000))
    page = opened(browser, tmp_path / "a.html", at="#tab=encode")
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "three.png")
    page.wait_for_selector(".result [role=img]")
    z = model.transform(X[3:4])[0]
    x0, x1, y0, y1 = read(tmp_path / "a.html")["map"]["box"]
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(place, np.clip(z, [x0, y0], [x1, y1]), atol=1e-4)
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "three.jpg")
    page.wait_for_timeout(400)
    assert page.locator(".result [role=alert]").count() == 0
    page.close()


def png(width: int, height: int) -> bytes:
    """The head of a PNG of this size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5x", 13, b"IHDR", width, height) + bytes(64)


def test_a_picture_is_encoded_and_a_huge_one_refused(browser, folder, tmp_path):
    from PIL import Image

    model, X = fitted("pictures")
    Image.fromarray(X[3]).save(tmp_path / "three.png")
    (tmp_path / "huge.png").write_bytes(png(10_000, 10_000))
    (tmp_path / "broken.png").write_bytes(png(10, 10))
    (tmp_path / "no.txt").write_text("no picture " * 20)
    page = opened(browser, page_of("pictures", folder))
    page.get_by_role("tab", name="Encode").click()
    choose = page.get_by_label("Choose a picture")
    choose.set_input_files(tmp_path / "three.png")
    page.wait_for_selector(".result [role=img]")
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    box = read(page_of("pictures", folder))["map"]["box"]
    z = model.transform(X[3:4])[0]
    np.testing.assert_allclose(place, np.clip(z, [box[0], box[2]], [box[1], box[3]]), atol=1e-4)
    alert = page.locator(".encode p[role=alert]")
    for name, said in (
        ("huge.png", "huge.png has 10,000 × 10,000 pixels: at most 40 million"),
        ("broken.png", "broken.png is broken"),
        ("no.txt", "no.txt is no PNG, JPEG, WebP or GIF"),
    ):
        choose.set_input_files(tmp_path / name)
        page.wait_for_timeout(200)
        assert said in alert.inner_text()
    assert page.locator(".result [role=img]").count() == 0
    assert page.said == []
    page.close()


def test_what_a_model_does_not_see_of_a_picture_is_told(browser, folder, tmp_path):
    from PIL import Image

    _, X = fitted("pictures")
    Image.fromarray(X[3]).save(tmp_path / "right.png")
    Image.fromarray(np.tile(X[3], (1, 3))).save(tmp_path / "wide.png")
    Image.new("RGB", X[3].shape[::-1], "red").save(tmp_path / "red.png")
    page = opened(browser, page_of("pictures", folder), at="#tab=encode")
    for name, said in (("right.png", ""), ("wide.png", "ore than half of it is cut away"), ("red.png", "t has colors")):
        page.get_by_label("Choose a picture").set_input_files(tmp_path / name)
        page.wait_for_timeout(400)
        assert page.locator(".result [role=img]").count() == 1
        notes = page.locator(".result .note").all_inner_texts()
        assert [said in note for note in notes] == [True] * bool(said)
    assert page.said == []
    page.close()


def test_what_a_browser_leaves_out_of_a_picture_is_told(browser, folder, tmp_path):
    """Frames but the first, the turn of a WebP, and the colors of what is transparent."""
    from PIL import Image

    _, X = fitted("pictures")
    one, two = (Image.fromarray(x).convert("RGB") for x in X[3:5])
    turn = Image.Exif()
    turn[0x0112] = 6
    for end in ("gif", "png", "webp"):
        one.save(tmp_path / f"two.{end}", save_all=True, append_images=[two])
        one.save(tmp_path / f"right.{end}", **({"exif": turn} if end == "png" else {}))
    one.save(tmp_path / "turned.webp", exif=turn)
    for name, alpha in (("half", 128), ("none", 0)):
        Image.merge("RGBA", (*one.split(), Image.new("L", one.size, alpha))).save(tmp_path / f"{name}.png")
    page = opened(browser, page_of("pictures", folder), at="#tab=encode")
    wrong = dict.fromkeys(("two.gif", "two.png", "two.webp"), "is an animation, and a picture has one frame")
    wrong |= {"turned.webp": "is to be turned, which browsers do not do with WebP", "none.png": "nothing of it is seen"}
    right = {"right.gif": "", "right.png": "", "right.webp": "", "half.png": "it is partly transparent"}
    for name, said in (wrong | right).items():
        page.get_by_label("Choose a picture").set_input_files(tmp_path / name)
        page.wait_for_timeout(400)
        notes = page.locator(".result .note").all_inner_texts()
        assert [said[1:] in note for note in notes] == [True] * bool(said), name
        assert page.locator(".result [role=img]").count() == (name not in wrong)
    assert page.said == []
    page.close()


def test_a_decoder_of_ones_own_is_a_sheet_and_the_page_says_so(browser, folder):
    model, _ = fitted("own decoder")
    page = opened(browser, page_of("own decoder", folder))
    assert "Interpolated from a sheet of 33 × 33 places, because Own" in page.locator(".decoded .note").inner_text()
    box = read(page_of("own decoder", folder))["sheet"]["box"]
    node = [box[0] + (box[1] - box[0]) * 5 / 32, box[2] + (box[3] - box[2]) * 20 / 32]
    (e,) = page.evaluate(DECODED, [node])
    np.testing.assert_allclose(e, model._decode([node]).numpy()[0], atol=2e-3)
    page.close()


def test_two_of_three_codes_are_a_map(browser, folder):
    model, _ = fitted("three codes")
    page = opened(browser, page_of("three codes", folder))
    for step in range(5):
        drag(page, -40 + 20 * step, 15)
        page.mouse.up()
        page.wait_for_timeout(300)
        facts = dict(zip(page.locator(".facts dt").all_inner_texts(), page.locator(".facts dd").all_inner_texts(), strict=True))
        assert facts["Nearest"] == page.locator(".rows button").first.inner_text()
    page.get_by_role("tab", name="Place").click()
    page.get_by_label("Map", exact=True).last.select_option("axes")
    page.get_by_label("Code up").select_option("z3")
    assert "say little" not in page.locator(".place p").inner_text()
    page.get_by_label("Code z2").fill("0.25")
    assert page.locator(".place output").last.inner_text() == "0.25"
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    (e,) = page.evaluate(DECODED, [place])
    z = np.float32([[place[0], 0.25, place[1]]])
    np.testing.assert_allclose(e, model._decode(z).numpy()[0], rtol=1e-4, atol=1e-4)
    page.get_by_label("Map", exact=True).last.select_option("")
    assert "say little" in page.locator(".place p").inner_text()
    assert page.said == []
    page.close()


def test_what_is_shown_is_saved(browser, folder, tmp_path):
    page = opened(browser, page_of("table", folder))
    page.get_by_role("tab", name="Save").click()
    assert saved(page, "Map as PNG", tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert saved(page, "Map as SVG", tmp_path / "a.svg").read_text().startswith("<svg")
    assert len(pd.read_csv(saved(page, "Shown rows as CSV", tmp_path / "a.csv"))) == 120
    row = json.loads(saved(page, "Decoded row as JSON", tmp_path / "a.json").read_text())
    assert [*row] == [*people().columns]
    assert page.said == []
    page.close()


def test_a_walk_goes_from_a_to_b(browser, folder):
    page = opened(browser, page_of("table", folder))
    page.get_by_role("tab", name="Walk").click()
    page.get_by_role("button", name="Set A here").click()
    drag(page, 120, 50)
    page.mouse.up()
    page.get_by_role("button", name="Set B here").click()
    walk = page.get_by_label("Walk: how far from A to B")
    walk.fill("0.5")
    a, b, at = page.evaluate("""() => {
      const { map, store } = document.getElementById("diabolo").explorer;
      return [...store.get("anchors"), map.place];
    }""")
    np.testing.assert_allclose(at, (np.array(a) + b) / 2, atol=1e-6)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").wait_for()
    moved = page.evaluate("""async () => {
      const { map } = document.getElementById("diabolo").explorer, frames = (n) =>
        n ? new Promise((resolve) => requestAnimationFrame(() => resolve(frames(n - 1)))) : null;
      await frames(3);
      const there = [(map.box[0] + 3 * map.box[1]) / 4, map.box[2]];
      map.place = there;
      await frames(4);
      return [there, map.place];
    }""")
    np.testing.assert_allclose(*moved, err_msg="whoever moves the circle ends the walk")
    page.get_by_role("button", name="Play").wait_for()
    assert page.said == []
    page.close()


def test_ground_and_legend_give_a_level_one_color(browser, folder):
    page = opened(browser, page_of("table", folder), at="#color=town&ground=level:town")
    page.wait_for_selector(".map-areas li")
    run = "(items) => items.map((node) => [node.textContent, node.querySelector('i').style.background])"
    ground, legend = (dict(page.eval_on_selector_all(css, run)) for css in (".map-areas li", ".legend .chip"))
    assert ground
    assert ground.items() <= legend.items()
    assert "missing" not in legend
    page.get_by_label("Color by", exact=True).select_option("weight")
    missing = page.locator(".legend .chip", has_text="missing")
    assert missing.get_attribute("title") == f"missing: {people()['weight'].isna().sum()} rows"
    for name in ("round trip", "stretch", "log likelihood", "z1"):  # words that are not plain have an explanation
        assert page.locator("option", has_text=re.compile(f"^{name}$")).first.get_attribute("title")
    assert "encoded again" in page.locator(".facts > div", has_text="Round trip").get_attribute("title")
    missing.click()
    shown = page.evaluate("Array.from(document.getElementById('diabolo').explorer.store.get('shown'))")
    np.testing.assert_array_equal(shown, people()["weight"].notna())
    page.close()


def test_on_a_phone_what_is_decoded_stays_above_the_map(browser, folder):
    page = opened(browser, page_of("table", folder), 390)
    page.locator(".map-handle").scroll_into_view_if_needed()
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(100)
    decoded, handle = (page.locator(css).bounding_box() for css in (".decoded", ".map-stage"))
    assert 0 <= decoded["y"] < handle["y"] + handle["height"]
    assert page.evaluate("getComputedStyle(document.querySelector('.decoded')).position") == "sticky"
    assert decoded["height"] < 0.3 * 900
    assert not page.locator(".facts").is_visible()
    page.get_by_role("button", name="More").click()
    assert "Round trip" in page.locator(".facts").inner_text()
    page.get_by_role("button", name="Less").click()
    assert not page.locator(".facts").is_visible()
    for down in range(0, 700, 60):  # of a map that goes by under the sheet, little is covered
        page.evaluate(f"scrollTo(0, {down})")
        page.wait_for_timeout(120)
        shown, map = page.evaluate("""() => {
          const [sheet, stage] = [".decoded", ".map-stage"].map((css) => document.querySelector(css).getBoundingClientRect());
          const slim = document.querySelector(".decoded").classList.contains("slim");
          return [slim ? 76 : sheet.bottom, [stage.top, stage.bottom]];
        }""")
        assert shown <= max(80, map[0]) or map[1] < shown
    page.close()


def test_decoded_words_are_those_above_the_average(browser, tmp_path):
    X = [f"the the the the {text}" for text in texts()]
    model = Autoencoder(2, **SMALL | {"epochs": 20}).fit(X)
    export(model, X, tmp_path / "words.html")
    page = opened(browser, tmp_path / "words.html")
    shown = page.evaluate("document.getElementById('diabolo').explorer.thing.map((w) => [w.word, w.times])")
    assert all(times > 1 for _, times in shown)
    assert page.locator(".decoded .name:visible").all_inner_texts() == [word for word, _ in shown] != []
    assert shown[0][0] != "the"
    page.close()


def discs() -> Payload:
    """A plane of fonts with the letters A and B: discs, larger to the right, wider apart above."""
    size, rng = 16, np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] - 7.5
    field = 4 - np.hypot(x, y).ravel()
    matrix, offset = np.zeros((2, size**2 + 2, 2)), np.stack([[*field, width, 0] for width in (10, 12)])
    matrix[:, :-2, 0], matrix[:, -2, 1] = 1, 2
    weights = {"weight": matrix.reshape(-1, 2), "bias": offset.ravel()}
    program = compiled({"layer": "Linear", "in_features": 2, "out_features": offset.size, "bias": True}, weights, 2)
    tensors, places = Tensors(), rng.uniform(-1, 1, (20, 2)).astype(np.float32)
    fonts = {
        "letters": "AB",
        "size": size,
        "step": size**2 + 2,
        "unit": 0.05,
        "box": [-0.5, -0.2, 0.5, 0.8],
        "level": 0,
        "about": "of discs",
    }
    box, heat = [-2, 2, -2, 2], -np.hypot(*np.mgrid[-2:2:9j, -2:2:9j])
    nothing = ("codec", "encoder", "flat", "labels", "sheet", "trust", "thumbnails", "pixels")
    head = {
        **dict.fromkeys(nothing),
        **{"version": 1, "title": "Discs", "about": "20 fonts", "model": "Manifold", "kind": "fonts", "regions": []},
        **{"one": "font"},
        **{"k": 2, "n": 20, "rows": 20, "left_out": 0, "remote": {"encode": False, "decode": False}},
        "decoder": program.json(tensors),
        "map": {"method": "codes", "axes": ["z1", "z2"], "note": "", "box": box},
        "density": {"log": tensors.add(heat, "f32"), "box": box, "quantiles": [-2, -1, 0]},
        **dict.fromkeys(("places", "codes"), tensors.add(places, "f32")),
        "columns": [column("family", "label", [f"Disc {i // 2}" for i in range(20)], tensors)],
        "index": tensors.add(np.arange(20), "i32"),
        "ids": [f"Disc {i}" for i in range(20)],
        "fonts": fonts | {"text": "ABBA", "place": [0.5, -0.5]},
    }
    return Payload(head | {"tensors": tensors.table}, tensors.blob)


def test_a_place_of_a_plane_of_fonts_is_a_font(browser, tmp_path):
    (tmp_path / "fonts.html").write_bytes(html(discs()))
    page = opened(browser, tmp_path / "fonts.html")
    word = "document.querySelector('canvas.word').toDataURL()"
    before = page.evaluate(word)
    drag(page, 80, 30)
    page.mouse.up()
    assert page.evaluate(word) != before
    page.wait_for_selector("[role=img][aria-label^='Decoded: ABBA, in a font near Disc']")
    page.get_by_label("Text").fill("Béa A")
    assert page.locator(".font [role=status]").first.inner_text() == "Not learned, and drawn as a box: é a"
    page.get_by_label("Go to").fill("Disc 7")
    page.wait_for_timeout(700)
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(place, tensor(discs(), discs().head["places"])[7], atol=1e-5)
    page.get_by_label("Go to").fill("zzz")
    page.keyboard.press("Enter")
    assert page.get_by_text("No font is named zzz: choose one of the list.").is_visible()
    page.get_by_label("Go to").fill("dsc 12")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Disc 12", exact=True).first.click()
    page.wait_for_timeout(700)
    assert page.locator(".font [role=alert]").text_content() == ""
    other = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    np.testing.assert_allclose(other, tensor(discs(), discs().head["places"])[12], atol=1e-5)
    page.get_by_label("Go to").fill("zzz")
    page.keyboard.press("Enter")
    drag(page, 20, 10)
    page.mouse.up()
    assert page.locator(".font [role=alert]").text_content() == ""
    page.get_by_label("Go to").fill("Disc 7")
    page.wait_for_timeout(700)
    assert page.get_by_label("Ground").count() == 0  # there is nothing to choose
    assert "End the strangest font." in page.locator("footer").inner_text()
    page.get_by_label("Name of the font").fill("Round One")
    path = saved(page, "Save the font", tmp_path / "round.ttf")
    assert saved(page, "Save the word", tmp_path / "word.svg").read_text().startswith("<svg")
    page.get_by_label("Name of the font").fill("disc 3")
    saved(page, "Save the font", tmp_path / "disc.ttf")
    assert page.get_by_text("disc 3 is the name of a font that was learned, which its license may reserve").is_visible()
    page.get_by_label("Text").fill(" ")
    page.get_by_role("button", name="Save the word").click()
    assert page.get_by_text("There is nothing to write: type a text.").is_visible()
    ttlib = pytest.importorskip("fontTools.ttLib", reason="the extra 'fonts' is not installed")
    font = ttlib.TTFont(path)
    assert font["name"].getDebugName(1) == "Round One"
    assert font["name"].getDebugName(10).startswith("of discs. Made with diabolo at the place")
    assert {*map(ord, "AB")} <= set(font.getBestCmap())
    em = font["head"].unitsPerEm
    assert font["hmtx"]["A"][0] == pytest.approx(em * 0.05 * (10 + 2 * place[1]), abs=1)
    right = font["glyf"]["A"].xMax - font["glyf"]["A"].xMin
    assert right == pytest.approx(em * 2 * (4 + place[0]) / 16, rel=0.03)
    assert page.said == []
    page.close()


def test_of_a_long_text_only_what_can_be_read_is_drawn(browser, tmp_path):
    payload = discs()
    payload.head["fonts"]["text"] = "AB" * 3000
    (tmp_path / "fonts.html").write_bytes(html(payload))
    page = opened(browser, tmp_path / "fonts.html", 390)
    said = page.locator(".font [role=status]").first
    assert (drawn := re.fullmatch(r"Too long for this page: only the first (\d+) letters are drawn", said.inner_text()))
    assert 20 < int(drawn[1]) < 60
    ink = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
    assert page.locator("canvas.word").evaluate(ink)
    page.get_by_label("Text").fill("AB")
    assert said.inner_text() == ""
    page.close()


def test_a_text_may_be_longer_than_what_is_drawn(browser, tmp_path):
    (tmp_path / "fonts.html").write_bytes(html(discs()))
    page = opened(browser, tmp_path / "fonts.html", 1900)
    page.get_by_label("Text").press_sequentially("AB" * 35)
    assert (
        page.get_by_label("Text").input_value() == "ABBA" + "AB" * 35
        or page.get_by_label("Text").input_value().count("AB") >= 35
    )
    said = page.locator(".font [role=status]").first.inner_text()
    assert re.fullmatch(r"Too long for this page: only the first \d+ letters are drawn", said)
    assert int(re.findall(r"\d+", said)[0]) <= 60
    page.close()


def test_letters_that_look_incomplete_are_those_of_python(browser, tmp_path):
    manifold = fonts.shipped()
    (tmp_path / "fonts.html").write_bytes(html(font_payload(manifold, "Hi")))
    page = opened(browser, tmp_path / "fonts.html", at="#at=0.4,1.1")
    page.wait_for_selector(".odd:not(:empty)")
    said = page.locator(".odd").inner_text().removeprefix("Looks incomplete here: ").split()
    assert "".join(said) == fonts.incomplete(manifold, (0.4, 1.1)) != ""
    drag(page, 90, 30)
    assert page.locator(".odd").text_content() == ""
    page.mouse.up()
    page.wait_for_timeout(1500)
    place = page.evaluate("Array.from(document.getElementById('diabolo').explorer.map.place)")
    said = page.locator(".odd").inner_text().removeprefix("Looks incomplete here: ").split()
    assert "".join(said) == fonts.incomplete(manifold, place)
    assert page.said == []
    page.close()


def test_the_name_of_what_is_decoded_goes_along_with_a_walk(browser, tmp_path):
    (tmp_path / "fonts.html").write_bytes(html(discs()))
    page = opened(browser, tmp_path / "fonts.html")
    page.get_by_role("tab", name="Walk").click()
    page.get_by_role("button", name="Set A here").click()
    drag(page, 120, 50)
    page.mouse.up()
    page.get_by_role("button", name="Set B here").click()
    page.get_by_role("button", name="Play").click()
    names = set()
    for _ in range(6):
        page.wait_for_timeout(400)
        names.add(page.locator("[role=img][aria-label^='Decoded: ABBA']").get_attribute("aria-label"))
    assert len(names) > 1
    page.close()


def test_a_notebook_gets_a_widget():
    pytest.importorskip("anywidget", reason="the extra 'notebook' is not installed")
    model, X = fitted("table")
    w = model.explore(X, title="Here")
    w.place = 0.1, 0.2
    pd.testing.assert_frame_equal(w.decoded, model.inverse_transform([[0.1, 0.2]]))


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command line in a folder: code and what was said on stderr."""

    def run(*arguments: Any) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["diabolo", *map(str, arguments)])
        monkeypatch.chdir(tmp_path)
        code: Any = 0
        try:
            with warnings.catch_warnings():
                main()
        except SystemExit as end:
            code = end.code or 0
        return code, capsys.readouterr().err

    return run


def test_the_command_exports(run, tmp_path):
    model, X = fitted("table")
    model.save(tmp_path / "m.diabolo")
    X.assign(note=[f"n{i % 4}" for i in range(120)]).to_csv(tmp_path / "people.csv", index=False)
    assert run("explore", "m.diabolo", "people.csv", "--export", "page.html") == (0, "")
    head = read(tmp_path / "page.html")
    assert head["title"] == "people"
    assert (head["columns"][0]["name"], head["color"]) == ("note", None)
    assert run("explore", "m.diabolo", "people.csv", "--export", "town.html", "--color", "town") == (0, "")
    assert read(tmp_path / "town.html")["color"] == "town"
    assert run("explore", "m.diabolo", "--export", "drawn.html", "--title", "Drawn") == (0, "")
    assert read(tmp_path / "drawn.html")["n"] == 1000
    assert read(tmp_path / "drawn.html")["about"].startswith("1,000 rows drawn from the model; each is 2 numbers")
    for args, said in (
        (("m.diabolo", "people.csv", "--export", "people.csv"), "is the input"),
        (("m.diabolo", "people.csv", "--export", "a.html", "--color", "twn"), "no column 'twn' (did you mean 'town'?)"),
        (("people.csv", "people.csv", "--export", "a.html"), "does not begin like a .diabolo file"),
        (("m.diabolo", "people.csv", "--export", "a.html", "--port", "8000"), "--port is for a page that is served"),
        (("m.diabolo", "people.csv", "--export", "no/a.html"), "create it first"),
    ):
        code, told = run("explore", *args)
        assert code != 0
        assert said in told
    assert {p.name for p in tmp_path.iterdir()} == {"m.diabolo", "people.csv", "page.html", "town.html", "drawn.html"}


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([pd.Timedelta(hours=5, seconds=1), None], "number", ["0 days 05:00:01", ""]),
        ([pd.Timestamp("2024-05-01 12:00:00.123456"), pd.NaT], "date", ["2024-05-01 12:00:00.123456", ""]),
        ([pd.Timestamp("2024-05-01 23:30", tz="America/New_York")], "date", ["2024-05-01 23:30:00-04:00"]),
        ([2**60 + 1, 3], "number", [str(2**60 + 1), "3"]),
        ([np.inf, 1.5, np.nan], "number", ["inf", "1.5", ""]),
        ([1.5, 2.5], "number", None),
    ],
)
def test_cells_that_a_float_does_not_say_have_texts(values, kind, texts):
    found = column("a", "column", values, Tensors())
    assert (found["kind"], found.get("texts")) == (kind, texts)


def test_texts_that_end_like_a_time_stay_apart():
    assert column("a", "column", ["b", "b 00:00:00"], Tensors())["levels"] == ["b", "b 00:00:00"]


def test_predictions_do_not_replace_a_column_of_that_name(folder):
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = Classifier(**SMALL).fit(X, np.arange(60) % 2)
    names = [c["name"] for c in payload(model, X, labels={"predicted": ["mine"] * 60}).head["columns"]]
    assert {"predicted", "predicted (model)"} <= {*names}


# ── for everyone ─────────────────────────────────────────────────────────────────────────────────────────────────────

CONTRAST = """() => {
  const parsed = (color) => {
    const [r, g, b, a = 1] = (color.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => a * v + (1 - a) * under[i]);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => { const [r, g, b] = c.map((v) => linear(v / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const under = (node) => {
    return node ? over(parsed(getComputedStyle(node).backgroundColor), under(node.parentElement)) : [255, 255, 255];
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  while (words.nextNode()) {
    const node = words.currentNode.parentElement;
    const seen = words.currentNode.data.trim() && node.checkVisibility({ opacityProperty: true });
    if (!seen || node.closest("script, option, .unseen, .map-over")) continue;
    const ground = under(node);
    const [a, b] = [light(over(parsed(getComputedStyle(node).color), ground)), light(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([node.className || node.tagName, words.currentNode.data.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}"""
FOCUSED = """() => {
  const node = document.activeElement, style = getComputedStyle(node);
  const halo = node.querySelector?.(".map-focus");
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const ring = halo ? getComputedStyle(halo).opacity === "1" : outlined;
  return [[...document.querySelectorAll("*")].indexOf(node), node === document.body, ring, node.outerHTML.slice(0, 120)];
}"""
CONTROLS = {"button", "combobox", "textbox", "searchbox", "slider", "checkbox", "tab", "link", "spinbutton", "listbox"}


def controls(page: Any) -> list[tuple[str, str]]:
    """Role and name of each control, as a screen reader has them."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    seen = [node for node in nodes if not node.get("ignored") and node.get("role")]
    return [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen if node["role"]["value"] in CONTROLS
    ]


@pytest.mark.parametrize(
    ("kind", "scheme", "width"), [("table", "light", 1280), ("labels", "dark", 390), ("texts", "dark", 1280)]
)
def test_it_can_be_read_and_reached(kind, scheme, width, browser, folder):
    page = opened(browser, page_of(kind, folder), width, scheme)
    page.wait_for_selector("[aria-label^=Decoded]")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(160)
        if tab.inner_text() == "Find":
            page.get_by_label("Search all columns").fill("1")
            page.get_by_label("Filter by a column").select_option(index=1)
            page.wait_for_timeout(300)
        assert [control for control in controls(page) if not control[1].strip()] == []
        assert page.evaluate(CONTRAST) == []
        assert page.get_by_role("tabpanel", name=tab.inner_text()).is_visible()
    ids = page.eval_on_selector_all("[id]", "(nodes) => nodes.map((node) => node.id)")
    assert len(ids) == len({*ids})
    assert {"slider", "tab", "combobox", "button"} <= {role for role, _ in controls(page)}
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        number, out, ring, said = page.evaluate(FOCUSED)
        if out:
            break
        assert ring, said
        stops.append((number, said))
    assert out, "the focus does not leave the page"
    numbers = [number for number, _ in stops]
    assert numbers == sorted(numbers)
    assert any("map-handle" in said for _, said in stops), stops
    assert page.said == []
    page.close()


def test_a_regressor_is_colored_by_what_it_predicts() -> None:
    """With the name of its target, unless another column is asked for, or the name is taken."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    y = pd.Series(np.arange(60.0), name="price")
    reg = Regressor(hidden=(8,), epochs=1, random_state=0, verbose=False).fit(X, y)
    ids = {"id": [*range(60)]}
    assert payload(reg, X, labels=ids).head["color"] == "predicted price"
    assert payload(reg, X, labels=ids, color="id").head["color"] == "id"
    assert payload(reg, X, labels={"predicted price": [*range(60)]}).head["color"] == "predicted price (measure)"
    bare = Regressor(hidden=(8,), epochs=1, random_state=0, verbose=False).fit(X.to_numpy(), np.arange(120.0).reshape(60, 2))
    assert payload(bare, X.to_numpy()).head["color"] == "predicted 0"
