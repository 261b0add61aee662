"""Health, readiness, metrics: for load balancers, for tonight's operator, for the graphs."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from gateway.errors import Delay
from gateway.exchange.expectations import Expectations
from gateway.exchange.vouching import ALTERED, Vouching
from gateway.exchange.worker import Worker
from gateway.log_lines import log
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.dispatches import count_waiting
from gateway.store.nodes import list_nodes
from gateway.trust.keys import Seal
from gateway.web.figure_gauges import FigureGauges

_UNREADABLE = "the database cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Looks at what the gateway needs to keep its promises."""

    database: Database
    blobs: Blobs
    seal: Seal
    worker: Worker
    expectations: Expectations
    vouching: Vouching
    free_space_floor_bytes: int
    clock: Callable[[], datetime]

    async def troubles(self) -> dict[str, str | None]:
        """Say of each dependency what is wrong with it, or None."""
        return {
            "database": await self._database_trouble(),
            "disk": self._disk_trouble(),
            "seal": self._seal_trouble(),
            "loops": None if self.worker.is_running else "deliveries and polling have stopped",
        }

    async def remarks(self) -> dict[str, str]:
        """Say what an operator should know though new work can be taken; empty when there is nothing."""
        trouble = await self.blobs.trouble()  # only large packages are put off for it
        if apart := self.worker.roster.apart:
            trouble = f"not shared with {', '.join(sorted(apart))}: set storage.blobs"
        large = {} if trouble is None else {"large packages": trouble}
        return {**large, **await self.vouching.remarks()}

    async def _database_trouble(self) -> str | None:
        try:
            await self.database.fetch_one("SELECT count(*) FROM directory_version")
        except (sqlite3.Error, Delay):
            return _UNREADABLE
        try:
            await self.database.try_disk()
        except Delay:
            return "the disk takes nothing: what comes in is put off"
        return None

    def _disk_trouble(self) -> str | None:
        free = self.blobs.free_bytes()
        return None if free >= self.free_space_floor_bytes else f"only {free} bytes free"

    def _seal_trouble(self) -> str | None:
        certificate = self.seal.certificate
        if certificate.not_valid_before_utc <= self.clock() <= certificate.not_valid_after_utc:
            return None
        return f"the certificate is not valid now; its last day is {certificate.not_valid_after_utc:%Y-%m-%d}"

    async def measures(self) -> dict[str, float]:
        """Measure what is worth a graph."""
        seal_left = self.seal.certificate.not_valid_after_utc - self.clock()
        return await self._log_measures() | {
            "lienthong_dispatches_waiting": await count_waiting(self.database),
            "lienthong_nodes": len(await list_nodes(self.database)),
            "lienthong_axis_away": float(self.worker.axis_is_away),
            "lienthong_receipts_overdue": self.expectations.overdue_count,
            "lienthong_writer_lag_seconds": self.database.lag.total_seconds(),
            "lienthong_disk_free_bytes": self.blobs.free_bytes(),
            "lienthong_seal_seconds_left": seal_left.total_seconds(),
        }

    async def _log_measures(self) -> dict[str, float]:
        standing, troubles = await self.vouching.standing(), self.vouching.troubles.open
        return {
            "lienthong_log_unstamped_seconds": self.vouching.unstamped_for(standing).total_seconds(),
            "lienthong_log_altered": float(ALTERED in troubles),
            "lienthong_log_contradictions": len(standing.alarms),
            "lienthong_log_troubles": len(troubles),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Answers what operators ask."""

    watch: Watch
    figures: FigureGauges
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    async def answer_health(self, request: web.Request) -> web.Response:
        """Say that the process is alive; nothing else is looked at."""
        return web.json_response({"alive": True})

    async def answer_readiness(self, request: web.Request) -> web.Response:
        """Say whether new work can be taken: 200 or 503, each dependency by name; remarks change nothing."""
        troubles, remarks = await self.watch.troubles(), dict[str, str]()
        if not troubles["database"]:
            try:
                remarks = await self.watch.remarks()
            except (sqlite3.Error, Delay):  # what was looked at before may have stood in memory
                troubles["database"] = _UNREADABLE
        ready = not any(troubles.values())
        checks = {name: trouble or "ok" for name, trouble in troubles.items()}
        said = {"ready": ready, "checks": checks, "remarks": remarks}
        return web.json_response(said, status=200 if ready else 503)

    async def answer_seal(self, request: web.Request) -> web.Response:
        """Give the seal's certificate and those above it: what a receipt is verified with."""
        certificates = (self.watch.seal.certificate, *self.watch.seal.chain)
        pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
        return web.Response(body=pem, content_type="application/x-pem-file")

    async def answer_metrics(self, request: web.Request) -> web.Response:
        """Give the metrics in Prometheus's text form."""
        measured = CollectorRegistry()
        try:
            measures = await self.watch.measures()
        except Delay as delay:
            log.warning("not measured", reason=delay.code)
            return web.Response(status=503)
        for name, value in measures.items():
            Gauge(name, name.replace("_", " "), registry=measured).set(value)
        body = b"".join(map(generate_latest, (self.registry, measured, await self.figures.registry())))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


class RequestMetrics:
    """Counts requests by operation and outcome. Labels are ours: a caller cannot make new ones."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "lienthong_requests", "Requests answered", ["operation", "outcome"], registry=registry
        )
        self.seconds = Histogram(
            "lienthong_request_seconds", "Time to the end of the answer", ["operation"], registry=registry
        )

    def count(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(operation, outcome).inc()
        self.seconds.labels(operation).observe(seconds)
