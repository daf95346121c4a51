"""Pictures in, pictures out: where each goes, what can be known to go wrong, and the work on one of them."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import DataError, DiaboloError

if TYPE_CHECKING:
    from ..images.picture import Picture

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # what the next picture will meet, too
Work = Callable[["Picture"], list[Any]]  # an image for each of its files


class PassedOverError(Exception):
    """There is nothing to do for this picture, and why."""


class Batch:
    """The pictures in `source`, and the files that are made of each: all there, or to be made."""

    def __init__(
        self, source: Path, target: Path, model: Path | None = None, overwrite: bool = False, count: int | None = None
    ) -> None:
        from ..images.album import SUFFIXES, ImageCollection

        self.source, self.model, self.overwrite = source, model, overwrite
        suffix = source.suffix.lower()
        self.single = not source.is_dir() and (suffix in SUFFIXES or (source.is_file() and suffix != ".zip"))
        self.album = ImageCollection(source)
        self.stacks = self.album.stacks  # the pictures of each file
        self.names = [self.album.names[pages[0]].removesuffix("#1" if len(pages) > 1 else "") for pages in self.stacks]
        self.target = target
        self.files: list[list[Path]] = [[] for _ in self.names]
        self.roots: list[Path] = []
        self.passed_over: dict[str, str] = {}

        self.add(target, count=count)

    def add(self, target: Path, suffix: str | None = None, count: int | None = None) -> None:
        """Another file of each picture: at `target`, or at the same place below it; `count` of them: name-1, name-2, ..."""
        if not self.single:
            self._check_folder(target)
            self.roots.append(target)
        below = not self.single or target.is_dir()
        places = [self._inside(target, name) for name in renamed(self.names, suffix, self.paged())] if below else [target]
        for files, path in zip(self.files, places, strict=True):
            files += [path] if count is None else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(count)]

    def paged(self) -> list[bool]:
        """Whether each is a stack, which only a TIFF can hold."""
        return [len(pages) > 1 for pages in self.stacks]

    def _check_folder(self, target: Path) -> None:
        if target.exists() and not target.is_dir():
            raise DataError(f"{str(target)!r} is a file, but {str(self.source)!r} holds many pictures: name a folder for them")
        if self.source.is_dir() and target.resolve().is_relative_to(self.source.resolve()):
            raise DataError(
                f"{str(target)!r} is the folder of the pictures, or inside it: choose one beside it, they are never overwritten"
            )

    def _inside(self, root: Path, name: str) -> Path:
        path = root.joinpath(*[part for part in PurePosixPath(name).parts if part.strip("/")])
        if not path.resolve().is_relative_to(root.resolve()):
            raise DataError(f"{name!r} (in {str(self.source)!r}) leads out of {str(root)!r}: rename it")
        return path

    def check(self) -> None:
        """Raise an error for whatever can be known to go wrong, before any work."""
        from ..images.pillow import WRITABLE

        outputs = [path for files in self.files for path in files]
        inputs = {identity(path) for path in self._inputs() if path.is_file()}
        for files, pages in zip(self.files, self.stacks, strict=True):
            for path in files:
                if len(pages) > 1 and path.suffix.lower() not in (".tif", ".tiff"):
                    raise DataError(
                        f"cannot write {str(path)!r}: such a file cannot hold {len(pages)} pages; choose .tif or .tiff"
                    )
        for path in outputs:
            if path.suffix.lower() not in WRITABLE:
                raise DataError(f"cannot write {str(path)!r}: its name ends in none of {', '.join(WRITABLE)}")
            if path.exists() and identity(path) in inputs:
                raise DataError(f"{str(path)!r} is an input: choose another name, inputs are never overwritten")
            if self.single and not path.parent.is_dir():
                raise DataError(f"cannot write {str(path)!r}: its folder does not exist: create it first")
            if self.single and path.exists() and not self.overwrite:
                raise DataError(f"{str(path)!r} is there already: choose another name, or replace it with --overwrite")
        twice = next((path for path, n in Counter(outputs).items() if n > 1), None)
        if twice:
            raise DataError(
                f"two pictures would be written to {str(twice)!r}: choose another place, or another name, for one of them"
            )

    def _inputs(self) -> list[Path]:
        own = [self.source, *self.source.parents, *([self.model] if self.model else [])]
        return own + ([self.source / name for name in self.names] if self.source.is_dir() else [])

    def to_do(self) -> list[int]:
        """The pictures of which a file is missing."""
        return [i for i, files in enumerate(self.files) if self.overwrite or not all(path.is_file() for path in files)]

    def older(self) -> int:
        """How many pictures have changed since their files were made."""
        if not self.source.is_dir():
            return 0
        of = [(self.source / name, files) for name, files in zip(self.names, self.files, strict=True)]
        return sum(
            path.stat().st_mtime > min(file.stat().st_mtime for file in files)
            for path, files in of
            if path.is_file() and all(file.is_file() for file in files)
        )

    def make(self, i: int, work: Work) -> None:
        """Read a picture, or all pages of one file, and write what is made of it."""
        first, *rest = self.stacks[i]
        picture = self.album[first]
        results = [work(picture), *(work(self.album[page]) for page in rest)]
        for path, images in zip(self.files[i], zip(*results, strict=True), strict=True):
            if not self.single:
                path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(list(images), path)

    def attempt(self, i: int, work: Work) -> str | None:
        """Make it; what is wrong with this picture alone is returned, with the rest there is no going on."""
        try:
            self.make(i, work)
        except PassedOverError as reason:
            if self.single:
                raise DataError(f"{str(self.source)!r}: {reason}") from None
            self.passed_over[self.names[i]] = str(reason)
        except (DiaboloError, OSError, ValueError, RuntimeError, MemoryError) as error:
            if self.single or (isinstance(error, OSError) and error.errno in NO_ROOM):
                raise
            return self._reason(error, self.names[i])
        return None

    def _reason(self, error: Exception, name: str) -> str:
        text = (isinstance(error, OSError) and error.strerror) or str(error) or "there is not enough memory for it"
        return text.removesuffix(f" (in {str(self.source)!r})").removeprefix(f"cannot read {name!r}: ")


def identity(path: Path) -> tuple[int, int]:
    """Equal for two names of one file."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def renamed(names: list[str], suffix: str | None, paged: Sequence[bool] = ()) -> list[str]:
    """With this suffix, by default their own, or .png where it cannot be written; no two become one; stacks stay TIFFs.

    >>> renamed(["a/b.jpg", "c.gif", "d.gif", "d.png"], None)
    ['a/b.jpg', 'c.png', 'd.gif.png', 'd.png']
    """
    from ..images.pillow import WRITABLE

    own = [PurePosixPath(name).suffix for name in names]
    stays = paged or [False] * len(names)
    ends = [
        own_end if stack else suffix or (own_end if own_end.lower() in WRITABLE else ".png")
        for own_end, stack in zip(own, stays, strict=True)
    ]
    wanted = [str(PurePosixPath(name).with_suffix(end)) for name, end in zip(names, ends, strict=True)]
    shared = Counter(wanted)
    return [w if shared[w] == 1 or w == n else n + e for n, w, e in zip(names, wanted, ends, strict=True)]
