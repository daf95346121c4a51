"""Objects speak: the same table in a terminal, in a log and in a notebook."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from rich.console import Console

from diabolo import Autoencoder, load
from diabolo.estimators.autoencoder.comparison import Comparison
from diabolo.printed import Grid, Marked, Printed
from kinds import SMALL, kinds


class Note(Printed):
    def _parts(self) -> list[str | Grid]:
        return ["[bold] & <i> are letters.", Grid(("name", "n"), [["a<b", "1"], None, [Marked("[c]"), "22"]], "Title")]


def test_a_table_as_text_and_as_html() -> None:
    said = str(Note())
    assert said == repr(Note())
    for words in ("[bold] & <i> are letters.", "Title", "a<b", "[c] *", "22"):
        assert words in said
    html = Note()._repr_html_()
    assert "<p>[bold] &amp; &lt;i&gt; are letters.</p>" in html
    assert "<b>[c] *</b>" in html
    assert html.count("<tr>") == 3
    assert "a&lt;b" in html


# ── comparison ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "linear"), [("array", "PCA"), ("texts", "LSA")])
def test_a_comparison_is_a_dict_that_prints(kind: str, linear: str, tmp_path: Path) -> None:
    ae = Autoencoder(**SMALL).fit(kinds()[kind])
    c = ae.comparison_
    assert isinstance(c, dict)
    assert json.loads(json.dumps(c)) == c
    ae.save(tmp_path / "a.diabolo")
    for again in (c, copy.deepcopy(c), pickle.loads(pickle.dumps(c)), load(tmp_path / "a.diabolo").comparison_):
        assert again == c
        for words in (f"{linear} {ae.n_components_}", "explained", f"{c['pca']:.1%}", c.verdict[:40]):
            assert words in str(again)
            assert words in again._repr_html_()


def test_what_a_comparison_means() -> None:
    better = Comparison({"pca": 0.5, "autoencoder": 0.75, "held_out_rows": 0}, 3, "PCA")
    assert better.verdict == "The autoencoder leaves 50% of the error that PCA of the same width leaves."
    assert "the training rows" in str(better)
    assert "use LSA" in Comparison({"pca": 0.5, "autoencoder": 0.5, "held_out_rows": 9}, 3, "LSA").verdict


def test_the_console_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    c = Comparison({"pca": 0.5, "autoencoder": 0.75, "held_out_rows": 1234}, 3, "PCA")
    Console(width=100).print(c)
    assert capsys.readouterr().out.split() == str(c).split()
    assert "1,234 held-out rows" in str(c)
