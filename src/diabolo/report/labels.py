"""A multi-label classifier and rows -> one page: how well each label is predicted, which go together, which rows to check.

Nothing on the page moves, so it needs no script: its drawings are SVG text, written here.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from .. import __version__
from ..errors import DataError, some
from ..images.album import ImageCollection
from .names import Names
from .page import escaped, page, picture
from .recipe import recipe
from .values import seed

if TYPE_CHECKING:
    from ..estimators.multilabel.classifier import MultiLabelClassifier
    from ..estimators.multilabel.report import LabelMetrics, LabelReport
    from ..formats.files import Sample

__all__ = ["labels_page"]

SHOWN, PAIRS = 100, 12
WIDTH, HEIGHT, EDGE = 320, 340, 28  # pixels of the drawing on the narrowest screen
LETTER, LINE = 7, 13  # of a name
THUMBNAIL = 64  # pixels of the longer side


def labels_page(
    clf: MultiLabelClassifier,
    X: Any,
    labels: Mapping[str, Any],
    title: str,
    say: Callable[[str], None],
    sample: Sample | None = None,
) -> bytes:
    """The page; the same classifier and rows give the same bytes. The rows may be a sample of a data set."""
    if "y" not in labels:
        raise DataError("a report on labels needs the labels of the rows: labels={'y': Y}")
    say("evaluating the labels, and fitting independent networks for comparison")
    report = clf.report(X, labels["y"])
    report = report if sample is None else numbered(report, sample.numbers)
    filled = {
        "headline": escaped(headline(report)),
        "lead": escaped(lead(clf, report, sample)),
        "labels": table(report),
        "comparison": escaped(compared(report)),
        **(together(report) if report.taken is None else mistaken(report)),
        **drawing(report),
        "rows": rows(report, Names(clf.format_, X), thumbnails(clf, X, report) if clf.format_.kind == "images" else {}),
        "facts": facts(clf, report),
        "code": escaped(recipe(clf, "clf", "X, Y")),
    }
    return page("labels.html", title or "Labels", **filled)


def headline(report: LabelReport) -> str:
    """The result in a sentence."""
    if report.taken is not None and report.taken.any():
        return f"{report.accuracy:.0%} of the rows get their class."
    good = [c for c in report.cards if c.average_precision == c.average_precision]
    k, n = len(report.cards), len(good)
    labels = f"{k:,} label{'' if k == 1 else 's'}"
    if not good:
        return f"These rows cannot show how good {labels} {'is' if k == 1 else 'are'}."
    mean, chance = (np.mean(v) for v in ([c.average_precision for c in good], [c.positives / c.known for c in good]))
    of = "" if n == k else f"{n:,} of "
    return f"The {'' if n == 1 else 'mean '}average precision of {of}{labels} is {mean:.2f}; by chance it is {chance:.2f}."


def numbered(report: LabelReport, numbers: np.ndarray) -> LabelReport:
    """The same report, whose rows have the numbers of the data set."""

    def of(rows: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(numbers[i]) for i in rows)

    cards = [replace(c, wrong=of(c.wrong), missing=of(c.missing), confirm=of(c.confirm)) for c in report.cards]
    return replace(report, cards=cards)


def lead(clf: MultiLabelClassifier, report: LabelReport, sample: Sample | None) -> str:
    """The rows, and how the thresholds were chosen; of classes, what guessing the most frequent one would reach."""
    how = clf.threshold_metric if isinstance(clf.threshold_metric, str) else "costs"
    rows = f"{report.rows:,} rows" if sample is None else str(sample)
    decided = f"The thresholds were chosen for {how}."
    if report.taken is not None and report.taken.any():
        decided = f"The most frequent of {len(report.cards):,} classes has {report.most_frequent:.0%} of them."
    weak = [str(c.name) for c in report.cards if c.may_be_chance]
    doubt = f" May be no better than chance: {some(weak)}." if weak else ""
    return f"Measured on {rows}. {decided}{doubt} Training rows look better here than new ones."


def compared(report: LabelReport) -> str:
    """The sentence on the shared encoder."""
    if report.comparison is None:
        return "Not compared: there are too few rows or labels, or more than 200 labels."
    text = re.sub(r",[^,]* seconds$", "", str(report.comparison))  # times differ from run to run
    return (
        text[0].upper()
        + text[1:]
        + ". For this comparison both were fitted again, to one half of these rows, and evaluated on the other half."
    )


def table(report: LabelReport) -> str:
    """One line for each label."""
    heads = {"label": "", "yes": "right", "average precision": "wider", "": "", "F1": "right"}
    thresholds = ("threshold",) * (report.taken is None)
    heads |= dict.fromkeys((*thresholds, "precision", "recall", "calibration"), "right aside")
    lines = [
        f"<tr><th class='name' scope='row'>{escaped(str(c.name))}</th><td class='right'>{c.positives:,}</td>"
        f"<td>{band(c)}</td><td class='right deep'>{number(c.average_precision)}</td>"
        + f"<td class='right'>{number(c.f1)}</td>"
        + "".join(
            f"<td class='right aside'>{number(v)}</td>" for v in (*(c.threshold for _ in thresholds), c.precision, c.recall)
        )
        + f"<td class='right aside'>{number(c.calibration_error, 3)}</td></tr>"
        for c in frequent(report)
    ]
    more = f"<p class='about below'>and {len(report.cards) - SHOWN:,} more</p>" if len(report.cards) > SHOWN else ""
    head = "".join(f"<th class='{where}'>{h}</th>" for h, where in heads.items())
    return f"<table class='bars labels'><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"


def frequent(report: LabelReport) -> list[LabelMetrics]:
    """The cards that are shown, the most frequent labels first."""
    return sorted(report.cards, key=lambda c: -c.positives)[:SHOWN]


def band(c: LabelMetrics) -> str:
    """The value as a bar, and its interval as a line."""
    if c.average_precision != c.average_precision:
        return f"<small>{'no row' if not c.positives else 'all rows'}</small>"
    low, high = (100 * v for v in c.interval)
    return (
        "<svg class='bar' viewBox='0 0 100 8' preserveAspectRatio='none' aria-hidden='true'>"
        f"<rect width='{100 * c.average_precision:.1f}' height='8'/>"
        f"<rect class='band' x='{low:.1f}' y='3' width='{max(high - low, 0.5):.1f}' height='2'/></svg>"
    )


def number(v: float, digits: int = 2) -> str:
    return "–" if v != v else f"{v:.{digits}f}"


def together(report: LabelReport) -> dict[str, str]:
    """The pairs of labels that depend most on each other."""
    lines = [
        f"<tr><th class='name' scope='row'>{escaped(str(a))}</th><td class='name'>{escaped(str(b))}</td>"
        f"<td class='right deep'>{lift:.1f} ×</td><td class='right'>{given:.0%}</td></tr>"
        for a, b, lift, given in report.pairs(PAIRS)
    ]
    head = "<tr><th>label</th><th>with</th><th class='right'>times chance</th><th class='right'>share of its rows</th></tr>"
    return {
        "pairs_title": "Which labels go together",
        "pairs_about": "The table shows how often two labels occur together; 1 × is as often as if they were independent. "
        "Pairs that chance explains are left out.",
        "pairs": bars(head, lines) if lines else f"<p>{'No two labels go together' if report.cards[1:] else 'One label'}.</p>",
    }


def mistaken(report: LabelReport) -> dict[str, str]:
    """The classes that are most often taken for another."""
    lines = [
        f"<tr><th class='name' scope='row'>{escaped(str(a))}</th><td class='name'>{escaped(str(b))}</td>"
        f"<td class='right deep'>{n:,}</td><td class='right'>{share:.0%}</td></tr>"
        for a, b, n, share in report.mistaken(PAIRS)
    ]
    head = "<tr><th>class</th><th>taken for</th><th class='right'>rows</th><th class='right'>share of its rows</th></tr>"
    return {
        "pairs_title": "Which classes are taken for others",
        "pairs_about": "The table shows how many rows of a class are predicted as another.",
        "pairs": bars(head, lines) if lines else "<p>No row is predicted as another class.</p>",
    }


def bars(head: str, lines: list[str]) -> str:
    return f"<table class='bars'><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"


def drawing(report: LabelReport) -> dict[str, str]:
    """The labels as points, if the network has places for them: of two labels, or without its own last layer, it has none."""
    if not np.ptp(report.places, axis=0).any():
        return {"drawing_about": "", "drawing": ""}
    return {
        "drawing_about": " In the drawing, labels that the network recognizes by similar features are close.",
        "drawing": f'<figure class="chart">{places(report)}</figure>',
    }


def places(report: LabelReport) -> str:
    """The rows v_c as points, with names if these do not overlap; x in percent of the width."""
    at = report.places
    low, high = at.min(0), at.max(0)
    where = EDGE + (at - low) / np.where(high > low, high - low, 1) * (np.array([WIDTH, HEIGHT]) - 2 * EDGE)
    points: list[str] = []
    boxes: list[tuple[float, float, float]] = []  # of the names: left, right, and the line they stand on
    for (x, y), c in sorted(zip(where, report.cards, strict=True), key=lambda pair: -pair[1].positives):
        across = f"{100 * x / WIDTH:.2f}%"
        points.append(f"<circle class='flagged' cx='{across}' cy='{y:.1f}' r='{2 + 2 * np.log10(1 + c.positives):.1f}'/>")
        name = str(c.name)[:16]
        anchor, aside = ("end", -8) if x > WIDTH / 2 else ("start", 8)
        left, right = sorted((x + aside, x + aside + np.sign(aside) * LETTER * len(name)))
        if not any(left < r and l < right and abs(line - y) < LINE for l, r, line in boxes):
            text = f"<text x='{across}' dx='{aside}' y='{y - 6:.1f}' text-anchor='{anchor}'>{escaped(name)}</text>"
            points.append(text)
            boxes.append((left, right, y))
    size = f"width='100%' height='{HEIGHT}'"
    return f"<svg {size} role='img' aria-label='{len(at):,} labels as points'>{''.join(points)}</svg>"


def rows(report: LabelReport, names: Names, drawings: Mapping[int, str]) -> str:
    """Rows by label: doubtful yes, doubtful no, to confirm; each row with its name, text or picture."""

    if len(names.texts):
        return f"<div class='cards wide'>{''.join(texts(c, names) for c in frequent(report))}</div>"

    def cell(found: tuple[int, ...]) -> str:
        said = [escaped(" ".join(filter(None, (f"{i:,}", names.name(i))))) for i in found]
        if drawings:
            return "".join(f"<figure>{drawings[i]}{name}</figure>" for i, name in zip(found, said, strict=True)) or "–"
        return ", ".join(said) or "–"

    lines = [
        f"<tr><th class='name' scope='row'>{escaped(str(c.name))}</th>"
        + "".join(f"<td>{cell(found)}</td>" for found in (c.wrong, c.missing, c.confirm))
        + "</tr>"
        for c in frequent(report)
    ]
    head = "<tr><th>label</th><th>doubtful yes</th><th>doubtful no</th><th>to confirm next</th></tr>"
    kind = "bars thumbnails" if drawings else "bars"
    return f"<div class='sheet wide'><table class='{kind}'><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table></div>"


def texts(c: LabelMetrics, names: Names) -> str:
    """A label with the texts of its rows."""
    blocks = [
        f"<h4>{why}</h4><ul class='which'>"
        + "".join(f"<li>{i:,} <small>{escaped(names.text(i))}</small></li>" for i in found)
        + "</ul>"
        for why, found in (("doubtful yes", c.wrong), ("doubtful no", c.missing), ("to confirm next", c.confirm))
        if found
    ]
    return f"<article class='sheet card'><header><h3>{escaped(str(c.name))}</h3></header>{''.join(blocks)}</article>"


def thumbnails(clf: MultiLabelClassifier, X: Any, report: LabelReport) -> dict[int, str]:
    """The pictures of the rows on the page."""
    named = sorted({i for c in frequent(report) for found in (c.wrong, c.missing, c.confirm) for i in found})
    c, h, w = cast(tuple[int, int, int], clf.format_.shape)
    s = min(1, THUMBNAIL / max(h, w))
    small = nn.AdaptiveAvgPool2d((max(1, round(s * h)), max(1, round(s * w))))
    x = clf.format_.to_tensor(ImageCollection(X).take(named)) if named else torch.zeros(0, c * h * w)
    return {i: picture(v.numpy(), f"picture {i}") for i, v in zip(named, small(x.float().view(-1, c, h, w)), strict=True)}


def facts(clf: MultiLabelClassifier, report: LabelReport) -> str:
    """The facts that one needs to reproduce the report."""
    h, w = (clf.format_.shape or (0, 0, 0))[1:]
    size = f"{w} × {h} pixels" if h else f"{len(clf.format_.columns):,} columns"
    found = [
        ("Rows in this report", f"{report.rows:,} ({clf.format_.kind}, {size})"),
        ("Weights", f"{clf.n_parameters_:,} of {clf.members_} member{'s' if clf.members_ > 1 else ''}"),
        ("Rows kept in the model", f"{len(clf.memory_):,}"),
        ("Seed of the fit", seed(clf)),
        ("Versions", f"diabolo {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}"),
    ]
    return "".join(f"<tr><th scope='row'>{escaped(a)}</th><td>{escaped(b)}</td></tr>" for a, b in found)
