"""Requests: each case is written once and run both ways."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LienthongError, Refusal
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, SystemId
from gateway.vxp.requests import (
    Confirmation,
    ConfirmRequest,
    DeleteRequest,
    DocumentRequest,
    ListRequest,
    Registration,
    SendRequest,
    read_confirm,
    read_delete,
    read_document,
    read_list,
    read_registration,
    read_send,
    write_confirm,
    write_delete,
    write_document,
    write_list,
    write_registration,
    write_send,
)
from gateway.vxp.signing import SignedArguments

H57, B02, C03 = AgencyCode("000.00.12.H57"), AgencyCode("000.00.00.B02"), AgencyCode("000.00.00.C03")
ABC = Digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
ABC_SENT = "ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad"


def signed(values: dict[str, str]) -> SignedArguments:
    """Say that these arguments were verified."""
    return SignedArguments(system=SystemId("SYS.A01"), values=values)


SENDS = [
    (
        SendRequest(from_code=H57, to=(B02, C03), kind=Kind.DOCUMENT, hash_file=ABC_SENT),
        {
            "servicetype": "eDoc",
            "messagetype": "edoc",
            "hash-file": ABC_SENT,
            "from": "000.00.12.H57",
            "to": '["000.00.00.B02","000.00.00.C03"]',
        },
    ),
    (
        SendRequest(from_code=H57, to=None, kind=Kind.STATUS, hash_file=ABC_SENT),
        {"servicetype": "eDoc", "messagetype": "status", "hash-file": ABC_SENT, "from": "000.00.12.H57"},
    ),
]


@pytest.mark.parametrize(("request_", "arguments"), SENDS)
def test_a_send_request_is_written_and_read(request_: SendRequest, arguments: dict[str, str]) -> None:
    """What one side writes the other reads."""
    assert (
        write_send(sender=request_.from_code, recipients=request_.to, kind=request_.kind, digest=ABC)
        == arguments
    )
    assert read_send(signed(arguments)) == request_


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("null", None),
        ("[]", None),
        ('[""]', None),
        ('["H57.1.2"]', ("H57.1.2",)),
        ('["h57.1.2", " H57.1.2 ", "B02"]', ("H57.1.2", "B02")),
        ('"H57.1.2"', ("H57.1.2",)),
        ("H57.1.2", ("H57.1.2",)),
        ("0102030405", ("0102030405",)),
        ("1102030405", ("1102030405",)),
        ("[1102030405]", ("1102030405",)),
        ("1102030405-001", ("1102030405-001",)),
    ],
)
def test_recipients_are_read_in_every_form_met(text: str | None, expected: tuple[str, ...] | None) -> None:
    """An array, a text with its quotes, a bare code, null, nothing at all; a code of digits stays a text."""
    arguments = {"servicetype": "edoc", "messagetype": "EDOC", "hash-file": "x", "from": "H57"}
    if text is not None:
        arguments["to"] = text
    assert read_send(signed(arguments)).to == expected


@pytest.mark.parametrize("text", ['[["B02"]]', '{"a":"B02"}', "[null]", "[true]"])
def test_recipients_of_another_form_are_refused(text: str) -> None:
    """Guessing an address is worse than asking again."""
    with pytest.raises(Refusal) as caught:
        read_send(signed({**SENDS[1][1], "to": text}))
    assert (caught.value.code, caught.value.faults[0].where) == ("argument-unreadable", "to")


@pytest.mark.parametrize("name", ["from", "messagetype", "hash-file"])
def test_a_send_request_needs_its_arguments(name: str) -> None:
    """Who sends, what, and which bytes."""
    with pytest.raises(Refusal) as caught:
        read_send(signed({key: value for key, value in SENDS[0][1].items() if key != name}))
    assert (caught.value.code, caught.value.faults[0].where) == ("header-missing", name)


@pytest.mark.parametrize(("name", "value"), [("messagetype", "letter"), ("servicetype", "eInvoice")])
def test_a_send_request_of_an_unknown_kind_is_refused(name: str, value: str) -> None:
    """Neither edoc nor status."""
    with pytest.raises(Refusal) as caught:
        read_send(signed({**SENDS[0][1], name: value}))
    assert caught.value.code == "argument-unreadable"


LISTS = [
    (ListRequest(), {"servicetype": "eDoc"}),
    (ListRequest(kind=Kind.STATUS), {"servicetype": "eDoc", "messagetype": "status"}),
    (
        ListRequest(
            kind=Kind.DOCUMENT,
            from_at=datetime(2026, 11, 20, 17, tzinfo=UTC),
            to_at=datetime(2026, 11, 21, 16, 59, 59, 999_999, tzinfo=UTC),
        ),
        {
            "servicetype": "eDoc",
            "messagetype": "edoc",
            "fromDate": "21/11/2026 00:00:00",
            "toDate": "21/11/2026 23:59:59",
        },
    ),
]


@pytest.mark.parametrize(("request_", "arguments"), LISTS)
def test_a_list_request_is_written_and_read(request_: ListRequest, arguments: dict[str, str]) -> None:
    """What one side writes the other reads."""
    assert write_list(request_) == arguments
    assert read_list(signed(arguments)) == request_


def test_days_are_inclusive_and_vietnamese() -> None:
    """A whole day in Hà Nội, from its midnight to the last instant before the next."""
    read = read_list(signed({"fromDate": "21/11/2026", "toDate": "21/11/2026"}))
    assert (read.from_at, read.to_at) == (LISTS[2][0].from_at, LISTS[2][0].to_at)


def test_what_an_earlier_call_left_behind_filters_no_list() -> None:
    """An SDK object signs docId, docid, status, from and hash-file again on its next list."""
    left_over = {
        "docId": "A",
        "docid": "B",
        "status": "done",
        "from": "H57",
        "hash-file": "x",
        "filePath": "/",
    }
    assert read_list(signed({"messagetype": "edoc", **left_over})) == ListRequest(kind=Kind.DOCUMENT)


@pytest.mark.parametrize(
    "text", ["2026-11-21", "31/02/2026", "1/1/0000", "21/11/2026 25:00:00", "31/12/9999", "x"]
)
def test_a_date_that_is_none_is_refused(text: str) -> None:
    """A filter that cannot be read must not silently select everything."""
    with pytest.raises(Refusal) as caught:
        read_list(signed({"toDate": text}))
    assert caught.value.code == "argument-unreadable"


def test_a_document_request_is_written_and_read() -> None:
    """What one side writes the other reads; the caller's folder is no business of ours."""
    request_ = DocumentRequest(doc_id="7c1e-01")
    assert write_document(request_) == {"docId": "7c1e-01"}
    assert read_document(signed({"docId": "7c1e-01", "docid": "old", "filePath": "C:/in"})) == request_


