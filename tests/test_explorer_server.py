"""The explorer's server: it answers its own page as the model does, and nobody else anything."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import http.client
import io
import json
import re
import shutil
import signal
import socket
import struct
import sys
import threading
import warnings
import webbrowser
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from diabolo import Autoencoder, Classifier, DataError, OutlierDetector, explorer
from diabolo.explorer import html, payload, server, uploads
from diabolo.explorer.guard import HEADERS, Guard
from diabolo.explorer.server import BINARY, application, listening, running, serve
from diabolo.explorer.sides import sides
from diabolo.formats import Tables
from kinds import SMALL, frame, texts

pytest.importorskip("uvicorn", reason="the extra 'explore' is not installed")

TOKEN, PORT = "a-token-of-this-run", 8000
OWN = {"cookie": f"diabolo-{PORT}={TOKEN}"}
JSON = "application/json"
PAGE = b"<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><p id=here>here"


# ── who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it received."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes
    read: int  # pieces of the body that were asked for

    @property
    def text(self) -> str:
        return self.content.decode()


def ask(app: Any, method: str, url: str, headers: list[tuple[str, str]], pieces: list[bytes]) -> Answer:
    """A request of any kind, also such as no client would send."""
    left, sent = list(pieces), []

    async def receive() -> dict[str, Any]:
        piece = left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = url.partition("?")
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": unquote(path), "headers": pairs}
    with contextlib.suppress(RuntimeError):  # which a module raised, after the answer
        asyncio.run(app(scope | {"query_string": query.encode(), "root_path": ""}, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert len(found) == len(sent[0]["headers"])
    return Answer(sent[0]["status"], found, content, len(pieces) - len(left))


class Client:
    """The guard around an application, asked by a page that has the token, or with other headers."""

    def __init__(self, app: Any = echo, own: dict[str, str] = OWN, **settings: Any) -> None:
        self.guard, self.own = Guard(app, TOKEN, PORT, **settings), {"host": f"127.0.0.1:{PORT}"} | own

    def ask(self, method: str, url: str, content: bytes = b"", **headers: str) -> Answer:
        given = self.own | {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.guard, method, url, [*given.items()], [content])

    def get(self, url: str, **headers: str) -> Answer:
        return self.ask("GET", url, **headers)

    def post(self, url: str, content: bytes = b"", kind: str = BINARY) -> Answer:
        return self.ask("POST", url, content, content_type=kind)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LocalHost", "[::1]:8000", "localhost:9000"])
def test_names_of_this_computer_are_answered(host):
    assert Client().get("/", host=host).status == 200


STRANGE = """evil.example evil.example:8000 localhost.evil.example 127.0.0.1.evil.example:8000 127.0.0.1@evil.example localhost.
    127.1 2130706433 0.0.0.0:8000 [::ffff:127.0.0.1] 127.0.0.1:x 127.0.0.1:8000/evil.example [::1].evil.example 192.168.1.5"""


@pytest.mark.parametrize("host", ["", *STRANGE.split()])
def test_other_names_are_not(host):
    """DNS rebinding: the name of another site leads here, so that its scripts are of one origin with the page."""
    for path in ("/", f"/?token={TOKEN}"):
        assert Client().get(path, host=host).status == 421


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site", "content-length"])
def test_a_header_that_stands_there_twice(name):
    value = {"host": "127.0.0.1", "origin": "http://127.0.0.1", "sec-fetch-site": "none", "content-length": "0"}[name]
    own = [*OWN.items()] + ([] if name == "host" else [("host", "127.0.0.1")])
    for times, status in ((1, 200), (2, 400)):
        assert ask(Client().guard, "POST", "/", [*own, *[(name, value)] * times], [b""]).status == status


def test_a_request_without_a_host():
    assert ask(Client().guard, "GET", "/", [*OWN.items()], [b""]).status == 421


FOREIGN = """http://evil.example null file:// http://127.0.0.1 http://127.0.0.1:8001 http://localhost:8000 https://127.0.0.1:8000
    http://127.0.0.1:8000.evil.example http://127.0.0.1:8000/"""


@pytest.mark.parametrize("origin", ["", *FOREIGN.split()])
def test_scripts_of_other_pages_are_refused(origin):
    for method in ("GET", "POST", "OPTIONS"):
        assert Client().ask(method, "/", origin=origin).status == 403


