"""Who may talk to a server on one's own computer: the page that it gave out, and nobody else.

    Host             a name of this computer           else 421    the name of another site may lead here (DNS rebinding)
    Origin           http://<Host>, or none            else 403    the script of another page
    Sec-Fetch-Site   same-origin, none, or a link      else 403    its pictures, frames and scripts
    token            once in the URL, then a cookie    else 403    other users and other programs of this computer
    body             at most `most` bytes              else 413    said by Content-Length, and counted

WebSockets are refused. There are no CORS headers: a browser shows no other page what is answered here.

References
----------
Fetch metadata request headers, https://www.w3.org/TR/fetch-metadata
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs

__all__ = ["LOCAL", "Guard", "RefusedError"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
MOST = 1 << 24  # bytes of a body
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:@/\[\]]+)(:\d{1,5})?")
HEADERS = {  # of every answer that does not say otherwise
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class RefusedError(Exception):
    """A request that is not answered: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Guard:
    """An ASGI application around another, which sees only requests of its own page.

    Parameters
    ----------
    app : ASGI application
        The one that is guarded.
    token : str
        What the URL ``/?token=...`` must hold; it gives the browser a cookie and leads to ``/``.
    port : int
        Part of the cookie's name: browsers keep the cookies of all ports of a computer together.
    ticket : str, default=""
        A token that can be used once: the command by which a browser is opened can be read by other users.
    names : set of str
        What Host may be, without its port.
    numbers : bool, default=False
        Whether Host may also be any address in numbers, to which no other site's name leads.
    most : int
        Bytes of a body.
    """

    def __init__(
        self,
        app: App,
        token: str,
        port: int,
        *,
        ticket: str = "",
        names: frozenset[str] = LOCAL,
        numbers: bool = False,
        most: int = MOST,
    ) -> None:
        self.app, self.token, self.cookie = app, token, f"diabolo-{port}"
        self.ticket, self.names, self.numbers, self.most = ticket, names, numbers, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._http(scope, receive, dressed(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check_place(scope)
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
            if given and scope["method"] == "GET":
                self._check_token(given)
                await self._lead(scope, send)
                return
            self._check_token(self._cookies(scope), once=False)
            body = await whole(scope, receive, self.most)
        except RefusedError as error:
            await answered(send, error.status, str(error).encode())
            return
        await self.app(scope, replayed(body, receive), send)

    async def _lead(self, scope: Scope, send: Send) -> None:
        """To the URL without the token. After a link of another site, a redirect would not carry a strict cookie."""
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict".encode()
        status, where = (303, (b"location", b"/")) if is_own_page(scope) else (200, (b"refresh", b"0; url=/"))
        await answered(send, status, b"", [where, (b"set-cookie", cookie)])

    def _check_place(self, scope: Scope) -> None:
        """The request came by a name of this computer, and from a page of that name."""
        host = one(scope, "host") or ""
        name = HOST.fullmatch(host.lower())
        if not name or not self._is_own(name[1]):
            raise RefusedError(421, "This is not a name of this computer. Open the address that was printed.")
        if one(scope, "origin") not in (None, f"http://{host}"):
            raise RefusedError(403, "A page of another site asked for this.")
        if not (is_own_page(scope) or is_link(scope)):
            raise RefusedError(403, "A page of another site asked for this.")

    def _is_own(self, name: str) -> bool:
        return name in self.names or (self.numbers and is_address(name))

    def _check_token(self, given: list[str], once: bool = True) -> None:
        if any(same(value, self.token) for value in given):
            return
        if once and self.ticket and any(same(value, self.ticket) for value in given):
            self.ticket = ""
            return
        raise RefusedError(403, "The token is missing, or that of another run. Open the address that was printed, as a whole.")

    def _cookies(self, scope: Scope) -> list[str]:
        pairs = (pair.strip().partition("=") for header in values(scope, "cookie") for pair in header.split(";"))
        return [value for name, _, value in pairs if name == self.cookie]


def values(scope: Scope, name: str) -> Iterator[str]:
    """All headers of a name."""
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name.encode())


def one(scope: Scope, name: str) -> str | None:
    """A header that stands for itself: of two, this and the next program might each believe another."""
    found = [*values(scope, name)]
    if len(found) > 1:
        raise RefusedError(400, f"There are {len(found)} headers {name!r}.")
    return found[0] if found else None


def is_own_page(scope: Scope) -> bool:
    """Asked for by our own page or the person; old browsers and other programs do not say by whom."""
    return one(scope, "sec-fetch-site") in (None, "same-origin", "none")


def is_link(scope: Scope) -> bool:
    """A page of another site may lead here, as any link does."""
    asked = [one(scope, f"sec-fetch-{name}") for name in ("mode", "dest")]
    return scope["method"] == "GET" and asked == ["navigate", "document"]


def is_address(name: str) -> bool:
    """Whether a name is an address in numbers, which is not that of any computer.

    >>> is_address("192.168.1.5"), is_address("[fe80::1]"), is_address("evil.example"), is_address("0.0.0.0")
    (True, True, False, False)
    """
    try:
        return not ip_address(name.strip("[]")).is_unspecified
    except ValueError:
        return False


def same(a: str, b: str) -> bool:
    """In a time that does not tell where they differ."""
    return secrets.compare_digest(a.encode(), b.encode())


async def whole(scope: Scope, receive: Receive, most: int) -> bytes:
    """The body, of at most so many bytes."""
    length = one(scope, "content-length")
    if length is not None and not re.fullmatch("[0-9]+", length):
        raise RefusedError(400, f"Content-Length is {length!r}.")
    if length is not None and int(length[:20]) > most:
        raise RefusedError(413, too_much(most))
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise RefusedError(413, too_much(most))
    return bytes(body)


def too_much(most: int) -> str:
    return f"This is too large: at most {most / 1e6:,.0f} MB are taken."


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body, which was already received, and then whatever comes."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return first.pop() if first else await receive()

    return again


def dressed(send: Send) -> Send:
    """With the headers that every answer has."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {key.lower() for key, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in HEADERS.items() if pair[0] not in own)]
        await send(message)

    return sent


async def answered(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": kind + (headers or [])})
    await send({"type": "http.response.body", "body": body})
