"""Several rows of each person: what is measured on held-out rows holds for new persons only if whole persons are held out.

Voices are made up: every person has a voice of her own, and is ill or not; a recording adds a little noise. Nothing in a voice
says who is ill. A classifier that has heard a person knows her again, so rows that are held out at random say that it works.

    python examples/groups.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np

from diabolo import Classifier


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(60), 8))
    voice = rng.normal(size=(60, 10))[person] + 0.4 * rng.normal(size=(480, 10))
    ill = (np.arange(60) % 2)[person]
    clf = Classifier(random_state=0, verbose=False, epochs=2 if args.tiny else "auto")
    print(f"wrong of rows held out at random  {clf.fit(voice, ill).held_out_:6.1%}")
    print(f"wrong of persons held out         {clf.fit(voice, ill, groups=person).held_out_:6.1%}")


if __name__ == "__main__":
    main()