def test_the_own_page_is_answered():
    own = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert Client(own=OWN | own).post("/", b"x").content == b"x"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_pages_of_other_sites_can_only_link(site):
    def status(method: str, mode: str, dest: str) -> int:
        return Client().ask(method, "/", sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest).status

    assert status("GET", "navigate", "document") == 200
    assert status("POST", "navigate", "document") == 403
    for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe")):
        assert status("GET", mode, dest) == 403


@pytest.mark.parametrize(
    "cookie", ["", f"diabolo-{PORT}=", f"diabolo-{PORT}={TOKEN}x", f"diabolo-{PORT}={TOKEN[:-1]}", f"diabolo-1={TOKEN}", TOKEN]
)
def test_without_the_token_nothing_is_answered(cookie):
    for method, path in (("GET", "/"), ("POST", "/decode"), ("GET", "/nothing"), ("HEAD", "/")):
        assert Client(own={"cookie": cookie}).ask(method, path).status == 403


def test_a_token_that_is_no_ascii():
    assert Client(own={}).get("/?token=%C3%A9%FF").status == 403


def test_the_token_moves_from_the_url_into_a_cookie():
    answer = Client(own={}).get(f"/?token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"] == f"diabolo-{PORT}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert Client(own={"cookie": f"other=1; {answer.headers['set-cookie'].partition(';')[0]}; more=2"}).get("/").status == 200
    assert Client(own={}).post(f"/?token={TOKEN}").status == 403
    assert Client().get("/?token=of-another-run").status == 403


def test_a_link_of_another_site_leads_in_by_a_refresh():
    """A redirect would still count as of the other site, and not carry the cookie."""
    fetch = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    answer = Client(own=fetch).get(f"/?token={TOKEN}")
    assert (answer.status, answer.headers["refresh"]) == (200, "0; url=/")


def test_a_ticket_counts_once():
    some = Client(own={}, ticket="once")
    assert [some.get("/?token=once").status for _ in range(2)] == [303, 403]
    assert Client(own={"cookie": f"diabolo-{PORT}=once"}, ticket="once").get("/").status == 403
    assert Client(own={}).get("/?token=").status == 403


def test_a_body_is_counted():
    guard = Guard(echo, TOKEN, PORT, most=10)

    def counted(pieces: list[bytes], length: str | None = None, method: str = "POST") -> tuple[int, int]:
        more = [] if length is None else [("content-length", length)]
        answer = ask(guard, method, "/", [("host", "127.0.0.1"), *OWN.items(), *more], pieces)
        return answer.status, answer.read

    assert counted([b"0123456789"], "10") == (200, 1)
    assert counted([b"01234567890"], "11") == (413, 0)  # not a byte of it is read
    assert counted([b""], "9" * 5000) == (413, 0)
    assert counted([b"0123456"] * 9) == (413, 2)
    assert counted([b"0123456"] * 9, "7") == (413, 2)
    assert counted([b"01234", b"56789"]) == (200, 2)
    assert counted([b"0123456"] * 9, method="GET") == (413, 2)
    for odd in ("-1", "1e3", "", "1, 1", "0x1", "\u00b2"):
        assert counted([b""], odd) == (400, 0)


def test_a_stranger_is_refused_before_the_body_is_read():
    answer = ask(Client().guard, "POST", "/", [("host", "127.0.0.1")], [b"x"] * 9)
    assert (answer.status, answer.read) == (403, 0)


def test_there_are_no_sockets():
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    headers = [(b"host", b"127.0.0.1:8000"), (b"cookie", OWN["cookie"].encode()), (b"origin", b"http://127.0.0.1:8000")]
    asyncio.run(Client().guard({"type": "websocket", "path": "/", "headers": headers}, None, send))
    assert said == [{"type": "websocket.close", "code": 1008}]


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def models() -> dict[str, Autoencoder]:
    r = np.random.default_rng(0)
    table = frame().drop(columns=["same", "long"])
    things: dict[str, Any] = {
        "table": table,
        "array": r.normal(size=(60, 4)),
        "texts": texts(),
        "pictures": r.integers(0, 256, (40, 8, 6)).astype(np.uint8),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: Autoencoder(**SMALL).fit(X) for name, X in things.items()}


