"""What is printed, and what goes into a file."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

from benchmarks.limits import Limits
from benchmarks.measuring import Result

_SHARES = (50, 95, 99)
KEYS = {"rsa": "RSA-2048", "p256": "P-256"}
LIMITS = {
    "rsa": "RSA-2048 signatures/s",
    "rsa_verify": "RSA-2048 verifications/s",
    "p256": "P-256 signatures/s",
    "sha256_mebibyte": "SHA-256, MiB/s",
    "append_fdatasync": "append 4 KiB + fdatasync, /s",
}


def print_result(result: Result) -> None:
    """Print one result on a few lines."""
    rounds = " ".join(f"{one.rate:.0f}" for one in result.rounds)
    cost, busy = (median(getattr(one, name) for one in result.rounds) for name in ("cost", "busy"))
    elsewhere = median(one.elsewhere for one in result.rounds)
    print(
        f"\n{result.journey} {KEYS[result.key]} {size_in_words(result.size_bytes)}:"
        f" {result.rate:.0f} documents/s (rounds: {rounds})\n"
        f"  processor    {1e3 * cost:.2f} ms each, {busy:.2f} cores busy"
        f"{f', {elsewhere:.0%} of the core went elsewhere' if elsewhere else ''}\n"
        f"  a whole core {result.whole_core:.0f}/s = {result.of_signing:.3f} × the signatures it makes\n"
        f"  full load    {_delays(result.saturated)}\n"
        f"  half load    {_delays(result.relaxed)}\n"
        f"  others wait  {_delays(result.waits)} for /healthz, at full load\n"
        f"  memory       {result.idle_bytes / 1e6:.0f} MB before, {result.peak_bytes / 1e6:.0f} MB at most",
        flush=True,
    )


def print_limits(limits: Limits) -> None:
    """Print what the machine could do meanwhile."""
    print("\none core and one disk, in the same run:")
    for name, words in LIMITS.items():
        least, most = limits.range(name)
        print(f"  {words:32}{limits.typical(name):8.0f}   ({least:.0f}–{most:.0f})")


def write_json(limits: Limits, results: Sequence[Result]) -> str:
    """Write everything for a machine to read."""
    facts = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "limits": {name: round(limits.typical(name)) for name in LIMITS},
        "results": [_facts(result, limits) for result in results],
    }
    return json.dumps(facts, indent=1) + "\n"


def _facts(result: Result, limits: Limits) -> dict[str, object]:
    return {
        "journey": result.journey,
        "key": result.key,
        "size_bytes": result.size_bytes,
        "documents_per_second": round(result.rate, 1),
        "whole_core_per_second": round(result.whole_core, 1),
        "of_signing": round(result.of_signing, 3),
        "of_the_limits": {name: round(result.rate / limits.typical(name), 3) for name in LIMITS},
        "rounds": [
            {name: round(getattr(one, name), 6) for name in ("rate", "cost", "busy", "elsewhere", "signing")}
            for one in result.rounds
        ],
        "full_load_ms": _percentiles(result.saturated),
        "half_load_ms": _percentiles(result.relaxed),
        "others_wait_ms": _percentiles(result.waits),
        "idle_bytes": result.idle_bytes,
        "peak_bytes": result.peak_bytes,
    }


def _percentiles(delays: Sequence[float]) -> dict[str, float]:
    ordered = sorted(delays) or [0.0]
    return {
        f"p{share}": round(1000 * ordered[min(len(ordered) - 1, share * len(ordered) // 100)], 1)
        for share in _SHARES
    }


def _delays(delays: Sequence[float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in _percentiles(delays).items()) + " ms"


def size_in_words(size_bytes: int) -> str:
    """Write a size as people say it."""
    return f"{size_bytes // 1000} KB" if size_bytes < 1_000_000 else f"{size_bytes / 1_000_000:g} MB"
