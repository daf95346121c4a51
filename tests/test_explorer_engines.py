"""The page in other engines than Chromium's: Firefox, and WebKit, which Safari has. Skipped where they are not installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import engines
from diabolo import Autoencoder, fonts
from diabolo.explorer import export, html
from diabolo.explorer.fonts import payload as fonts_page

NEEDED = {"Firefox": ["firefox-esr"], "WebKit": ["WebKitWebDriver", "xvfb-run"]}
PLACE = "return Array.from(document.getElementById('diabolo').explorer.map.place)"
CODES = "const { model } = document.getElementById('diabolo').explorer;"
RIGHT = "\ue014"


@pytest.fixture(scope="module", params=NEEDED)
def engine(request):
    missing = [name for name in NEEDED[request.param] if shutil.which(name) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]}")
    session = getattr(engines, request.param)()
    yield session
    session.close()


def dragged(engine: engines.Session) -> None:
    """The circle follows the pointer, and the arrow keys."""
    before = engine.js(PLACE)
    at = engine.js("const b = document.querySelector('[role=slider]').getBoundingClientRect(); return [b.x + 9, b.y + 9]")
    engine.drag(at, (-60, 40))
    after = engine.js(PLACE)
    assert after[0] < before[0]
    assert after[1] < before[1]
    engine.key(RIGHT)
    assert engine.js(PLACE)[0] > after[0]
    assert engine.js("return performance.getEntriesByName('diabolo:frame').length") > 0


def test_a_table_is_encoded_and_decoded(engine, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 2)) @ rng.normal(size=(2, 4)), columns=list("abcd"))
    model = Autoencoder(2, epochs=2, hidden=(8,), random_state=0, verbose=False).fit(frame)
    export(model, frame, tmp_path / "table.html")
    engine.go(tmp_path / "table.html")
    assert engine.ready()
    given = next(iter(model._features(frame[:5]))).tolist()
    z = engine.js(f"{CODES} return arguments[0].map((row) => Array.from(model.encode(Float32Array.from(row))))", given)
    np.testing.assert_allclose(z, model.transform(frame[:5]), rtol=1e-5, atol=1e-5)
    assert engine.js("return document.querySelectorAll('table td').length") > 0
    dragged(engine)


def test_the_shipped_fonts_are_drawn(engine, tmp_path: Path) -> None:
    shipped = fonts.shipped()
    (tmp_path / "fonts.html").write_bytes(html(fonts_page(shipped, "Hamburgefonts")))
    engine.go(tmp_path / "fonts.html")
    assert engine.ready()
    here = shipped.places[7].tolist()
    drawn = engine.js(f"{CODES} return Array.from(model.decode(Float32Array.from(arguments[0])).slice(0, 1024))", here)
    np.testing.assert_allclose(np.reshape(drawn, (32, 32)), shipped.at(here, "A").fields[0], atol=1e-4)
    dragged(engine)
