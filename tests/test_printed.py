"""Objects speak: the same table in a terminal, in a log and in a notebook."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console

from diabolo import Autoencoder, OutlierDetector, load
from diabolo.estimators.autoencoder.comparison import Comparison, Explained
from diabolo.estimators.efficiency import Efficiency
from diabolo.estimators.multilabel.label_discovery import Suggestion
from diabolo.estimators.multilabel.new_label import NewLabel
from diabolo.estimators.multilabel.report import LabelMetrics, LabelReport
from diabolo.estimators.outliers.explanation import CellExplanation, RowExplanation, RowExplanations
from diabolo.formats import Arrays, Documents, Embedded, Format, Images, Tables
from diabolo.history import History
from diabolo.losses import Squared
from diabolo.printed import Grid, Marked, Printed
from kinds import SMALL, frame, kinds


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
    assert "leaves less than 1% of" in Comparison({"pca": 0.5, "autoencoder": 0.9999, "held_out_rows": 9}, 3, "PCA").verdict
    assert "use LSA" in Comparison({"pca": 0.5, "autoencoder": 0.5, "held_out_rows": 9}, 3, "LSA").verdict


def test_a_gain_that_may_be_chance_says_so() -> None:
    """Of tables as small as iris, a tenth of PCA's error was said to be gained, and on other rows nothing was."""
    scores = {"pca": 0.5, "autoencoder": 0.55, "held_out_rows": 20}
    doubtful = Comparison(scores | {"margin": 0.06}, 2, "PCA")
    assert doubtful.verdict == f"{doubtful.headline} {doubtful.doubt}"
    assert "may be chance with 20 held-out rows" in doubtful.doubt
    assert "chance" not in Comparison(scores | {"margin": 0.04}, 2, "PCA").verdict


def test_the_margin_of_a_comparison_is_two_standard_errors() -> None:
    t = np.random.default_rng(0).uniform(-1, 1, 150)
    curve = Autoencoder(1, random_state=0).fit(np.c_[t, t**2])
    gain = curve.comparison_["autoencoder"] - curve.comparison_["pca"]
    assert 0 < curve.comparison_["margin"] < gain
    assert "chance" not in curve.comparison_.verdict
    judge = Explained(Squared(), x := torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), None, torch.zeros(2, 2))
    other = torch.tensor([[0.0, 0.0], [-1.0, 0.0]])  # errors of 1 and 0, beside 0 and 0: by 0.5 on average, more or less 0.5
    assert judge.margin(other, x) == pytest.approx(2 * 0.5 * 2**0.5 / judge.reference)
    assert judge.margin(x, x) == 0


def test_the_console_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    c = Comparison({"pca": 0.5, "autoencoder": 0.75, "held_out_rows": 1234}, 3, "PCA")
    Console(width=100).print(c)
    assert capsys.readouterr().out.split() == str(c).split()
    assert "1,234 held-out rows" in str(c)


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_verdicts_print_in_few_digits_and_mark_the_repair() -> None:
    rent = CellExplanation("rent", 9000.0, 735.2982820951656, (512.123456, 1000.98765), 1e-9, True)
    city = CellExplanation("city", "Rome", "Oslo", ("Bern", "Oslo", "Paris"), 0.2, False)
    verdicts = RowExplanations([RowExplanation(7, 9.5e-245, 1e-9, 0.3, (rent, city), True)])
    for said in (str(verdicts), repr(verdicts), str(verdicts[0]), repr(verdicts[0])):
        for words in ("row 7", "p 9.5e-245", "never seen", "rent *", "9000", "735", "512 to 1001", "Bern, Oslo, 1 more"):
            assert words in said
        assert "city *" not in said
        assert "735.2" not in said
        assert "the row is normal" in said
    assert "<b>rent *</b>" in verdicts._repr_html_()
    many = RowExplanations(replace(verdicts[0], row=i) for i in range(30))
    assert "and 10 more rows" in str(many)
    assert str(RowExplanations()) == "No row is flagged."


def test_explain_prints_what_it_found() -> None:
    verdicts = OutlierDetector(**SMALL).fit(kinds()["array"]).explain(kinds()["array"], rows=[3, 5])
    assert isinstance(verdicts, list)
    assert {"row 3", "row 5"} <= {line.split("│")[1].strip() for line in str(verdicts).splitlines() if "│" in line}