def of(model: Any, **settings: Any) -> Client:
    return Client(application(PAGE, model), **settings)


def test_every_answer_has_the_headers(models):
    some = of(models["array"], most=100)
    answers = [
        some.get("/"),
        some.get("/nothing"),
        some.get("/decode"),
        some.post("/decode", b"x"),
        some.post("/decode", b"x" * 101),
        some.get("/", host="evil.example"),
        some.ask("OPTIONS", "/", origin="http://evil.example", access_control_request_method="POST"),
        Client(own={}).get(f"/?token={TOKEN}"),
    ]
    assert [answer.status for answer in answers] == [200, 404, 405, 400, 413, 421, 403, 303]
    for answer in answers:
        for name, value in HEADERS.items():
            found = answer.headers[name.decode()]
            assert found == value.decode() or name == b"content-security-policy"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_page():
    some = of(None)
    assert some.get("/").content == PAGE
    assert some.get("/").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert some.get("/").headers["content-type"] == "text/html; charset=utf-8"
    assert some.post("/decode").status == 404
    bare = Client(application(b"<p>no policy")).get("/")
    assert bare.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), ("/", "PUT"), ("/decode", "GET"), ("/encode", "DELETE")])
def test_wrong_methods(path, method, models):
    assert of(models["array"]).ask(method, path).status == 405


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cwin.ini", "//evil.example/", "/decode/../", "/decode/"],
)
def test_no_path_leads_to_a_file(path, models):
    answer = of(models["array"]).get(path)
    assert answer.status == 404
    assert answer.text == "Not Found"


@pytest.mark.parametrize("kind", ["table", "array", "texts", "pictures"])
def test_it_decodes_as_the_model_does(kind, models):
    model = models[kind]
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("<f4")
    answer = of(model).post("/decode", z.tobytes(), BINARY)
    assert answer.status == 200
    found = np.frombuffer(answer.content, "<f4").reshape(5, -1)
    assert np.array_equal(found, model._decode(z).detach().numpy().astype(np.float32))


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", BINARY, "send codes as application/octet-stream, 2 numbers of float32 each: 0 bytes"),
        (bytes(7), BINARY, "7 bytes"),
        (bytes(12), BINARY, "12 bytes"),
        (bytes(8), "text/plain", "of 'text/plain'"),
        (bytes(8), "", "of ''"),
        (np.array([0, np.nan], "<f4").tobytes(), BINARY, "codes are finite numbers"),
        (np.array([0, np.inf], "<f4").tobytes(), BINARY, "codes are finite numbers"),
        (bytes(8 * 500_000), BINARY, "at most 349,525 codes at once, not 500,000"),
    ],
)
def test_codes_that_are_none(body, kind, said, models):
    answer = of(models["pictures"]).post("/decode", body, kind)
    assert answer.status == 400
    assert said in answer.text


def codes(model: Autoencoder, answer: Any) -> tuple[np.ndarray, np.ndarray]:
    assert answer.status == 200, answer.text
    numbers = np.frombuffer(answer.content, "<f4")
    assert len(numbers) == 2 + model.format_.width
    return numbers[:2], numbers[2:]


def same(model: Autoencoder, answer: Any, X: Any) -> None:
    """The code and the features of the one thing in X."""
    z, x = codes(model, answer)
    assert np.allclose(z, model.transform(X)[0], atol=1e-6)
    assert np.allclose(x, model.format_.to_tensor(X)[0], atol=1e-6, equal_nan=True)


def file(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def photo(mode: str = "L", size: tuple[int, int] = (6, 8)) -> Image.Image:
    r = np.random.default_rng(1)
    return Image.fromarray(r.integers(0, 256, (*size[::-1], 3)).astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(6, 8), (31, 20)])
@pytest.mark.filterwarnings("ignore:1 of 1 pictures looked at lose more than half")
@pytest.mark.filterwarnings("ignore:'picture 0' has colors, and the pictures of fit had none")
def test_it_encodes_pictures(kind, size, models):
    body = file(photo("RGB", size), kind)
    answer = of(models["pictures"]).post("/encode", body, f"image/{kind.lower()}")
    same(models["pictures"], answer, [Image.open(io.BytesIO(body))])


