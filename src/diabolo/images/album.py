"""Many pictures: a folder, a zip file, pages of a stack, an array or a list; each is decoded when it is asked for."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, SupportsIndex, overload

import numpy as np
from PIL import Image

from ..errors import DataError
from . import pillow, tiff
from .ahead import ahead
from .picture import Picture, check_shape, describe, read

__all__ = ["BROKEN_NAMED", "SUFFIXES", "ImageCollection", "is_one", "naming_broken", "pictures_in"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".jp2")
GRAY = ("1", "L", "LA", "La", "F")  # and all that begin with I
AT_ONCE = 64  # pictures that a thread tries to read
BROKEN_NAMED = 5  # pictures that an error names
CHANNELS = 16  # up to which a third axis may be one of these


class ImageCollection(Sequence[Picture]):
    """Many pictures, each decoded when it is asked for.

    Parameters
    ----------
    X : path, PIL.Image.Image, ndarray or list
        A folder (with all folders in it, but not the links to others), a zip file, a folder inside one such as
        ``photos.zip/train``, one file, one image, an array (H, W), (H, W, C), (N, H, W) or (N, H, W, C), C = 1 to 4, or
        a list of arrays, images, paths of pictures, of folders and of zips. Each page of a TIFF is a picture.

    Attributes
    ----------
    names : list of str
        The path of each inside its folder or zip file (of several, with theirs before it), or "picture 0", "picture 1", ...;
        pages are "stack.tif#1", ...
    folders : list of str
        The folders of these paths.

    Examples
    --------
    >>> album = ImageCollection(np.zeros((5, 4, 6), np.uint8))
    >>> len(album), album.names[1], album[1].pixels.shape, len(album[2:])
    (5, 'picture 1', (4, 6, 1), 3)
    >>> len(ImageCollection(np.zeros((40, 60, 3), np.uint8)))
    1
    """

    def __init__(self, X: Any) -> None:
        same = isinstance(X, ImageCollection)
        self._place: _Place = X._place if same else _place(X)
        self.names: list[str] = X.names if same else self._place.names
        self._items: list[Any] = X._items if same else self._place.items
        self._least: tuple[int, int] | None = X._least if same else None

    @classmethod
    def accepts(cls, X: Any) -> bool:
        """Whether this looks like pictures; files are not opened."""
        if isinstance(X, (Image.Image, ImageCollection)):
            return True
        if isinstance(X, np.ndarray):
            return X.ndim in (3, 4)
        if isinstance(X, (str, os.PathLike)):
            return _path_accepted(Path(X))
        return isinstance(X, (list, tuple)) and len(X) > 0 and (_one_accepted(X[0]) or all(map(_holds_pictures, X)))

    @property
    def written(self) -> list[str]:
        """The names as UTF-8 has them: Linux allows any bytes."""
        return [name.encode(errors="backslashreplace").decode() for name in self.names]

    @property
    def folders(self) -> list[str]:
        return [name.rpartition("/")[0] for name in self.names]

    @property
    def stacks(self) -> list[list[int]]:
        """The pictures of each file: more than one, where it has pages."""
        found: list[list[int]] = []
        for i, item in enumerate(self._items):
            item = item.item if isinstance(item, Held) else item
            if isinstance(item, Page) and item.number and found and i:
                found[-1].append(i)
            else:
                found.append([i])
        return found

    @property
    def in_files(self) -> bool:
        """Whether each is read from a file: then several threads may read at once; an open image belongs to its owner."""
        return all(isinstance(item, (str, os.PathLike, Page, Held)) for item in self._items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, i: SupportsIndex) -> Picture: ...
    @overload
    def __getitem__(self, i: slice) -> ImageCollection: ...
    def __getitem__(self, i: SupportsIndex | slice) -> Picture | ImageCollection:
        if isinstance(i, slice):
            return self.take(range(len(self))[i])
        return self._place.picture(self._items[i], self.names[i], self._least)

    def __iter__(self) -> Iterator[Picture]:  # not that of Sequence: a warning should point at the line of who asks
        return (self[i] for i in range(len(self)))

    def take(self, indices: Iterable[int]) -> ImageCollection:
        """An album of some of the pictures, in this order."""
        chosen = [int(i) for i in indices]
        album = object.__new__(ImageCollection)
        album._place, album._least = self._place, self._least
        album.names, album._items = [self.names[i] for i in chosen], [self._items[i] for i in chosen]
        return album

    def at_least(self, height: int, width: int) -> ImageCollection:
        """The same pictures, of which such a size suffices: larger files of JPEG are decoded at a part of their size."""
        album = ImageCollection(self)
        album._least = (height, width)
        return album

    def sizes(self) -> list[tuple[int, int, int]]:
        """(H, W, C) of each picture, upright; of files only the headers are read."""
        return [self._place.size(item, name) for item, name in zip(self._items, self.names, strict=True)]

    def broken(self) -> dict[int, str]:
        """The number of each picture that cannot be read, and why.

        >>> ImageCollection([np.zeros((5, 4)), np.zeros((5, 0))]).broken()
        {1: "'picture 1' has the shape (5, 0): it holds no pixels"}
        """
        pieces = (range(start, min(start + AT_ONCE, len(self))) for start in range(0, len(self), AT_ONCE))
        each = (ahead if self.in_files else map)(self._broken_of, pieces)
        return {i: reason for found in each for i, reason in found.items()}

    def _broken_of(self, numbers: range) -> dict[int, str]:
        found = {}
        for i in numbers:
            try:
                self[i]
            except DataError as error:
                found[i] = str(error)
            except OSError as error:
                found[i] = f"cannot read {self.names[i]!r}: {error.strerror}"
        return found


@contextlib.contextmanager
def naming_broken(album: ImageCollection) -> Iterator[None]:
    """Inside, pictures are read: an error about one that cannot be names the others, too.

    None is left out: the rows of what is learned from would no longer be those of its labels, nor those of the codes.
    """
    try:
        yield
    except (DataError, OSError):
        bad = album.broken()
        alike = len({reason.replace(album.names[i], "") for i, reason in bad.items()}) < 2
        if len(bad) < 2 or (alike and len(bad) == len(album)):  # as of one array: none of them is to blame
            raise
        root = f" (in {album._place.root!r})" if album._place.root else ""
        said = [
            f"{album.names[i]!r}: {reason.removeprefix(f'cannot read {album.names[i]!r}: ').removesuffix(root)}"
            for i, reason in list(bad.items())[:BROKEN_NAMED]
        ]
        more = f"; and {len(bad) - len(said):,} more" if len(bad) > len(said) else ""
        raise DataError(
            f"{len(bad):,} of {len(album):,} pictures{root} cannot be read: {'; '.join(said)}{more}. Remove them, and "
            "their rows in a table, or repair them"
        ) from None


class Page(NamedTuple):
    """One of several in a file."""

    file: Any
    place: int  # in the file, which may also hold previews
    number: int  # among the pictures


class Held(NamedTuple):
    """A picture of one place among several."""

    place: _Place
    item: Any


class _Place:
    """Where pictures are: in memory or in files."""

    def __init__(self, names: list[str], items: list[Any], root: str = "") -> None:
        self.names, self.items, self.root = names, items, root

    def picture(self, item: Any, name: str, least: tuple[int, int] | None) -> Picture:
        with self._located(), self.stream(item) as source:
            return read(source, name, _place_in(item), least)

    def size(self, item: Any, name: str) -> tuple[int, int, int]:
        with self._located(), self.stream(item) as source:
            return _size(source, name, _place_in(item))

    def expand(self) -> Self:
        """A file of several pages is as many pictures."""
        found = [(n, i) for name, item in zip(self.names, self.items, strict=True) for n, i in self._pages(name, item)]
        self.names, self.items = [n for n, _ in found], [i for _, i in found]
        return self

    def _pages(self, name: str, item: Any) -> list[tuple[str, Any]]:
        if not (isinstance(item, (str, os.PathLike)) and str(item).lower().endswith((".tif", ".tiff"))):
            return [(name, item)]
        try:
            with self.stream(item) as stream:
                pages = tiff.pages(stream)
        except (DataError, *pillow.DAMAGE):  # told when it is read
            return [(name, item)]
        if len(pages) < 2:
            return [(name, item)]
        return [(f"{name}#{i + 1}", Page(item, page, i)) for i, page in enumerate(pages)]

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
        item = item.file if isinstance(item, Page) else item
        if not isinstance(item, (str, os.PathLike)):
            yield item
            return
        with open(item, "rb") as file:
            yield file

    @contextlib.contextmanager
    def _located(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            raise (DataError(f"{error} (in {self.root!r})") if self.root else error) from None


class _Several(_Place):
    """In several folders and zips, one after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        places = [(path.as_posix(), _of_path(path)) for path in paths]
        names = [f"{where}/{name}" for where, place in places for name in place.names]
        super().__init__(names, [Held(place, item) for _, place in places for item in place.items])

    def picture(self, item: Held, name: str, least: tuple[int, int] | None) -> Picture:
        return item.place.picture(item.item, name, least)

    def size(self, item: Held, name: str) -> tuple[int, int, int]:
        return item.place.size(item.item, name)


