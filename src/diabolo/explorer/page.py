"""A payload -> the bytes of one HTML file that opens from disk and asks for nothing.

The policy in its head forbids all requests, and all scripts and styles but the two in the file, named by their hash. It allows
WebAssembly, which is made of bytes in the file. Names and values are JSON that the script writes as text.
"""

from __future__ import annotations

import base64
import gzip
from string import Template

from ..report.page import head, inert
from .bundle import kernel, script, style, text
from .payload import Payload

__all__ = ["html"]

ALSO = {"script-src": "'wasm-unsafe-eval'", "img-src": "blob:"}


def html(found: Payload, served: bool = False) -> bytes:
    """One page; the same payload gives the same bytes. A served one may ask its own server."""
    also = ALSO | ({"connect-src": "'self'"} if served else {})
    code = script()
    filled = {
        "head": head("explorer", found.head["title"], style(), code, also).rstrip(),
        "contents": inert(found.head | {"kernel": kernel()}),
        "blob": base64.b64encode(gzip.compress(found.blob, 6, mtime=0)).decode(),
        "script": code,
    }
    return Template(text("index.html")).substitute(filled).encode()
