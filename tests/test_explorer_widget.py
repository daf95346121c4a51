"""The widget: circle and selection are the same in Python and in the page; without a kernel the page stands alone."""

from __future__ import annotations

import base64
import importlib.util
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diabolo import Autoencoder, Classifier, explorer
from diabolo.explorer.page import html
from kinds import SMALL, frame

pytest.importorskip("anywidget", reason="the extra 'notebook' is not installed")
import traitlets

from diabolo.explorer import widget
from diabolo.explorer.widget import Explorer

HOSTILE = "</script><img src=x onerror='alert(1)'> & \"quoted\" 'quoted'"


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(**SMALL).fit(table())


def table() -> pd.DataFrame:
    return frame(gaps=False)[["size", "count", "flag", "city"]]


@pytest.fixture
def w(model: Autoencoder) -> Explorer:
    return Explorer(model, table(), title=HOSTILE)


# ── in Python ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_decoded_follows_the_place(w, model):
    assert w.selection == []
    pd.testing.assert_frame_equal(w.decoded, model.inverse_transform([w.place]))  # before anything is shown
    for place in ((0.5, -1), [0.5, -1], np.array([0.5, -1.0]), model.transform(table())[7]):
        w.place = place
        assert w.place == tuple(place)
        pd.testing.assert_frame_equal(w.decoded, model.inverse_transform([place]))
    assert w.get_state(["place"])["place"] == w.place


@pytest.mark.parametrize(
    "place", [1, (1,), (1, 2, 3), (1, np.nan), (1, np.inf), ("a", "b"), "ab", [(1, 2)], [1, [2]], (True, False)]
)
def test_places_that_are_none(place, w):
    w.place = 0, 0
    with pytest.raises(traitlets.TraitError, match="two finite numbers"):
        w.place = place
    assert w.place == (0, 0)


def test_rows_are_selected_by_number(w):
    for rows in ([5, 3], (3, 5), np.array([3, 5]), pd.Series([5, 3, 3]), np.array([5, 3], np.uint8)):
        w.selection = []
        w.selection = rows
        assert w.selection == [3, 5]
        assert all(type(row) is int for row in w.selection)
    for wrong in (7, "37", [0.5], [True] * 60, [[3]], None):
        with pytest.raises(traitlets.TraitError, match="numbers of rows"):
            w.selection = wrong
    for wrong in ([60], [-1], [0, 10**9]):
        with pytest.raises(traitlets.TraitError, match=r"selection: row [-\d,]+ is not on the map, which shows 60 rows"):
            w.selection = wrong
    assert w.selection == [3, 5]


def test_what_the_page_says_is_heard(w, model):
    """As a message of the front end arrives."""
    heard: list[Any] = []
    w.observe(heard.append, ["place", "selection", "decoded"])
    w.set_state({"place": [0.25, 1], "code": [0.25, 1, 0.25, 1]})
    w.set_state({"selection": [1, 2]})
    assert {change["name"] for change in heard} == {"place", "selection", "decoded"}
    assert (w.place, w.selection) == ((0.25, 1), [1, 2])
    pd.testing.assert_frame_equal(w.decoded, model.inverse_transform([[0.25, 1]]))


def test_more_than_two_codes():
    """A row's own place is its code; the page may know another code for a place: two of the codes as axes."""
    X = np.random.default_rng(0).normal(size=(40, 5))
    model = Autoencoder(n_components=3, **SMALL).fit(X)
    w = Explorer(model, X)
    w.place = w._places[7]
    assert np.allclose(w.decoded, model.reconstruct(X)[7], atol=1e-5)
    w.set_state({"place": [1, 2], "code": [1, 2, 0, 1, 2]})
    assert np.allclose(w.decoded, model.inverse_transform([[0, 1, 2]]))
    w.place = w._places[7]
    assert np.allclose(w.decoded, model.reconstruct(X)[7], atol=1e-5)


