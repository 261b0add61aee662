"""The operations of the axis, and the form of their requests."""

from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """What a system may ask; the value is the last part of the path, in exact case."""

    SEND = "sendEdoc"
    LIST_RECEIVED = "getReceivedEdocList"
    LIST_SENT = "getSentEdocList"
    GET = "getEdoc"
    DOWNLOAD = "downloadEdoc"
    CONFIRM = "updateStatus"
    COUNT_DOCUMENTS = "countReceiveEdoc"
    COUNT_STATUSES = "countReceiveStatus"
    LIST_AGENCIES = "getAgenciesList"
    LIST_AGENCIES_QD20 = "getAgenciesListQD20"
    LIST_UNITS = "getSynchronizeUnit"
    REGISTER = "registerAgency"
    DELETE = "deleteAgency"
    # Our own additions.
    LIST_RECEIPTS = "getReceiptList"
    TELL_RECEIPTS = "putReceiptList"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a request travels: its method, its content type and, unless it carries content, its body."""

    method: str = "POST"
    content_type: str = "application/json"
    body: bytes | None = b""


# Counts are GET in the SDK's source and POST on its wire.
FORMS: dict[Operation, Form] = {
    Operation.SEND: Form(content_type="application/octet-stream", body=None),
    Operation.LIST_RECEIVED: Form(),
    Operation.LIST_SENT: Form(),
    Operation.GET: Form(body=b"{}"),
    Operation.DOWNLOAD: Form(method="GET"),
    Operation.CONFIRM: Form(body=b"{}"),
    Operation.COUNT_DOCUMENTS: Form(body=b"{}"),
    Operation.COUNT_STATUSES: Form(body=b"{}"),
    Operation.LIST_AGENCIES: Form(),
    Operation.LIST_AGENCIES_QD20: Form(),
    Operation.LIST_UNITS: Form(),
    Operation.REGISTER: Form(body=None),
    Operation.DELETE: Form(body=b"{}"),
    Operation.LIST_RECEIPTS: Form(),
    Operation.TELL_RECEIPTS: Form(body=None),
}


def operation_at(path: str) -> Operation | None:
    """Tell which operation a path asks for; any prefix and doubled slashes are accepted.

    A trailing slash in a client's configuration makes ``//sendEdoc``, and we must not redirect: the SDK
    would come back without its signature.
    """
    try:
        return Operation(path.rsplit("/", 1)[-1])
    except ValueError:
        return None
