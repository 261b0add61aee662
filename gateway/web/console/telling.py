"""Where a document stands with a recipient, as one would tell it to a caller on the phone."""

from datetime import date, datetime

from gateway.exchange.dossier import Dossier
from gateway.model.dispatch import Destination, State
from gateway.model.formats import write_day, write_instant
from gateway.model.people import Language
from gateway.model.question import OPEN_STANDINGS, Standing
from gateway.model.report import Words
from gateway.model.thread import RecipientState
from gateway.web.console.entries import end_sentence

_VI, _EN = Language.VIETNAMESE, Language.ENGLISH
_WORK: dict[str, Words] = {
    "03": ("{name} đã tiếp nhận lúc {at}; chưa xử lý xong", "{name} received it at {at}; not finished"),
    "04": ("{name} đã phân công xử lý lúc {at}; chưa xong", "{name} assigned it at {at}; not finished"),
    "05": ("{name} đang xử lý, từ lúc {at}", "{name} has been working on it since {at}"),
}

# Each pair is for a mailbox here, and for the axis.
_WAITS: tuple[Words, Words] = (
    (
        "Văn bản đã vào hộp chờ nhận của {name} lúc {at}; chưa ai lấy",
        "It has been in the mailbox of {name} since {at}; nobody has collected it",
    ),
    (
        "Đang chờ chuyển lên trục cho {name}, từ lúc {at}",
        "Waiting to be handed to the axis for {name}, since {at}",
    ),
)
_TAKEN: tuple[Words, Words] = (
    (
        "Hệ thống của {name} đã nhận lúc {at}; chưa báo tiếp nhận",
        "The system of {name} took it at {at}; not yet received",
    ),
    (
        "Đã chuyển lên trục cho {name} lúc {at}; chưa có phản hồi",
        "Handed to the axis for {name} at {at}; no answer yet",
    ),
)
_ARRIVED: Words = (
    "Văn bản đã đến {name} lúc {at}; chưa tiếp nhận",
    "It arrived at {name} at {at}; not yet received",
)


def tell_recipient(dossier: Dossier, recipient: RecipientState, today: date) -> Words:
    """Tell how a document stands with one of its recipients, in Vietnamese and English."""
    standing, due_on = dossier.standings.get(recipient.code, (Standing.WAITING, None))
    vi, en = _told(dossier, recipient, standing)
    if recipient.pending_change == "update":
        vi, en = f"{vi}; chưa trả lời bản cập nhật", f"{en}; owes an answer to the update"
    if due_on is not None and standing in OPEN_STANDINGS:
        past = due_on < today
        vi = f"{vi}; {'quá hạn từ' if past else 'hạn'} {write_day(due_on, _VI)}"
        en = f"{en}; {'overdue since' if past else 'due'} {write_day(due_on, _EN)}"
    return end_sentence(vi), end_sentence(en)


def _told(dossier: Dossier, recipient: RecipientState, standing: Standing) -> Words:
    name = dossier.name_of(recipient.code) or recipient.code
    if standing is Standing.RECALLED:
        return _tell_recall(name, recipient)
    if standing is Standing.WORKING and recipient.status in _WORK:
        return _at(_WORK[recipient.status], name, recipient.status_at)
    if standing is Standing.DONE:
        return _at(("{name} đã xử lý xong lúc {at}", "{name} finished it at {at}"), name, recipient.status_at)
    if standing is Standing.DECLINED:
        vi, en = _at(
            ("{name} từ chối tiếp nhận lúc {at}", "{name} declined it at {at}"), name, recipient.status_at
        )
        reason = _reason(dossier, recipient)
        return (f"{vi}: {reason}", f"{en}: {reason}") if reason else (vi, en)
    return _tell_delivery(dossier, recipient, standing, name)


def _tell_recall(name: str, recipient: RecipientState) -> Words:
    if recipient.recalled_at is not None:
        return _at(
            ("{name} đã đồng ý trả lại văn bản lúc {at}", "{name} agreed to give it back at {at}"),
            name,
            recipient.recalled_at,
        )
    if recipient.removed_at is not None:
        return _at(
            ("{name} được bỏ khỏi nơi nhận lúc {at}", "{name} was taken off the recipients at {at}"),
            name,
            recipient.removed_at,
        )
    return f"Văn bản đã được thu hồi; {name} chưa trả lời", f"It was recalled; {name} has not answered"


def _tell_delivery(dossier: Dossier, recipient: RecipientState, standing: Standing, name: str) -> Words:
    dispatch = dossier.dispatch_to(recipient.code)
    to_axis = dispatch is not None and dispatch.destination is Destination.AXIS
    if standing is Standing.FAILED:
        vi, en = f"Văn bản không chuyển được tới {name}", f"It could not be delivered to {name}"
        cause = None if dispatch is None else dossier.cause_of(dispatch)
        if cause is None:
            return vi, en
        return f"{vi}: {cause[0].rstrip('.')}", f"{en}: {cause[1].rstrip('.')}"
    lies_here = dispatch is not None and not to_axis and dispatch.state is State.WAITING
    if standing is Standing.WAITING or lies_here:
        return _at(_WAITS[to_axis], name, None if dispatch is None else dispatch.sent_at)
    if recipient.status is not None:
        return _at(_ARRIVED, name, recipient.status_at)
    return _at(_TAKEN[to_axis], name, None if dispatch is None else dispatch.ended_at)


def _reason(dossier: Dossier, recipient: RecipientState) -> str | None:
    told = [
        one.description for one in dossier.answers if one.recipient == recipient.code and one.status == "02"
    ]
    return told[-1] if told else None


def _at(words: Words, name: str, at: datetime | None) -> Words:
    """Put name and instant into a sentence."""
    if at is None:
        return words[0].format(name=name, at="(chưa rõ)"), words[1].format(name=name, at="(unknown)")
    vi, en = write_instant(at, _VI), write_instant(at, _EN)
    return words[0].format(name=name, at=vi), words[1].format(name=name, at=en)
