"""An outlier detector and rows -> one page: which rows are unlike the others, on which axis, and which cells make them so.

Nothing on the page moves, so it needs no script: its drawings are SVG text, written here.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from .. import __version__
from ..errors import DataError
from ..estimators.outliers import OutlierDetector
from ..rows import in_order_of, spread_rows
from .names import Names
from .page import escaped, page, picture
from .recipe import recipe
from .values import seed

if TYPE_CHECKING:
    from ..estimators.outliers.detector import OutlierDetector
    from ..estimators.outliers.explanation import RowExplanation

__all__ = ["outliers_page"]

SHOWN, EXPLAINED, CELLS, BARS = 24, 200, 5, 12
POINTS = 3000  # normal rows that are drawn, and flagged ones
WHERE = "The mean error of the flagged pictures. Dark is no error; yellow and white are large errors."
PICTURED = (
    "The picture, what the network expects, and the difference of the two. Dark is no difference; yellow and white are large "
    "differences. Pictures count from 0."
)
LEFT, RIGHT = 14, 93  # percent of the width: the edges of the drawing
TOP, BOTTOM = 32, 340  # pixels
FAR = 12  # -log10 p of the edge


def outliers_page(detector: OutlierDetector, X: Any, title: str, say: Callable[[str], None]) -> bytes:
    """The page; the same detector and rows give the same bytes."""
    say("scoring the rows")
    score, axes = detector.score_samples(X), detector.axes(X)
    if not len(score):
        raise DataError("X has no rows: there is nothing to report on")
    flagged = np.flatnonzero(score < detector.offset_)
    flagged = flagged[np.argsort(score[flagged], kind="stable")]
    say(f"explaining {min(len(flagged), EXPLAINED):,} rows")
    pictures = detector.format_.kind == "images"
    names, verdicts = Names(detector.format_, X), detector.explain(X, flagged[: SHOWN if pictures else EXPLAINED], CELLS)
    documents = detector.format_.kind == "documents"
    unit = "document" if documents else "picture" if pictures else "row"
    seen = Seen(detector, X, flagged[:SHOWN]) if pictures else None
    filled = {
        "headline": escaped(headline(len(flagged), len(score), unit)),
        "lead": escaped(lead(detector, len(score), unit)),
        "axes": scatter(axes, score < detector.offset_),
        "unit": unit,
        "parts": "places" if pictures else "words" if documents else "cells",
        "where": WHERE
        if pictures
        else "How often a word differs most from what is expected."
        if documents
        else "How many rows become normal if the expected value replaces this column, alone or together with others.",
        "edge": drawn(len(flagged)) + (f" Points with p below {power(FAR)} are at the edge." * bool((axes < 10.0**-FAR).any())),
        "columns": seen.everywhere() if seen else bars(verdicts, documents),
        "about": PICTURED if pictures else about(verdicts, documents),
        "rows": "".join(card(v, documents, names, seen.shown(i) if seen else None) for i, v in enumerate(verdicts[:SHOWN]))
        or f"<p class='note'>No {unit} is flagged.</p>",
        "facts": facts(detector, len(score)),
        "code": escaped(recipe(detector, "detector")),
    }
    return page("outliers.html", title or "Outliers", **filled)


def headline(flagged: int, n: int, unit: str) -> str:
    """The result in a sentence."""
    verb = "is" if flagged == 1 else "are"
    return f"{flagged:,} of {n:,} {unit}s {verb} unlike the others." if flagged else f"All {n:,} {unit}s are like the others."


def lead(detector: OutlierDetector, n: int, unit: str) -> str:
    """The false-positive rate that the detector promises."""
    alpha = detector.rate_
    count = f"about {alpha * n:,.0f}" if alpha * n >= 0.5 else "hardly one"
    return (
        f"If all {n:,} {unit}s were like the {len(detector.calibration_):,} of the calibration, the detector would flag "
        f"{alpha:.2%} of them: {count}."
    )


def drawn(flagged: int) -> str:
    """Whether only some of the flagged rows are drawn."""
    return f" {POINTS:,} of the {flagged:,} flagged rows are drawn, evenly spaced." if flagged > POINTS else ""


def about(verdicts: list[RowExplanation], documents: bool) -> str:
    """How to read a card."""
    if documents:
        return "The words whose counts differ most from those expected in a document of this length. Documents count from 0."
    mended = sum(v.repaired for v in verdicts)
    return (
        "Each card shows the value of a cell, the value that the other cells of its row suggest, and (small) the range of "
        f"normal cells. With the expected values in the marked cells, the row is normal; {mended:,} of {len(verdicts):,} rows "
        "have marked cells. A wrong cell also changes the expected values of the others. Rows count from 0."
    )


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def scatter(axes: np.ndarray, flagged: np.ndarray) -> str:
    """Distance to the right, unlikely code upwards, as -log10 p; x in percent, so that letters keep their size."""
    where = -np.log10(axes.clip(10.0**-FAR, 1))
    top = max(3.0, float(np.ceil(where.max())))
    normal, strange = (spread_rows(rows, POINTS) for rows in (np.flatnonzero(~flagged), np.flatnonzero(flagged)))

    def x(v: float) -> str:
        return f"{LEFT + (RIGHT - LEFT) * v / top:.2f}%"

    def y(v: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * v / top

    lines = []
    for v in range(0, int(top) + 1, max(1, round(top / 6))):
        lines.append(f"<line class='grid' x1='{x(v)}' x2='{x(v)}' y1='{y(0):.1f}' y2='{y(top):.1f}'/>")
        lines.append(f"<line class='grid' y1='{y(v):.1f}' y2='{y(v):.1f}' x1='{x(0)}' x2='{x(top)}'/>")
        lines.append(f"<text x='{x(v)}' y='{BOTTOM + 20}' text-anchor='middle'>{power(v)}</text>")
        lines.append(f"<text x='{x(0)}' dx='-8' y='{y(v) + 4:.1f}' text-anchor='end'>{power(v)}</text>")
    points = [f"<circle class='normal' cx='{x(a)}' cy='{y(b):.1f}' r='1.6'/>" for a, b in where[normal]]
    points += [f"<circle class='flagged' cx='{x(a)}' cy='{y(b):.1f}' r='3'/>" for a, b in where[strange]]
    names = (
        f"<text class='said' x='{RIGHT}%' y='{BOTTOM + 44}' text-anchor='end'>p of the combination →</text>"
        "<text class='said' x='8' y='16'>↑ p of the place</text>"
    )
    label = f"{int(flagged.sum()):,} flagged rows among {len(flagged):,}, by the p-values of the two axes"
    size = f"width='100%' height='{BOTTOM + 54}'"
    return f"<svg {size} role='img' aria-label='{label}'>{''.join(lines)}{''.join(points)}{names}</svg>"


def power(v: int) -> str:
    """10^-v as a readable text.

    >>> power(0), power(2), power(12)
    ('1', '0.01', '10⁻¹²')
    """
    return f"{10.0**-v:g}" if v < 4 else "10⁻" + str(v).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def bars(verdicts: list[RowExplanation], documents: bool) -> str:
    """How often each column has to be replaced."""
    counts = Counter(c.column for v in verdicts for i, c in enumerate(v.cells) if c.repairs or (documents and i == 0))
    if not counts:
        return "<p class='about below'>No cell stands out.</p>"
    most = counts.most_common(BARS)
    lines = [
        f"<tr><th class='name' scope='row'>{escaped(name)}</th><td><svg class='bar' viewBox='0 0 100 7' "
        f"preserveAspectRatio='none' aria-hidden='true'><rect width='{100 * n / most[0][1]:.1f}' height='7'/></svg></td>"
        f"<td class='figure deep'>{n:,}</td></tr>"
        for name, n in most
    ]
    return f"<table class='bars'><tbody>{''.join(lines)}</tbody></table>"


class Seen:
    """Flagged pictures, their expected values, and the differences."""

    def __init__(self, detector: OutlierDetector, X: Any, rows: np.ndarray) -> None:
        self.shape = cast(tuple[int, int, int], detector.format_.shape)
        x, members = torch.zeros(0, detector.format_.width), detector._scorer.reconstructor
        if len(rows):
            x = in_order_of(rows, detector._features(X))
        expected, cells = members.expected(x), members.losses(members.network(x), x).mean(0)
        self.x, self.expected = (np.asarray(v.reshape(-1, *self.shape).float()) for v in (x, expected))
        self.where = np.asarray(cells.reshape(-1, *self.shape).sum(1).float())

    def shown(self, i: int) -> str:
        """The three pictures side by side."""
        three = self.x[i], self.expected[i], heat(self.where[i])
        names = "seen", "expected", "where"
        figures = (f"<figure>{picture(v, name)}{name}</figure>" for v, name in zip(three, names, strict=True))
        return f"<div class='pixels'>{''.join(figures)}</div>"

    def everywhere(self) -> str:
        """The mean difference of the flagged pictures."""
        if not len(self.where):
            return "<p class='about below'>No place stands out.</p>"
        return f"<div class='pixels two'><figure>{picture(heat(self.where.mean(0)), 'mean error')}</figure></div>"


def heat(where: np.ndarray) -> np.ndarray:
    """(H, W) -> (3, H, W): dark where there is no error, then red and yellow to white."""
    share = where / max(float(where.max()), 1e-9)
    return np.stack([(3 * share - i).clip(0, 1) for i in range(3)])


def card(v: RowExplanation, documents: bool, names: Names, pictures: str | None = None) -> str:
    """One flagged row."""
    unit = "Document" if documents else "Picture" if pictures else "Row"
    name, text = (f"<p class='tags'>{escaped(found)}</p>" if found else "" for found in (names.name(v.row), names.text(v.row)))
    head = f"<article class='sheet card'><header><h3>{unit} {v.row:,}</h3><p>{v.why}, p = {v.p:.2g}</p></header>{name}{text}"
    if pictures:
        return f"{head}{pictures}</article>"
    lines = []
    for c in v.cells:
        seen, expected, usual = map(escaped, c.words(3))
        small = f"<br><small class='wraps'>{usual}</small>" if usual else ""
        kind = " class=surprising" if c.repairs else ""
        lines.append(f"<tr{kind}><th scope='row'>{escaped(c.column)}</th><td>{seen}</td><td>{expected}{small}</td></tr>")
    heads = ("word", "count", "expected") if documents else ("cell", "seen", "expected")
    return (
        f"{head}<table class='cells'><thead><tr>{''.join(f'<th>{h}</th>' for h in heads)}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></article>"
    )


def facts(detector: OutlierDetector, n: int) -> str:
    """The facts that one needs to reproduce the report."""
    kind = detector.format_.kind
    pairs = [
        ("Rows in this report", f"{n:,} ({kind}, {len(detector.format_.sources):,} columns)"),
        ("Calibrated on", f"{len(detector.calibration_):,} rows, each scored by a network that was not trained on it"),
        ("Members", f"{detector.members_}"),
        ("Known outliers", "used to learn which columns matter" if detector._scorer.supervised is not None else "none"),
        ("Seed of the fit", seed(detector)),
        ("Versions", f"diabolo {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}"),
    ]
    return "".join(f"<tr><th scope='row'>{escaped(a)}</th><td>{escaped(b)}</td></tr>" for a, b in pairs)
