"""What the console's pages hold of a gateway that is built."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.exchange.alerts import Alerts
from gateway.exchange.books import Books
from gateway.model.identifiers import AgencyCode
from gateway.trust.keys import Seal
from gateway.web.operations import Watch
from gateway.wiring.desks import Desks


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the pages hold of a gateway that is built."""

    watch: Watch
    desks: Desks
    books: Books
    alerts: Alerts
    seals: Mapping[AgencyCode, Seal]
