"""Documents as a few numbers, by latent semantic analysis (PCA for documents) and by the autoencoder.

With DIABOLO_DATA set, the newswire of Reuters-21578: 7,770 training documents, and 3,019 test documents in the figure. Else
made-up notes on eight topics, some of which share words (a *bank* of a river, a *bank* of money). Both methods see word counts
and no topics. How many of the 5 nearest training documents are on the same topic? With --output, the figure is written
there: the test documents in two numbers by either method, and in more numbers as a t-SNE map.

    python examples/documents.py [--output FOLDER] [--tiny]

After figure 4 of Hinton & Salakhutdinov, Reducing the dimensionality of data with neural networks (Science, 2006).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline

from diabolo import Autoencoder

NOTES = {
    "rivers": "river bank water flood bridge boat fish stream rain mill",
    "money": "bank loan interest money price market account credit rain share",
    "weather": "rain wind cloud storm sun cold snow thunder forecast sky",
    "kitchen": "bread oven flour salt water butter cook pan soup dough",
    "music": "violin bow string note concert sound choir song drum pan",
    "sailing": "boat sail wind bow sea harbor rope anchor storm crew",
    "physics": "light wave energy particle sound field mass string force charge",
    "law": "court judge law charge case appeal witness bench account share",
}
REUTERS = {
    "earn": "earnings",
    "acq": "acquisitions",
    "money-fx": "currencies",
    "interest": "interest rates",
    "trade": "trade",
    "crude": "crude oil",
    "grain": "grain",
    "ship": "shipping",
}
NEAREST = 5
COLORS = ("#4170e9", "#ee921a", "#31983d", "#8e47cd", "#de394b", "#00a8a8", "#8f5526", "#e377c2")
SIDE, GAP, TOP, BOTTOM = 320, 20, 34, 66  # pixels: of a panel, between two, above and below


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs on few notes; the numbers mean nothing")
    p.add_argument("--output", type=Path, help="write documents.svg here")
    args = p.parse_args()

    real = "DIABOLO_DATA" in os.environ and not args.tiny
    names, X, topics, train = reuters() if real else notes(240 if args.tiny else 1600)
    known, new = train & (topics >= 0), ~train & (topics >= 0)  # those of one topic
    wide = 10 if real else 4
    share, places, models = {}, {}, {}
    for k in (2, wide):
        models["LSA", k] = make_pipeline(TfidfTransformer(), TruncatedSVD(k, random_state=0))
        models["autoencoder", k] = Autoencoder(k, epochs=2 if args.tiny else "auto", random_state=0)
    for (name, k), model in models.items():
        model.fit(X[train])
        codes = [model.transform(X[rows]) for rows in (new, known)]
        near = nearest(*(codes if k == 2 else map(directions, codes)))
        share[name, k] = (topics[known][near] == topics[new, None]).mean()
        places[name, k] = codes[0]

    print(f"of the {NEAREST} nearest training documents, on the same topic\n{'':16}{'2 numbers':>12}{f'{wide} numbers':>12}")
    for name in ("LSA", "autoencoder"):
        print(f"{name:16}{share[name, 2]:12.1%}{share[name, wide]:12.1%}")

    if args.output:
        found = models["autoencoder", wide].map(X[new])
        said = f"of the {NEAREST} nearest share the topic"
        beside = f"{share['autoencoder', wide]:.0%} {said} (LSA: {share['LSA', wide]:.0%})"
        panels = {
            "PCA (LSA), 2 numbers": (places["LSA", 2], f"{share['LSA', 2]:.0%} {said}"),
            "Autoencoder, 2 numbers": (places["autoencoder", 2], f"{share['autoencoder', 2]:.0%} {said}"),
            f"Autoencoder, {wide} numbers, by {found.method}": (found.places, beside),
        }
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "documents.svg").write_text(drawn(panels, topics[new], names), encoding="utf-8")
        print(f"written: {args.output / 'documents.svg'}")


# ── the documents: names of the topics, counts (n, words), the topic of each (-1: none, or several), the training rows ──


def reuters() -> tuple[list[str], sp.csr_matrix, np.ndarray, np.ndarray]:
    with np.load(Path(os.environ["DIABOLO_DATA"]) / "text" / "reuters21578_r90_counts2000.npz") as z:
        X = sp.csr_matrix((z["X_data"].astype(np.int64), z["X_indices"].astype(np.int32), z["X_indptr"]), shape=z["X_shape"])
        Y = sp.csr_matrix((np.ones(len(z["Y_indices"])), z["Y_indices"].astype(np.int32), z["Y_indptr"]), shape=z["Y_shape"])
        has = Y.toarray()[:, [z["label_names"].tolist().index(name) for name in REUTERS]]
        return [*REUTERS.values()], X, np.where(has.sum(1) == 1, has.argmax(1), -1), z["train"]


def notes(n: int) -> tuple[list[str], sp.csr_matrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    words = [line.split() for line in NOTES.values()]
    everything = sorted({word for line in words for word in line})
    topics = rng.integers(0, len(words), n)
    texts = [" ".join([*rng.choice(words[t], 6), *rng.choice(everything, 3)]) for t in topics]
    return [*NOTES], CountVectorizer().fit_transform(texts), topics, np.arange(n) < n // 2


def nearest(query: np.ndarray, base: np.ndarray) -> np.ndarray:
    """(queries, NEAREST) rows of `base` at the smallest distance."""
    far = (query**2).sum(1)[:, None] - 2 * query @ base.T + (base**2).sum(1)
    return np.argsort(far, axis=1, kind="stable")[:, :NEAREST]


def directions(z: np.ndarray) -> np.ndarray:
    """Codes of length 1: near then means a large cosine."""
    return z / np.linalg.norm(z, axis=1, keepdims=True).clip(1e-12)


# ── the figure ───────────────────────────────────────────────────────────────────────────────────────────────────────


def drawn(panels: dict[str, tuple[np.ndarray, str]], topics: np.ndarray, names: list[str]) -> str:
    """Title -> (places (n, 2), what stands below): an SVG picture of all of them, side by side."""
    width, height = len(panels) * (SIDE + GAP) + GAP, TOP + SIDE + BOTTOM
    parts = []
    for i, (title, (at, below)) in enumerate(panels.items()):
        parts.append(
            f'<g transform="translate({GAP + i * (SIDE + GAP)} {TOP})">'
            f'<text class="title" x="{SIDE / 2}" y="-12">{title}</text>'
            f'<rect class="frame" width="{SIDE}" height="{SIDE}" rx="6"/>{points(at, topics)}'
            f'<text x="{SIDE / 2}" y="{SIDE + 20}">{below}</text></g>'
        )
    step = (width - 2 * GAP) / len(names)
    for i, (name, color) in enumerate(zip(names, COLORS, strict=False)):
        x = GAP + (i + 0.5) * step - 3.4 * len(name)
        parts.append(
            f'<circle cx="{x - 5:.0f}" cy="{height - 15}" r="5" fill="{color}"/>'
            f'<text class="name" x="{x + 5:.0f}" y="{height - 10}">{name}</text>'
        )
    style = (
        'text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #57606a; '
        "text-anchor: middle; } .title { font-size: 15px; font-weight: 600; fill: #24292f; } .name { text-anchor: start; } "
        ".frame { fill: none; stroke: #d0d7de; } .dots { fill: none; stroke-width: 4; stroke-linecap: round; opacity: 0.8; } "
        "@media (prefers-color-scheme: dark) { text { fill: #9da7b3; } .title { fill: #e6edf3; } .frame { stroke: #3d444d; } }"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="Documents in two '
        f'numbers, colored by topic"><style>{style}</style>{"".join(parts)}</svg>\n'
    )


def points(at: np.ndarray, topics: np.ndarray) -> str:
    """One path of dots for each topic, the topic of the fewest documents on top. What lies far out stands at the frame."""
    low, high = np.quantile(at, (0.002, 0.998), axis=0)
    u = 8 + (SIDE - 16) * np.clip((at - low) / (high - low), 0, 1)
    dots = [f"M{x:.0f} {SIDE - y:.0f}h0" for x, y in u]
    order = np.argsort(-np.bincount(topics, minlength=len(COLORS)), kind="stable")
    return "".join(
        f'<path class="dots" stroke="{COLORS[t]}" d="{"".join(np.array(dots)[topics == t])}"/>'
        for t in order
        if (topics == t).any()
    )


if __name__ == "__main__":
    main()
