"""The base of all estimators: it reads rows, trains a network by the common loop, and writes a file.

A subclass has three hooks: its corruption, its network, and its loss. The rest is here.
"""

from __future__ import annotations

import copy
import inspect
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from .. import losses as loss_classes
from .. import nets, processes, storage
from ..chance import redirected
from ..copies import together
from ..corruption import Clean, Corruption
from ..errors import DataError, FormatError
from ..formats import Format, infer, stored
from ..formats.base import SINGLE
from ..formats.delimited import with_dates
from ..formats.frames import rows_of
from ..formats.matrices import plain
from ..formats.parts import is_path, unchanged
from ..formats.readers import Dataset, NamedMatrix, as_dataset, opened
from ..groups import tell_dependent
from ..hardware import one_thread, pick_device, pick_precision
from ..history import History
from ..limits import keep_freed_memory
from ..losses import Bounded, Clipped, Loss, Multinomial, Softmax
from ..network import Diabolo
from ..plan import SGD
from ..printed import few
from ..progress import finished, told
from ..registry import registered_name
from ..rows import Rows
from ..signals import searching
from ..storage import under
from ..training import checkpoint_file, minimize
from .architectures import Dense, architecture
from .linear import sample
from .parameters import about, as_json, check_room_for, check_training
from .weights import RowWeights

__all__ = ["ESTIMATORS", "System"]

ESTIMATORS: dict[str, type[System]] = {}
MIN_ROWS_TO_HOLD_OUT = 40  # with fewer, no rows are held out: too few to decide anything
MIN_HELD_OUT = 20
MAX_HELD_OUT = 10_000
AT_ONCE = 2048  # rows that a network reads at once
NETWORK_PARAMETERS = (
    "n_components",
    "hidden",
    "dropout",
    "encoder",
    "decoder",
    "freeze",
    "members",
    "n_bins",
    "format",
    "loss",
)


@dataclass(kw_only=True, repr=False, eq=False)
class Training:
    """The hyper-parameters of training that all estimators have (:class:`diabolo.training.SGD`)."""

    epochs: Any = "auto"
    batch_size: Any = "auto"
    weight_decay: Any = "auto"
    average: float = 0.99
    precision: str = "auto"
    device: str = "auto"
    checkpoint: Any = None
    resume: bool = False
    random_state: Any = None
    verbose: bool = True


