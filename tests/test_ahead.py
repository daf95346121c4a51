"""Work ahead of who asks: the same results in the same order, and no more of them than are needed soon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diabolo import DataError
from diabolo.errors import warn
from diabolo.formats import Images
from diabolo.images import ahead
from diabolo.images.album import ImageCollection


def test_the_order_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "cores", lambda: 3)

    def slow(i: int) -> int:
        time.sleep(0.01 * (i % 3 == 0))
        return i * i

    assert list(ahead.ahead(slow, range(20))) == [i * i for i in range(20)]


def test_it_is_never_far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    asked: list[int] = []

    def items() -> Iterator[int]:
        for i in range(1000):
            asked.append(i)
            yield i

    found = ahead.ahead(abs, items())
    assert next(found) == 0
    time.sleep(0.05)
    assert len(asked) == 5
    found.close()  # type: ignore[attr-defined]
    assert len(asked) == 5


def test_what_it_warns_of_points_at_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    with pytest.warns(UserWarning, match=r"^\d$") as said:
        list(ahead.ahead(lambda i: warn(str(i)), range(4)))
    assert [str(w.message) for w in said] == ["0", "1", "2", "3"]
    assert {Path(w.filename).name for w in said} == {"test_ahead.py"}


def test_pytorch_has_its_threads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "cores", lambda: 4)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = [torch.get_num_threads() for _ in ahead.ahead(abs, range(3))]
        assert seen == [1] * 3
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    for i in range(150):
        Image.fromarray(r.integers(0, 256, (9, 9), np.uint8)).save(tmp_path / f"{i:03d}.png")
    format = Images().fit(tmp_path)
    arrays = [np.asarray(Image.open(path)) for path in sorted(tmp_path.iterdir())]
    assert np.array_equal(np.concatenate(list(format.chunks(tmp_path))), np.concatenate(list(format.chunks(arrays))))
    (tmp_path / "140.png").write_bytes(b"\x89PNG half")
    with pytest.raises(DataError, match=r"cannot read '140.png': it is cut off or damaged \(in "):
        list(format.chunks(tmp_path))


def test_folders_and_zips_in_a_list(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(r.integers(0, 256, (9, 9), np.uint8)).save(tmp_path / folder / f"{i}.png")
    album = ImageCollection([tmp_path / "b", tmp_path / "a", tmp_path / "a"])
    assert [len(album), len(album.stacks), len(album.sizes())] == [9, 9, 9]
    assert album.names[0] == f"{(tmp_path / 'b').as_posix()}/c/0.png"
    assert np.array_equal(album[3].pixels, ImageCollection(tmp_path / "a")[0].pixels)
    assert np.array_equal(album[5:][1].pixels, album[3].pixels)
    assert ImageCollection.accepts([str(tmp_path / "a"), str(tmp_path / "b")])
    assert not ImageCollection.accepts([str(tmp_path / "a"), "a text"])
