"""``getReceiptList``: each case is written once and run both ways."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Delay, LienthongError, Refusal
from gateway.model.code_lists import Kind
from gateway.model.identifiers import SystemId
from gateway.vxp.receipts import (
    RECEIPTS_AT_MOST,
    ReceiptItem,
    ReceiptsRequest,
    Side,
    read_receipts,
    read_receipts_request,
    write_receipts,
    write_receipts_request,
)
from gateway.vxp.signing import SignedArguments

AT = datetime(2026, 4, 12, 1, 30, 5, tzinfo=UTC)


def signed(values: dict[str, str]) -> SignedArguments:
    """Say that these arguments were verified."""
    return SignedArguments(system=SystemId("SYT"), values=values)


@pytest.mark.parametrize(
    "request_",
    [
        ReceiptsRequest(),
        ReceiptsRequest(doc_id="7c1e", limit=7),
        ReceiptsRequest(kind=Kind.STATUS),
        ReceiptsRequest(side=Side.RECEIVED, after=44_375, limit=1),
    ],
)
def test_a_request_is_written_and_read(request_: ReceiptsRequest) -> None:
    """What one side writes the other reads."""
    assert read_receipts_request(signed(write_receipts_request(request_))) == request_


def test_instants_are_those_of_the_other_lists() -> None:
    """Vietnamese local time to the second, inclusive."""
    arguments = write_receipts_request(ReceiptsRequest(from_at=AT, to_at=AT))
    assert arguments["fromDate"] == arguments["toDate"] == "12/04/2026 08:30:05"
    assert read_receipts_request(signed(arguments)).from_at == AT


def test_what_is_left_empty_was_not_meant() -> None:
    """A client that forgets no header sends empty what is left over."""
    left_over = {"docId": "", "side": " ", "fromDate": "", "after": "", "limit": "", "messagetype": ""}
    assert read_receipts_request(signed(left_over)) == ReceiptsRequest()


@pytest.mark.parametrize(("said", "limit"), [("0", 1), ("5", 5), ("99999999", RECEIPTS_AT_MOST)])
def test_a_limit_is_kept_within_bounds(said: str, limit: int) -> None:
    """Whoever asks for more gets as many as there are in one answer, and asks again."""
    assert read_receipts_request(signed({"limit": said})).limit == limit


@pytest.mark.parametrize("values", [{"side": "both"}, {"after": "-1"}, {"after": "x"}, {"limit": "1" * 16}])
def test_an_argument_that_says_nothing_is_refused(values: dict[str, str]) -> None:
    """Named, with the form it should have."""
    with pytest.raises(Refusal, match="argument-unreadable") as refused:
        read_receipts_request(signed(values))
    assert {fault.where for fault in refused.value.faults} == set(values)


ITEMS = [
    ReceiptItem(entry=1, event="accepted", receipt={"form": "lienthong-receipt-1"}),
    ReceiptItem(
        entry=2,
        event="turned-away",
        receipt={"statement": '{"recipient":"Sở Y tế"}'},
        at=AT,
        sender_doc_id="a",
        receiver_doc_id="b",
        recipients=("000.00.12.H57",),
        evidence=("ContentHandoverFailure",),
        reasons=("RecipientRejection",),
    ),
]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_list_is_written_and_read(count: int) -> None:
    """In ASCII, without nulls, and the receipt as it was."""
    written = write_receipts(ITEMS[:count])
    assert written.isascii()
    assert b"null" not in written
    assert read_receipts(written) == tuple(ITEMS[:count])


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"entry": 1},
        {"entry": "1", "Receipt": {}},
        {"entry": True, "Receipt": {}},
        {"entry": 1 << 64, "Receipt": {}},
        7,
    ],
)
def test_an_item_that_cannot_be_paged_by_is_no_answer(item: object) -> None:
    """Never taken for the end of the list."""
    body = json.dumps({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", "data": [item]}).encode()
    with pytest.raises(Delay, match="answer-unreadable"):
        read_receipts(body)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_rubbish_is_refused_in_our_words(body: bytes) -> None:
    """Whatever comes, no error leaves that is not ours."""
    with contextlib.suppress(LienthongError):
        read_receipts(body)