# ── formats and histories ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_format_prints_the_kinds_of_its_columns() -> None:
    format = Tables().fit(kinds()["pandas"])
    lines = {line.split("│")[1].strip(): line for line in str(format).splitlines() if "│" in line}
    assert set(lines) == set(format.columns)
    assert "number" in lines["size"]
    assert "with gaps" in lines["size"]
    assert "yes or no" in lines["flag"]
    assert "category" in lines["city"]
    assert all(city in lines["city"] for city in ("Oslo", "Rome", "Bern"))
    assert "<td" in format._repr_html_()
    wide = Tables().fit(pd.DataFrame(np.arange(200).reshape(4, 50)).add_prefix("column "))
    assert len(str(wide).splitlines()) <= 22
    assert "and 34 more columns" in str(wide)


@pytest.mark.parametrize("format", [Tables(), Arrays(), Documents(stem="english"), Images(), Embedded()], ids=lambda f: f.kind)
def test_a_format_before_fit_is_one_line(format: Format) -> None:
    assert repr(format).startswith(f"{type(format).__name__}(")
    assert "\n" not in repr(format)


def test_a_history_prints_a_few_rounds() -> None:
    n = 60
    held = [abs(i - 31) + 0.123456789 for i in range(n)]
    history = History([i / 7 for i in range(n)], [1.0] * n, held, [i / 3 for i in range(n)], 31, "all epochs done")
    said = repr(history)
    assert "0.1235 *" in said
    assert said.count("*") == 2, "the best round, and what the mark means"
    assert "8 of 60 rounds" in said
    assert len(said.splitlines()) < 16
    assert "Stopped: all epochs done." in said
    assert repr(History()) == "Stopped: all epochs done."


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_labels_print_in_few_digits_and_mark_what_may_be_chance() -> None:
    good = LabelMetrics("urgent", 30, 100, 0.98765, (0.95, 1.0), 0.45678, 0.9, 0.8, 0.85, 0.0123, (3, 8), (), (1, 2))
    poor = LabelMetrics("bug", 30, 100, 0.34567, (0.25, 0.45), 0.5, 0.9, 0.8, float("nan"), 0.1, (), (), ())
    for words in ("0.99 (0.95 to 1.00)", "0.46", "doubtful yes: rows 3, 8", "to confirm next: rows 1, 2"):
        assert words in str(good)
    assert "*" not in str(good)
    report = LabelReport([poor, good], np.ones((2, 2)), np.ones((2, 2)), np.zeros((2, 2)), None, 100)
    for words in ("0.35 (0.25 to 0.45) *", "* May be no better than chance.", "2 labels, evaluated on 100 rows", "- "):
        assert words in repr(report)
    assert "<b>0.35 (0.25 to 0.45) *</b>" in report._repr_html_()


def test_what_became_of_a_label_is_a_sentence() -> None:
    card = NewLabel("x", 4, 5, 0.81234, (0.7, 0.9), 12, 0.001, 0.5)
    start = "'x' from 4 positive and 5 negative examples: leave-one-out average precision 0.81 (0.70 to 0.90)"
    assert repr(card).startswith(start)
    assert repr([Suggestion(np.arange(7), 2.345)]) == (
        "[7 similar rows, 2.3 times as strange as known rows; typical rows: 0, 1, 2, 3, 4]"
    )
    scores = {"scratch": np.array([[0.5, 0.6]]), "pretrained": np.array([[0.8, 0.9]])}
    assert "0.850 ± 0.050 *" in str(Efficiency("accuracy", (0.1,), (20,), scores))


def test_a_history_without_held_out_rows_names_no_best_round() -> None:
    ae = Autoencoder(1, **SMALL | {"epochs": 40}).fit(frame(25))
    said = str(ae.history_)
    assert "held out" not in said.splitlines()[1]
    assert "No rows were held out" in said
    assert "best round" not in said
    assert ae.n_iter_ == ae.history_.epoch[-1]
    assert "best round" in str(Autoencoder(1, **SMALL).fit(frame(80)).history_)


def test_a_comparison_on_training_rows_says_so() -> None:
    said = str(Autoencoder(1, **SMALL).fit(frame(25)).comparison_)
    assert "too few rows to hold some out" in said
    assert "too few" not in str(Autoencoder(1, **SMALL).fit(frame(80)).comparison_)