class _Zip(_Place):
    """In a zip file, opened once; one thread reads while others decode."""

    def __init__(self, path: Path, prefix: str) -> None:
        self.path, self.lock = path, threading.Lock()
        self.file: zipfile.ZipFile | None = None
        start = f"{prefix}/" if prefix else ""
        there = [n for n in self._opened().namelist() if n == prefix or n.startswith(start)]
        found = [n for n in there if _is_picture(n)]
        pillow.tell_unread(str(path / prefix), there)
        names = [n.rpartition("/")[2] if n == prefix else n.removeprefix(start) for n in sorted(found)]
        super().__init__(names, sorted(found), str(path / prefix))

    def size(self, item: Any, name: str) -> tuple[int, int, int]:
        """Without unpacking more than the header."""
        with self._located(), self._member(item) as stream:
            return _size(stream, name, _place_in(item))

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
        with self._member(item) as stream:
            blob = stream.read()
        yield io.BytesIO(blob)

    @contextlib.contextmanager
    def _member(self, item: Any) -> Iterator[IO[bytes]]:
        item = item.file if isinstance(item, Page) else item
        with self.lock:
            file = self._opened()
            _check_member(file.getinfo(item))
            try:
                with file.open(item) as stream:
                    yield stream
            except DataError:
                raise
            except (zipfile.BadZipFile, RuntimeError, *pillow.DAMAGE) as error:  # encrypted, packed in an unknown way, damaged
                raise DataError(f"cannot read {item!r}: {error}") from None

    def _opened(self) -> zipfile.ZipFile:
        if self.file is None:
            try:
                self.file = zipfile.ZipFile(self.path)
            except zipfile.BadZipFile as error:
                raise DataError(f"cannot read {str(self.path)!r}: it is no zip file, or cut off ({error})") from None
        return self.file


