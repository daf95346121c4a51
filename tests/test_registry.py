"""Names in files: a class of one's own neither hides nor replaces one of ours, and ours do not depend on any order."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from diabolo import Autoencoder, Denoiser, load
from diabolo.corruption import CORRUPTIONS
from diabolo.density import DENSITIES
from diabolo.estimators import ESTIMATORS
from diabolo.estimators.base import System
from diabolo.estimators.supervised.base import Supervised
from diabolo.losses import LOSSES
from diabolo.registry import registered_name
from kinds import SMALL, frame

REGISTRIES = {"estimators": ESTIMATORS, "corruptions": CORRUPTIONS, "losses": LOSSES, "densities": DENSITIES}


@pytest.mark.parametrize("name", REGISTRIES)
def test_ours_have_their_bare_names(name: str) -> None:
    ours = {key: cls for key, cls in REGISTRIES[name].items() if cls.__module__.startswith("diabolo.")}
    assert all(key == (cls.__name__.lower() if name == "densities" else cls.__name__) for key, cls in ours.items())
    assert all("." in key for key in set(REGISTRIES[name]) - set(ours))


def test_a_class_of_ones_own_replaces_none_of_ours(tmp_path: Path) -> None:
    """In a process of its own: what is defined stays registered."""
    code = """
        import sys
        import numpy as np
        import diabolo, diabolo.corruption, diabolo.density, diabolo.losses
        from diabolo import Autoencoder

        theirs = diabolo.Denoiser

        class Denoiser(Autoencoder): ...
        class Gaussian(diabolo.corruption.Gaussian): ...
        class Squared(diabolo.losses.Squared): ...
        class Normal(diabolo.density.Normal): ...

        assert type(theirs.pretrained()) is theirs
        X = np.random.default_rng(0).normal(size=(60, 3))
        for cls, corruption in ((Autoencoder, diabolo.corruption.Gaussian(0.1)), (Denoiser, Gaussian(0.1))):
            density = diabolo.density.Normal() if cls is Autoencoder else Normal()
            a = cls(1, hidden=(4,), epochs=2, corruption=corruption, density=density, verbose=False, random_state=0).fit(X)
            a.save(sys.argv[1])
            b = diabolo.load(sys.argv[1])
            assert type(b) is cls and type(b.corruption) is type(corruption) and type(b.density_) is type(density)
            assert np.array_equal(a.transform(X), b.transform(X))
            assert np.array_equal(a.log_prob(X), b.log_prob(X))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), tmp_path / "model.diabolo"], check=True)


@pytest.mark.parametrize("density", ["normal", "mixture", "kernel"])
def test_a_file_names_its_density(density: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = frame()
    model = Autoencoder(**SMALL, density=density).fit(X)
    model.save(tmp_path / "model.diabolo")
    turned = dict(reversed(DENSITIES.items()))
    monkeypatch.setattr("diabolo.estimators.autoencoder.sampling.DENSITIES", turned)
    again = load(tmp_path / "model.diabolo")
    assert type(again.density_) is DENSITIES[density]
    assert np.array_equal(again.log_prob(X), model.log_prob(X))


@pytest.mark.parametrize("cls", [System, Supervised])
def test_what_is_no_whole_estimator_cannot_be_made(cls: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        cls()


def test_our_names_hold_whatever_the_module() -> None:
    assert registered_name(Denoiser) == "Denoiser"
