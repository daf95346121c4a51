"""A kind of data is one file, with the network that suits it, and one line: the three kinds of systems take it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from torch import nn

from diabolo import Autoencoder, MultiLabelClassifier, OutlierDetector, load
from diabolo.corruption import Corruption, Mask
from diabolo.estimators.architectures import ARCHITECTURES, Dense, architecture
from diabolo.formats import FORMATS, Arrays, Documents, Format, infer
from diabolo.losses import Columns, Loss, Part, Softmax
from kinds import kinds

LETTERS = "ACGT"


class Strand:
    """What a user has: sequences of one length."""

    def __init__(self, sequences: list[str]) -> None:
        self.sequences = sequences

    def __len__(self) -> int:
        return len(self.sequences)


class Bases(Dense):
    """Wide layers, few steps, and a fifth of the letters hidden."""

    widths = (32,)
    most_steps = 200

    def corruption(self) -> Corruption:
        return Mask(0.2)


class Dna(Format):
    """One of four letters at each place."""

    kind = "dna"
    free = True
    architecture = Bases

    @classmethod
    def accepts(cls, X: Any) -> bool:
        return isinstance(X, Strand)

    def fit(self, X: Strand) -> Dna:
        return self._of(len(X.sequences[0]))

    def _of(self, length: int) -> Dna:
        self.length, self.width = length, 4 * length
        self.columns = [f"base {j + 1}" for j in range(length)]
        return self

    @property
    def blocks(self) -> list[slice]:
        return [slice(4 * j, 4 * j + 4) for j in range(self.length)]

    def chunks(self, X: Strand) -> Iterator[Strand]:
        yield X

    def to_array(self, X: Strand) -> np.ndarray:
        index = np.array([[LETTERS.index(letter) for letter in sequence] for sequence in X.sequences])
        return np.eye(4)[index].reshape(len(index), -1)

    def from_array(self, x: Any) -> Strand:
        likeliest = np.asarray(x).reshape(len(x), -1, 4).argmax(2).tolist()
        return Strand(["".join(LETTERS[i] for i in row) for row in likeliest])

    def original(self, x: Any) -> list[list[Any]]:
        return [list(column) for column in zip(*self.from_array(x).sequences, strict=True)]

    def loss(self, name: str = "auto") -> Loss:
        places, features = tuple(range(self.length)), tuple(range(self.width))
        return Columns((Part(Softmax((4,) * self.length), features, places, (1.0,) * self.length),))

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"length": self.length}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Dna:
        return cls()._of(meta["length"])


@pytest.fixture
def strand(monkeypatch: pytest.MonkeyPatch) -> Strand:
    """Two families, with mutations; the one line is the first."""
    monkeypatch.setattr("diabolo.formats.FORMATS", {"dna": Dna} | FORMATS)
    r = np.random.default_rng(0)
    families = r.choice(list(LETTERS), (2, 12))
    letters = np.where(r.random((120, 12)) < 0.05, r.choice(list(LETTERS), (120, 12)), families[np.arange(120) % 2])
    return Strand(["".join(row) for row in letters])


def test_an_autoencoder_takes_it(strand: Strand) -> None:
    ae = Autoencoder(2, verbose=False, random_state=0).fit(strand)
    assert isinstance(ae._architecture, Bases)
    z = ae.transform(strand)
    assert z.shape == (120, 2)
    again = ae.inverse_transform(z).sequences
    right = np.mean([a == b for x, y in zip(strand.sequences, again, strict=True) for a, b in zip(x, y, strict=True)])
    assert right > 0.9
    assert np.array_equal(ae.fit(strand).transform(strand), z)


def test_a_detector_takes_it(strand: Strand) -> None:
    detector = OutlierDetector(verbose=False, random_state=0).fit(strand)
    strange = Strand(["".join(reversed(strand.sequences[0]))])
    assert detector.score_samples(strange)[0] < np.quantile(detector.score_samples(strand), 0.05)
    assert detector.explain(strange)[0].cells


def test_labels_are_learned_from_it(strand: Strand) -> None:
    Y = np.stack([np.arange(120) % 2 == 0, np.arange(120) % 2 == 1], 1).astype(int)
    clf = MultiLabelClassifier(epochs=20, verbose=False, random_state=0).fit(strand, Y)
    assert clf.score(strand, Y) > 0.95
    encoder = Autoencoder(2, verbose=False, random_state=0).fit(strand)
    assert MultiLabelClassifier(encoder=encoder, verbose=False, random_state=0).fit(strand, Y).score(strand, Y) > 0.95


def test_a_file_holds_it(strand: Strand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "dna", Dna)
    ae = Autoencoder(2, verbose=False, random_state=0).fit(strand)
    ae.save(tmp_path / "dna.diabolo")
    assert np.array_equal(load(tmp_path / "dna.diabolo").transform(strand), ae.transform(strand))


@pytest.mark.parametrize("name", kinds())
def test_every_format_names_its_architecture(name: str) -> None:
    X = kinds()[name]
    format = infer(X)
    format.fit(X)
    built = architecture(format)
    assert type(built) is ARCHITECTURES[format.architecture]
    assert isinstance(built.first(built.watched), nn.Module)


def test_a_wide_network_takes_more_rows_and_steps_and_shares_decay() -> None:
    X = np.random.default_rng(0).random((50, 64))
    usual, wide = (architecture(Arrays().fit(X), hidden) for hidden in ("auto", (600, 100)))
    assert wide.training()["batch_size"] > usual.training()["batch_size"]
    assert wide.steps(50) > usual.steps(50)
    assert usual.training()["weight_decay"] > 0, "columns that share a unit"
    assert architecture(Arrays("each").fit(X)).training()["weight_decay"] == 0


def test_weight_decay_of_shares_falls_with_many_rows() -> None:
    dense, found = architecture(Arrays().fit(np.random.default_rng(0).random((50, 64)))), []
    for n in (50, 2500, 10_000):
        dense.expect(n, True)
        found.append(dense.training()["weight_decay"])
    assert found == pytest.approx([0.2, 0.2, 0.1])


@pytest.mark.parametrize(("n", "decay"), [(1, 0.4), (10, 0.4), (20, 0.3), (60, 0.1)])
def test_weight_decay_of_documents_shrinks_as_they_become_many(n: int, decay: float) -> None:
    text = architecture(Documents().fit(sp.csr_matrix(np.ones((n, 3), int))))
    text.expect(n, True)
    assert text.training()["weight_decay"] == pytest.approx(decay)


def test_no_system_asks_a_format_for_its_type() -> None:
    """Nor for its kind: what differs is a question that a format, or its architecture, answers."""
    root = Path(__file__).parents[1] / "src" / "diabolo" / "estimators"
    names = [cls.__name__ for cls in FORMATS.values()]
    for file in root.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        asked = [name for name in names if f"isinstance(self.format_, {name})" in text or f"format, {name})" in text]
        assert not asked, file
        assert "format_.kind ==" not in text, file
