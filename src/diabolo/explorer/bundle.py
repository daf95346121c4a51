r"""ES modules (web/*.js) -> one script.

    import { a } from "./x.js";  export function b() ...    ->    const $y = (() => { const { a } = $x; ... return { b }; })();

Each module keeps a scope of its own; a module stands behind those that it imports. So the sources are what ships: they run as
modules in a browser as they are, and as one inline script where a page may load no other file.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib.resources import files

__all__ = ["kernel", "module", "script", "style", "text"]

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.js";\n', re.M)
EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|class|const|let)) (\w+)", re.M)


def script(entry: str = "main") -> str:
    """The module `entry` and all that it imports, as a script."""
    return '"use strict";\n' + "".join(scoped(name) for name in ordered(entry))


def module(entry: str) -> str:
    """The same as an ES module that exports what `entry` exports."""
    names = EXPORT.findall(text(f"{entry}.js"))
    return script(entry) + f"export const {{ {', '.join(name for _, name in names)} }} = {scope(entry)};\n"


def style() -> str:
    """The style of the page and of its map."""
    return text("map.css") + text("style.css")


def kernel() -> str | None:
    """The WebAssembly kernel in base64."""
    file = files(__package__).joinpath("web", "kernel.wasm")
    return base64.b64encode(file.read_bytes()).decode() if file.is_file() else None


@lru_cache
def text(name: str) -> str:
    return files(__package__).joinpath("web", name).read_text(encoding="utf-8")


def ordered(entry: str) -> list[str]:
    """The modules, each behind those that it imports."""
    found: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            raise ValueError(f"modules import each other: {' -> '.join((*trail, name))}")
        for _, other in IMPORT.findall(text(f"{name}.js")):
            visit(other, (*trail, name))
        if name not in found:
            found.append(name)

    visit(entry, ())
    return found


def scoped(name: str) -> str:
    """A module as a scope that gives back what it exports."""
    source = text(f"{name}.js")
    exported = ", ".join(found for _, found in EXPORT.findall(source))
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(lambda m: f"const {{{m[1].replace(' as ', ': ')}}} = {scope(m[2])};\n", source))
    if re.search(r"^(import|export)\b", body, re.M):
        raise ValueError(f"{name}.js imports or exports in a way that is not taken apart here")
    return f"const {scope(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def scope(name: str) -> str:
    return f"${name.replace('-', '_')}"