def test_what_decodes_nothing():
    X = np.random.default_rng(0).normal(size=(40, 5))
    w = Explorer(Classifier(**SMALL).fit(X, np.arange(40) % 2), X)
    w.place = 0, 0
    assert w.decoded is None


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    spec = importlib.util.spec_from_file_location("diabolo.explorer.alone", str(widget.__file__))
    assert explorer.Explorer is Explorer
    with pytest.raises(ImportError, match=r"pip install 'diabolo\[notebook\]'"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


# ── without a kernel ─────────────────────────────────────────────────────────────────────────────────────────────────


class Frames(HTMLParser):
    """The attributes of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_stands_in_a_frame(w):
    data, _ = w._repr_mimebundle_()
    assert {"text/html", "text/plain", "application/vnd.jupyter.widget-view+json"} == {*data}
    ((tag, attributes),) = Frames(data["text/html"]).found
    assert tag == "iframe"
    assert attributes["srcdoc"] == html(w._found).decode()
    assert attributes["title"] == HOSTILE
    assert attributes["sandbox"] == "allow-scripts allow-downloads"  # of no origin: it reaches nothing of the notebook


def test_in_an_exported_notebook(w):
    nbconvert = pytest.importorskip("nbconvert", reason="the package nbconvert is not installed")
    nbformat = pytest.importorskip("nbformat")
    data, about = w._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=about)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("w", outputs=[output])])
    text, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "srcdoc=" in text


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────

BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
STAND_IN = """
globalThis.stand = class {
    constructor(state) { this.state = state; this.saved = []; this.told = {}; this.heard = {}; }
    get(name) { return this.state[name]; }
    set(name, value) { this.state[name] = this.told[name] = value; this.tell(name); }
    on(event, run) { (this.heard[event] ??= []).push(run); }
    off(event, run) { this.heard[event] = this.heard[event].filter(other => other !== run); }
    tell(name) { for (const run of this.heard[`change:${name}`] ?? []) run(); }
    save_changes() { this.saved.push(this.told); this.told = {}; }
    receive(state) { Object.assign(this.state, state); for (const name in state) this.tell(name); }
};
"""
RENDER = """async ([source, head, blob, place, selection]) => {
    const at = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
    const module = await import(at);
    const bytes = Uint8Array.from(atob(blob), c => c.charCodeAt(0));
    const message = new Uint8Array(bytes.length + 12);
    message.set(bytes, 12);
    globalThis.model = new stand({head, blob: new DataView(message.buffer, 12), place, selection, code: []});
    const end = await module.default.render({model, el: document.getElementById("cell")});
    globalThis.end = end;
    return Object.keys(module.default);
}"""


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def rendered(browser: Any, w: Explorer) -> tuple[Any, list[str]]:
    """A cell of a notebook that shows the widget, and what the browser complains of."""
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.set_content(f"<style>{w._css}</style><script>{STAND_IN}</script><article><div id=cell></div></article>")
    given = [w._esm, w.head, base64.b64encode(w.blob).decode(), w.place, w.selection]
    assert page.evaluate(RENDER, given) == ["render"]
    return page, said


def told(page: Any, w: Explorer) -> None:
    """What the page saved, as Python hears it."""
    page.wait_for_timeout(150)
    for state in page.evaluate("model.saved.splice(0)"):
        w.set_state(state)


def test_the_circle_and_the_selection_go_both_ways(browser, w, model):
    begun = w.place
    page, said = rendered(browser, w)
    told(page, w)
    start = w.place
    assert start == pytest.approx(begun)
    circle = page.locator("#cell [role=slider]")
    circle.focus()
    circle.press("ArrowRight")
    told(page, w)
    assert w.place != start
    pd.testing.assert_frame_equal(w.decoded, model.inverse_transform([w.place]), atol=1e-5)

    w.place = 0.5, -0.25
    page.evaluate("place => model.receive({place})", list(w.place))
    told(page, w)
    assert w.code == [0.5, -0.25, 0.5, -0.25]
    assert w.place == (0.5, -0.25)

    w.selection = [3, 17]
    page.evaluate("selection => model.receive({selection})", w.selection)
    assert "2 rows selected" in page.inner_text("#cell")
    told(page, w)
    assert w.selection == [3, 17]
    page.get_by_role("button", name="Clear", exact=True).click()
    told(page, w)
    assert w.selection == []
    assert page.evaluate("(end(), Object.values(model.heard).flat().length)") == 0
    assert said == []
    page.close()


def test_what_was_set_before_is_shown(browser, w):
    w.place, w.selection = (0.5, -0.25), [3, 17, 4]
    page, said = rendered(browser, w)
    assert "3 rows selected" in page.inner_text("#cell")
    told(page, w)
    assert (w.place, w.selection) == ((0.5, -0.25), [3, 4, 17])
    assert said == []
    page.close()


def test_the_frame_lives_alone(browser, w, tmp_path):
    """Sandboxed, under the policy of the page, and without a request."""
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><link rel=icon href=data:,><article>{w._repr_html_()}</article>")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    frame = page.frames[1]
    frame.wait_for_selector("html[data-ready]")
    frame.locator("[role=slider]").focus()
    before = frame.inner_text("section.decoded")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)  # longer than the page waits before it writes its state into an address
    assert frame.inner_text("section.decoded") != before
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    page.close()
