"""Folders by class name: a folder's name is a label, on request."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diabolo.errors import DataError
from diabolo.formats import Images, infer
from diabolo.formats.readers import read_dataset, reader
from diabolo.images.album import ImageCollection


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for i, name in enumerate(["dogs/2.png", "cats/1.png", "cats/0.png", "dogs/.hidden.png"]):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5), i, np.uint8)).save(path)
    (tmp_path / "photos" / "readme.txt").touch()
    return tmp_path / "photos"


def test_the_folder_is_a_label_on_request(photos: Path) -> None:
    data = read_dataset(photos, labels="folder")
    assert isinstance(data.X, ImageCollection)
    assert data.X.names == ImageCollection(photos).names == ["cats/0.png", "cats/1.png", "dogs/2.png"]
    assert data.Y.tolist() == ["cats", "cats", "dogs"]
    assert data.rows == data.X.names
    assert data.decided == ("Y is the folder of each picture, 2: cats, dogs",)
    assert read_dataset(f"{photos}/", labels="folder").Y.tolist() == data.Y.tolist()
    assert (len(data), data.shape) == (3, (3,))
    assert (data[np.array([2, 0])].rows, data[np.array([2, 0])].Y.tolist()) == (["dogs/2.png", "cats/0.png"], ["dogs", "cats"])
    assert read_dataset(photos).Y is None
    assert reader(photos) is None  # without labels, it is read as ever
    with pytest.raises(ValueError, match="labels='folders': allowed are None and 'folder'; did you mean 'folder'"):
        read_dataset(photos, labels="folders")


def test_a_zip_file(photos: Path) -> None:
    path = photos.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in photos.rglob("*.png"):
            archive.write(file, file.relative_to(photos.parent).as_posix())
    assert read_dataset(path / "photos", labels="folder").Y.tolist() == ["cats", "cats", "dogs"]
    with pytest.raises(DataError, match=r"such as '.*photos.zip.photos'"):
        read_dataset(path, labels="folder")


def test_pictures_whose_class_is_not_known(photos: Path) -> None:
    Image.new("L", (3, 3)).save(photos / "b.png")
    with pytest.raises(DataError, match=r"'b.png' in '.*photos' lies in no folder of a class: move it into one"):
        read_dataset(photos, labels="folder")
    assert read_dataset(photos).Y is None
    (photos / "b.png").unlink()
    with pytest.raises(
        DataError, match=r"'photos/cats/0.png' .* more than one folder.*: give the folder .* such as '.*photos'"
    ):
        read_dataset(photos.parent, labels="folder")
    (photos / "cats" / "young").mkdir()
    (photos / "cats" / "0.png").rename(photos / "cats" / "young" / "0.png")
    with pytest.raises(DataError, match=r"'cats/young/0.png' .* lies in more than one folder"):
        read_dataset(photos, labels="folder")


def test_what_is_no_folder_of_pictures(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    for path in (tmp_path / "texts", photos / "cats" / "0.png", tmp_path / "absent"):
        with pytest.raises(DataError, match="cannot read"):
            read_dataset(path, labels="folder")


def test_what_kind_of_data_a_folder_is_needs_no_picture(photos: Path) -> None:
    """All were decoded, and held in memory, to see that they are no texts."""
    X = read_dataset(photos, labels="folder").X
    for file in photos.rglob("*.png"):
        file.write_bytes(b"no picture")
    assert isinstance(infer(X), Images)


def test_another_color_space_of_a_folder_with_labels_is_told_once(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(np.full((9, 9, 3), 20 * i, np.uint8)).convert("CMYK").save(tmp_path / "ab"[i % 2] / f"{i}.jpg")
    data = read_dataset(tmp_path, labels="folder")
    with pytest.warns(UserWarning, match="is CMYK") as told:
        format = infer(data.X).fit(data.X)
    with pytest.warns(UserWarning, match="is CMYK") as again:
        format.to_tensor(data.X)
    assert len(told) == len(again) == 1