def _check_member(info: zipfile.ZipInfo) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and info.file_size > 16 * limit + (1 << 20):  # more than any picture of so many pixels
        raise DataError(
            f"cannot read {info.filename!r}: unpacked it has {info.file_size:,} bytes; "
            f"if you trust it, raise PIL.Image.MAX_IMAGE_PIXELS (now {limit:,}) first"
        )


def _place(X: Any) -> _Place:
    if isinstance(X, (str, os.PathLike)):
        return _of_path(Path(X))
    if isinstance(X, Image.Image) or (isinstance(X, np.ndarray) and is_one(X)):
        X = [X]
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "OU":
        X = X.tolist()  # paths, or pictures of several sizes
    if isinstance(X, np.ndarray) and X.ndim not in (3, 4):
        raise DataError(f"an array of shape {X.shape} is no pictures: give (N, H, W) or (N, H, W, C)")
    if not isinstance(X, (list, tuple, np.ndarray)):
        raise DataError(f"the pictures are {describe(X)}, or a list of them")
    if not len(X):
        raise DataError("there are no pictures: the list is empty")
    if isinstance(X, (list, tuple)) and all(map(_holds_pictures, X)):
        return _Several([Path(item) for item in X])
    return _Place([_name(item, i) for i, item in enumerate(X)], list(X)).expand()


