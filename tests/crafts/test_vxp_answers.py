"""Answers: each case is written once and run both ways, whole, cut short and with rubbish behind."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Delay, LienthongError, Refusal
from gateway.model.code_lists import Kind, Priority
from gateway.model.identifiers import AgencyCode, Digest
from gateway.vxp.answers import (
    ErrorCode,
    SendAnswer,
    read_agencies,
    read_agencies_qd20,
    read_count,
    read_done,
    read_received_list,
    read_send_answer,
    read_sent_list,
    read_units,
    write_agencies,
    write_agencies_qd20,
    write_count,
    write_done,
    write_failure,
    write_received_list,
    write_send_answer,
    write_sent_list,
    write_units,
)
from gateway.vxp.items import DirectoryItem, ReceivedItem, SentItem, UnitItem, read_instant
from gateway.vxp.operations import Operation

H57, B02 = AgencyCode("000.00.12.H57"), AgencyCode("000.00.00.B02")
SHA = Digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
NOON = datetime(2026, 11, 21, 5, 0, 7, tzinfo=UTC)

Case = tuple[Callable[[Any], bytes], Callable[[bytes], Any], Any]

CASES: list[Case] = [
    (write_send_answer, read_send_answer, SendAnswer(doc_id="7c1e-01")),
    (
        write_send_answer,
        read_send_answer,
        SendAnswer(doc_id="7c1e-01", receipt={"digest": SHA, "name": "Sở", "size": 3}),
    ),
    (write_count, read_count, 0),
    (write_count, read_count, 412),
    (write_received_list, read_received_list, ()),
    (
        write_received_list,
        read_received_list,
        (
            ReceivedItem(doc_id="a"),
            ReceivedItem(
                doc_id="7c1e-02",
                kind=Kind.DOCUMENT,
                sender=B02,
                recipient=H57,
                created_at=NOON,
                updated_at=NOON,
                status="initial",
                status_words="Mới",
                package_sha256=SHA,
                priority=Priority.EXPRESS,
            ),
        ),
    ),
    (write_sent_list, read_sent_list, ()),
    (
        write_sent_list,
        read_sent_list,
        (
            SentItem(),
            SentItem(
                sender_doc_id="a",
                receiver_doc_id="b",
                kind=Kind.STATUS,
                from_code=H57,
                to_code=B02,
                title="Về việc <họp>",
                notation="412/SYT-VP",
                sent_at=NOON,
                received_at=NOON,
                send_status="done",
                send_status_words="Đã gửi",
                receive_status="initial",
                receive_status_words="Chờ",
                package_sha256=SHA,
            ),
        ),
    ),
    (
        write_agencies,
        read_agencies,
        (
            DirectoryItem(code=H57, name="Sở Y tế"),
            DirectoryItem(code=B02, name="Bộ", id="1", parent_id="0", mail="a@b.vn", other_code=H57),
        ),
    ),
    (
        write_agencies_qd20,
        read_agencies_qd20,
        (DirectoryItem(code=AgencyCode("H57.12"), name="Sở", other_code=H57),),
    ),
    (
        write_units,
        read_units,
        (
            UnitItem(code=H57, name="Sở Y tế"),
            UnitItem(
                code=B02,
                name="Bộ",
                id="1",
                parent_id="0",
                mail="a@b.vn",
                centre_code="00.53.W00",
                version=7,
                deleted=True,
                is_agency=False,
                modified="2026-11-21",
            ),
        ),
    ),
]
READERS = [read_done, *dict.fromkeys(reader for _, reader, _ in CASES)]


@pytest.mark.parametrize(("write", "read", "value"), CASES)
def test_an_answer_is_written_and_read(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any], value: Any
) -> None:
    """What one side writes the other reads, with a byte order mark too."""
    assert read(write(value)) == value
    assert read(b"\xef\xbb\xbf" + write(value)) == value


@pytest.mark.parametrize(("write", "read", "value"), CASES)
def test_an_answer_suits_the_sdk(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any], value: Any
) -> None:
    """ASCII, the three texts always there, nothing null: else its caller gets an object full of nulls."""
    body = write(value)
    assert body.isascii()
    assert b"null" not in body
    members = json.loads(body)
    assert (members["status"], members["ErrorCode"], members["ErrorDesc"]) == ("OK", "0", "Thanh cong")


@pytest.mark.parametrize(("write", "read", "value"), CASES)
def test_an_answer_cut_short_or_with_rubbish_behind_is_none(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any], value: Any
) -> None:
    """Half an answer says nothing; an unreadable list is above all not an empty one."""
    body = write(value)
    for broken in (*(body[:end] for end in range(len(body))), body + b"x", body + body):
        with pytest.raises(Delay) as caught:
            read(broken)
        assert caught.value.code == "answer-unreadable"


def test_success_is_all_that_some_operations_say() -> None:
    """updateStatus, registerAgency, deleteAgency."""
    read_done(write_done())
    assert write_done() == b'{"status":"OK","ErrorCode":"0","ErrorDesc":"Thanh cong"}'


@pytest.mark.parametrize(
    "operation", [operation for operation in Operation if operation is not Operation.DOWNLOAD]
)
def test_a_failure_suits_the_sdk(operation: Operation) -> None:
    """The status is exactly FAIL, the number a text, the words arrive whole though the bytes are ASCII."""
    body = write_failure(operation, ErrorCode.RECIPIENT, "Không rõ nơi nhận")
    assert body.isascii()
    members = json.loads(body)
    assert members["status"] == "FAIL"
    assert members["ErrorCode"] == "6"
    assert members["ErrorDesc"] == "Không rõ nơi nhận"
    assert ("DocId" in members) == (operation is Operation.SEND)


def test_a_refusal_can_carry_a_signed_statement() -> None:
    """A refusal is an event too; nothing of it stands in an answer that was given none."""
    body = write_failure(Operation.SEND, ErrorCode.PACKAGE, "x", doc_id="a", receipt={"digest": SHA})
    members = json.loads(body)
    assert (members["DocId"], members["Receipt"]) == ("a", {"digest": SHA})
    assert b"Receipt" not in write_failure(Operation.SEND, ErrorCode.PACKAGE, "x")


def test_a_failed_download_says_nothing_at_all() -> None:
    """Any byte would be kept as the document."""
    assert write_failure(Operation.DOWNLOAD, ErrorCode.DOCUMENT, "Không có") == b""


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.OK])
def test_a_failure_is_final_or_passing_by_its_number(read: Callable[[bytes], Any], code: ErrorCode) -> None:
    """4 to 9 condemn the package; a bad secret, header or transfer (1 to 3) and 99 want patience."""
    with pytest.raises(LienthongError) as caught:
        read(write_failure(Operation.SEND, code, "vì sao"))
    final = code in ("4", "5", "6", "7", "8", "9")
    assert isinstance(caught.value, Refusal if final else Delay)
    assert caught.value.code == ("axis-refused" if final else "axis-failed")
    assert "vì sao" in caught.value.faults[0].vi


def test_which_numbers_are_final_is_a_setting() -> None:
    """No list of the axis's own numbers is public."""
    body = b'{"status":"FAIL","ErrorCode":22,"ErrorDesc":"x"}'
    with pytest.raises(Delay):
        read_done(body)
    with pytest.raises(Refusal):
        read_done(body, permanent=frozenset({"22"}))


