"""How long a node takes from its command to its first answer, and what it holds then."""

import time
from statistics import median

from benchmarks.nodes import Node

_STARTS = 5
_SETTLED_SECONDS = 3.0


def measure_start(node: Node) -> dict[str, object]:
    """Start a node some times; seconds is the median."""
    seconds = []
    for _ in range(_STARTS):
        began = time.monotonic()
        node.start()
        seconds.append(time.monotonic() - began)
        node.stop()
    node.start()
    time.sleep(_SETTLED_SECONDS)
    try:
        return {"seconds": round(median(seconds), 2), "idle_bytes": node.resident_bytes()}
    finally:
        node.stop()