@pytest.mark.parametrize("kind", ["table", "array", "texts", "pictures"])
def test_it_encodes_features(kind, models):
    x = np.random.default_rng(0).random((1, models[kind].format_.width)).astype(np.float32)
    z, back = codes(models[kind], of(models[kind]).post("/encode", x.tobytes()))
    assert np.array_equal(back, x[0])
    inner = models[kind].network_.encoder(torch.from_numpy(x).to(next(models[kind].network_.parameters()).dtype))
    assert np.allclose(z, inner.detach()[0], atol=1e-6)
    wrong = of(models[kind]).post("/encode", x.tobytes()[:-1])
    assert (wrong.status, f"{x.shape[1]} numbers of float32 each" in wrong.text) == (400, True)


def test_what_is_odd_is_a_note(models):
    answer = of(models["pictures"]).post("/encode", file(photo("CMYK"), "JPEG"), "image/jpeg")
    assert answer.status == 200
    note = "'picture 0' is CMYK: the result will be RGB 'picture 0' has colors, and the pictures of fit had none: "
    assert unquote(answer.headers["note"]) == note + "only brightness is seen"
    assert "note" not in of(models["pictures"]).post("/encode", file(photo()), "image/png").headers


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claimed(width: int, height: int, *more: bytes) -> bytes:
    """A small PNG of one bit per pixel that says it is this large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


TEXT_BOMB = claimed(6, 8, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 22))))


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", "image/png", "is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "allowed are image/png, image/jpeg, image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "is no picture"),
        (file(photo(), "GIF"), "image/gif", "allowed are"),
        (file(photo(), "GIF"), "image/png", "cut off or damaged"),
        (file(photo(), "TIFF"), "image/png", "cut off or damaged"),
        (file(photo(), "JPEG"), "image/png", "cut off or damaged"),
        (file(photo())[:60], "image/png", "cut off or damaged"),
        (file(photo(), save_all=True, append_images=[photo("L", (6, 9)).crop((0, 1, 6, 9))]), "image/png", "animation"),
        (TEXT_BOMB, "image/png", "cut off or damaged"),
        (json.dumps("/etc/passwd.png").encode(), JSON, "allowed are"),
        (b"/etc/passwd.png", "image/png", "is no picture"),
    ],
)
def test_pictures_that_are_none(body, kind, said, models):
    answer = of(models["pictures"]).post("/encode", body, kind)
    assert answer.status == 400
    assert said in answer.text


@pytest.mark.parametrize("size", [(8000, 5001), (12000, 12000), (20000, 20000), (1, 2**31 - 1)])
def test_large_pictures_are_refused_before_they_are_decoded(size, models, monkeypatch):
    def load(image: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    answer = of(models["pictures"]).post("/encode", claimed(*size), "image/png")
    assert answer.status == 400
    assert re.search(r"the limit is (40 million|\d)", answer.text)


def test_a_picture_at_the_limit_is_read(models, monkeypatch):
    monkeypatch.setattr(uploads, "PIXELS", 48)
    some = of(models["pictures"])
    assert some.post("/encode", file(photo()), "image/png").status == 200
    assert some.post("/encode", file(photo("L", (7, 7))), "image/png").status == 400


ROW = {"size": 0.5, "count": 7, "flag": True, "city": "Rome", "grade": "low", "when": "2020-02-03T04:00:00+01:00", "maybe": 3}


def row(**changed: Any) -> bytes:
    return json.dumps({name: value for name, value in (ROW | changed).items() if value != "gone"}).encode()


def table_of(**changed: Any) -> pd.DataFrame:
    X = pd.DataFrame([ROW | changed])
    X["when"] = pd.to_datetime(X["when"]).dt.tz_convert("Europe/Paris")
    X["grade"] = pd.Categorical(X["grade"], ["low", "mid", "high"], ordered=True)
    return X


def test_it_encodes_rows(models):
    some, model = of(models["table"]), models["table"]
    same(model, some.post("/encode", row(), JSON), table_of())
    same(model, some.post("/encode", row(), f"{JSON}; charset=utf-8"), table_of())
    typed = row(size=" 0.5", count="7", flag="true", maybe="3")  # as a person types them
    same(model, some.post("/encode", typed, JSON), table_of())
    same(model, some.post("/encode", row(city="Atlantis"), JSON), table_of(city="Atlantis"))
    empty = table_of(size=np.nan, city=None)
    same(model, some.post("/encode", row(size=None, city=""), JSON), empty)
    same(model, some.post("/encode", row(size="gone", city="gone"), JSON), empty)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[0.5]", "send an object of column to value"),
        (b'"/etc/passwd"', "send an object of column to value"),
        (b'{"size": NaN}', "NaN is no number"),
        (b'{"size": -Infinity}', "Infinity is no number"),
        (b'{"size": 1e999}', "infinity"),
        (row(seize=1), "no column 'seize' (did you mean 'size'?)"),
        (row(size="tall"), "column 'size' holds texts, 'tall'"),
        (row(when="yesterday"), "column 'when'"),
        (row(size=[1]), "column 'size' holds [1]"),
        (row(size={"a": 1}), "column 'size' holds {'a': 1}"),
        (row(flag="perhaps"), "column 'flag'"),
        (row(city=7), "column 'city'"),
    ],
)
def test_rows_that_are_none(body, said, models):
    answer = of(models["table"]).post("/encode", body, JSON)
    assert answer.status == 400
    assert said in answer.text


def test_a_number_that_no_type_holds(models):
    for digits in ("1" * 30, "1" * 5000):
        answer = of(models["table"]).post("/encode", row(size=0).replace(b'"size": 0', f'"size": {digits}'.encode()), JSON)
        assert answer.status == (200 if len(digits) < 300 else 400)


def test_it_encodes_texts(models, tmp_path, monkeypatch):
    model = models["texts"]
    same(model, of(model).post("/encode", b'"red apple \\u00e9 </script>"', JSON), ["red apple é </script>"])
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text("red apple pear plum")
    looked_up = of(model).post("/encode", b'"secret.txt"', JSON)
    assert unquote(looked_up.headers["note"]).startswith("no word of the vocabulary is in 1 of 1 documents")
    assert not codes(model, looked_up)[1].any()
    for body, kind in ((b"[]", JSON), (b"{}", JSON), (b"7", JSON), (b"red apple", "text/plain"), (b"red apple", JSON)):
        assert of(model).post("/encode", body, kind).status == 400


def test_it_encodes_numbers(models):
    model = models["array"]
    same(model, of(model).post("/encode", b"[1, -2.5, 0, 1e0]", JSON), np.array([[1, -2.5, 0, 1e0]]))
    for body in (
        b"[1, 2, 3]",
        b"[1, 2, 3, 4, 5]",
        b'[1, 2, 3, "4"]',
        b"[1, 2, 3, true]",
        b"[[1, 2, 3, 4]]",
        b"[1, 2, 3, 1e999]",
    ):
        assert of(model).post("/encode", body, JSON).status == 400


@pytest.mark.parametrize("estimator", [OutlierDetector, Classifier])
def test_models_with_other_sides(estimator):
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 2
    model = estimator(**SMALL).fit(X, *[y] * (estimator is Classifier))
    half, (x,) = sides(model), model._features(X[:1])
    z = half.encode(x).detach().float().numpy()
    found = of(model).post("/encode", json.dumps(X[0].tolist()).encode(), JSON)
    assert np.allclose(np.frombuffer(found.content, "<f4"), [*z[0], *x[0]], atol=1e-6)
    decoded = of(model).post("/decode", z.tobytes())
    if half.decode is None:
        assert decoded.status == 404
    else:
        e = half.decode(torch.from_numpy(z).to(x.dtype)).detach()
        assert np.allclose(np.frombuffer(decoded.content, "<f4"), e[0], atol=1e-6)


class Breaks(nn.Module):
    """Goes well until it is served."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.broken = nn.Linear(2, 4), False

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        if self.broken:
            raise RuntimeError("a secret of this computer")
        return self.layer(z)


