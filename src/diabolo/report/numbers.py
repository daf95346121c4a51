"""A regressor, rows and what was observed in them -> one page: how far off it is, what it looks at, which rows to check.

Nothing on the page moves, so it needs no script: its drawings are SVG text, written here.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .. import __version__
from ..errors import DataError
from ..estimators.supervised.regressor import numbers_of
from ..formats.targets import in_order, named, same_length, same_order
from .agreement import Agreement, losses, rows_for_line, straight_line
from .names import Names
from .page import escaped, page
from .recipe import recipe
from .scatter import POINTS, beyond, histogram, scatter
from .values import seed

if TYPE_CHECKING:
    from ..estimators.supervised.regressor import Regressor
    from ..formats.files import Sample

__all__ = ["numbers_page"]

TARGETS, BARS, ROWS = 6, 15, 20  # on a page
LITTLE = 5e-4  # of the variance: columns that are not named
MANY = 300  # columns, of which single ones say little
LEARNED = 0.05  # of the variance, by which training rows are better known than held-out ones


def numbers_page(
    reg: Regressor,
    X: Any,
    labels: Mapping[str, Any],
    title: str,
    say: Callable[[str], None],
    sample: Sample | None = None,
) -> bytes:
    """The page; the same regressor and rows give the same bytes. The rows may be a sample of a data set."""
    if "y" not in labels:
        raise DataError("a report on a Regressor needs the observed numbers of the rows: labels={'y': y}")
    say("comparing with what was observed")
    found = Compared(reg, X, labels["y"])
    say("shuffling one column after the other")
    where, columns = lost(found)
    filled = {
        "headline": escaped(headline(found)),
        "lead": escaped(lead(found, sample)),
        "beside": beside(found),
        "versus": "".join(versus(found, c) for c in range(min(found.k, TARGETS))) + more(found),
        "charts": "".join(charts(found, c) for c in range(min(found.k, TARGETS))),
        "edge": edge(found),
        "where": where,
        "columns": columns,
        "rows": rows(found, Names(reg.format_, X), None if sample is None else sample.numbers),
        "facts": facts(found),
        "code": escaped(recipe(reg, "reg", "X, y")),
    }
    return page("numbers.html", title or "Numbers", **filled)


class Compared:
    """Observed y and predicted p (n, k), the rows x (n, d), and for each target the three models on its known rows."""

    def __init__(self, reg: Regressor, X: Any, y: Any) -> None:
        same_order(X, y)
        self.reg, (self.y,), p = reg, in_order(reg.target_names_, named(y), numbers_of(y)), reg.predict(X)
        same_length(len(self.y), len(p))
        self.y, self.p = self.y.reshape(len(self.y), -1), p.reshape(len(p), -1)
        self.n, self.k = self.p.shape
        if self.y.shape[1] != self.k:
            raise DataError(f"y has {self.y.shape[1]:,} columns, but the model was fitted with {self.k:,}")
        reg._tell_unit(self.y)
        self.known = ~np.isnan(self.y)
        if not self.known.any(0).all():
            raise DataError(f"nothing is known of {self.name(int(self.known.any(0).argmin()))} in these rows")
        self.x = torch.cat(list(reg._features(X)))
        self.ours = [Agreement(self.y[i, c], self.p[i, c]) for c, i in enumerate(self.known.T)]
        self.means = [Agreement(a.y, np.full(len(a.y), reg.mean_[c])) for c, a in enumerate(self.ours)]
        self.lines = [self._line(c) for c in range(min(self.k, TARGETS))]

    def _line(self, c: int) -> Agreement | None:
        i = np.flatnonzero(self.known[:, c])
        i = i[rows_for_line(len(i), self.x.shape[1])]
        found = straight_line(self.x[torch.from_numpy(i)].double().numpy(), self.y[i, c])
        return None if found is None else Agreement(self.y[i, c], found)

    def name(self, c: int) -> str:
        names = self.reg.target_names_
        return names[c] if names else "y" if self.k == 1 else f"column {c} of y"

    @property
    def r2(self) -> float:
        """The mean of the targets; NaN if these rows show none."""
        shown = [a.r2 for a in self.ours if a.r2 == a.r2]
        return float(np.mean(shown)) if shown else float("nan")

    @property
    def looks_learned(self) -> bool:
        """Whether these rows are so much better known than held-out ones that they may be those of the fit."""
        return self.r2 > 1 - self.reg.held_out_ + LEARNED


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def headline(found: Compared) -> str:
    """The result in a sentence."""
    what = found.name(0) if found.k == 1 else f"{found.k:,} targets, on average"
    if found.r2 != found.r2:
        return f"These rows cannot show how well {what} is predicted."
    if found.r2 <= 0:
        return f"In these rows, the model predicts {what} no better than the mean."
    return f"The model explains {found.r2:.0%} of the variance of {what}."


def lead(found: Compared, sample: Sample | None) -> str:
    """The rows, how far off the predictions are, and what held-out rows of the fit have shown."""
    known = int(found.known.any(1).sum())
    measured = str(sample) if sample is not None else f"{found.n:,} rows"
    measured += f", {known:,} of them with a known {found.name(0)}" * (known < found.n and found.k == 1)
    off = "" if found.k > 1 else f" On average it is {said(found.ours[0].mean_error)} off."
    held = f" Of rows held out in the fit it explained {1 - found.reg.held_out_:.0%}"
    told = ": these rows are perhaps those of the fit, and new ones will be worse." if found.looks_learned else "."
    return f"Measured on {measured}.{off}{held}{told}"


def beside(found: Compared) -> str:
    """What the other models are, and how the regressor compares with the straight line."""
    line, usual = found.lines[0], "The mean is that of the rows of the fit."
    if line is None:
        return f"{usual} Of these rows no straight line was fitted."
    about = f"{usual} The straight line is ridge regression, fitted to four fifths of these rows and judged on the others."
    if len(line.y) < len(found.ours[0].y):
        about += f" It knows {len(line.y):,} of them."
    if found.k > 1 or not line.r2 < 1:
        return about
    left = (1 - found.ours[0].r2) / (1 - line.r2)
    verdict = f"The model leaves {left:.0%} of its squared error." if left < 1 else "It is better here than the model."
    return f"{about} {verdict}"


def said(v: float) -> str:
    """A number in four digits.

    >>> said(46209.7), said(0.123456), said(-3.0)
    ('46,210', '0.1235', '-3')
    """
    return f"{float(f'{v:.4g}'):,.10g}"


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def versus(found: Compared, c: int) -> str:
    """The mean, the straight line and the regressor beside each other."""
    models = {"the mean": found.means[c], "a straight line": found.lines[c], "the model": found.ours[c]}
    there = {name: a for name, a in models.items() if a is not None}
    last = [*there][-1]
    heads = "".join(f"<th class='{'deep' if name == last else ''}'>{name}</th>" for name in there)
    lines = {
        "explained": {name: meter(a.r2, name == last) for name, a in there.items()},
        "mean error": {name: said(a.mean_error) for name, a in there.items()},
        "half are below": {name: said(a.error(0.5)) for name, a in there.items()},
        "9 of 10 are below": {name: said(a.error(0.9)) for name, a in there.items()},
    }
    body = "".join(
        f"<tr><th scope='row'>{name}</th>"
        + "".join(f"<td class='{'deep' if model == last else ''}'>{cell}</td>" for model, cell in cells.items())
        + "</tr>"
        for name, cells in lines.items()
    )
    title = f"<h3>{escaped(found.name(c))}</h3>" if found.k > 1 else ""
    table = f"<table class='versus'><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='sheet'>{title}{table}</div>"


def meter(r2: float, ours: bool) -> str:
    """A share of the variance as a number and a bar."""
    if r2 != r2:
        return "<span class='big'>–</span>"
    width, kind = 100 * min(max(r2, 0.0), 1.0), "" if ours else " class='linear'"
    bar = f"<rect{kind} width='{width:.1f}' height='8'/>"
    return (
        f"<span class='big'>{round(r2, 3) + 0.0:.1%}</span>"
        f"<svg class='bar' viewBox='0 0 100 8' preserveAspectRatio='none' aria-hidden='true'>{bar}</svg>"
    )


def more(found: Compared) -> str:
    return f"<p class='about below'>and {found.k - TARGETS:,} more targets</p>" if found.k > TARGETS else ""


def lost(found: Compared) -> tuple[str, str]:
    """What is said of the columns, and a bar for each."""
    names = found.reg.format_.columns
    if not found.reg.format_.has_cells or found.reg.format_.kind in ("documents", "images") or len(names) > MANY:
        return f"Of {found.reg.format_.kind} single columns say little.", "<p class='about below'>Not measured.</p>"
    if found.r2 != found.r2:
        return "These rows cannot show it: all observed numbers are the same.", "<p class='about below'>Not measured.</p>"
    standard = (found.y - found.reg.mean_) / found.reg.scale_
    lost = losses(found.reg, found.x, standard)
    order = [j for j in np.argsort(-lost, kind="stable")[:BARS] if lost[j] > LITTLE]
    where = (
        "By how much the explained share falls if the cells of a column change places among the rows. Of columns that tell the "
        "same, each alone seems to matter little."
    )
    top = max(float(lost.max()), 1e-9)
    lines = [
        f"<tr><th class='name' scope='row'>{escaped(names[j])}</th><td><svg class='bar' viewBox='0 0 100 7' "
        f"preserveAspectRatio='none' aria-hidden='true'><rect width='{100 * lost[j] / top:.1f}' height='7'/></svg></td>"
        f"<td class='figure deep'>{lost[j]:.1%}</td></tr>"
        for j in order
    ]
    rest = len(names) - len(order)
    below = f"<p class='about below'>Less, or not at all: {rest:,} other{'s' * (rest > 1)}.</p>" if rest else ""
    return where, f"<table class='bars'><tbody>{''.join(lines)}</tbody></table>{below}"


def rows(found: Compared, names: Names, numbers: np.ndarray | None) -> str:
    """The largest errors, in units of the spread of each target."""
    off = np.nan_to_num(np.abs(found.y - found.p) / found.reg.scale_)
    order = np.argsort(-off, axis=None, kind="stable")[:ROWS]
    lines = []
    for i, c in zip(*np.unravel_index(order, off.shape), strict=True):
        if not found.known[i, c]:
            continue
        target = f"<td>{escaped(found.name(c))}</td>" if found.k > 1 else ""
        number = f"{i if numbers is None else numbers[i]:,}"
        whose = escaped(" ".join(filter(None, (number, names.name(i), names.text(i)))))
        cells = (
            said(found.y[i, c]),
            said(found.p[i, c]),
            f"{'+' if found.p[i, c] > found.y[i, c] else ''}{said(found.p[i, c] - found.y[i, c])}",
        )
        lines.append(f"<tr><th class='name' scope='row'>{whose}</th>{target}" + "".join(map(right, cells)) + "</tr>")
    head = "<th>target</th>" if found.k > 1 else ""
    heads = "".join(f"<th class='right'>{name}</th>" for name in ("observed", "predicted", "error"))
    return f"<table class='bars'><thead><tr><th>row</th>{head}{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def right(text: str) -> str:
    return f"<td class='right'>{text}</td>"


def facts(found: Compared) -> str:
    """The facts that one needs to reproduce the report."""
    reg = found.reg
    additive, start = reg.additive_held_out_, "a linear model" if reg.format_.words else "a sum of curves"
    told = [
        ("Rows in this report", f"{found.n:,} ({reg.format_.kind}, {len(reg.format_.columns):,} columns)"),
        ("Explained of held-out rows, in the fit", f"{1 - reg.held_out_:.1%}"),
        *[(f"The same, of {start}", f"{1 - additive:.1%}")] * (additive == additive),
        ("Members", f"{reg.members_}"),
        ("Seed of the fit", seed(reg)),
        ("Versions", f"diabolo {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}"),
    ]
    return "".join(f"<tr><th scope='row'>{escaped(a)}</th><td>{escaped(b)}</td></tr>" for a, b in told)


# ── drawings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def charts(found: Compared, c: int) -> str:
    """Predicted against observed; of a single target also the errors."""
    a = found.ours[c]
    title = f"<figcaption>{escaped(found.name(c))}</figcaption>"
    drawn = f"<figure class='chart'>{title}{scatter(a.y, a.p)}</figure>"
    if found.k > 1:
        return drawn
    return (
        drawn
        + f"<figure class='chart'><figcaption>Errors: predicted minus observed</figcaption>{histogram(a.p - a.y)}</figure>"
    )


def edge(found: Compared) -> str:
    far = max(beyond(a.y, a.p) for a in found.ours[:TARGETS])
    few = f" {POINTS:,} rows are drawn, evenly spaced." if found.n > POINTS else ""
    return few + " Points far from all others are drawn at the edge." * bool(far)
