"""How our lists look on the VXP wire."""

from collections.abc import Iterable, Iterator

from gateway.exchange.directory import Snapshot
from gateway.exchange.testimony import receipt_item
from gateway.model.agency import Agency
from gateway.model.code_lists import STATUS_NAMES, StatusCode
from gateway.model.dispatch import State
from gateway.model.identifiers import AgencyCode, structural_alias
from gateway.store.mailboxes import MailboxItem
from gateway.store.mailboxes import SentItem as SentLine
from gateway.store.receipts import KeptReceipt
from gateway.vxp import answers
from gateway.vxp.items import DirectoryItem, ReceivedItem, SentItem, UnitItem
from gateway.vxp.receipts import write_receipts as write_receipt_list

# How a dispatch's state reads for its sender: the wire's word, and one for people.
_SEND_WORDS: dict[State, tuple[str, str]] = {
    State.WAITING: ("processing", "Đang chờ gửi"),
    State.CLAIMED: ("processing", "Đang gửi"),
    State.DELIVERED: ("done", "Đã gửi"),
    State.REFUSED: ("fail", "Bị từ chối"),
    State.EXPIRED: ("fail", "Hết hạn gửi"),
}


# The same for its recipient.
_RECEIVED_WORDS: dict[State, tuple[str, str]] = {
    State.WAITING: ("initial", "Chờ nhận"),
    State.CLAIMED: ("processing", "Đã tải, chờ xác nhận"),
    State.DELIVERED: ("done", "Đã nhận"),
    State.REFUSED: ("fail", "Bên nhận từ chối"),
    State.EXPIRED: ("fail", "Hết hạn"),
}


def received_item(item: MailboxItem) -> ReceivedItem:
    """Show one line of a mailbox to the system that may collect it."""
    return ReceivedItem(
        doc_id=item.id,
        kind=item.kind,
        sender=item.sender,
        recipient=item.recipient,
        created_at=item.created_at,
        updated_at=item.created_at,
        status=_RECEIVED_WORDS[item.state][0],
        status_words=_RECEIVED_WORDS[item.state][1],
        package_sha256=item.digest,
        priority=item.priority,
    )


def sent_item(item: SentLine) -> SentItem:
    """Show a sender what became of its package for one recipient."""
    word, words = _SEND_WORDS[item.state]
    known = item.status in STATUS_NAMES
    return SentItem(
        sender_doc_id=item.package_id,
        receiver_doc_id=item.dispatch_id,
        kind=item.kind,
        from_code=item.sender,
        to_code=item.recipient,
        title=item.subject,
        notation=item.notation,
        sent_at=item.sent_at,
        received_at=item.ended_at,
        send_status=word,
        send_status_words=words if item.last_fault is None else f"{words}: {item.last_fault}",
        receive_status=item.status,
        receive_status_words=StatusCode(item.status).vi if known and item.status else None,
        package_sha256=item.digest,
    )


def write_receipts(items: Iterable[KeptReceipt]) -> bytes:
    """Write receipts as an answer."""
    return write_receipt_list(map(receipt_item, items))


def write_received(items: Iterable[MailboxItem]) -> bytes:
    """Write lines of a mailbox as an answer."""
    return answers.write_received_list(map(received_item, items))


def write_sent(items: Iterable[SentLine]) -> bytes:
    """Write lines of a sender's report as an answer."""
    return answers.write_sent_list(map(sent_item, items))


def directory_items(directory: Snapshot) -> Iterator[DirectoryItem]:
    """List the agencies one may write to, each with its other code."""
    for agency in directory.addressable():
        yield _item(agency, agency.code, next(iter(agency.aliases), None))


def qd20_items(directory: Snapshot) -> Iterator[DirectoryItem]:
    """List the agencies that have a QĐ 20 code, by that code, each with its QCVN 102 code."""
    for agency in directory.addressable():
        other = structural_alias(agency.code)
        codes = (agency.code, *agency.aliases, *((other,) if other else ()))
        new = next((code for code in codes if code[:1].isalpha()), None)
        if new is not None:
            yield _item(agency, new, next((code for code in codes if code[:1].isdigit()), None))


def units(directory: Snapshot) -> Iterator[UnitItem]:
    """List every unit, closed ones marked."""
    for agency in directory.agencies.values():
        yield UnitItem(
            code=agency.code,
            name=agency.name,
            id=agency.code,
            parent_id=agency.parent,
            mail=agency.mail,
            deleted=agency.closed_at is not None,
        )


def _item(agency: Agency, code: AgencyCode, other: AgencyCode | None) -> DirectoryItem:
    return DirectoryItem(
        code=code,
        name=agency.name,
        id=agency.code,
        parent_id=agency.parent,
        mail=agency.mail,
        other_code=other,
    )