def test_a_module_that_breaks_tells_nothing():
    model = Autoencoder(decoder=Breaks(), **SMALL).fit(np.random.default_rng(0).normal(size=(60, 4)))
    some = of(model)
    model.network_.decoder.broken = True
    answer = some.post("/decode", bytes(8))
    assert (answer.status, answer.text) == (500, "Internal Server Error")
    assert "content-security-policy" in answer.headers


# ── a real server ────────────────────────────────────────────────────────────────────────────────────────────────────


def get(url: str, **headers: str) -> Answer:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"{at.path}?{at.query}", headers={n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read(), 0)


def test_it_listens_at_this_computer_only_and_at_a_free_port(monkeypatch, caplog):
    caplog.set_level("DEBUG")
    with listening("127.0.0.1") as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "PORTS", [port, port])
        with running(lambda: PAGE) as (place, _):
            assert place.port != port
            assert (place.host, place.local) == ("127.0.0.1", True)
            assert get(f"http://127.0.0.1:{place.port}/").status == 403
            answer = get(place.url)
            assert answer.status == 303
            own = answer.headers["set-cookie"].partition(";")[0]
            assert get(f"http://127.0.0.1:{place.port}/", cookie=own).content == PAGE
            assert "server" not in answer.headers
            forwarded = {"x_forwarded_host": "127.0.0.1", "forwarded": "host=127.0.0.1"}
            for host in ("evil.example", "192.168.1.5"):
                assert get(f"http://127.0.0.1:{place.port}/", **forwarded, cookie=own, host=host).status == 421
            assert place.token not in caplog.text
        with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", place.port), 1):
            pass


