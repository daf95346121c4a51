"""Documents as a few numbers: which are near, by latent semantic analysis and by the autoencoder.

The texts are made up: short notes on eight topics, some of which share words (a *bank* of a river, a *bank* of money).
Both methods see word counts and no topics; with 4 numbers per note, how many of the 5 nearest notes are on the same topic?

    python examples/documents.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from diabolo import Autoencoder

TOPICS = {
    "rivers": "river bank water flood bridge boat fish stream rain mill",
    "money": "bank loan interest money price market account credit rain share",
    "weather": "rain wind cloud storm sun cold snow thunder forecast sky",
    "kitchen": "bread oven flour salt water butter cook pan soup dough",
    "music": "violin bow string note concert sound choir song drum pan",
    "sailing": "boat sail wind bow sea harbour rope anchor storm crew",
    "physics": "light wave energy particle sound field mass string force charge",
    "law": "court judge law charge case appeal witness bench account share",
}
K, NEAREST = 4, 5


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs on fewer notes; the numbers mean nothing")
    args = p.parse_args()

    texts, topics = notes(240 if args.tiny else 1600)
    half = len(texts) // 2
    lsa = make_pipeline(TfidfVectorizer(), TruncatedSVD(K, random_state=0)).fit(texts[:half])
    ae = Autoencoder(K, epochs=2 if args.tiny else 200, random_state=0).fit(texts[:half])
    print(f"of the {NEAREST} nearest notes, on the same topic")
    for name, model in ((f"LSA {K}", lsa), (f"autoencoder {K}", ae)):
        near = nearest(model.transform(texts[half:]), model.transform(texts[:half]))
        print(f"{name:16} {(topics[:half][near] == topics[half:, None]).mean():8.1%}")

    example = texts[half]
    print(f"\nnote:      {example}\nexpected:  {ae.reconstruct([example])[0]}")
    print(f"nearest:   {texts[:half][nearest(ae.transform([example]), ae.transform(texts[:half]))[0, 0]]}")


def notes(n: int) -> tuple[list[str], np.ndarray]:
    """n texts and the number of the topic of each."""
    rng = np.random.default_rng(0)
    words = [line.split() for line in TOPICS.values()]
    everything = sorted({word for line in words for word in line})
    topics = rng.integers(0, len(words), n)
    return [" ".join([*rng.choice(words[t], 6), *rng.choice(everything, 3)]) for t in topics], topics


def nearest(query: np.ndarray, base: np.ndarray) -> np.ndarray:
    """(queries, NEAREST) rows of `base` with the largest cosine."""
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True).clip(1e-12) for z in (query, base))
    return np.argsort(-(a @ b.T), axis=1, kind="stable")[:, :NEAREST]


if __name__ == "__main__":
    main()