def is_one(X: np.ndarray) -> bool:
    """Whether an array is one picture: (H, W) or (H, W, C), C = 1 to 4. No picture is 4 pixels wide, or it is in a list.

    >>> is_one(np.zeros((9, 9, 3))), is_one(np.zeros((9, 9, 9)))
    (True, False)
    """
    if X.ndim != 3 or not X.size:
        return X.ndim == 2
    if X.shape[0] == 3 and X.shape[2] > 4:
        h, w = X.shape[1:]
        raise DataError(
            f"an array of shape {X.shape} is one picture with its channels first, or three gray ones: give "
            f"np.moveaxis(X, 0, -1), of shape ({h}, {w}, 3), or list(X)"
        )
    if X.shape[2] <= CHANNELS and min(X.shape[:2]) >= 4 * X.shape[2] > 4 * 4:
        raise DataError(
            f"an array of shape {X.shape} is {X.shape[0]} gray pictures that are {X.shape[2]} pixels wide, or one of "
            f"{X.shape[2]} channels: give list(X), or some of its channels, X[..., :3]"
        )
    return X.shape[2] <= 4


def _place_in(item: Any) -> int | None:
    return item.place if isinstance(item, Page) else None


def _name(item: Any, i: int) -> str:
    return Path(item).as_posix() if isinstance(item, (str, os.PathLike)) else f"picture {i}"


def _of_path(path: Path) -> _Place:
    if archive := _archive(path):
        inside = path.relative_to(archive).as_posix()
        place: _Place = _Zip(archive, "" if inside == "." else inside)
    elif path.is_dir():
        names = sorted(pictures_in(path, told=True))
        place = _Place(names, [os.path.join(path, name) for name in names], str(path))
    elif not path.exists():
        raise FileNotFoundError(2, "there is no such file or folder", str(path))
    else:
        place = _Place([path.name], [path])
    if not place.items:
        raise DataError(f"{str(path)!r} contains no pictures: looked for {', '.join(SUFFIXES)}")
    return place.expand()


def _archive(path: Path) -> Path | None:
    """The zip file that a path leads to or into."""
    return next((p for p in (path, *path.parents) if p.suffix.lower() == ".zip" and p.is_file()), None)


def pictures_in(folder: Path, told: bool = False) -> Iterator[str]:
    """The pictures of a folder, with all folders in it; of other pictures it may be told that they are not read."""
    unread = []
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [f for f in folders if not f.startswith(".")]
        inside = Path(where).relative_to(folder).as_posix()
        for file in files:
            if _is_picture(file):
                yield file if inside == "." else f"{inside}/{file}"
            else:
                unread.append(file)
    if told:
        pillow.tell_unread(str(folder), unread)


def _raise(error: OSError) -> None:
    raise error


def _is_picture(name: str) -> bool:
    hidden = any((part.startswith(".") and part != ".") or part == "__MACOSX" for part in name.split("/"))
    return name.lower().endswith(SUFFIXES) and not hidden


def _path_accepted(path: Path) -> bool:
    if path.is_dir():
        return next(pictures_in(path), None) is not None
    return path.suffix.lower() in (*SUFFIXES, ".zip") or _archive(path) is not None


def _holds_pictures(item: Any) -> bool:
    """Whether it is the path of a folder or a zip with pictures, not of one."""
    path = str(item) if isinstance(item, (str, os.PathLike)) else ""
    return bool(path.strip()) and not path.lower().endswith(SUFFIXES) and _path_accepted(Path(path))


def _one_accepted(item: Any) -> bool:
    if isinstance(item, (str, os.PathLike)):
        return str(item).lower().endswith(SUFFIXES)
    return isinstance(item, Image.Image) or (isinstance(item, np.ndarray) and item.ndim in (2, 3))


def _size(source: Any, name: str, page: int | None = None) -> tuple[int, int, int]:
    if isinstance(source, np.ndarray):
        check_shape(source, name)
        return source.shape[0], source.shape[1], 3 if source.ndim == 3 and source.shape[2] > 2 else 1
    if isinstance(source, Image.Image):
        return _size_of(source)
    with pillow.explained(name):
        odd = tiff.odd(source, page)
        if odd:
            return odd.size
    with pillow.opened(source, name, page) as image:
        return _size_of(image)


def _size_of(image: Image.Image) -> tuple[int, int, int]:
    tags = getattr(image, "tag_v2", None) or {}  # versions of Pillow differ in whether a TIFF has its upright size already
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    try:
        turned = Image.Image.getexif(image).get(pillow.ORIENTATION, 1) in (5, 6, 7, 8)  # that of a PNG would decode it
    except pillow.DAMAGE:
        turned = False
    channels = 1 if image.mode in GRAY or image.mode.startswith("I") else 3
    return (width, height, channels) if turned else (height, width, channels)