def test_each_run_has_its_own_token():
    with running(lambda: PAGE) as (one, _), running(lambda: PAGE) as (other, _):
        assert len({one.token, one.ticket, other.token, other.ticket}) == 4
        assert min(map(len, (one.token, one.ticket))) >= 43
        assert one.token not in one.once
        assert one.port != other.port


def test_places_where_nothing_can_listen():
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DataError, match=rf"cannot listen at host='127.0.0.1', port={port}: .*; choose another port"):
            listening("127.0.0.1", port)
    with pytest.raises(DataError, match=r"cannot listen at host='no\.such\.host\.invalid', port=None: .*; choose another host"):
        listening("no.such.host.invalid")
    with pytest.raises(ValueError, match="port=70000: allowed are integers from 0 to 65535"):
        listening("127.0.0.1", 70_000)


def test_other_hosts_are_a_warning_and_need_the_token():
    with contextlib.ExitStack() as stack:
        with pytest.warns(UserWarning, match=r"host='0\.0\.0\.0': others of the network can ask for these rows") as said:
            place, _ = stack.enter_context(running(lambda: PAGE, host="0.0.0.0"))
        assert said[0].filename == __file__
        assert not place.local
        assert place.once.startswith(f"http://127.0.0.1:{place.port}/")
        at = f"http://127.0.0.1:{place.port}/"
        assert get(at).status == 403
        for host, status in (("192.168.1.5", 303), (place.host, 303), ("evil.example", 421), ("0.0.0.0", 421)):
            assert get(f"{at}?token={place.token}", host=host).status == status


@pytest.fixture
def ctrl_c():
    """Ctrl-C counts, also in a process that was started to ignore it, as shells start those in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(done: threading.Event) -> None:
    """Again, if the first one was raised in a finalizer, where Python drops it."""
    _thread.interrupt_main()
    while not done.wait(5):
        _thread.interrupt_main()


def test_it_opens_a_browser_and_ctrl_c_stops_it_with_one_line(ctrl_c, monkeypatch, capsys):
    opened: list[Any] = []
    done = threading.Event()

    def browser(url: str) -> None:
        opened.extend((url, socket.create_connection(("127.0.0.1", urlsplit(url).port))))
        press_ctrl_c(done)

    monkeypatch.setattr(webbrowser, "open", browser)
    serve(lambda: PAGE)
    done.set()
    out, err = capsys.readouterr()
    said = out.splitlines()
    assert re.fullmatch(r"The explorer is at http://127\.0\.0\.1:\d+/\?token=\S{43} \(Ctrl-C stops it\)", said[0])
    assert (said[1:], err) == (["The explorer has stopped."], "")
    url, connection = opened
    assert url not in said[0]
    connection.close()


def test_a_model_and_its_rows_are_served(ctrl_c, models, monkeypatch, capsys):
    found: list[Answer] = []
    done = threading.Event()

    def browser(url: str) -> None:
        own = get(url).headers["set-cookie"].partition(";")[0]
        found.append(get(url.partition("?")[0], cookie=own))
        press_ctrl_c(done)

    monkeypatch.setattr(webbrowser, "open", browser)
    explorer.serve(models["array"], np.zeros((5, 4)), title="Five rows")
    done.set()
    assert b"<title>Five rows" in found[0].content
    assert "connect-src 'self'" in found[0].headers["content-security-policy"]


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_without_the_extra(package, monkeypatch):
    """Told before the page is made, which may take long."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'diabolo\[explore\]'"):
        serve(pytest.fail)


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────

BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
SCRIPT = (
    files("diabolo.explorer").joinpath("web", "remote.js").read_text().replace("export ", "") + "globalThis.Remote = Remote;"
)


def page_of(script: str) -> bytes:
    from diabolo.report.page import digest

    rules = f"default-src 'none'; script-src {digest(script)}; connect-src 'self'"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
    return f"<!doctype html>{meta}<p id=p><script>{script}</script>".encode()


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        rebound = "--host-resolver-rules=MAP *.example 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu", rebound])
        yield browser
        browser.close()


DRAG = """async k => {
    const said = [], remote = new Remote(k, text => said.push(text));
    const all = await Promise.all(Array.from({length: 20}, (_, i) => remote.decode([i, -i])));
    const last = await remote.decode([Infinity, 0]);
    return {first: Array.from(all[0]), last: Array.from(all[19]), dropped: all.filter(a => a === null).length, bad: last, said};
}"""
SENT = """async k => {
    const said = [], remote = new Remote(k, text => said.push(text));
    const canvas = new OffscreenCanvas(6, 8), context = canvas.getContext("2d");
    context.fillStyle = "#888"; context.fillRect(0, 0, 6, 8);
    const good = await remote.encode(await canvas.convertToBlob({type: "image/png"}));
    const again = await remote.encode(good.x);
    const pixels = await remote.encode(context.getImageData(0, 0, 6, 8));
    const bad = await remote.encode(new Blob(["x"], {type: "image/gif"}));
    return {z: Array.from(good.z), x: Array.from(good.x), again: Array.from(again.z), pixels: Array.from(pixels.z), bad, said};
}"""


def test_the_page_asks_and_the_newest_place_wins(browser, models):
    model = models["pictures"]
    with running(lambda: page_of(SCRIPT), model) as (place, _):
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{place.once}#state")
        assert page.url == f"http://127.0.0.1:{place.port}/#state"
        del asked[:]
        found = page.evaluate(DRAG, 2)
        assert len(asked) == 3  # the first, the newest of those that waited, and the one that is no place
        assert found["dropped"] == 18
        for name, z in (("first", [0, 0]), ("last", [19, -19])):
            assert np.allclose(found[name], model._decode([z]).detach()[0], atol=1e-6)
        assert found["bad"] is None
        assert found["said"][-1] == "codes are finite numbers, but NaN or infinity was sent"
        sent = page.evaluate(SENT, 2)
        gray = np.full((1, 8, 6), 136, np.uint8)
        assert np.allclose(sent["z"], model.transform(gray)[0], atol=1e-6)
        assert np.allclose(sent["x"], model.format_.to_tensor(gray)[0], atol=1e-6)
        assert sent["again"] == sent["pixels"] == sent["z"]
        assert sent["bad"] is None
        assert "allowed are image/png" in sent["said"][-1]
        page.close()


class Bent(nn.Module):
    """A layer that no page knows."""

    def __init__(self, n: int, m: int) -> None:
        super().__init__()
        self.layer = nn.Linear(n, m)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(torch.nan_to_num(x)).sin()