CONFIRMS = [
    (
        ConfirmRequest(doc_id="7c1e-01", confirmation=Confirmation.DONE),
        {"docId": "7c1e-01", "status": "done"},
    ),
    (
        ConfirmRequest(doc_id="7c1e-01", confirmation=Confirmation.FAIL, description="khong doc duoc"),
        {"docId": "7c1e-01", "status": "fail", "description": "khong doc duoc"},
    ),
]


@pytest.mark.parametrize(("request_", "arguments"), CONFIRMS)
def test_a_confirmation_is_written_and_read(request_: ConfirmRequest, arguments: dict[str, str]) -> None:
    """What one side writes the other reads."""
    assert write_confirm(request_) == arguments
    assert read_confirm(signed(arguments)) == request_


def test_a_confirmation_means_the_document_in_small_letters() -> None:
    """After one round docId holds the next document, docid the one to confirm."""
    read = read_confirm(signed({"docId": "NEXT", "docid": "DONE", "status": "Done"}))
    assert (read.doc_id, read.confirmation) == ("DONE", Confirmation.DONE)


def test_another_word_than_the_three_confirms_nothing() -> None:
    """01 to 16 are an agency's words and travel in packages."""
    with pytest.raises(Refusal) as caught:
        read_confirm(signed({"docId": "A", "status": "03"}))
    assert caught.value.code == "status-unknown"


def test_a_deletion_is_written_and_read() -> None:
    """What one side writes the other reads."""
    assert write_delete(DeleteRequest(code=H57)) == {"AgencyCode": "000.00.12.H57"}
    assert read_delete(signed({"AgencyCode": " 000.00.12.h57"})) == DeleteRequest(code=H57)


REGISTRATIONS = [
    Registration(code=H57, name="Sở Y tế", mail="syt@example.gov.vn"),
    Registration(code=H57, name="Sở Y tế", mail="a@b.vn", id="12", parent="1", mobile="09", fax="08"),
]


@pytest.mark.parametrize("registration", REGISTRATIONS)
def test_a_registration_is_written_and_read(registration: Registration) -> None:
    """What one side writes the other reads."""
    assert read_registration(write_registration(registration)) == registration


@pytest.mark.parametrize("parent", ["pcode", "pCode", "pid"])
def test_the_parent_has_three_names(parent: str) -> None:
    """The SDK's own request class and its callers disagree; numbers are as good as texts."""
    body = f'\ufeff{{"code":"H57","name":"Tỉnh","{parent}":7}}'
    assert read_registration(body.encode()).parent == "7"


def test_a_registration_is_kept_without_what_nobody_sees() -> None:
    """Not every database takes each sign: what one node keeps another must be able to."""
    body = b'{"code":"H57","name":" S\\u00a0Y \\u0000t\\u202e\\n","mail":"\\u0000"}'
    registration = read_registration(body)
    assert (registration.name, registration.mail) == ("S Y t", None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b"{", b"{} {}", b"[" * 50_000, b'{"code":"H","name":"\\ud800"}']
)
def test_a_registration_that_is_no_object_is_refused(body: bytes) -> None:
    """Whatever comes, the answer is a refusal of ours."""
    with pytest.raises(Refusal) as caught:
        read_registration(body)
    assert caught.value.code == "registration-unreadable"


def test_a_registered_name_is_cut_where_no_name_goes_on() -> None:
    """It stands in every list of the directory."""
    assert len(read_registration(json.dumps({"code": "H57", "name": "x" * 60_000}).encode()).name) == 500


@pytest.mark.parametrize(
    "body", [b"{}", b'{"code":"H57"}', b'{"name":"x","code":""}', b'{"name":"x","code":null}']
)
def test_a_registration_needs_code_and_name(body: bytes) -> None:
    """Nothing can be addressed to an agency without a code."""
    with pytest.raises(Refusal) as caught:
        read_registration(body)
    assert caught.value.code == "member-missing"


@given(st.binary(max_size=60))
def test_no_rubbish_makes_a_registration_fail_in_another_way(body: bytes) -> None:
    """Foreign exceptions do not leave this room."""
    with contextlib.suppress(LienthongError):
        read_registration(body)
