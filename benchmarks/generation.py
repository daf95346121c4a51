"""New rows and images: are they useful, and do they look like real ones?

*adult*: gradient boosting (scikit-learn's, at its defaults) learns from 10,000 synthetic rows and predicts the income of the
real test rows; the score is its AUROC. Synthetic rows come from the autoencoder, from SDV's TVAE (package ctgan, at its
defaults), and from the marginals (every column on its own). Real training rows are the reference. ``novelty`` is the median
distance to the nearest training row, where 1 is usual among training rows. ``copies`` is the share at distance 0.

*MNIST*: 10,000 images of each model against the 10,000 test images, by the Fréchet distance of the features of a small network.
This file contains its recipe: two convolutions and 64 features, trained for two epochs to classify the training images. There
is one autoencoder with 16 codes and several p(z): "N(0, I)" draws each code from a standard normal, in units of the code's
standard deviation. Pythae's VAE has the same number of codes, its own default networks, and as many epochs.

    DIABOLO_DATA=... python benchmarks/generation.py [--parts adult mnist] [--peers TVAE VAE]

References
----------
GANs trained by a two time-scale update rule (Heusel et al., 2017), https://arxiv.org/abs/1706.08500 (the distance)
From variational to deterministic autoencoders (Ghosh et al., 2020), https://arxiv.org/abs/1903.12436
Modeling tabular data using conditional GAN (Xu et al., 2019), https://arxiv.org/abs/1907.00503 (TVAE)
"""

from __future__ import annotations

import gzip
import tempfile
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.linalg import sqrtm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F

import common
from diabolo import Autoencoder
from diabolo.density import density
from diabolo.rows import Rows
from diabolo.training import SGD, minimize

CODES = {"adult": 6, "MNIST": 16}  # of 4, 6, 8, 12, 16 and 24, 6 did best on a part of adult's training rows
ROWS = 10_000


# ── adult ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def adult() -> tuple[pd.DataFrame, pd.DataFrame, str, Any]:
    """(train, test, target, its positive value)"""
    df = pd.read_csv(common.data() / "tables" / "adult.csv.gz")
    test = df.pop("split") == "test"
    return df[~test].reset_index(drop=True), df[test].reset_index(drop=True), "income", ">50K"


def made_up() -> tuple[pd.DataFrame, pd.DataFrame, str, Any]:
    rng = np.random.default_rng(0)
    t = rng.normal(size=600)
    df = pd.DataFrame({"a": t + 0.1 * rng.normal(size=600), "b": t**2, "y": np.where(t > 0, "yes", "no")})
    return df[:400], df[400:].reset_index(drop=True), "y", "yes"


def usefulness(synthetic: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, target: str, positive: Any) -> float:
    """AUROC on real rows of a model of the synthetic ones."""
    types = {c: pd.CategoricalDtype(sorted(train[c].dropna().unique())) for c in train.columns if train[c].dtype == object}
    a, b = (df.astype(types) for df in (synthetic, test))
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    model.fit(a.drop(columns=target), a[target] == positive)
    return 100 * float(roc_auc_score(b[target] == positive, model.predict_proba(b.drop(columns=target))[:, 1]))