def test_the_explorer_asks_for_what_it_cannot_compute(browser):
    X = frame(gaps=False)[["size", "count", "flag", "city"]]
    d = Tables().fit(X).width
    model = Autoencoder(encoder=Bent(d, 2), decoder=Bent(2, d), **SMALL).fit(X)
    found = payload(model, X, remote=True)
    assert found.head["remote"] == {"encode": True, "decode": True}
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    with running(lambda: html(found, served=True), model) as (place, _):
        page.goto(f"{place.url}#at=0.25,-0.25")
        page.wait_for_selector("html[data-ready]")
        table = page.locator("section.decoded table")
        expected = model.inverse_transform([[0.25, -0.25]])
        page.locator("section.decoded table", has_text=expected["city"][0]).wait_for()
        assert f"{expected['size'][0]:.4g}" in table.inner_text()
        page.get_by_role("tab", name="Encode").click()
        page.locator(".form input").first.fill("0.5")
        page.locator(".result", has_text="The circle is at its place").wait_for()
        other = browser.new_context().new_page()  # two browsers at once
        other.on("pageerror", lambda error: said.append(str(error)))
        asked: list[str] = []
        other.on("request", lambda request: asked.append(request.url))
        other.goto(f"{place.url}#things=lattice&color=size")
        other.wait_for_selector("html[data-ready]")
        other.wait_for_function(
            "() => { const c = document.querySelector('.map-things'); const { data } = c.getContext('2d').getImageData(0, 0,"
            " c.width, c.height); return data.filter((v, i) => i % 4 === 3 && v).length > 5000; }"
        )
        other.wait_for_timeout(500)
        assert 2 < len(asked) < 14, asked  # the things of many places come together
        row = other.locator("section.decoded .value").first
        rest = row.inner_text()
        other.locator("[role=slider]").focus()
        for _ in range(5):
            other.keyboard.down("ArrowRight")
        other.keyboard.up("ArrowRight")
        other.locator("section.decoded .changed").first.wait_for()
        first = "(rows) => ['.value', '.change'].map((css) => rows[0].querySelector(css).textContent)"
        now, change = other.eval_on_selector_all("section.decoded tr", first)
        assert float(change.replace("−", "-")) == pytest.approx(float(now) - float(rest), abs=0.002)
        other.context.close()
        assert said == []
    page.locator("[role=slider]").focus()
    page.keyboard.press("ArrowRight")
    page.locator("section.decoded", has_text="The server does not answer").wait_for()
    page.close()


ATTACK = """async at => {
    const tried = async (url, settings) => { try { return (await fetch(url, settings)).type; } catch { return "refused"; } };
    const seen = await Promise.all([
        tried(at), tried(at, {credentials: "include"}), tried(at + "decode", {method: "POST", body: new Uint8Array(8)}),
        tried(at, {headers: {"x-own": "1"}}),
    ]);
    await tried(at, {mode: "no-cors", credentials: "include"});
    await new Promise(done => { const image = new Image(); image.onload = image.onerror = done; image.src = at; });
    const frame = document.createElement("iframe");
    await new Promise(done => { frame.onload = done; frame.src = at; document.body.append(frame); });
    return seen;
}"""


def test_other_pages_of_the_same_browser_reach_nothing(browser, models, monkeypatch):
    """The browser has the cookie; the other page lies at another port, and at a name that leads here."""
    reached: list[str] = []
    inner = application(PAGE, models["array"])

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        reached.append(f"{scope['method']} {scope['path']}")
        await inner(scope, receive, send)

    monkeypatch.setattr(server, "application", lambda *given: counted if given[1] is not None else application(*given))
    with running(lambda: PAGE, models["array"]) as (place, _), running(lambda: b"<p id=p>") as (other, _):
        context = browser.new_context()
        page = context.new_page()
        page.goto(place.url)
        assert page.inner_text("#here") == "here"
        assert "GET /" in reached
        del reached[:]
        page.goto(other.url)
        at = f"http://127.0.0.1:{place.port}/"
        assert page.evaluate(ATTACK, at) == ["refused"] * 4
        for url in (at, f"{at}?token={place.token}"):
            rebound = page.goto(url.replace("127.0.0.1", "rebound.example"))
            assert rebound.status == 421
        assert reached == []
        context.close()


def test_a_link_from_elsewhere_leads_in(browser):
    with running(lambda: PAGE) as (place, _), running(lambda: b"<p>") as (other, _):
        context = browser.new_context()
        page = context.new_page()
        page.goto(other.url.replace("127.0.0.1", "localhost"))
        page.evaluate(
            "url => { const a = document.createElement('a'); a.href = url; document.body.append(a); a.click(); }", place.url
        )
        page.wait_for_selector("#here")
        assert page.url == f"http://127.0.0.1:{place.port}/"
        context.close()
