"""scikit-learn's contract, kept by everything registered; and what an autoencoder promises beside it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    parametrize_with_checks,
)
from torch import nn

import diabolo
from diabolo import Autoencoder, Classifier, DataError, Gaussian, Mask, Regressor, load
from diabolo.corruption import Chain, Downscale, Grayscale, Jpeg
from diabolo.estimators import ESTIMATORS
from diabolo.formats import Arrays
from diabolo.losses import Bounded, Softmax, Squared
from kinds import RESTORERS, SMALL, TABULAR, WORDS, answers, frame, kinds, said, texts

FAILING: dict[str, dict[str, str]] = {}  # estimator, name of a check -> why it cannot pass
BATCHES = "a row that counts twice is not drawn twice into the batches of SGD"
LABELED = ("Classifier", "Regressor", "MultiLabelClassifier", "IndependentClassifiers")
for name in LABELED:
    FAILING[name] = {
        "check_sample_weight_equivalence_on_dense_data": BATCHES,
        "check_sample_weight_equivalence_on_sparse_data": BATCHES,
    }
FAILING |= {name: dict.fromkeys(FAILING["Classifier"], BATCHES) for name in ("Autoencoder", "OutlierDetector")}
OWN: dict[str, dict[str, Any]] = {"OutlierDetector": {"alpha": 0.05}}  # training rows look more normal than they are
OWN |= {name: {"dropout": 0.0, "lr": 1e-2, "random_state": 0} for name in LABELED}
LEARNS = {"check_classifiers_train": 60, "check_regressors_train": 60}  # epochs, where the check is that it has learned
for name in ("MultiLabelClassifier", "IndependentClassifiers"):  # a check wants yes from 0.5 on
    OWN[name] |= {"threshold_metric": ((0, 1), (1, 0)), "min_labels": 0}


@pytest.mark.filterwarnings(
    "ignore:(threshold_metric|min_labels)=.* has no effect",
    "ignore:labels? .* positive in (no|every) row",
    "ignore:y holds a single class",
    "ignore:all rows of .* have a weight of 0",
)
@parametrize_with_checks(
    [ESTIMATORS[name](**{"epochs": 2, "hidden": (8,), "verbose": False} | OWN.get(name, {})) for name in TABULAR],
    expected_failed_checks=lambda estimator: FAILING.get(type(estimator).__name__, {}),
)
@pytest.mark.filterwarnings("ignore:y is ignored:UserWarning", "ignore:alpha=:UserWarning")  # outliers of classes, of few rows
def test_sklearn(estimator: Any, check: Any) -> None:
    check(estimator.set_params(epochs=LEARNS.get(check.func.__name__, 2)))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_sklearn_does_not_check_takes_pictures(name: str) -> None:
    """Its checks fit rows of numbers; a restorer takes a list of pictures of any size: see test_restoration.py."""
    tables = get_tags(ESTIMATORS[name]()).input_tags.two_d_array
    assert tables == (name in TABULAR)
    assert tables != (name in RESTORERS)


@pytest.mark.parametrize("name", RESTORERS)
def test_what_takes_pictures_keeps_the_rest_of_the_contract(name: str) -> None:
    model = ESTIMATORS[name]()
    check_no_attributes_set_in_init(name, model)
    check_parameters_default_constructible(name, model)
    check_get_params_invariance(name, model)
    check_set_params(name, model)
    check_estimator_repr(name, model)


@pytest.mark.parametrize("name", TABULAR)
@pytest.mark.parametrize("kind", ["floats", "whole numbers", "yes and no", "gaps", "wild"])
def test_a_table_and_an_array_are_the_same_to_the_bit(name: str, kind: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * [1.0, 1e-15, 1e150, 3.0] + [0.0, 0.0, 0.0, 100.0]
    if kind == "whole numbers":
        X = rng.integers(-3, 4, (60, 4)) * [1, 1, 100, 1]
    elif kind == "yes and no":
        X = (rng.random((60, 4)) < [0.1, 0.5, 0.9, 0.5]).astype(np.int64)
    elif kind == "gaps":
        X[rng.random(X.shape) < 0.2] = np.nan
    elif kind == "wild":
        X[3, :2], X[:, 3] = 1e9, np.exp(3 * X[:, 0])
    y = answers(name, 60)
    a, b = (ESTIMATORS[name](**SMALL).fit(data, *y) for data in (X, pd.DataFrame(X, columns=list("abcd"))))
    assert np.array_equal(said(a, X), said(b, pd.DataFrame(X, columns=list("abcd"))))
    for one, other in zip(a.network_.parameters(), b.network_.parameters(), strict=True):
        assert torch.equal(one, other)


# ── the contract, with tables ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ESTIMATORS)
def test_parameters_are_stored_as_given(name: str) -> None:
    given = {k: object() for k in ESTIMATORS[name]().get_params()}
    assert ESTIMATORS[name](**given).get_params(deep=False) == given


@pytest.mark.parametrize("name", ESTIMATORS)
def test_it_is_public_and_documented(name: str) -> None:
    cls = ESTIMATORS[name]
    assert getattr(diabolo, name) is cls
    for parameter in cls().get_params():
        assert parameter in (cls.__doc__ or "").split("Attributes")[0], f"{parameter} is not documented"


OTHER: dict[str, Any] = {  # values with which a fit ends elsewhere
    "alpha": 0.3,
    "average": 0.0,
    "batch_size": 9,
    "n_bins": 3,
    "class_weight": "balanced",
    "contamination": 0.3,
    "corruption": Gaussian(0.8),
    "dropout": 0.3,
    "epochs": 12,
    "hidden": (5,),
    "label_weight": {0: 9.0},
    "loss": "squared",
    "lr": 0.05,
    "members": 2,
    "min_labels": 3,
    "muon_lr": 0.2,
    "n_components": 3,
    "threshold_metric": ((0, 19), (1, 0)),
    "optimizer": "adamw",
    "patience": 1,
    "precision": "bfloat16",
    "random_state": 1,
    "trim_fraction": 0.3,
    "validation_fraction": 0.4,
    "weight_decay": 0.9,
}
APART = {  # they are about other things than what a fit of this table ends with, and have tests of their own
    *(
        "checkpoint",
        "decoder",
        "density",
        "device",
        "encoder",
        "format",
        "freeze",
        "patience",
        "replay_size",
        "resume",
        "verbose",
        "warm_start",
    )
}


@pytest.mark.parametrize("name", TABULAR)
def test_every_parameter_changes_what_is_learned(name: str) -> None:
    X = frame(150)
    if name == "Regressor":  # of dates it learns so much before the first step that it keeps that
        X = X.drop(columns="when")
    size, labeled = X["size"].fillna(0).to_numpy(), name in LABELED
    Y = np.stack([size + 0.3 * X["flag"] > 0, X["count"] > 20, (X["city"] == "Rome") | (size > 1)], 1).astype(int)
    y = {"Classifier": (Y[:, 0] + 2 * Y[:, 1],), "Regressor": (size * (X["count"].to_numpy() - 20.0),)}.get(
        name, (Y,) * labeled
    )
    usual: dict[str, Any] = SMALL | {"epochs": 16} | ({"members": 1} if labeled else {})
    usual |= {"epochs": 200, "batch_size": 32} if name == "Regressor" else {}  # until it is better than the line it begins with
    other = OTHER | ({"loss": "asymmetric"} if labeled else {})

    def learned(**params: Any) -> tuple[bytes, ...]:
        model = ESTIMATORS[name](**usual | params).fit(X, *y)
        decided = (model.predict(X).tobytes(),) if hasattr(model, "predict") else ()
        return (said(model, X).tobytes(), *decided, *(p.numpy().tobytes() for p in model.network_.parameters()))

    asked = [p for p in ESTIMATORS[name]().get_params() if p not in APART]
    usually = learned()
    assert usually == learned()
    assert [p for p in asked if learned(**{p: other[p]}) == usually] == []


@pytest.mark.parametrize("name", [name for name in TABULAR if "patience" in ESTIMATORS[name]().get_params()])
def test_noise_ends_the_fit_and_more_patience_later(name: str) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 4)), answers(name, 150)
    rounds = [ESTIMATORS[name](**SMALL | {"epochs": 400, "patience": p}).fit(X, *y).history_.epoch[-1] for p in (1, 3, 400)]
    assert rounds[0] < rounds[1] < rounds[2] == 400


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", TABULAR)
def test_every_kind_of_data(name: str, kind: str) -> None:
    X = kinds()[kind]
    n = len(X) if isinstance(X, list) else X.shape[0]
    y = answers(name, n)
    model = ESTIMATORS[name](**SMALL).fit(X, *y)
    values = said(model, X)
    assert len(values) == n
    assert np.isfinite(values).all()
    if hasattr(model, "score_samples"):
        assert bool((values <= 1e-9).all())
    again = clone(model).fit(X, *y)
    assert np.array_equal(values, said(again, X)), "the same random_state gives the same bits"


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", [name for name in TABULAR if hasattr(ESTIMATORS[name], "transform")])
def test_codes_of_every_kind_of_data(name: str, kind: str) -> None:
    X = kinds()[kind]
    n = len(X) if isinstance(X, list) else X.shape[0]
    model = ESTIMATORS[name](**SMALL)
    Z = model.fit_transform(X)
    assert Z.shape == (n, 2)
    assert np.isfinite(Z).all()
    assert np.array_equal(Z, model.transform(X))
    assert type(model.inverse_transform(Z)) is type(model.reconstruct(X))
    assert model.score(X) <= 1
    assert model.reconstruction_errors(X).shape[0] == n
    assert len(model.explained_variance_ratio_) == 2
    assert {"pca", "autoencoder", "held_out_rows", "margin"} == set(model.comparison_)
    again = clone(model).fit(X)
    assert np.array_equal(Z, again.transform(X)), "the same random_state gives the same bits"


def test_batches_do_not_matter() -> None:
    X = frame(60)
    ae = Autoencoder(**SMALL).fit(X)
    one = np.concatenate([ae.transform(X.iloc[i : i + 1]) for i in range(len(X))])
    assert np.allclose(one, ae.transform(X), rtol=1e-9, atol=1e-9)


def test_pipeline_and_search() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipe = make_pipeline(Autoencoder(**SMALL), LogisticRegression(max_iter=1000))
    assert cross_val_score(pipe, X, y, cv=3).mean() > 0.6
    search = GridSearchCV(Autoencoder(**SMALL), {"n_components": [1, 3], "corruption": [None, Gaussian(0.1)]}, cv=2).fit(X)
    assert search.best_params_["n_components"] == 3
    assert search.best_score_ > 0.9


def test_named_outputs() -> None:
    X = frame()
    names = ["autoencoder0", "autoencoder1"]
    Z = Autoencoder(**SMALL).set_output(transform="pandas").fit_transform(X)
    assert isinstance(Z, pd.DataFrame)
    assert list(Z.columns) == names
    assert list(Z.index) == list(X.index)
    Z = Autoencoder(**SMALL).set_output(transform="polars").fit(X).transform(X)
    assert isinstance(Z, pl.DataFrame)
    assert Z.columns == names
    fitted = Autoencoder(**SMALL).fit(X)
    assert list(fitted.feature_names_in_) == list(X.columns)
    assert fitted.n_features_in_ == X.shape[1]
    assert list(fitted.get_feature_names_out()) == names
    assert len(Autoencoder(**SMALL).fit(X).get_feature_names_out()) == 2


def test_a_refit_forgets() -> None:
    ae = Autoencoder(**SMALL).fit(frame())
    ae.fit(kinds()["array"])
    assert not hasattr(ae, "feature_names_in_")
    assert ae.n_features_in_ == 5
    ae.fit(frame())
    ae.fit(texts())
    assert not hasattr(ae, "feature_names_in_")
    assert ae.transform(texts()).shape == (40, 2)


@pytest.mark.parametrize("method", ["transform", "inverse_transform", "reconstruct", "score", "save", "impute"])
def test_not_fitted(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(Autoencoder(), method)(np.zeros((2, 2)))


# ── what comes back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_tables_come_back_as_tables() -> None:
    X = frame().set_index(pd.Index(np.arange(60) * 7))
    ae = Autoencoder(3, **SMALL).fit(X)
    for Y in (ae.reconstruct(X), ae.impute(X)):
        assert list(Y.columns) == list(X.columns)
        assert list(Y.dtypes) == list(X.dtypes)
        assert list(Y.index) == list(X.index)
        assert not Y.isna().any().any()
    Y = ae.inverse_transform(ae.transform(X))
    assert list(Y["grade"].cat.categories) == ["low", "mid", "high"]


def test_impute_changes_only_what_is_missing() -> None:
    X = frame()
    filled = Autoencoder(**SMALL).fit(X).impute(X)
    for name in X.columns:
        known = X[name].notna()
        pd.testing.assert_series_equal(filled[name][known], X[name][known], rtol=1e-12)
    gaps = kinds()["gaps"]
    filled = Autoencoder(**SMALL).fit(gaps).impute(gaps)
    assert np.isfinite(filled).all()
    assert np.allclose(filled[~np.isnan(gaps)], gaps[~np.isnan(gaps)])
    pictures = Autoencoder(2, epochs=2, verbose=False, random_state=0).fit(np.zeros((40, 9, 8), np.uint8))
    with pytest.raises(AttributeError, match="images have no missing cells"):  # they came back in another size
        pictures.impute(np.zeros((2, 20, 30), np.uint8))
    with pytest.raises(AttributeError, match="documents have no missing cells"):
        Autoencoder(**SMALL).fit(texts()).impute(texts())


def test_it_imputes_better_than_the_mean() -> None:
    full = load_iris().data
    gaps = full.copy()
    hidden = np.random.default_rng(0).random(full.shape) < 0.1
    gaps[hidden] = np.nan
    filled = Autoencoder(2, corruption=Mask(0.2, np.nan), epochs=100, verbose=False, random_state=0).fit(gaps).impute(gaps)
    mean = np.broadcast_to(np.nanmean(gaps, 0), full.shape)
    assert np.abs(filled - full)[hidden].mean() < 0.6 * np.abs(mean - full)[hidden].mean()


def test_a_model_is_judged_by_the_corruption_that_it_is_for(tmp_path: Path) -> None:
    X = load_iris().data
    blind = Autoencoder(2, corruption=Mask(1.0, np.nan), epochs=3, verbose=False, random_state=0).fit(X)
    assert abs(blind.comparison_["pca"]) < 0.05 < Autoencoder(2, **SMALL).fit(X).comparison_["pca"]
    assert "seen through Mask(p=1.0" in str(blind.comparison_)
    blind.save(tmp_path / "m.diabolo")
    assert str(load(tmp_path / "m.diabolo").comparison_) == str(blind.comparison_)


@pytest.mark.parametrize("corruption", [Downscale(2), Chain((Gaussian(0.1), Grayscale())), Jpeg(50)])
def test_corruptions_of_pictures_do_not_take_rows(corruption: Any) -> None:
    with pytest.raises(ValueError, match="sees rows of numbers"):
        Autoencoder(2, corruption=corruption).fit(load_digits().data[:50])


def test_a_denoiser_is_one_although_pca_is_hard_to_beat_without_noise() -> None:
    X = load_breast_cancer().data
    ae = Autoencoder(8, corruption=Gaussian(0.5), epochs=20, verbose=False, random_state=0).fit(X)
    assert 1 - ae.comparison_["autoencoder"] < 0.95 * (1 - ae.comparison_["pca"])
    again = Autoencoder(8, corruption=Gaussian(0.5), epochs=20, verbose=False, random_state=0).fit(X)
    assert again.history_.held_out == ae.history_.held_out


def test_float32_in_float32_out() -> None:
    X = kinds()["float32"]
    ae = Autoencoder(**SMALL).fit(X)
    assert ae.transform(X).dtype == ae.inverse_transform(ae.transform(X)).dtype == np.float32
    assert ae.transform(X.astype(float)).dtype == np.float64


# ── PCA-honest ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_does_not_end_below_pca() -> None:
    X = load_digits().data[:600] / 16
    ae = Autoencoder(4, epochs=8, verbose=False, random_state=0).fit(X)
    assert ae.comparison_["autoencoder"] >= ae.comparison_["pca"] - 1e-3
    assert ae.comparison_["held_out_rows"] == 60


def test_it_finds_the_curve_that_pca_cannot() -> None:
    t = np.random.default_rng(0).uniform(-1, 1, 600)
    X = np.column_stack([t, t**2, np.sin(3 * t)]) + 0.01 * np.random.default_rng(1).normal(size=(600, 3))
    ae = Autoencoder(1, epochs=150, verbose=False, random_state=0).fit(X)
    assert ae.comparison_["autoencoder"] > 0.95
    assert ae.comparison_["pca"] < 0.8


def test_pca_is_beside_it() -> None:
    assert isinstance(Autoencoder(**SMALL).fit(kinds()["array"]).pca_, PCA)
    assert isinstance(Autoencoder(**SMALL).fit(texts()).pca_, TruncatedSVD)
    ae = Autoencoder(2, **SMALL).fit(load_iris().data)
    assert 0 < ae.explained_variance_ratio_.sum() <= 1
    assert ae.explained_variance_ratio_.sum() == pytest.approx(max(ae.comparison_["autoencoder"], 0))


def test_score_is_explained_variance() -> None:
    X = load_iris().data
    ae = Autoencoder(4, hidden=(), verbose=False).fit(X)
    assert ae.score(X) == pytest.approx(1)
    assert np.allclose(ae.score_samples(X), 0, atol=1e-6)
    assert ae.score(X) == pytest.approx(1 - ae.reconstruction_errors(X).sum() / ae.constant_errors(X).sum())


# ── one's own parts ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_own_modules() -> None:
    X = kinds()["array"]
    ae = Autoencoder(
        2, encoder=nn.Linear(5, 2), decoder=nn.Sequential(nn.Linear(2, 9), nn.Tanh(), nn.Linear(9, 5)), **SMALL
    ).fit(X)
    assert ae.encoder_ is not ae.encoder
    assert type(ae.encoder_) is nn.Linear
    assert ae.transform(X).shape == (60, 2)


def test_a_frozen_encoder_stays_bit_equal() -> None:
    X = kinds()["array"]
    encoder = nn.Linear(5, 2).requires_grad_(False)
    before = encoder.weight.clone()
    ae = Autoencoder(2, encoder=encoder, **SMALL).fit(X)
    assert torch.equal(ae.encoder_.weight.float(), before)


@pytest.mark.parametrize("loss", ["auto", "squared", "bounded", Squared()])
def test_losses(loss: Any) -> None:
    assert Autoencoder(2, loss=loss, **SMALL).fit(kinds()["shares"]).score(kinds()["shares"]) > 0.4


@pytest.mark.parametrize("kind", ["pixels", "shares"])
@pytest.mark.parametrize("loss", ["squared", "bounded", "logistic"])
def test_pictures_are_learned_with_every_loss_for_them(kind: str, loss: str) -> None:
    """None ends below the constant guess, nor far from the others."""
    X = kinds()[kind]
    assert Autoencoder(3, loss=loss, **SMALL | {"epochs": 30}).fit(X).score(X) > 0.3


def test_missing_pixels_count_as_the_mean_as_in_pca() -> None:
    X = np.random.default_rng(0).random((60, 5))
    X[::7, 2] = np.nan
    ae = Autoencoder(2, **SMALL | {"hidden": (), "format": Arrays("common")})
    ae = ae.set_params(epochs=1, lr=0.0, muon_lr=0.0).fit(X)
    filled = np.where(np.isnan(X), np.nanmean(X, 0), X)
    assert np.allclose(ae.transform(X), ae.pca_.transform(filled), atol=1e-5)


@pytest.mark.parametrize("loss", ["bounded", "logistic", "multinomial", Bounded(), Softmax((5,))])
def test_values_outside_the_range_of_a_loss_are_named(loss: Any) -> None:
    X = np.random.default_rng(0).normal(size=(60, 5))
    with pytest.raises(ValueError, match=r"loss \w+ needs values .* but feature \d is -?\d"):
        Autoencoder(2, loss=loss, **SMALL).fit(X)


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────

WRONG = {
    "n_components": [0, -1, 6, 1.0, 1.5, 0.0, "two", None, True],
    "epochs": [0, -3, 1.5, "many"],
    "batch_size": [0, "large"],
    "hidden": [(0,), (8, -1), (2.5,)],
    "optimizer": ["sgd", None],
    "loss": ["hinge", Softmax((2, 2)), {"x0": "squared"}, 3],
    "format": ["table"],
    "precision": ["float16"],
    "validation_fraction": [1.0, -0.1],
    "corruption": ["noise", 0.5],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_parameters_are_named_with_what_is_allowed(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"{name}=") as caught:
        Autoencoder(**SMALL | {name: value}).fit(kinds()["array"])
    assert repr(value)[:10] in str(caught.value)


def test_bad_data() -> None:
    ae = Autoencoder(**SMALL)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        ae.fit(frame().iloc[:0])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        ae.fit([])
    with pytest.raises(ValueError, match="column names must be unique"):
        ae.fit(pd.DataFrame(np.zeros((30, 2)), columns=["a", "a"]))
    with pytest.raises(DataError, match="contains infinity: column 'size', row 2"):
        ae.fit(frame().assign(size=[1.0, 2.0, np.inf] * 20))
    with pytest.raises(ValueError, match="infinity"):
        ae.fit(np.array([[1.0, np.inf], [2.0, 3.0]]))
    with pytest.raises(DataError, match="give a DataFrame"):
        ae.fit(3)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        ae.fit("absent.parquet")


def test_bad_data_at_transform() -> None:
    X = frame()
    ae = Autoencoder(**SMALL).fit(X)
    with pytest.raises(ValueError, match="city"):
        ae.transform(X.drop(columns="city"))
    with pytest.raises(DataError, match="X is an ndarray, but the model was fitted with a table"):
        ae.transform(np.zeros((2, 9)))
    with pytest.raises(DataError, match=r"column 'size' holds texts .* but was fitted with numbers"):
        ae.transform(X.assign(size="large"))
    with pytest.raises(DataError, match=r"Z has shape \(2, 3\); codes of this model have shape \(n, 2\)"):
        ae.inverse_transform(np.zeros((2, 3)))
    with pytest.raises(DataError, match="codes are finite numbers"):
        ae.inverse_transform(np.full((2, 2), np.nan))
    assert len(ae.inverse_transform(np.zeros((0, 2)))) == 0


def test_an_empty_column_warns() -> None:
    X = pd.DataFrame({"a": [np.nan] * 30, "b": np.arange(30.0), "c": np.arange(30.0) ** 2})
    with pytest.warns(UserWarning, match="column.* 'a' have no values at all"):
        ae = Autoencoder(**SMALL).fit(X)
    assert ae.reconstruct(X)["b"].notna().all()
    assert np.isfinite(ae.transform(X)).all()


def test_one_row_and_one_column() -> None:
    with pytest.warns(UserWarning, match="one row"):
        ae = Autoencoder(1, **SMALL).fit(frame().iloc[:1])
    assert ae.transform(frame().iloc[:1]).shape == (1, 1)
    column = frame()[["count"]]
    ae = Autoencoder(1, **SMALL).fit(column)
    assert ae.score(column) == pytest.approx(1, abs=1e-3)


def test_a_module_of_the_wrong_width_is_named() -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    with pytest.raises(ValueError, match=r"encoder=.*\(1, 4\).*\(1, 3\)"):
        Autoencoder(2, encoder=nn.Linear(4, 3), **SMALL).fit(X)
    with pytest.raises(ValueError, match=r"decoder=.*\(1, 2\).*\(1, 5\)"):
        Autoencoder(2, decoder=nn.Linear(2, 5), **SMALL).fit(X)
    with pytest.raises(ValueError, match=r"encoder=.*mat1 and mat2"):
        Autoencoder(2, encoder=nn.Linear(5, 2), **SMALL).fit(X)


def test_an_array_model_reads_the_files_of_tables(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    ae = Autoencoder(2, **SMALL).fit(X)
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=False)
    assert np.allclose(ae.transform(tmp_path / "x.csv"), ae.transform(X))


def test_wild_codes_give_valid_values(tmp_path: Path) -> None:
    X = frame()
    ae = Autoencoder(**SMALL).fit(X)
    Y = ae.inverse_transform(np.array([[1e6, -1e6], [0.0, 0.0]]))
    assert list(Y.dtypes) == list(X.dtypes)


def test_constant_data() -> None:
    X = np.ones((40, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ae = Autoencoder(1, **SMALL).fit(X)
    assert np.allclose(ae.reconstruct(X), X, atol=1e-3)
    assert np.isfinite(ae.score(X))


def test_repr_shows_what_was_changed() -> None:
    assert repr(Autoencoder(3, corruption=Gaussian(0.1))) == "Autoencoder(corruption=Gaussian(sigma=0.1), n_components=3)"


# ── never below PCA ──────────────────────────────────────────────────────────────────────────────────────────────────


def wanting() -> dict[str, Any]:
    """Data of which a network that trained a little knows less than PCA."""
    r = np.random.default_rng(0)
    rare = (r.random((120, 60)) < 0.03).astype(int)
    levels = pd.DataFrame({name: r.choice(list("abcdefgh"), 120) for name in "pqr"})
    topics = [r.choice(WORDS, 5, replace=False) for _ in range(4)]
    return {
        "rare yes": pd.DataFrame(rare).rename(columns=str),
        "rare yes, array": rare.astype(float),
        "levels": levels.assign(s=levels.p, x=r.normal(size=120)),
        "few rows": levels.head(20).assign(s=levels.p, flag=r.random(20) < 0.1),
        "topics": [" ".join(r.choice(topics[i % 4], 8)) for i in range(120)],
        "bytes": r.integers(0, 256, (80, 16, 16)).astype(np.uint8),
    }


@pytest.mark.parametrize("hidden", ["auto", ()])
@pytest.mark.parametrize("kind", [*kinds(), *wanting()])
def test_never_below_pca_in_the_error_that_is_reported(kind: str, hidden: Any, tmp_path: Path) -> None:
    X = (kinds() | wanting())[kind]
    ae = Autoencoder(2, epochs=1, hidden=hidden, random_state=0, verbose=False).fit(X)
    c = ae.comparison_
    assert c["autoencoder"] >= c["pca"] - 1e-6
    ae.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert again.comparison_ == c
    assert np.array_equal(again.transform(X), ae.transform(X))
    assert np.array_equal(again.score_samples(X), ae.score_samples(X))


@given(st.integers(0, 10**6), st.integers(6, 60), st.floats(0.01, 0.5))
@settings(max_examples=15)
def test_never_below_pca_on_small_tables(seed: int, n: int, share: float) -> None:
    r = np.random.default_rng(seed)
    columns = [r.normal(size=n), r.random(n) < share, r.choice(list("abc"), n), r.integers(0, 9, n), r.choice(["x", "y"], n)]
    df = pd.DataFrame({f"c{i}": columns[j] for i, j in enumerate(r.integers(0, 5, 5))})
    ae = Autoencoder(1, hidden=(4,), epochs=1, random_state=seed, verbose=False).fit(df)
    assert ae.comparison_["autoencoder"] >= ae.comparison_["pca"] - 1e-6
    assert np.isfinite(ae.score_samples(df)).all()


@pytest.mark.parametrize("loss", ["bounded", "logistic", "softmax", "squared", "multinomial"])
def test_never_below_pca_with_a_loss_by_name(loss: str) -> None:
    x = np.random.default_rng(0).integers(0, 4, (60, 6))
    X = {"multinomial": x.astype(np.uint8) * 60, "softmax": (x + 1) / (x + 1).sum(1, keepdims=True)}.get(loss, x / x.max())
    ae = Autoencoder(2, loss=loss, epochs=1, random_state=0, verbose=False).fit(X)
    assert ae.comparison_["autoencoder"] >= ae.comparison_["pca"] - 1e-6


def test_the_linear_one_does_all_that_a_network_does() -> None:
    X = wanting()["rare yes"]
    ae = Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(X)
    assert ae.history_.stopped == "no gain over PCA: the linear autoencoder is kept"
    assert ae.n_iter_ == 0
    x = ae.format_.to_tensor(X)
    assert np.allclose(ae.transform(X), ae._linear.encode(x).numpy(), atol=1e-6)
    assert list(ae.inverse_transform(ae.transform(X)).columns) == list(X.columns)
    assert ae.sample(3, random_state=0).isin([0, 1]).all(axis=None)
    assert 0 < ae.explained_variance_ratio_.sum() < 1


def test_a_network_of_ones_own_stays_as_it_is() -> None:
    X = np.random.default_rng(0).normal(size=(60, 4))
    ae = Autoencoder(2, encoder=nn.Linear(4, 2), epochs=1, random_state=0, verbose=False).fit(X)
    assert type(ae.encoder_) is nn.Linear
    assert ae.comparison_["autoencoder"] < ae.comparison_["pca"]


# ── rows that count more, and training that goes on ──────────────────────────────────────────────────────────────────


def test_a_row_of_weight_0_is_not_there() -> None:
    df = frame(80)
    w = np.arange(80) % 3
    for X in (df, pl.from_pandas(df), pa.Table.from_pandas(df, preserve_index=False)):
        a = Autoencoder(**SMALL).fit(X, sample_weight=w)
        b = Autoencoder(**SMALL).fit(df[w > 0], sample_weight=w[w > 0])
        assert np.array_equal(a.transform(df), b.transform(df))
    a = Autoencoder(**SMALL).fit(texts(60), sample_weight=np.arange(60) % 2)
    assert np.array_equal(
        a.transform(texts(60)), Autoencoder(**SMALL).fit(texts(60)[1::2], sample_weight=[1] * 30).transform(texts(60))
    )


def test_weights_are_repetitions_in_pca() -> None:
    r = np.random.default_rng(0)
    X, w = r.normal(size=(60, 4)) * [1, 2, 3, 4], r.integers(1, 4, 60)
    ae = Autoencoder(2, hidden=(), random_state=0, verbose=False).fit(X, sample_weight=w)
    pca = PCA(2).fit(np.repeat(ae.format_.to_tensor(X).numpy(), w, axis=0))
    assert np.allclose(abs(ae.pca_.components_), abs(pca.components_), atol=1e-5)
    assert np.allclose(ae.pca_.mean_, pca.mean_, atol=1e-6)
    assert np.allclose(ae.pca_.explained_variance_ratio_, pca.explained_variance_ratio_, atol=1e-6)


def test_what_counts_more_is_learned_better() -> None:
    r = np.random.default_rng(0)
    t = r.normal(size=300)
    one, other = np.c_[t, np.sin(2 * t), 0 * t], np.c_[t, 0 * t, np.sin(2 * t)]
    X, first = np.concatenate([one, other]), np.arange(600) < 300

    def error(w: np.ndarray) -> float:
        ae = Autoencoder(1, hidden=(32,), epochs=60, random_state=0, verbose=False).fit(X, sample_weight=w)
        return float(-ae.score_samples(X)[first].mean())

    assert error(np.where(first, 20, 1)) < 0.7 * error(np.where(first, 1, 20))


@pytest.mark.parametrize("weight", [np.ones(3), -np.ones(60), np.zeros(60), np.full(60, np.nan)])
def test_weights_that_cannot_be(weight: np.ndarray, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 4))
    np.save(tmp_path / "x.npy", X)
    for data in (X, str(tmp_path / "x.npy")):
        with pytest.raises(DataError, match="sample_weight"):
            Autoencoder(**SMALL).fit(data, sample_weight=weight)


@pytest.mark.parametrize("name", [name for name in TABULAR if "warm_start" in ESTIMATORS[name]().get_params()])
def test_fit_goes_on_from_the_fitted_network(name: str, tmp_path: Path) -> None:
    X = frame(80)
    y = answers(name, 80)
    model = ESTIMATORS[name](**SMALL | {"warm_start": True}).fit(X, *y)
    anew = clone(model).fit(X, *y)
    assert np.array_equal(said(anew, X), said(model, X))
    first, start = model.history_, said(model, X)
    model.fit(X, *y)
    assert not np.array_equal(said(model, X), start) or name == "Autoencoder"
    if name == "Autoencoder":  # it begins where it ended
        assert model.history_.held_out[0] == pytest.approx(first.held_out[first.best], rel=1e-4)
    state = said(model, X)
    with pytest.raises(ValueError, match=r"hidden=\(5,\): warm_start=True continues with a network that was made with hidden"):
        model.set_params(hidden=(5,)).fit(X, *y)
    model.set_params(hidden=SMALL["hidden"])
    with pytest.raises(ValueError, match="size"):
        model.fit(X.drop(columns="size"), *y)
    assert np.array_equal(said(model, X), state)
    model.save(tmp_path / "a.diabolo")
    load(tmp_path / "a.diabolo").fit(X, *y)
    model.set_params(warm_start=False).fit(X, *y)
    assert np.array_equal(said(anew, X), said(model, X))


def test_going_on_is_training() -> None:
    X = np.random.default_rng(0).normal(size=(300, 3))
    y = np.cos(2 * X[:, 0])
    reg = Regressor(hidden=(32,), n_bins=0, epochs=6, lr=1e-2, warm_start=True, random_state=0, verbose=False)
    first = reg.fit(X, y).held_out_
    for _ in range(4):
        reg.fit(X, y)
    assert reg.held_out_ < 0.9 * first


def test_going_on_keeps_the_answers_that_there_are() -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    clf = Classifier(**SMALL | {"warm_start": True}).fit(X, y)
    assert clf.fit(X[y < 2], y[y < 2]).predict_proba(X).shape == (60, 3)
    with pytest.raises(DataError, match="y holds the class 7"):
        clf.fit(X, np.where(y == 2, 7, y))
    reg = Regressor(**SMALL | {"warm_start": True}).fit(X, y)
    with pytest.raises(DataError, match="y has 2 numbers for each row"):
        reg.fit(X, np.c_[y, y])


def test_going_on_keeps_the_columns_as_they_are() -> None:
    df = pd.DataFrame({"code": np.arange(60) % 3 * 100, "x": np.random.default_rng(0).normal(size=60)})
    ae = Autoencoder(**SMALL | {"warm_start": True})
    for _ in range(2):
        ae.fit(df, categories=["code"])
    assert set(ae.sample(20, random_state=0)["code"]) <= {0, 100, 200}


def test_going_on_tells_of_new_levels() -> None:
    df = pd.DataFrame({"city": ["Oslo", "Rome", "Bern"] * 20, "x": np.random.default_rng(0).normal(size=60)})
    ae = Autoencoder(**SMALL | {"warm_start": True}).fit(df)
    with pytest.warns(UserWarning, match="column 'city' holds 'Kyiv', which the first fit did not see"):
        ae.fit(df.replace("Bern", "Kyiv"))


def test_what_was_frozen_stays_so() -> None:
    X, y = np.random.default_rng(0).normal(size=(120, 4)), np.arange(120) % 2
    encoder = nn.Linear(4, 2).requires_grad_(False)
    ae = Autoencoder(2, encoder=encoder, epochs=1, warm_start=True, random_state=0, verbose=False).fit(X).fit(X)
    assert torch.equal(ae.encoder_.weight.float(), encoder.weight)
    for freeze in (True, False):
        clf = Classifier(encoder=ae, freeze=freeze, hidden=(4,), epochs=1, warm_start=True, random_state=0, verbose=False)
        clf.fit(X, y).fit(X, y)
        kept = [torch.equal(p.float(), encoder.weight) for p in clf.network_.encoder.parameters() if p.shape == (2, 4)]
        assert kept[0] == freeze


# ── what is asked for and cannot be ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "mps", "meta", "gpu", 3.5])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_device_that_is_not_there_is_said_before_any_work(name: str, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    y = answers(name, 60)
    with pytest.raises(ValueError, match=r"device=.*'cpu'") as error:
        ESTIMATORS[name](device=device).fit("no such file", *y)
    assert "\n" not in str(error.value)


def test_a_width_that_cannot_be_is_told_in_columns_and_features() -> None:
    df = pd.DataFrame({"x": np.arange(60.0), "g": list("abcdef") * 10})
    with pytest.raises(ValueError, match=r"n_components=30.*n_features=8 from 2 columns: a category is one feature for each"):
        Autoencoder(30, verbose=False).fit(df)
    with pytest.raises(ValueError, match=r"n_components=9: allowed are integers from 1 to 4 .*n_features=4\)"):
        Autoencoder(9, verbose=False).fit(np.random.default_rng(0).normal(size=(60, 4)))


@pytest.mark.filterwarnings("ignore:column|X has one row|50 of 50 rows")
@pytest.mark.parametrize("kind", ["constant", "one row", "two rows", "an empty column", "empty", "all the same", "black"])
def test_data_of_which_there_is_little_to_learn(kind: str) -> None:
    df = frame(50, gaps=False)
    X = {
        "constant": np.ones((50, 3)),
        "one row": df.head(1),
        "two rows": df.head(2),
        "an empty column": df.assign(size=np.nan),
        "empty": np.full((50, 3), np.nan),
        "all the same": pd.concat([df.head(1)] * 50, ignore_index=True),
        "black": np.zeros((50, 8, 8), np.uint8),
    }[kind]
    ae = Autoencoder(1, epochs=2, random_state=0, verbose=False).fit(X)
    assert np.isfinite(ae.transform(X)).all()
    assert np.isfinite(ae.score_samples(X)).all()
    assert np.isfinite(ae.log_prob(X)).all()
    assert len(ae.sample(3, random_state=0)) == 3
    assert all(np.isfinite(value) for value in ae.comparison_.values())


def test_codes_of_any_size_are_decoded() -> None:
    ae = Autoencoder(2, **SMALL).fit(frame())
    for size in (1e17, 1e30, 1e300):
        with pytest.warns(UserWarning, match="far from nearly all codes of fit"):
            assert ae.inverse_transform(np.full((1, 2), size)).notna().all(axis=None)


def test_one_row_that_counts_is_enough() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    assert np.isfinite(Autoencoder(1, **SMALL).fit(X, sample_weight=np.eye(50)[0]).transform(X)).all()
