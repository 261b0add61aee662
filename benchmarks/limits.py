"""What this machine can do at all, on one core: the yardstick for every other figure.

Measured again and again in each run: absolute figures drift with whatever else the machine does, ratios
to what was measured in the same seconds drift less.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.nodes import on_core

Clock = Callable[[], float]

_ROW = bytes(4096)
_MEBIBYTE = bytes(1 << 20)
_LONG, _SHORT = 0.25, 0.1
_SHA256 = SHA256()
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(_SHA256, deterministic_signing=True)
_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_P256_KEY = ec.generate_private_key(ec.SECP256R1())
_SIGNATURE = _RSA_KEY.sign(b"message", _PKCS1, _SHA256)

ACTS: dict[str, Callable[[], object]] = {
    "rsa": lambda: _RSA_KEY.sign(b"message", _PKCS1, _SHA256),
    "p256": lambda: _P256_KEY.sign(b"message", _ECDSA),
    "rsa_verify": lambda: _RSA_KEY.public_key().verify(_SIGNATURE, b"message", _PKCS1, _SHA256),
    "sha256_mebibyte": lambda: hashlib.sha256(_MEBIBYTE).digest(),
}


@dataclass(slots=True)
class Limits:
    """The machine's limits. Units: times a second, on one core."""

    core: int
    folder: Path
    samples: dict[str, list[float]] = field(default_factory=dict)

    def measure(self) -> None:
        """Measure everything once more."""
        with on_core(self.core):
            for name, act in ACTS.items():
                self._note(name, _times_a_second(act, _LONG))
            self._note("append_fdatasync", _syncs_a_second(self.folder))

    def measure_signing(self, key: str) -> float:
        """Measure once more, and quickly, how many signatures a core makes now with a kind of key."""
        with on_core(self.core):
            self._note(key, _times_a_second(ACTS[key], _SHORT))
        return self.samples[key][-1]

    def typical(self, name: str) -> float:
        """Return the median of what was measured."""
        return median(self.samples[name])

    def range(self, name: str) -> tuple[float, float]:
        """Return the least and the most that was measured."""
        return min(self.samples[name]), max(self.samples[name])

    def _note(self, name: str, rate: float) -> None:
        self.samples.setdefault(name, []).append(rate)


def _times_a_second(act: Callable[[], object], seconds: float, clock: Clock = time.thread_time) -> float:
    """Count by processor time, as what nodes cost is counted: others on the core make neither look better."""
    count, begin = 0, clock()
    while (spent := clock() - begin) < seconds:
        act()
        count += 1
    return count / spent


def _syncs_a_second(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:

        def append() -> None:
            file.write(_ROW)
            os.fdatasync(file.fileno())

        return _times_a_second(append, _LONG, time.perf_counter)
