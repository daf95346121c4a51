"""The explorer's page from a server on this computer, for what the page cannot do itself.

    GET  /           the page
    POST /decode     codes, float32 (n, k)             -> expected features, float32 (n, d)
    POST /encode     a picture, JSON, or features      -> the code, float32 (k), then the features (d), NaN = missing

Nothing that is asked for names a file or an address. Who may ask, guard.py says.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import secrets
import socket
import threading
import warnings
import webbrowser
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError, missing_extra, warn
from ..estimators.base import System
from .guard import LOCAL, Guard
from .sides import dtype_of, sides
from .uploads import rows

__all__ = ["Place", "application", "running", "serve"]

PORTS = range(8000, 8020)  # tried in this order, and then any
MAX_NUMBERS = 1 << 24  # numbers in an answer
BINARY = "application/octet-stream"
POLICY = re.compile(rb"""<meta http-equiv=["']Content-Security-Policy["'] content=(?:"([^"]+)"|'([^']+)')""", re.I)
HEAD = 4096  # bytes in which a page says its policy, before anything that is not ours

Answer = Callable[[bytes, str], np.ndarray]


# ── a server, and its place ──────────────────────────────────────────────────────────────────────────────────────────


def serve(
    page: Callable[[], bytes],
    model: System | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open: bool = True,
    what: str = "The explorer",
) -> None:
    """Serve a page until Ctrl-C.

    Parameters
    ----------
    page : function without parameters
        Gives the HTML, with its policy (Content-Security-Policy) in a meta element. It is called when all else is ready.
    model : Autoencoder, OutlierDetector, Classifier, Regressor or MultiLabelClassifier, optional
        Encodes and decodes for a page that cannot.
    host : str, default="127.0.0.1"
        Address to listen at. Any that is not of this computer alone lets others of the network ask, if they have the token.
    port : int, optional
        By default the first free one from 8000.
    open : bool, default=True
        Whether to open a browser.
    what : str, default="The explorer"
        How the page is called in what is printed.

    Raises
    ------
    ImportError
        Without the extra ``explore``.
    """
    server = running(page, model, host=host, port=port)
    with contextlib.suppress(KeyboardInterrupt), server as (place, stopped):
        print(f"{what} is at {place.url} (Ctrl-C stops it)", flush=True)
        if open:  # in a thread, for a browser of the terminal returns when it is closed
            threading.Thread(target=webbrowser.open, args=[place.once], daemon=True).start()
        while not stopped.wait(0.2):
            pass
    print(f"{what} has stopped.", flush=True)


@contextlib.contextmanager
def running(
    page: Callable[[], bytes], model: System | None = None, *, host: str = "127.0.0.1", port: int | None = None
) -> Iterator[tuple[Place, threading.Event]]:
    """A server in a thread, as long as the block lasts, and what says that it stopped; parameters as those of :func:`serve`."""
    _, uvicorn = (extra(name) for name in ("starlette", "uvicorn"))
    with listening(host, port) as bound:
        place = Place.of(host, bound)
        if not place.local:
            warn(
                f"host={host!r}: others of the network can ask for these rows too, if they have the token, and what is sent is "
                f"not encrypted. Safer is ssh -L {place.port}:127.0.0.1:{place.port} from there, without host"
            )
        config = uvicorn.Config(
            place.guard(application(page(), model)),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,  # the URL has the token
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        stopped = threading.Event()  # Python 3.11 takes a thread for dead if Ctrl-C interrupts its join

        def run() -> None:
            try:
                server.run([bound])
            finally:
                stopped.set()

        threading.Thread(target=run, daemon=True).start()
        try:
            while not (server.started or stopped.wait(0.01)):
                pass
            yield place, stopped
        finally:
            server.should_exit = True
            stopped.wait(30)  # it must not lose its socket while it runs


def extra(name: str) -> Any:
    """A package of the extra ``explore``."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise missing_extra(name, "explore", "pages from a server") from None


@dataclass(frozen=True)
class Place:
    """Where a server is.

    Attributes
    ----------
    host, here : str
        How it is called from elsewhere, and on this computer.
    port : int
    local : bool
        Whether only this computer can ask.
    token, ticket : str
        What a browser must know; the ticket counts once.
    """

    host: str
    here: str
    port: int
    local: bool
    token: str
    ticket: str

    @classmethod
    def of(cls, host: str, bound: socket.socket) -> Place:
        name, port = bound.getsockname()[:2]
        address = ip_address(name)
        own = f"[{host}]" if ":" in host else host
        anywhere = address.is_unspecified
        here = ("127.0.0.1" if address.version == 4 else "[::1]") if anywhere else own
        secret = [secrets.token_urlsafe(32) for _ in range(2)]
        return cls(socket.gethostname() if anywhere else own, here, port, address.is_loopback, *secret)

    @property
    def url(self) -> str:
        """For people."""
        return f"http://{self.host}:{self.port}/?token={self.token}"

    @property
    def once(self) -> str:
        """For the command that opens a browser, which others can read."""
        return f"http://{self.here}:{self.port}/?token={self.ticket}"

    def guard(self, app: Any) -> Guard:
        names = LOCAL | {self.host.lower(), self.here.lower()}
        return Guard(app, self.token, self.port, ticket=self.ticket, names=names, numbers=not self.local)


def listening(host: str, port: int | None = None) -> socket.socket:
    """A socket at this port, or the first that is free."""
    if port is not None and not 0 <= port < 1 << 16:
        raise ValueError(f"port={port}: allowed are integers from 0 to 65535")
    try:
        family, *_, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        *others, last = [*PORTS, 0] if port is None else [port]
        for number in others:
            with contextlib.suppress(OSError):
                return socket.create_server((address[0], number), family=family)
        return socket.create_server((address[0], last), family=family)
    except OSError as error:
        remedy = "choose another port, or none" if port is not None else "choose another host, or none"
        raise DataError(f"cannot listen at host={host!r}, port={port}: {error.strerror}; {remedy}") from None


# ── what it answers ──────────────────────────────────────────────────────────────────────────────────────────────────


def application(page: bytes, model: System | None = None) -> Any:
    """The routes, unguarded: an ASGI application."""
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def home(request: Any) -> Any:
        return Response(page, media_type="text/html", headers={"content-security-policy": policy(page)})

    routes = [Route("/", home)]
    if model is not None:
        lock = threading.Lock()
        for name, answer in answers(model).items():
            routes.append(Route(f"/{name}", answering(answer, lock), methods=["POST"]))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


def policy(page: bytes) -> str:
    """The policy of the page, and that nothing frames it, which a page cannot say itself."""
    found = POLICY.search(page[:HEAD])
    own = (found[1] or found[2]).decode() if found else "default-src 'none'"
    return f"{own}; frame-ancestors 'none'"


def answers(model: System) -> dict[str, Answer]:
    """What the model does, by the name of its route."""
    half = sides(model)
    k = half.encode(torch.zeros(1, model.format_.width, dtype=dtype_of(model.network_))).shape[1]
    encode = {"encode": encoding(model, half.encode)}
    return encode if half.decode is None else encode | {"decode": decoding(model, half.decode, k)}


def answering(answer: Answer, lock: threading.Lock) -> Callable[[Any], Awaitable[Any]]:
    """One request after the other; what is wrong with it is a sentence, and what is odd a note."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, Response

    def answered(body: bytes, kind: str) -> Any:
        try:
            with lock, torch.inference_mode(), warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                found = answer(body, kind).astype("<f4").tobytes()
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        note = " ".join(dict.fromkeys(str(w.message) for w in said if issubclass(w.category, UserWarning)))
        return Response(found, media_type=BINARY, headers={"note": quote(note)} if note else None)

    async def endpoint(request: Any) -> Any:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return await run_in_threadpool(answered, await request.body(), kind)

    return endpoint


def decoding(model: System, decode: Callable[[Tensor], Tensor], k: int) -> Answer:
    """Codes (n, k) -> expected features (n, d)."""
    d, dtype = model.format_.width, dtype_of(model.network_)

    def answer(body: bytes, kind: str) -> np.ndarray:
        z = numbers(body, kind, k, "codes")
        if not np.isfinite(z).all():
            raise DataError("codes are finite numbers, but NaN or infinity was sent")
        if len(z) * d > MAX_NUMBERS:
            raise DataError(f"send at most {max(1, MAX_NUMBERS // d):,} codes at once, not {len(z):,}")
        return torch.cat([decode(part) for part in torch.from_numpy(z).to(dtype).split(model.format_.piece)]).numpy()

    return answer


def encoding(model: System, encode: Callable[[Tensor], Tensor]) -> Answer:
    """One thing -> its code (k) and its features (d)."""
    d, dtype = model.format_.width, dtype_of(model.network_)

    def answer(body: bytes, kind: str) -> np.ndarray:
        if kind == BINARY:
            x = torch.from_numpy(numbers(body, kind, d, "features")[:1]).to(dtype)
        else:
            (x,) = model._features(rows(model.format_, body, kind))
        z = encode(x)
        if not torch.isfinite(z).all():
            raise DataError("the encoder gives no numbers for this: fill in what is missing")
        return torch.cat([z, x], 1)[0].numpy()

    return answer


def numbers(body: bytes, kind: str, width: int, what: str) -> np.ndarray:
    """(n, width) float32, from bytes that are as many."""
    n, rest = divmod(len(body), 4 * width)
    if kind != BINARY or rest or not n:
        size = f"{width:,} number{'s' * (width > 1)} of float32 each"
        raise DataError(f"send {what} as {BINARY}, {size}: {len(body):,} bytes of {kind!r} are none")
    return np.frombuffer(body, "<f4").reshape(n, width).astype(np.float32)
