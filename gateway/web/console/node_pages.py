"""The node itself: the way to the axis and its test, seals and certificates, settings in force."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.clients.axis_probe import ProbeStep
from gateway.exchange.worker import Worker
from gateway.model.node import DUTY_NAMES
from gateway.model.people import Permission
from gateway.store.database import Database
from gateway.store.dispatches import AxisQueue, look_at_queue
from gateway.store.nodes import list_nodes
from gateway.trust.keys import fingerprint_of, holder_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Shell

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCertificate:
    """A certificate that this node holds. use is ``seal``, ``former``, ``agency``, ``anchor`` or ``tls``."""

    use: str
    name: str
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a page tells about a certificate. tone says how near its end is."""

    use: str
    name: str
    subject: str
    issuer: str
    holder: str | None
    key: str
    begins_at: datetime
    ends_at: datetime
    fingerprint: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePages:
    """The pages about the node. probe is None on a hub; settings are tables of keys and values in force."""

    shell: Shell
    database: Database
    worker: Worker
    endpoint: str | None
    probe: Callable[[], Awaitable[Sequence[ProbeStep]]] | None
    certificates: Callable[[], Sequence[KeptCertificate]]
    settings: Mapping[str, Mapping[str, str | bool]]
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        may = Permission.RUN
        if self.probe is not None:
            axis = Nav(area=Area.NODE, place=2, vi="Trục", en="Axis", icon="axis")
            yield Route(method="GET", path="/axis", act=self.show_axis, may=may, nav=axis)
            yield Route(method="POST", path="/axis/test", act=self.test_axis, may=may)
        seals = Nav(area=Area.NODE, place=3, vi="Dấu và chứng thư", en="Seals and certificates", icon="seal")
        yield Route(method="GET", path="/seals", act=self.show_seals, may=may, nav=seals)
        settings = Nav(area=Area.NODE, place=4, vi="Thiết lập", en="Settings", icon="sliders")
        yield Route(method="GET", path="/settings", act=self.show_settings, may=may, nav=settings)

    async def show_axis(self, request: web.Request) -> web.StreamResponse:
        """Show how the way to the axis is."""
        return await self._show_axis(request, None)

    async def test_axis(self, request: web.Request) -> web.StreamResponse:
        """Test the way to the axis and say in words what is wrong; nothing changes by it."""
        assert self.probe is not None  # noqa: S101 - the route is there only then
        return await self._show_axis(request, await self.probe())

    async def _show_axis(self, request: web.Request, steps: Sequence[ProbeStep] | None) -> web.StreamResponse:
        queue: AxisQueue = await look_at_queue(self.database)
        delivery = self.worker.delivery
        return await self.shell.render(
            request,
            "node/axis.html",
            endpoint=self.endpoint,
            closed_at=None if delivery is None else delivery.road.closed_at,
            queue=queue,
            steps=steps,
        )

    async def show_seals(self, request: web.Request) -> web.StreamResponse:
        """Show the certificates this node signs with, believes and shows."""
        at = self.clock()
        facts = [_facts_of(kept, at) for kept in self.certificates()]
        return await self.shell.render(request, "node/seals.html", certificates=facts)

    async def show_settings(self, request: web.Request) -> web.StreamResponse:
        """Show every setting as it is in force, and which nodes serve under them."""
        return await self.shell.render(
            request,
            "node/settings.html",
            settings=self.settings,
            nodes=await list_nodes(self.database),
            duty_names=DUTY_NAMES,
        )


def _facts_of(kept: KeptCertificate, at: datetime) -> CertificateFacts:
    certificate = kept.certificate
    ends_at = certificate.not_valid_after_utc
    tone = "bad" if ends_at <= at else "wait" if ends_at - at < _SOON else "good"
    return CertificateFacts(
        use=kept.use,
        name=kept.name,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        holder=holder_of(certificate),
        key=_key_words(certificate),
        begins_at=certificate.not_valid_before_utc,
        ends_at=ends_at,
        fingerprint=fingerprint_of(certificate),
        tone=tone,
    )


def _key_words(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    return type(key).__name__