def test_what_a_node_of_ours_said_in_two_languages_is_told_in_each_by_itself() -> None:
    """Nobody reads both of them twice; what others say is not divided."""
    both = "[a-rule] To/OrganId: thiếu mã / the code is missing | [b-rule] sai / wr"
    with pytest.raises(Refusal) as caught:
        read_done(write_failure(Operation.SEND, ErrorCode.PACKAGE, both))
    (fault,) = caught.value.faults
    assert fault.vi == "Trục trả lời lỗi 4: [a-rule] To/OrganId: thiếu mã | [b-rule] sai"
    assert fault.en == "The axis answered error 4: [a-rule] the code is missing | [b-rule] wr"
    with pytest.raises(Refusal) as caught:
        read_done(write_failure(Operation.SEND, ErrorCode.PACKAGE, "Sai / thiếu"))
    assert caught.value.faults[0].vi.endswith("lỗi 4: Sai / thiếu")


def test_the_far_sides_words_are_bounded_and_printable() -> None:
    """They go into faults, logs and pages."""
    with pytest.raises(Delay) as caught:
        read_done(json.dumps({"ErrorCode": "7\n" * 99, "ErrorDesc": "a\x1b[2J\ud800\n" * 999}).encode())
    assert len(caught.value.faults[0].vi) < 2200
    assert caught.value.faults[0].vi.encode().isascii() is False
    assert "\x1b" not in caught.value.faults[0].vi