def marginals(train: pd.DataFrame, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({c: train[c].to_numpy()[rng.integers(len(train), size=n)] for c in train.columns}).astype(train.dtypes)


def tvae(train: pd.DataFrame, n: int) -> pd.DataFrame:
    from ctgan import TVAE

    torch.manual_seed(0)
    np.random.seed(0)
    discrete = [c for c in train.columns if train[c].dtype == object]
    filled = train.fillna(dict.fromkeys(discrete, "?"))
    model = TVAE()
    model.fit(filled, discrete)
    return model.sample(n).replace("?", np.nan).astype(train.dtypes)


def tables(args: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    train, test, target, positive = made_up() if args.tiny else adult()
    for df in (train, test):
        for c in df.columns:
            if not pd.api.types.is_numeric_dtype(df[c]):
                df[c] = df[c].astype(object)
    n = 200 if args.tiny else ROWS
    params: dict[str, Any] = {"epochs": 3} if args.tiny else {}
    ae, seconds = common.timed(Autoencoder(2 if args.tiny else CODES["adult"], random_state=0, **params).fit, train)
    made = {"real rows": (train.sample(n, random_state=0), 0.0), "marginals": (marginals(train, n), 0.0)}
    new, took = common.timed(lambda: ae.sample(n, random_state=0).astype(train.dtypes))
    made["ours"] = (new, seconds + took)
    if "TVAE" in args.peers:
        made["SDV TVAE"] = common.timed(tvae, train, n)
    rows = []
    for name, (df, took) in made.items():
        apart = ae.novelty(df, train)
        row = {"part": "adult", "model": name, "AUROC": usefulness(df, train, test, target, positive)}
        rows.append(row | {"novelty": float(np.median(apart)), "copies": float((apart < 1e-6).mean()), "seconds": took})
        print(rows[-1], flush=True)
    found = {row["model"]: row["AUROC"] for row in rows}
    return rows, {"adult, below real rows by": f"{found['real rows'] - found['ours']:.2f} points (bar 3)"}


# ── MNIST ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def images(part: str, tiny: bool) -> np.ndarray:
    """(n, 784) bytes."""
    if tiny:
        return np.random.default_rng(len(part)).integers(0, 256, (300, 784)).astype(np.uint8)
    raw = gzip.decompress((common.data() / "images" / "mnist" / f"{part}-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(raw, np.uint8)[16:].reshape(-1, 784)


def labels(tiny: bool) -> np.ndarray:
    if tiny:
        return np.random.default_rng(0).integers(0, 10, 300)
    raw = gzip.decompress((common.data() / "images" / "mnist" / "train-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(raw, np.uint8)[8:].astype(np.int64)


class Features(nn.Module):
    """The small network that looks at the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(1, 16, 5, 2, 2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, 2, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(1568, 64),
            nn.ReLU(),
        )
        self.tell = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.tell(self.look(x.view(-1, 1, 28, 28)))
        return out


def looker(x: np.ndarray, y: np.ndarray) -> Features:
    """Trained by the library's own loop."""
    torch.manual_seed(0)
    net = Features()
    rows, answers = Rows(torch.from_numpy(x).float() / 255), torch.from_numpy(y).long()

    def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        return F.cross_entropy(net(x), answers[i], reduction="none")

    minimize(net, objective, rows, None, SGD(epochs=2, batch_size=128, lr=2e-3))
    return net.eval()


def moments(net: Features, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        parts = [net.look(torch.from_numpy(x[i : i + 1000]).float().view(-1, 1, 28, 28) / 255) for i in range(0, len(x), 1000)]
    f = torch.cat(parts).double().numpy()
    return f.mean(0), np.cov(f.T)


def frechet(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    r"""|m - n|^2 + tr(S + T - 2 (S T)^(1/2))"""
    (m, s), (n, t) = a, b
    return float(np.square(m - n).sum() + np.trace(s + t - 2 * np.real(sqrtm(s @ t))))


def vae(train: np.ndarray, n: int, epochs: int) -> np.ndarray:
    """Pythae's VAE with its default networks, and draws from its prior."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.samplers import NormalSampler
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    torch.manual_seed(0)
    x = torch.from_numpy(train).float().view(-1, 1, 28, 28) / 255
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=CODES["MNIST"]))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(output_dir=folder, num_epochs=epochs, per_device_train_batch_size=128, no_cuda=True)
        BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config).train()
    model.eval()
    made = NormalSampler(model).sample(num_samples=n, batch_size=500, return_gen=True)
    return (255 * made.reshape(n, 784).clamp(0, 1)).round().byte().numpy()


def pictures(args: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    train, test, n = images("train", args.tiny), images("t10k", args.tiny), 100 if args.tiny else ROWS
    net = looker(train, labels(args.tiny))
    real = moments(net, test)
    epochs = 1 if args.tiny else args.epochs
    ae, seconds = common.timed(Autoencoder(CODES["MNIST"], loss="bounded", epochs=epochs, random_state=0).fit, train)
    rng = np.random.default_rng(0)
    z = ae.transform(train[:ROWS])
    draws = {"N(0, I)": z.mean(0) + z.std(0) * rng.standard_normal((n, CODES["MNIST"]))}
    draws |= {name: density(name).fit(z).sample(n, rng) for name in ("normal", "mixture", "kernel")}
    made = {f"ours, {name}": (ae.inverse_transform(codes), seconds) for name, codes in draws.items()}
    made["ours, reconstructed test images"] = (ae.reconstruct(test), seconds)
    if "VAE" in args.peers:
        made["Pythae VAE"] = common.timed(vae, train, n, epochs)
    rows = [{"part": "MNIST", "model": "training images", "Frechet distance": frechet(moments(net, train[:ROWS]), real)}]
    for name, (x, took) in made.items():
        rows.append({"part": "MNIST", "model": name, "Frechet distance": frechet(moments(net, x), real), "seconds": took})
        print(rows[-1], flush=True)
    found = {row["model"]: row["Frechet distance"] for row in rows}
    return rows, {
        "MNIST, mixture": f"{found['ours, mixture']:.2f} (bars: below N(0, I) {found['ours, N(0, I)']:.2f} and the VAE)"
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--parts", nargs="+", default=["adult", "mnist"], choices=["adult", "mnist"])
    installed = [name for name, package in (("TVAE", "ctgan"), ("VAE", "pythae")) if find_spec(package)]
    p.add_argument("--peers", nargs="*", default=installed, choices=["TVAE", "VAE"])
    p.add_argument("--epochs", type=int, default=20, help="on MNIST")
    args = p.parse_args()
    args.peers = [] if args.tiny else args.peers
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    rows, facts = [], {}
    for part in args.parts:
        more, told = tables(args) if part == "adult" else pictures(args)
        rows, facts = rows + more, facts | told
    names = list(dict.fromkeys(name for row in rows for name in row))
    common.show("new rows and pictures", [{name: row.get(name, "") for name in names} for row in rows], args.json, **facts)


if __name__ == "__main__":
    main()