class System(Training, BaseEstimator, ABC):
    """Base of the estimators: hyper-parameters are dataclass fields; names of learned attributes end in ``_``."""

    corruption: Any
    loss: Any
    format: Any
    validation_fraction: float
    network_: Diabolo
    format_: Format
    loss_: Loss
    _architecture: Dense
    history_: History

    _row_weights = RowWeights()  # while fitting
    _judges: ClassVar[bool] = False  # values that cannot be: they are outliers, and need no warning
    _sees_rows: ClassVar[bool] = True  # x (B, d), also of pictures
    _has_codes: ClassVar[bool] = False  # transform gives codes z (n, k), so that it can be an `encoder=`
    _stored: ClassVar[str] = "float32"

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            ESTIMATORS[registered_name(cls)] = cls

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _network(self, x: Tensor, seed: int) -> Diabolo:
        """The untrained network for training rows x (n, d)."""

    def _format(self, X: Any) -> Format:
        """A loss for [0, 1] needs numbers that keep their zero."""
        found = infer(X, self.format)
        loss = SINGLE.get(self.loss) if isinstance(self.loss, str) else self.loss
        shares = self.loss == "softmax" or isinstance(loss, (Bounded, Clipped, Softmax, Multinomial))
        return found.from_zero() if shares else found

    def _choose_architecture(self) -> Dense:
        """The architecture for the fitted columns."""
        return architecture(self.format_)

    def _learn_columns(self, X: Any) -> None:
        if not self._continues():
            self.format_.fit(X)

    def _held(self, n: int) -> tuple[int, int]:
        """Numbers that a fit to n rows holds for each feature, at least: weights, and rows."""
        return 0, 0

    def _check_values(self, rows: Rows) -> None:
        """Check that a given loss can take the values of the rows."""
        if getattr(self, "loss", "auto") != "auto":
            for chunk in rows.chunks():
                self.loss_.check(chunk)

    def _defaults(self) -> dict[str, Any]:
        """Settings of training that "auto" stands for."""
        return {"optimizer": "adamw", "batch_size": 128, "weight_decay": 0.0}

    def _corruption(self) -> Corruption:
        return Clean() if self.corruption is None else self.corruption

    def _aim(self, i: Tensor, x: Tensor) -> Tensor:
        """What is to be predicted for the clean rows x (B, d) of numbers i (B,)."""
        return x

    def _loss(self) -> Loss:
        loss = self.loss if isinstance(self.loss, Loss) else self.format_.loss(self.loss)
        if isinstance(loss, loss_classes.Softmax) and sum(loss.sizes) != self.format_.width:
            raise ValueError(
                f"loss={self.loss!r}: its sizes sum to {sum(loss.sizes):,}, but X has {self.format_.width:,} features"
            )
        return loss

    # ── data in ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _validated(self, X: Any, reset: bool) -> Any:
        """Check names, shape and finiteness as scikit-learn does; only tables and arrays are checked."""
        reset = reset and not self._continues()
        if isinstance(X, Dataset):
            X = X.values if not hasattr(X.X, "column_names") else with_dates("X", X.X, getattr(self.format_, "reading", None))
        if is_path(X) or isinstance(X, NamedMatrix) or self.format_.free or (self.format_.has_names and hasattr(X, "columns")):
            return X
        X = plain(X)
        if self.format_.named:
            X = rows_of(X, self.format_.accepts(X))
            X = X if reset else self.format_.without(X)
            return validate_data(self, X, skip_check_array=True, reset=reset)
        checks: dict[str, Any] = {"accept_sparse": ["csr", "csc", "coo"], "dtype": "numeric", "ensure_all_finite": "allow-nan"}
        return validate_data(self, X, reset=reset, **checks)

    def _name_features(self, named: bool = True) -> None:
        """The number and names of features, for files and documents, too."""
        self.n_features_in_ = len(self.format_.sources)
        if self.format_.named and named:
            self.feature_names_in_ = np.array(self.format_.sources, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _check_fitted(self) -> None:
        check_is_fitted(self)

    def _rows(self, X: Any) -> Rows:
        check_is_fitted(self)
        return self.format_.rows(self._validated(X, reset=False))

    def _features(self, X: Any) -> Iterator[Tensor]:
        """X -> x (b, d) in the precision of the network; few rows at once, so that hidden layers stay in the cache."""
        check_is_fitted(self)
        if self.format_.architecture == "convolutional":
            keep_freed_memory()
        dtype = next(self.network_.parameters()).dtype
        for x in self.format_.tensors(self._validated(X, reset=False)):
            yield from x.to(dtype).split(AT_ONCE)

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @one_thread()
    def _fit(self, X: Any, categories: Any = None, numbers: Any = None) -> Self:
        """Data, split, network, training: all of ``fit``; `categories` and `numbers` are columns of a table."""
        self._check_parameters()
        processes.join(pick_device(getattr(self, "device", "auto")))
        self.seed_ = int(processes.agreed(check_random_state(self.random_state).randint(2**31 - 1)))
        start = time.monotonic()
        with unchanged(X):
            rows = self._read(X, categories, numbers)
        read = time.monotonic()
        train, held = self._split(rows)
        self.loss_ = self._loss()
        self._check_values(rows)
        with redirected(self.seed_):
            self.network_ = self._initial_network(train)
        self._made_with = self._network_parameters()
        made = time.monotonic()
        self.history_ = self._train(train, held)
        trained = time.monotonic()
        if self.history_.interrupted:
            told(
                type(self).__name__ if self.verbose else None,
                "measuring what it learned; a second Ctrl-C ends it without a model",
            )
        self._end_training()
        self._measure(train, held)
        spent = self.history_.times or {"training": trained - made}
        stages = {"reading": read - start, "start": trained - read - sum(spent.values())}
        self.history_.times = stages | spent | {"measuring": time.monotonic() - trained}
        seconds = time.monotonic() - start
        title = type(self).__name__ if self.verbose else None
        finished(title, seconds, f"{few(round(seconds, 1))} seconds: {self.history_.spent}")
        return self

    def _read(self, X: Any, categories: Any = None, numbers: Any = None) -> Rows:
        """X -> rows, in a format that suits it."""
        known = self._known_format()
        given = as_dataset(_materialized(X), getattr(known, "options", None))
        X = opened(given, tell=self.verbose)
        if isinstance(given, Dataset) and hasattr(X, "column_names"):
            X = with_dates("X", X, getattr(known or self.format, "reading", None))
        self.format_ = self._format(X)
        if (categories or numbers) and not self._continues():  # a warm start keeps the columns
            self.format_ = self.format_.choose(check_names("categories", categories), check_names("numbers", numbers))
        X = self._validated(X, reset=True)
        if self._continues():
            self.format_.tell_unseen(X)
        if self.format_.kind in ("arrays", "documents") and len(getattr(X, "shape", ())) == 2:  # of others it is not known yet
            check_room_for(self, *X.shape)
        self._learn_columns(X)
        if known is None and isinstance(given, Dataset):
            self.format_.options = given.options
        if is_path(X) or isinstance(X, NamedMatrix) or self.format_.free:
            self._name_features()
        elif self.format_.left_out:
            self._name_features(named=hasattr(self, "feature_names_in_"))
        self._architecture, self.format_.doubts = self._choose_architecture(), not self._judges
        rows = self.format_.rows(X)
        check_room_for(self, len(rows), self.format_.width)
        return rows

    def _known_format(self) -> Format | None:
        """That of the fit that goes on, or of a pre-trained encoder."""
        return self.format_ if self._continues() else getattr(getattr(self, "_given_encoder", None), "format_", None)

    def _initial_network(self, train: Rows) -> Diabolo:
        """The network that training begins with."""
        return self._network(sample(train), self.seed_)

    def _end_training(self) -> None:
        """Training is over: the network as it is used."""
        self.network_.eval().requires_grad_(False).to("cpu")
        if self.format_.exact:
            self.network_.double()  # in float32, results would change by 3e-7 with the batch size

    def _continues(self) -> bool:
        """Whether ``fit`` continues from the fitted network."""
        return bool(getattr(self, "warm_start", False)) and hasattr(self, "history_")

    def _network_to_continue(self) -> Diabolo:
        """The fitted network, to be trained further."""
        return copy.deepcopy(self.network_).float().train().requires_grad_(True)

    def _network_parameters(self) -> dict[str, Any]:
        """The parameters that define the network; they cannot change if its training continues."""
        return {name: getattr(self, name) for name in NETWORK_PARAMETERS if hasattr(self, name)}

    def _measure(self, train: Rows, held: Rows | None) -> None:
        """Measurements after training."""

    def _check_parameters(self) -> None:
        pick_device(getattr(self, "device", "auto"))
        if self._continues():
            for name, now in self._network_parameters().items():
                then = self._made_with[name]
                if now is not then and (type(now) is not type(then) or now != then):
                    raise ValueError(
                        f"{name}={now!r:.80}: warm_start=True continues with a network that was made with {name}={then!r:.80}; "
                        f"set {name} to this value, or warm_start=False to start anew"
                    )
        check_training(self)

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """Training rows and held-out rows; none are held out if there are too few."""
        n = len(rows)
        if n < MIN_ROWS_TO_HOLD_OUT or not self.validation_fraction:
            return rows, None
        count = min(MAX_HELD_OUT, max(round(n * self.validation_fraction), min(MIN_HELD_OUT, n // 4)))
        fold = np.zeros(n, dtype=int)
        fold[np.random.default_rng(self.seed_).permutation(n)[:count]] = 1
        fold = together(rows, fold)
        if self.format_.kind in ("tables", "arrays"):
            tell_dependent(rows, "what `comparison_` says is too good")
        return rows.subset(np.flatnonzero(fold == 0)), rows.subset(np.flatnonzero(fold))

    def _train(self, train: Rows, held: Rows | None) -> History:
        corrupt, loss, network = self._corruption(), self.loss_, self.network_
        judged = None if held is None else self._row_weights.judged(held, self.format_.judged, self.corruption, self.seed_)
        weight = self._row_weights.at(train)

        def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
            counts = 1.0 if weight is None else weight[i].to(x.device)
            seen, target = corrupt(x, rng)
            return loss(network(seen).float(), self._aim(i, target)) * counts

        def held_out() -> float:
            assert judged is not None
            device, (seen, target, w) = next(network.parameters()).device, judged
            pieces = zip(seen.split(self.format_.piece), target.split(self.format_.piece), strict=True)
            errors = [loss.errors(loss.predict(network(x.to(device))), t.to(device)).sum(1).cpu() for x, t in pieces]
            return float((torch.cat(errors) * w).sum() / w.sum())

        return minimize(network, objective, train, held_out if judged is not None else None, self._plan(len(train)))

    def _plan(self, n: int) -> SGD:
        """The settings of the loop for n rows."""
        device = pick_device(self.device)
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name in {g.name for g in fields(SGD)}}
        settings = self._defaults() | {name: value for name, value in own.items() if value != "auto"}
        settings["batch_size"] = batch_size = min(n, int(settings["batch_size"]))
        weights = sum(p.numel() for p in self.network_.parameters())
        return SGD(
            **settings
            | {
                "epochs": self._epochs(n, batch_size) if self.epochs == "auto" else int(self.epochs),
                "precision": pick_precision(self._precision(), device, weights * batch_size),
                "device": device,
                "seed": self.seed_,
                "about": about(self) | self._row_weights.about(),
                "checkpoint": None if self.checkpoint is None else checkpoint_file(self.checkpoint),
                "keeps_best": not searching(),
                "progress": type(self).__name__ if self.verbose else None,
            }
        )

    def _precision(self) -> str:
        """Some networks keep batch statistics in float32, which do not mix with bfloat16 weights."""
        kept = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in self.network_.modules())
        return "float32" if kept and self.precision == "auto" else str(self.precision)

    def _attach(self, model: Any) -> None:
        """Give a loaded model what no file holds."""
        self.format_.attach(model)

    def _check_network(self) -> None:
        """Encode and decode one row: a model that loads must work."""
        dtype = next(self.network_.parameters()).dtype
        x = torch.zeros(1, self.format_.width, dtype=dtype)
        expected = self.loss_.predict(self.network_(x))
        if expected.shape != x.shape:
            raise FormatError("its network does not fit its columns")
        self.format_.to_tensor(self.format_.from_array(expected))

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to one ``.diabolo`` file, atomically; weights as float32.

        Parameters
        ----------
        path : path
            The name of the file. An existing file stays intact until the new one is complete.

        Raises
        ------
        OSError
            The file cannot be written; nothing is left behind.
        """
        self._check_fitted()
        if processes.rank():
            return  # all processes have the same model, and the first one writes it
        meta, arrays = self._state()
        meta["weights"] = storage.digest("", arrays)  # equal for equal models, however long they were trained
        storage.write(path, registered_name(type(self)), meta, arrays)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = self._data_state()
        network = {name: t.detach().to(getattr(torch, self._stored)).numpy() for name, t in self.network_.state_dict().items()}
        meta |= {
            "params": {f.name: as_json(getattr(self, f.name)) for f in fields(self)},
            "network": {side: nets.describe(getattr(self.network_, side)) for side in ("encoder", "decoder")},
            "history": self.history_.state(),
            "seed": self.seed_,
        }
        return meta, arrays | {f"network.{k}": v for k, v in network.items()}

    def _data_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What is known about X, as JSON and arrays."""
        meta, arrays = self.format_.state()
        names = [str(n) for n in self.feature_names_in_] if hasattr(self, "feature_names_in_") else None
        format = {
            "format": {"kind": self.format_.kind, "options": self.format_.options, **meta},
            "names": names,
            "n_features": int(self.n_features_in_),
        }
        return format, {f"format.{k}": v for k, v in arrays.items()}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Set the fitted attributes; `network_` exists already, on the meta device."""
        self.network_.load_state_dict(
            {k: torch.from_numpy(v).float() for k, v in under(arrays, "network").items()}, assign=True
        )
        self._restore_data(meta, arrays)
        self._end_training()
        self.loss_ = self._loss()
        self.history_ = History.from_state(meta["history"])
        if type(meta["seed"]) is not int:
            raise FormatError("its seed is no whole number")
        self.seed_ = meta["seed"]
        self._made_with = self._network_parameters()

    def _restore_data(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """The inverse of :meth:`_data_state`."""
        self.format_ = stored(meta, under(arrays, "format"))
        self.format_.doubts = not self._judges
        self.n_features_in_ = meta["n_features"]
        if meta["names"] is not None:
            self.feature_names_in_ = np.array(meta["names"], dtype=object)


def check_names(parameter: str, names: Any) -> list[str]:
    """The column names that a parameter of ``fit`` gives."""
    if isinstance(names, str):
        raise ValueError(f"{parameter}={names!r}: give a list of names, such as {parameter}=[{names!r}]")
    return [] if names is None else [str(name) for name in names]


def _materialized(X: Any) -> Any:
    if isinstance(X, (list, tuple)) and not len(X):
        raise DataError("Found array with 0 sample(s): X is empty")
    if isinstance(X, (map, filter, range)) or inspect.isgenerator(X):
        return list(X)
    return X.collect() if type(X).__name__ == "LazyFrame" else X