def test_what_nobody_sees_is_not_taken_over_from_a_list() -> None:
    """One such name would keep a database that cannot hold it from all the others."""
    listed = {"ErrorCode": "0", "data": [{"code": "H57", "name": "Sở\0 Y\u202e tế", "mail": "\0"}]}
    (item,) = read_agencies(json.dumps(listed).encode())
    assert (item.name, item.mail) == ("Sở Y tế", None)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"OK",
        b"<html><body>502 Bad Gateway</body></html>",
        b"{}",
        b'{"status":"OK"}',
        b'{"errorcode":"0","status":"OK","data":[],"count":1,"DocId":"a"}',
        b'{"ErrorCode":null,"status":"OK","data":[],"count":1,"DocId":"a"}',
        b'{"ErrorCode":"0","status":"FAIL","data":[],"count":1,"DocId":"a"}',
        b'{"ErrorCode":"0","status":"error","data":[],"count":1,"DocId":"a"}',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"ErrorCode":' + b"9" * 5000 + b"}",
    ],
)
def test_an_answer_that_is_none_is_no_success_and_no_refusal(
    read: Callable[[bytes], Any], body: bytes
) -> None:
    """An error page, a bare word, success and failure in one: nobody must change anything, we ask again."""
    with pytest.raises(Delay) as caught:
        read(body)
    assert caught.value.code == "answer-unreadable"


@pytest.mark.parametrize("read", [reader for reader in READERS if reader is not read_done])
@pytest.mark.parametrize(
    "rest",
    [
        "",
        ',"data":null,"count":null,"DocId":null',
        ',"data":"","count":-1,"DocId":""',
        ',"data":[1],"count":"x","DocId":{}',
    ],
)
def test_a_success_without_what_it_promises_is_unreadable(read: Callable[[bytes], Any], rest: str) -> None:
    """A DocId nobody can ask by, a list that is no list, a count that is no number."""
    with pytest.raises(Delay) as caught:
        read(f'{{"status":"OK","ErrorCode":"0","ErrorDesc":""{rest}}}'.encode())
    assert caught.value.code == "answer-unreadable"


def test_what_other_axes_write_is_understood() -> None:
    """Numbers for texts, nulls, arrays of one, unknown words and members, other forms of time."""
    body = """{"status":"Success","ErrorCode":0,"ErrorDesc":null,"data":[
        {"docId":17,"messageType":"EDOC","from":["000.00.12.h57"],"to":null,"status":true,"priority":"3",
         "created_time":"21/11/2026 12:00:07","updated_time":"2026-11-21 12:00:07.5",
         "packageSha256":"x","more":{"a":[]}},
        {"docId":null,"from":"H57"}]}"""
    items = read_received_list(body.encode())
    assert items == (
        ReceivedItem(
            doc_id="17",
            kind=Kind.DOCUMENT,
            sender=H57,
            created_at=NOON,
            updated_at=NOON.replace(microsecond=500_000),
            status="true",
            priority=Priority.EXPRESS,
        ),
    )


def test_a_unit_with_odd_members_is_still_a_unit() -> None:
    """The directory must not be lost to one careless entry."""
    unit = b'{"code":"H57","version":"x","deleted":"1","isAgency":"false"}'
    body = b'{"ErrorCode":"0","data":[' + unit + b',{"name":"?"}]}'
    assert read_units(body) == (UnitItem(code=AgencyCode("H57"), name="H57", deleted=True, is_agency=False),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21 12:00:07", NOON),
        ("2026-11-21 12:00:07.0", NOON),
        ("2026-11-21T05:00:07Z", NOON),
        ("2026-11-21T12:00:07.000+07:00", NOON),
        ("2026-11-20T21:00:07-0800", NOON),
        ("21/11/2026 12:00:07", NOON),
        ("21/11/2026", datetime(2026, 11, 20, 17, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 20, 17, tzinfo=UTC)),
        ("31/02/2026", None),
        ("0001-01-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_instants_are_read_in_every_form_met(text: str, expected: datetime | None) -> None:
    """Without a zone it is Vietnamese local time; what cannot be read is absent, not an error."""
    assert read_instant(text) == expected


@given(st.sampled_from(READERS), st.binary(max_size=80))
def test_no_rubbish_makes_a_reader_fail_in_another_way(read: Callable[[bytes], Any], body: bytes) -> None:
    """Foreign exceptions do not leave this room."""
    with pytest.raises(LienthongError):
        read(body)
