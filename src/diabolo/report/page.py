"""Contents -> the bytes of one HTML file.

The policy in its head forbids all requests, and all scripts and styles except the two in the file, named by their hash. The
contents are JSON: the browser does not execute them, and the script only writes them as text.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["head", "html", "page", "picture"]

SKIP = '<a class="skip" href="#main">Skip to the report</a>'


def html(contents: dict[str, Any]) -> bytes:
    """One page; the same contents give the same bytes."""
    return page("page.html", contents["title"], part("page.js"), contents=inert(contents))


def page(template: str, title: str, script: str = "", **filled: str) -> bytes:
    """A report by a template; what fills it is HTML already."""
    top = head("report", title, part("style.css"), script) + SKIP
    if "facts" in filled:
        filled["foot"] = Template(part("foot.html")).substitute(facts=filled.pop("facts"), code=filled.pop("code"))
    return Template(part(template)).substitute(head=top, title=escaped(title), script=script, **filled).encode()


def head(kind: str, title: str, style: str, script: str, also: Mapping[str, str] = MappingProxyType({})) -> str:
    """What all pages begin with; `also` as in :func:`policy`."""
    rules = policy(style, script, also)
    return Template(part("head.html")).substitute(kind=kind, policy=rules, title=escaped(title), style=style)


def policy(style: str, script: str, also: Mapping[str, str] = MappingProxyType({})) -> str:
    """Content-Security-Policy: only these two, and pictures in the page; and what else is allowed of a kind."""
    rules = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    rules |= {"script-src": digest(script), "style-src": digest(style), "img-src": "data:"}
    for kind, more in also.items():
        rules[kind] = f"{rules[kind]} {more}" if kind in rules else more
    return "; ".join(f"{kind} {allowed}" for kind, allowed in rules.items())


def digest(text: str) -> str:
    """The hash by which a policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def inert(contents: dict[str, Any]) -> str:
    r"""JSON that cannot close the element that contains it.

    >>> inert({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    return json.dumps(contents, separators=(",", ":"), allow_nan=False, ensure_ascii=True).replace("<", "\\u003c")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").encode("utf-8", "replace").decode()


def picture(v: np.ndarray, name: str) -> str:
    """Numbers (C, H, W) in [0, 1] as a picture in the page."""
    bits = np.rint(255 * v.clip(0, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(bits[0] if len(bits) == 1 else np.ascontiguousarray(bits.transpose(1, 2, 0))).save(file, "PNG")
    return f"<img alt='{name}' src='data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}'>"


def part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
