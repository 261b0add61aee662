"""The figures of a run as Markdown, for docs/performance.md, and as bars in an SVG."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.report import KEYS, LIMITS, size_in_words

Facts = Mapping[str, Any]

_NONE = "–"
_BAR, _LEFT, _WIDTH = 22, 250, 520


def write_markdown(facts: Facts) -> str:
    """Write every table of which there are figures."""
    parts = facts["parts"]
    pieces = [f"{facts['at']}, {facts['machine']}"]
    if exchange := parts.get("exchange"):
        pieces += [_limits(exchange, parts), _journeys(exchange)]
    if start := parts.get("start"):
        pieces.append(f"Start to ready {start['seconds']} s; idle {_mb(start['idle_bytes'])}.")
    for name, write in (("large", _large), ("growth", _growth), ("peers", _peers)):
        if name in parts:
            pieces.append(write(parts[name]))
    return "\n\n".join(pieces) + "\n"


def write_plot(facts: Facts) -> str:
    """Draw how many documents a whole core takes for each RSA-2048 signature that it could make instead."""
    exchange = facts["parts"]["exchange"]
    results = exchange["results"]
    most = max(_of_rsa(result, exchange) for result in results)
    height = _BAR * len(results) + 60
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 120}" height="{height}"'
        ' font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        '<text x="10" y="22" font-weight="bold">Documents a core takes for each of its RSA signatures</text>',
    ]
    for place, result in enumerate(results):
        y, width = 40 + place * _BAR, _WIDTH * _of_rsa(result, exchange) / most
        colour = "#1f5f99" if result["key"] == "rsa" else "#5aa469"
        said = f"{_of_rsa(result, exchange):.3f} ({result['whole_core_per_second']:.0f}/s)"
        lines += [
            f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(_name(result))}</text>',
            f'<rect x="{_LEFT}" y="{y + 2}" width="{width:.1f}" height="{_BAR - 6}" fill="{colour}"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{said}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _of_rsa(result: Facts, exchange: Facts) -> float:
    """Tell what a whole core takes, as a share of the RSA-2048 signatures it makes; whatever the seal."""
    return float(result["whole_core_per_second"] / exchange["limits"]["rsa"])


def _name(result: Facts) -> str:
    return f"{result['journey']}, {KEYS[result['key']]}, {size_in_words(result['size_bytes'])}"


def _limits(exchange: Facts, parts: Facts) -> str:
    rows = [[words, f"{exchange['limits'][name]:,}"] for name, words in LIMITS.items()]
    if "loopback" in parts:
        rows.append(
            [
                "POST of 10 KB over loopback, aiohttp, of a second of processor time",
                f"{parts['loopback']:,.0f}",
            ]
        )
    return _table(["limit of one core, same run", ""], rows)


def _journeys(exchange: Facts) -> str:
    heads = "documents/s|a whole core|of its RSA-2048|ms of processor|p50 / p95 / p99, half load, ms|memory"
    rows = []
    for result in exchange["results"]:
        costs = sorted(one["cost"] for one in result["rounds"])
        delays = result["half_load_ms"]
        rows.append(
            [
                _name(result),
                f"{result['documents_per_second']:.0f}",
                f"{result['whole_core_per_second']:.0f}",
                f"{_of_rsa(result, exchange):.3f}",
                f"{1e3 * costs[len(costs) // 2]:.1f}",
                " / ".join(f"{delays[name]:.0f}" for name in ("p50", "p95", "p99")),
                _mb(result["peak_bytes"]),
            ]
        )
    return _table(["journey, seal, package", *heads.split("|")], rows)


def _large(rows: Sequence[Facts]) -> str:
    heads = [
        "package",
        "promised after",
        "end to end",
        "promise, of SHA-256",
        "end to end, of SHA-256",
        "grown",
    ]
    return _table(
        heads,
        [
            [
                f"{row['megabytes']:,} MB",
                f"{row['accepted_seconds']} s",
                f"{row['seconds']} s",
                f"{row['of_sha256_accepted']}",
                f"{row['of_sha256']}",
                ", ".join(f"{name} {_mb(size)}" for name, size in row["grown_bytes"].items()),
            ]
            for row in rows
        ],
    )


def _growth(rows: Sequence[Facts]) -> str:
    heads = [
        "entries before",
        "processor, ms each: least, median",
        "beside the first",
        "of its signatures",
        "start",
        "idle, then loaded",
        "a proof",
        "file",
    ]
    return _table(
        heads,
        [
            [
                f"{row['entries']:,}",
                f"{row['least_cost_ms']}, {row['cost_ms']}",
                f"{row['ratio']}",
                f"{row['of_signing']}",
                f"{row['start_seconds']} s",
                f"{_mb(row['idle_bytes'])}, {_mb(row['loaded_bytes'])}",
                f"{row['proof_ms']} ms",
                f"{row['file_bytes'] / 1e9:.2f} GB",
            ]
            for row in rows
        ],
    )


def _peers(rows: Mapping[str, Facts]) -> str:
    names = list(next(iter(rows.values())))
    return _table(
        ["documents of a second of processor time, crafts only", *names],
        [
            [size, *(_NONE if row[name] is None else f"{row[name]:.0f}" for name in names)]
            for size, row in rows.items()
        ],
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    line = ["|".join(["", "---", *["--:"] * (len(heads) - 1), ""])]
    return "\n".join(
        ["| " + " | ".join(heads) + " |", *line, *("| " + " | ".join(row) + " |" for row in rows)]
    )


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"
