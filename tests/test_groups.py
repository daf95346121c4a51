"""Rows that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from diabolo import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector, Regressor
from diabolo.errors import DataError, TrainingError
from diabolo.groups import first_of_each, gap_after
from diabolo.rows import Rows
from kinds import SMALL

R = np.random.default_rng(0)
PEOPLE, VISITS = 40, 8
PERSON = R.permutation(np.repeat(np.arange(PEOPLE), VISITS))
X = (R.normal(size=(PEOPLE, 6))[PERSON] + 0.3 * R.normal(size=(PEOPLE * VISITS, 6))).astype(np.float32)
ILL = R.permutation(np.arange(PEOPLE) % 2)[PERSON]  # nothing about new people can be learned
SUGAR = R.normal(size=PEOPLE)[PERSON]
KINDS = {
    Classifier: (ILL, 0.3, 0.35),
    Regressor: (SUGAR, 0.5, 0.7),
    MultiLabelClassifier: (np.stack([ILL, SUGAR > 0], 1), 0.55, 0.6),
}
QUICK = SMALL | {"random_state": 0}
PARAMS = QUICK | {"hidden": (64,), "epochs": 60}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("members", [1, 4])
def test_what_is_held_out_says_what_new_groups_will_be_like(kind: Any, members: int) -> None:
    y, seen, new = KINDS[kind]
    params = PARAMS | {"members": members, "validation_fraction": 0.3}
    assert kind(**params).fit(X, y).held_out_ < seen
    assert kind(**params).fit(X, y, groups=PERSON).held_out_ > new


@pytest.mark.parametrize(
    "groups",
    [
        PERSON,
        [f"P{p}" for p in PERSON],
        pd.Series(PERSON),
        pa.array(PERSON),
        [*PERSON[:-1].tolist(), "other"],
        ["first", *PERSON[1:].tolist()],
        [UUID(int=p) for p in PERSON.tolist()],
        [p + 1j for p in PERSON.tolist()],
    ],
    ids=range(8),
)
def test_no_group_is_on_both_sides(groups: Any) -> None:
    first = first_of_each(groups, len(X))
    assert len(np.unique(first)) == len(set(map(str, groups if isinstance(groups, list) else groups.tolist())))
    for kind, (y, *_) in KINDS.items():
        fold = fold_of(kind, y, groups)
        assert len(set(zip(first.tolist(), fold.tolist(), strict=True))) == len(np.unique(first))
        assert len(np.unique(fold)) > 1


def fold_of(kind: Any, y: Any, groups: Any) -> np.ndarray:
    found: list[np.ndarray] = []
    model = kind(**QUICK)
    train = model._train
    model._train = lambda *args: (found.append(model._members.fold), train(*args))[1]
    model.fit(X, y, groups=groups)
    return found[0]


def test_fewer_groups_than_members() -> None:
    clf = Classifier(members=4, **QUICK).fit(X, ILL, groups=PERSON % 3)
    assert clf.network_.decoder.members == 3
    with pytest.raises(DataError, match=r"^groups holds 2: warm_start=True continues with 3 members"):
        clf.set_params(warm_start=True).fit(X, ILL, groups=PERSON % 2)


@pytest.mark.parametrize(
    ("groups", "match"),
    [
        (PERSON[:-1], "^groups has 319 entries, X has 320 rows"),
        (np.where(PERSON == 3, np.nan, PERSON), r"^groups names none for row \d+ \(8 in all\)"),
        (np.zeros(320), "^groups holds one group"),
        (PERSON[:, None], "^groups must be a list"),
        ("patient", "^groups must be a list"),
        (3, "^groups must be a list"),
        (iter(PERSON), "^groups must be a list"),
        (["first", None, *PERSON[2:].tolist()], "^groups names none for row 1 "),
    ],
    ids=range(8),
)
def test_other_groups_are_errors(groups: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        Classifier(**QUICK).fit(X, ILL, groups=groups)


def test_groups_that_are_nearly_the_same_are_told() -> None:
    names = [f"Patient {p}" + " " * (i % 9 == 0) for i, p in enumerate(PERSON)]
    with pytest.warns(UserWarning, match=r"^groups holds 'Patient \d+ ?' and 'Patient \d+ ?', .*, which are different groups"):
        first_of_each(names, len(X))
    with pytest.warns(UserWarning, match=r"^groups holds 'P1' and 'P1 '"):
        first_of_each(np.array(["P1", "P1 ", "P2"]), 3)


UNGROUPED = {Autoencoder: "what `comparison_` says is too good", OutlierDetector: "p-values are too small"}


@pytest.mark.parametrize(("things", "others"), [(100, 2), (40, 7), (200, 1)])
def test_near_copies_are_told(things: int, others: int) -> None:
    of = np.repeat(np.arange(things), 1 + others)
    near = R.normal(size=(things, 5))[of] + 0.03 * R.normal(size=(len(of), 5))
    assert gap_after(Rows(torch.from_numpy(near).float())) == others
    y = R.integers(0, 2, things)[of]
    with pytest.warns(
        UserWarning, match=r"^rows seem to come in groups of about .*`held_out_` is too good for new .*groups=\.\.\."
    ):
        Classifier(**QUICK).fit(near, y)
    Classifier(**QUICK).fit(near, y, groups=of)
    for kind, wrong in UNGROUPED.items():
        with pytest.warns(UserWarning, match=f"^rows seem to come in groups of about {others + 1}, .*{wrong} for new things"):
            kind(**QUICK).fit(near)


def test_classes_are_no_groups() -> None:
    """Whose face it is can be learned only from the same face; so it is with classes that lie far from each other."""
    face = np.repeat(np.arange(30), 10)
    near = R.normal(size=(30, 5))[face] + 0.03 * R.normal(size=(300, 5))
    Classifier(**QUICK).fit(near, face)
    with pytest.warns(UserWarning, match="^rows seem to come in groups of about 10, "):
        Classifier(**QUICK).fit(near, face % 10)


def test_rows_on_a_curve_are_no_near_copies() -> None:
    t = R.normal(size=500)
    for x in ([t, t**2, t**3], [t, np.sin(t), np.cos(t)], [np.abs(t) ** 0.5, t, np.exp(t)]):
        assert gap_after(Rows(torch.from_numpy(np.column_stack(x)).float())) == 0


@pytest.mark.filterwarnings("ignore:nothing was learned")
def test_a_new_label_of_groups_is_measured_by_groups_left_out() -> None:
    """Each thing has ten rows, and by chance the label: leave-one-out knows the thing again."""
    r = np.random.default_rng(0)
    thing = np.repeat(np.arange(40), 10)
    rows, seen = r.normal(size=(40, 8)), thing < 16
    near = rows[thing] + 0.05 * r.normal(size=(400, 8))
    clf = MultiLabelClassifier(**QUICK | {"epochs": 30}).fit(near, (rows[thing, :1] > 0) * 1, groups=thing)
    y = np.isin(thing, r.permutation(16)[:8]) * 1
    with pytest.warns(UserWarning, match="^examples of 'chance' seem to come in groups .*, is too good for new things"):
        known = clf.add_label("chance", near[seen], y[seen])
    clf.drop_label("chance")
    found = clf.add_label("chance", near[seen], y[seen], groups=thing[seen])
    assert known.interval[0] > 0.95
    assert found.interval[0] < 0.7, "a label by chance is not known"
    assert "of groups that are left out, average precision" in str(found)
    good = clf.add_label("known", near[seen], (rows[thing, 0] > 0)[seen] * 1, groups=thing[seen])
    assert good.average_precision > 0.8
    alone = clf.add_label("of a few", near[:30], groups=thing[:30])  # all have it: the kept rows are the others
    assert alone.positives == 30
    assert 0 <= alone.average_precision <= 1
    with pytest.raises(DataError, match="groups holds one group"):
        clf.add_label("of one", near[:10], groups=thing[:10])


def test_a_new_label_of_other_rows_is_measured_as_before() -> None:
    r = np.random.default_rng(0)
    x = r.normal(size=(300, 8))
    clf = MultiLabelClassifier(**QUICK).fit(x, (x[:, :1] > 0) * 1)
    one, each = (clf.add_label(name, x[:60], (x[:60, 1] > 0) * 1, groups=g) for name, g in (("one", None), ("each", range(60))))
    assert abs(one.average_precision - each.average_precision) < 0.1


def test_a_run_with_other_groups_is_not_resumed(tmp_path: Path) -> None:
    params = QUICK | {"checkpoint": str(tmp_path / "state")}
    Classifier(**params).fit(X, ILL)
    with pytest.raises(TrainingError, match="other settings or data \\(groups="):
        Classifier(resume=True, **params).fit(X, ILL, groups=PERSON)


@pytest.mark.parametrize("d", [3, 5, 20])
def test_of_rows_that_are_spread_out_nothing_is_said(d: int) -> None:
    t = np.linspace(0, 9, 1000)[:, None]
    for x in (
        R.normal(size=(1000, d)),
        R.standard_t(2, (1000, d)),
        np.cumsum(R.normal(size=(1000, d)), 0),
        np.sin(t * np.arange(1, d + 1)),
    ):
        assert gap_after(Rows(torch.from_numpy(x).float())) == 0


def test_pictures_and_texts_that_belong_together_are_no_near_copies() -> None:
    of = np.repeat(np.arange(40), 3)
    pictures = (R.random((40, 16, 16))[of] * 200 + R.random((120, 16, 16)) * 9).astype(np.uint8)
    words = [" ".join(f"word{w}" for w in R.choice(300, 20)) for _ in range(40)]
    texts = [f"{words[i]} name{n % 7}" for n, i in enumerate(of.tolist())]
    for X in (pictures, texts):
        with pytest.warns(UserWarning, match="(near copy among them|nearly the same as the one before).*groups="):
            Classifier(**QUICK).fit(X, of % 2)
        Classifier(**QUICK).fit(X, of % 2, groups=of)
