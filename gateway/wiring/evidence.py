"""The ladder of receipts: what is fetched from the axis, and what is expected in time."""

from datetime import timedelta

from cryptography import x509

from gateway.clients.axis import Axis
from gateway.config import Config
from gateway.exchange.evidencing import Evidencing
from gateway.exchange.expectations import Expectations
from gateway.exchange.worker import Round
from gateway.model.node import Duty
from gateway.office import Clock, Office
from gateway.trust.certificates import load_anchors

_LOOKED_EVERY = timedelta(seconds=30)


def expect_receipts(office: Office, clock: Clock) -> Expectations:
    """Put together what looks for receipts that do not come."""
    return Expectations(
        database=office.database,
        directory=office.directory,
        notary=office.notary,
        collected_within=office.config.receipts.collected_within,
        arrived_within=office.config.receipts.arrived_within,
        clock=clock,
    )


def receipt_rounds(
    office: Office, axis: Axis | None, expectations: Expectations, clock: Clock
) -> tuple[Round, ...]:
    """Make the rounds that fetch receipts and look for those that are missing."""
    looking = Round(every=_LOOKED_EVERY, make=expectations.look, duty=Duty.UPKEEP)
    settings = office.config.axis
    if axis is None or settings is None or not settings.receipts_every:
        return (looking,)
    evidencing = Evidencing(
        database=office.database,
        notary=office.notary,
        axis=axis,
        certificates=_axis_certificates(office.config),
        clock=clock,
    )
    exchanged = (evidencing.fetch, evidencing.tell)
    return (looking, *(Round(every=settings.receipts_every, make=make, duty=Duty.AXIS) for make in exchanged))


def _axis_certificates(config: Config) -> tuple[x509.Certificate, ...]:
    """Load the certificates the axis's seal is known by."""
    if config.axis is None or config.axis.certificate_file is None:
        return ()
    pem = config.axis.certificate_file.read_bytes()
    return load_anchors(pem, where="axis.certificate_file").certificates
