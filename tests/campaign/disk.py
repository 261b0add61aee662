"""The faulty disk (disk.c) as the driver and the nodes see it: built when needed, set from outside."""

import ctypes
import mmap
import os
import shutil
import struct
import subprocess
from enum import IntEnum, IntFlag
from pathlib import Path

_FIELDS = struct.Struct("iiiiqq")


class DiskFault(IntEnum):
    """What the disk does; the numbers are those of disk.c."""

    NONE = 0
    FULL = 1
    WRITE_FAILS = 2
    SYNC_FAILS = 3
    READ_FAILS = 4
    TORN = 5
    POWER_CUT = 6


class Place(IntFlag):
    """Which files of a data directory it does it to."""

    DATABASE = 1
    JOURNAL = 2
    BLOB = 4
    SPOOL = 8


EVERYWHERE = Place.DATABASE | Place.JOURNAL | Place.BLOB | Place.SPOOL


def build(folder: Path) -> Path | None:
    """Build the library into a folder; None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    command = [
        compiler,
        "-O1",
        "-Wall",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(source),
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True)
    return library


def attach(control: Path, root: Path) -> None:
    """Put the disk of this process, which was started with the library, under control."""
    if ctypes.CDLL(None).disk_attach(bytes(control), bytes(root)) != 0:
        raise OSError(f"no control at {control}")


class Disk:
    """The driver's hand on one disk."""

    def __init__(self, control: Path) -> None:
        """Make the control file; all is well."""
        control.write_bytes(bytes(_FIELDS.size))
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FIELDS.size)

    def set(self, fault: DiskFault, where: Place = EVERYWHERE, *, after: int = 0, times: int = 0) -> None:
        """Let a fault strike.

        Shape: at the after-th matching call from now on, so many times; 0 is from the first, until cleared.
        """
        struct.pack_into("iii", self._memory, 4, where, after, times)
        struct.pack_into("i", self._memory, 0, fault)

    def clear(self) -> None:
        """Be a good disk again."""
        struct.pack_into("i", self._memory, 0, DiskFault.NONE)

    @property
    def struck(self) -> int:
        """Tell how often any fault has struck."""
        return int(_FIELDS.unpack(self._memory[: _FIELDS.size])[5])


def preloading(library: Path) -> dict[str, str]:
    """Return the environment in which a process has the disk."""
    return {"LD_PRELOAD": os.fspath(library)}
