"""The map of the explorer, in a browser: the circle, the view, the lasso, and the same pixels everywhere."""

from __future__ import annotations

import base64
import io
import mimetypes
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "src" / "diabolo" / "explorer" / "web"
PAGES = ROOT / "tests" / "pages"
BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:"
PIXELS = "map.ground.raster.pixels.reduce((hash, v) => (Math.imul(hash, 31) + v) | 0, 7)"
AT = """() => {
  const [u, v] = map.camera.pixel(...map.at);
  const { left, top } = map.stage.getBoundingClientRect();
  return [u + left, v + top];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def served(route: Any) -> None:
    name = urlsplit(route.request.url).path[1:] or "map.html"
    path = next(
        folder / file for folder, file in ((WEB, name), (PAGES, name), (PAGES, f"map.{name}")) if (folder / file).exists()
    )
    kind = mimetypes.guess_type(path.name)[0]
    route.fulfill(body=path.read_bytes(), content_type=kind, headers={"Content-Security-Policy": POLICY})


def opened(browser: Any, n: int = 300, width: int = 640, **settings: Any) -> Any:
    page = browser.new_page(viewport={"width": width, "height": 700}, **settings)
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.route("**/*", served)
    page.goto(f"http://map.test/?n={n}")
    until(page, "document.documentElement.dataset.ready")
    page.evaluate("map.flush()")
    return page


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = opened(browser)
    yield page
    assert page.said == []
    page.close()


def until(page: Any, what: str) -> None:
    """Waits without `wait_for_function`, which needs eval, which the policy forbids."""
    for _ in range(300):
        if page.evaluate(what):
            return
        page.wait_for_timeout(10)
    raise AssertionError(f"{what} does not come true")


def drag(page: Any, start: list[float], moves: list[tuple[float, float]], leave: bool = False) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for du, dv in moves:
        page.mouse.move(start[0] + du, start[1] + dv)
    if not leave:
        page.mouse.up()


def settled(page: Any) -> None:
    until(page, "map.still")


# ── the circle ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_circle_is_dragged_and_keys_go_on_from_there(page):
    start = page.evaluate("map.place")
    drag(page, page.evaluate(AT), [(20, -10), (60, -30)])
    told = page.evaluate("said.places")
    k = page.evaluate("map.camera.scales[0]")
    assert told[-1] == {"place": pytest.approx([start[0] + 60 / k, start[1] + 30 / k]), "done": True}
    assert not told[0]["done"]
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    before = page.evaluate("map.place")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    after = page.evaluate("map.place")
    assert after[0] - before[0] == pytest.approx(6 / k)
    assert after[1] - before[1] == pytest.approx(0.6 / k)
    assert page.evaluate("performance.getEntriesByName('diabolo:frame').length") == len(page.evaluate("said.places"))


def test_keys_of_a_slider(page):
    page.evaluate("map.focus()")
    l, before = page.evaluate("[map.camera.scales[1], map.place]")
    page.keyboard.press("PageUp")
    after = page.evaluate("map.place")
    assert [after[0], (after[1] - before[1]) * l] == pytest.approx([before[0], 60], abs=1e-3)
    page.keyboard.press("PageDown")
    assert page.evaluate("map.place") == pytest.approx(before)
    page.keyboard.press("End")
    until(page, "said.places.at(-1)?.done && map.still && !map.motion.running")
    likely = page.evaluate("Array.from(map.points.cells.x, (x, i) => map.heat.at(x, map.points.cells.y[i]))")
    page.wait_for_timeout(600)
    assert page.evaluate("map.heat.at(...map.place)") == pytest.approx(min(likely), abs=1e-4)


def test_what_is_read_aloud(page):
    handle = page.get_by_role("slider", name=re.compile("^Place"))
    page.evaluate("map.place = [1.9, -1.9]; map.flush()")
    assert handle.get_attribute("aria-valuetext").startswith("unlikely, z1 1.9, z2 −1.9, near row ")
    page.evaluate("map.focus()")
    page.keyboard.press("Home")
    until(page, "said.places.at(-1)?.done")
    settled(page)
    assert handle.get_attribute("aria-valuetext").startswith("likely, ")
    assert page.evaluate("map.place") == pytest.approx([0.1, 0.25], abs=0.05)
    assert float(handle.get_attribute("aria-valuenow")) == page.evaluate("map.place[0]")


def test_the_circle_stays_in_the_box_and_where_it_is_set(page):
    page.evaluate("map.place = [99, -1]")
    assert page.evaluate("map.place") == [2, -1]
    page.evaluate("map.place = [NaN, 0]")
    assert page.evaluate("map.place") == [2, -1]
    assert page.evaluate("said.places") == []


def test_a_click_brings_the_circle(page):
    box = page.locator(".map-over").bounding_box()
    page.mouse.click(box["x"] + 100, box["y"] + 150)
    assert page.evaluate("map.place") == pytest.approx(page.evaluate("map.camera.place(100, 150)"))
    assert page.evaluate("said.places.length") == 1
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("said.places.length") > 1


def test_a_key_held_at_the_rim_takes_the_view_along(page):
    page.evaluate("map.view = {x: 0, y: 0, zoom: 8}; map.place = [0, 0]; map.focus()")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    u, _ = page.evaluate("map.camera.pixel(...map.at)")
    assert page.evaluate("map.place[0]") > 0.25
    assert 0 < u < page.evaluate("map.camera.w")


def touch(session: Any, kind: str, *points: tuple[float, float]) -> None:
    session.send(
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
    )


def test_touch(browser):
    page = opened(browser, width=390, has_touch=True, is_mobile=True, device_scale_factor=3)
    session = page.context.new_cdp_session(page)
    before = page.evaluate("map.place")
    u, v = page.evaluate(AT)
    touch(session, "touchStart", (u + 8, v))  # a finger is not exact
    touch(session, "touchMove", (u + 40, v + 30))
    touch(session, "touchEnd")
    k = page.evaluate("map.camera.scales[0]")
    assert page.evaluate("map.place") == pytest.approx([before[0] + 32 / k, before[1] - 30 / k])
    place = page.evaluate("map.camera.place(100, 200)")
    box = page.locator(".map-over").bounding_box()
    a, b = box["x"] + 100, box["y"] + 200
    touch(session, "touchStart", (a - 20, b))
    touch(session, "touchStart", (a - 20, b), (a + 20, b))
    for step in range(1, 6):
        touch(session, "touchMove", (a - 20 - 8 * step, b), (a + 20 + 8 * step, b))
    touch(session, "touchEnd")
    assert page.evaluate("map.view.zoom") == pytest.approx(3, rel=0.02)
    assert page.evaluate("([x, y]) => map.camera.pixel(x, y)", place) == pytest.approx([100, 200], abs=1)
    settled(page)
    assert page.evaluate("map.ground.raster.canvas.width / map.camera.w") == pytest.approx(2, abs=0.01)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.said == []
    page.close()


def test_without_motion_it_is_there_at_once(browser):
    page = opened(browser, reduced_motion="reduce")
    page.evaluate("map.glide([1, 1]); map.fit()")
    assert page.evaluate("said.places") == [{"place": [1, 1], "done": True}]
    page.close()


# ── the view ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_wheel_keeps_what_is_under_the_cursor(page):
    box = page.locator(".map-over").bounding_box()
    page.mouse.move(box["x"] + 170, box["y"] + 410)
    place = page.evaluate("map.camera.place(170, 410)")
    for _ in range(6):
        page.mouse.wheel(0, -240)
    until(page, "map.view.zoom > 5")
    assert page.evaluate("([x, y]) => map.camera.pixel(x, y)", place) == pytest.approx([170, 410], abs=1)
    page.evaluate("map.view = {zoom: 1e9}")
    assert page.evaluate("map.view.zoom") == 256
    page.evaluate("map.view = {zoom: 0, x: 77}")
    assert page.evaluate("map.view") == {"x": 2, "y": pytest.approx(page.evaluate("map.view.y")), "zoom": 0.8}


def test_a_drag_beside_the_circle_moves_the_map(page):
    page.evaluate("map.view = {zoom: 3}")
    box = page.locator(".map-over").bounding_box()
    before, place = page.evaluate("map.view"), page.evaluate("map.place")
    drag(page, [box["x"] + 60, box["y"] + 60], [(10, 10), (50, 30)])
    k = page.evaluate("map.camera.scales[0]")
    assert page.evaluate("map.view") == pytest.approx({"x": before["x"] - 50 / k, "y": before["y"] + 30 / k, "zoom": 3})
    assert page.evaluate("map.place") == place


def test_keys_and_buttons_zoom(page):
    page.evaluate("map.focus()")
    page.keyboard.press("+")
    assert page.evaluate("map.view.zoom") == pytest.approx(1.25)
    page.get_by_role("button", name="Zoom in").click()
    until(page, "Math.abs(map.view.zoom - 2) < 1e-9")
    page.get_by_role("button", name="Whole map").click()
    until(page, "map.view.zoom === 1 && map.view.x === 0")


@pytest.mark.parametrize("stretched", [False, True])
def test_pixels_and_places_are_inverse(page, stretched):
    page.evaluate(
        f"map.camera.stretched = {str(stretched).lower()}; map.camera.w = 400; map.view = {{x: 0.3, y: -0.2, zoom: 3}}"
    )
    assert page.evaluate("map.camera.place(...map.camera.pixel(0.7, -1.1))") == pytest.approx([0.7, -1.1])
    a, b = page.evaluate("map.camera.scales")
    assert (a == b) is not stretched


# ── pixels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [300, 6_000, 40_000])
def test_the_same_pixels_again_and_after_a_move(browser, n):
    """What is moved and completed is what is drawn anew: for discs, small discs and ink."""
    page = opened(browser, n, device_scale_factor=2 if n == 300 else 1)
    for colored in ("map.color(levels)", "map.color(null)"):
        page.evaluate(f"{colored}; map.view = {{x: 0.1, y: 0.1, zoom: 1.7}}; map.flush()")
        for du, dv in ((13, 0), (0, -29), (-40, 31), (3.7, 5.2)):
            page.evaluate(f"map.pan({du}, {dv}); map.flush()")
        moved = page.evaluate(PIXELS)
        page.evaluate("map.theme(); map.flush()")
        assert page.evaluate(PIXELS) == moved
    page.close()


def test_a_point_is_where_its_row_is(page):
    page.evaluate("map.show(Uint8Array.from({length: 300}, (_, i) => i === 5))")
    page.evaluate("map.color(new Uint8Array(300), ['#ff0000']); map.flush()")
    u, v = page.evaluate("map.camera.pixel(places[10], places[11]).map(Math.floor)")
    color = "([u, v]) => [...map.ground.raster.context.getImageData(u, v, 1, 1).data]"
    assert page.evaluate(color, [u, v]) == [255, 0, 0, 255]
    red = "map.ground.raster.pixels.filter((v) => v === 0xff0000ff).length"
    radius = page.evaluate("map.ground.radius")
    assert page.evaluate(red) == pytest.approx(np.pi * (radius - 0.5) ** 2, rel=0.35)
    page.evaluate("map.show(new Uint8Array(300)); map.flush()")
    assert page.evaluate(red) == 0
    assert page.evaluate("map.near(0, 0)") == -1


def test_a_coarse_picture_becomes_full_soon(browser):
    page = opened(browser, 130_000, device_scale_factor=2)
    for _ in range(5):  # on a busy machine the first frame may come when the full picture is there
        took = page.evaluate(COARSE)
        if took[0] < took[1]:
            break
    assert took[1] == 2 * took[0]
    assert took[2] < 1500  # 150 on a machine that does nothing else
    page.close()


COARSE = """() => new Promise((done) => {
          map.zoom(1.01);
          const start = performance.now();
          requestAnimationFrame(() => {
            const coarse = map.ground.raster.canvas.width;
            const next = () => {
              if (!map.still) return requestAnimationFrame(next);
              done([coarse, map.ground.raster.canvas.width, performance.now() - start]);
            };
            next();
          });
        })"""


# ── colours ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("options", ["{}", "{quiet: true}", "{trust: true}"])
def test_the_colours_are_monotone_in_lightness(page, theme, options):
    light = np.array(page.evaluate(f"[...heat.heatRamp('{theme}', {options})].map(colors.lightness)"))
    steps = np.diff(light[:: len(light) // 64])
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()


def test_the_quantiles_have_fixed_colours(page):
    at = page.evaluate("density.quantiles.map(heat.heatScale(density.quantiles))")
    assert at == pytest.approx(page.evaluate("heat.MARKS"))
    t = np.array(page.evaluate("Array.from({length: 400}, (_, i) => heat.heatScale([-3, -1, 0.5])(-9 + i / 25))"))
    assert (np.diff(t) > 0).all()
    assert np.abs(np.diff(t, 2)).max() < 0.01  # no corners
    assert 0 < t[0] < t[-1] < 1
    inside = np.array(page.evaluate("Array.from(own, (_, i) => map.heat.at(places[2 * i], places[2 * i + 1]))"))
    assert [(inside < mark).mean() for mark in page.evaluate("heat.MARKS")] == pytest.approx([0.05, 0.5, 0.95], abs=0.02)
    assert page.evaluate("heat.heatScale([0, 0, 0])(0)") == pytest.approx(page.evaluate("heat.MARKS[0]"))
    assert page.evaluate("heat.heatScale([0, 1, 2])(NaN)") == 0


def test_light_and_dark_and_legend(browser):
    seen = {}
    for scheme in ("light", "dark"):
        page = opened(browser, color_scheme=scheme)
        seen[scheme] = page.evaluate(PIXELS)
        assert page.evaluate("map.scheme") == scheme
        assert page.locator(".map-legend").inner_text().split() == ["unlikely", "probability", "likely"]
        page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        until(page, f"map.scheme !== '{scheme}'")
        assert page.said == []
        page.close()
    assert seen["light"] != seen["dark"]


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_near_is_the_nearest_shown(page):
    xy = np.array(page.evaluate("[...places]")).reshape(-1, 2)
    rng = np.random.default_rng(0)
    shown = rng.random(300) < 0.5
    page.evaluate("mask => map.show(mask)", shown.astype(int).tolist())
    for place in [*rng.uniform(-2, 2, (20, 2)), np.array([50.0, -50.0])]:
        far = np.where(shown, ((xy - place) ** 2).sum(1), np.inf)
        assert page.evaluate("([x, y]) => map.nearest(x, y, 7)", place.tolist()) == np.argsort(far)[:7].tolist()
        assert page.evaluate("([x, y]) => map.near(x, y)", place.tolist()) == far.argmin()


def test_the_lasso_selects_what_it_encloses(page):
    u, v = page.evaluate("map.camera.pixel(0.7, 0.9)")
    box = page.locator(".map-over").bounding_box()
    r = page.evaluate("map.camera.scales[0]") * 0.6
    loop = [(r * np.cos(a), r * np.sin(a)) for a in np.linspace(0.1, 2 * np.pi, 60)]
    page.get_by_role("button", name="Select rows").click()
    start = [box["x"] + u + r, box["y"] + v]
    drag(page, start, [(x - r, y) for x, y in loop])
    xy = np.array(page.evaluate("[...places]")).reshape(-1, 2)
    far = np.hypot(*(xy - [0.7, 0.9]).T)
    mask = np.array(page.evaluate("[...said.masks.at(-1)]"), dtype=bool)
    assert mask[far < 0.57].all()
    assert not mask[far > 0.61].any()
    assert mask.sum() > 10
    settled(page)
    chosen = page.evaluate(PIXELS)
    page.get_by_role("button", name="Select rows").click()
    page.keyboard.down("Shift")
    drag(page, [box["x"] + 5, box["y"] + 5], [(1, 0)])  # a loop around nothing lets go
    page.keyboard.up("Shift")
    assert page.evaluate("said.masks.at(-1)") is None
    settled(page)
    assert page.evaluate(PIXELS) != chosen
    page.evaluate("map.select(new Uint8Array(300).fill(1)); map.focus()")
    page.keyboard.press("Escape")
    assert page.evaluate("map.selected") is None


def test_a_lasso_takes_each_row_inside_and_no_other(browser):
    """Cells are taken as a whole where the loop does not cross them; also far outside the box."""
    page = opened(browser, 20_000)
    wild = """() => {
      const corner = (i) => [Math.cos(i * 2.4) * (0.3 + (i % 7) / 2), Math.sin(i * 1.7) * (0.2 + (i % 5))];
      const loop = Array.from({length: 40}, (_, i) => corner(i));
      const mask = lasso.rowsInside(map.points, loop);
      const wrong = mask.filter((m, i) => m !== +lasso.insideLoop(loop, places[2 * i], places[2 * i + 1]));
      return [mask.reduce((a, b) => a + b), wrong.length];
    }"""
    taken, wrong = page.evaluate(wild)
    assert 1000 < taken < 19_000
    assert wrong == 0
    page.close()


def test_a_lasso_knows_holes(page):
    star = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0], [1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
    inside = "([p, x, y]) => lasso.insideLoop(p, x, y)"
    assert page.evaluate(inside, [star, 0.5, 2])
    assert not page.evaluate(inside, [star, 2, 2])
    assert not page.evaluate(inside, [star, 5, 2])


def test_hover_names_the_row(page):
    page.evaluate("map.place = [-2, -2]")
    u, v = page.evaluate("map.camera.pixel(places[0], places[1])")
    box = page.locator(".map-over").bounding_box()
    page.mouse.move(box["x"] + u, box["y"] + v)
    assert page.evaluate("said.rows.at(-1)") == page.evaluate("([u, v]) => map.near(...map.camera.place(u, v))", [u, v])
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    assert page.evaluate("said.rows.at(-1)") is None


def test_what_does_not_fit_is_refused(page):
    for call in (
        "show(new Uint8Array(3))",
        "select([1])",
        "color(new Float32Array(7))",
        "layer('a', {values: new Float32Array(7), box})",
    ):
        with pytest.raises(Exception, match=r"rows; the map has 300|is not square"):
            page.evaluate(f"map.{call}")
    assert page.evaluate("() => { map.color(Float64Array.from(own, () => NaN)); map.flush(); return map.near(0, 0); }") >= 0


def test_rows_without_a_place_are_left_out(browser):
    page = opened(browser, 40)
    count = """() => {
      places[0] = NaN; places[3] = Infinity;
      const other = new map.constructor(document.createElement("div"), { box, places });
      return [other.points.cells.n, other.points.n, other.nearest(0, 0, 99).length, other.word(0, 0)];
    }"""
    assert page.evaluate(count) == [38, 40, 38, ""]
    assert page.said == []
    page.close()


# ── over and under ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_layers_lattice_pictures_names_and_walk(page):
    seen = [page.evaluate(PIXELS)]
    grid = "Float32Array.from({length: 25}, (_, i) => i)"
    for call in (
        f"layer('round trip', {{values: {grid}, box, words: ['returns', 'round trip', 'strays']}})",
        f"layer('label', {{labels: Uint8Array.from({grid}, (v) => v % 3), box, palette: colors.LEVELS}})",
    ):
        page.evaluate(f"map.{call}; map.flush()")
        seen.append(page.evaluate(PIXELS))
    page.evaluate("map.layer('label', null); map.flush()")
    assert page.evaluate(PIXELS) == seen[1]
    assert "strays" in page.locator(".map-legend").inner_text()
    page.evaluate("map.layer('round trip', null); map.flush()")
    assert page.evaluate(PIXELS) == seen[0]
    assert len(set(seen)) == 3

    page.evaluate("window.drawn = []; map.lattice((context, x, y, u, v, size) => drawn.push([x, y, u, v, size])); map.flush()")
    for x, y, u, v, size in page.evaluate("drawn"):
        assert [u, v] == pytest.approx(page.evaluate("([x, y]) => map.camera.pixel(x, y)", [x, y]))
        assert 52 <= size <= 104
    assert page.evaluate("drawn.length") >= 25
    page.evaluate("window.rows = []; map.pictures((context, row) => rows.push(row), 60); map.flush()")
    assert 10 < len(set(page.evaluate("rows"))) == page.evaluate("rows.length") <= 100
    page.evaluate("map.lattice(null); map.flush()")
    assert page.evaluate(PIXELS) == seen[0]

    page.evaluate("map.regions([{name: '</text><b>x', center: [0, 0], rows: [1]}]); map.flush()")
    assert page.locator(".map-names text").inner_html() == "&lt;/text&gt;&lt;b&gt;x"
    page.evaluate("map.regions([{name: 'high mean concavity of all cells, low area of them all', center: [0, 0], rows: [1]}])")
    page.evaluate("map.flush()")
    lines, stage = page.locator(".map-names text"), page.locator(".map-stage").bounding_box()
    assert lines.count() > 1
    for line in lines.all():
        own = line.bounding_box()
        assert stage["x"] <= own["x"]
        assert own["x"] + own["width"] <= stage["x"] + stage["width"]
    page.evaluate("map.path([[-1, 0], [1, 0], [1, 1]])")
    assert [page.evaluate(f"map.along({t})") for t in (0, 0.25, 0.5, 1, 7)] == [[-1, 0], [0, 0], [1, 0], [1, 1], [1, 1]]


def test_saved_pictures_show_the_map(page):
    page.evaluate("map.regions(regions); map.path([[-1, 0], [1, 0]])")
    svg = page.evaluate("map.svg()")
    assert svg.count("<circle") > 250
    assert "wide, light" in svg
    assert not re.search(r'class=|(href|src)="(?!data:)', svg)
    url = page.evaluate(
        """() => map.png().then((blob) => new Promise((done) => {
          const reader = new FileReader();
          reader.onload = () => done(reader.result);
          reader.readAsDataURL(blob);
        }))"""
    )
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))
    w, h = page.evaluate("[map.camera.w, map.camera.h]")
    assert picture.shape[:2] == (2 * h + 92, 2 * w)
    u, v = page.evaluate("map.camera.pixel(...map.at).map(Math.round)")
    assert picture[2 * v, 2 * (u + 11), :3].max() < 20  # the black of the circle
