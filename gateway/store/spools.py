"""Each node's own folder within the spool, held by a lock that ends with the process and not before.

A folder that nobody holds is a dead node's: on one machine that tells at once, without a clock, who is gone.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LAYING = ".laying-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spools:
    """The nodes' folders within one spool; own is this node's."""

    root: Path
    own: Path

    def abandoned(self) -> list[str]:
        """Name the nodes whose folder nobody holds any more."""
        return [folder.name for folder in self._others() if _is_free(folder)]

    def has(self, name: str) -> bool:
        """Tell whether a node has its folder here."""
        return (self.root / name).is_dir()

    def is_alone(self) -> bool:
        """Tell whether no other node of this machine holds a folder here."""
        return not any(not _is_free(folder) for folder in self._others())

    @contextlib.contextmanager
    def taking_over(self, name: str) -> Iterator[Path | None]:
        """Hold a dead node's folder while it is cleared; None when somebody else does. Empty, it goes."""
        folder = self.root / name
        with _trying(folder) as is_ours:
            yield folder if is_ours else None
            if is_ours:
                _remove(folder)

    def _others(self) -> Iterator[Path]:
        for folder in self.root.iterdir():
            if folder.is_dir() and folder != self.own and not folder.name.startswith(_LAYING):
                yield folder


@contextlib.contextmanager
def own_spool(root: Path, name: str) -> Iterator[Spools]:
    """Hold a node's folder as long as it serves."""
    root.mkdir(parents=True, exist_ok=True)
    folder, laying = root / name, root / f"{_LAYING}{name}"
    laying.mkdir()
    descriptor = os.open(laying, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Locked before it bears its name: whoever finds it finds it held.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        laying.rename(folder)
        yield Spools(root=root, own=folder)
        _remove(folder)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):  # something lies in it: that is for whoever finds it abandoned
        folder.rmdir()


def _is_free(folder: Path) -> bool:
    with _trying(folder) as is_free:
        return is_free


@contextlib.contextmanager
def _trying(folder: Path) -> Iterator[bool]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield False  # gone meanwhile
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
