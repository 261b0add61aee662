"""The signed headers, against what the SDK itself was seen to write."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.model.identifiers import Digest, SystemId
from gateway.vxp.operations import FORMS, Operation, operation_at
from gateway.vxp.signing import (
    SignedArguments,
    claimed_system,
    hash_matches,
    mac,
    read_timestamp,
    sign_headers,
    unpadded_hex,
    verify_headers,
    write_timestamp,
)

# Texts signed by the SDK (2.0.0 and 2.0.1) with made-up secrets, and the hash header it sent.
VECTORS = [
    (
        "s3cr&t<Ký>",
        '{"XroadVnpt-systemid":"000.00.12.H57","XroadVnpt-timestamp":"21112026T161407+0221",'
        '"XroadVnpt-Content-Type":"application/json"}',
        "dcbd38ac51cc72e3ed35152253021f47cc55e6a10ecd34de33129805708be8ab",
    ),
    (
        "s3cr&t<Ký>",
        '{"XroadVnpt-note":"a<b>&c=\'d\' \\"q\\" \\\\ / x","XroadVnpt-systemid":"000.00.12.H57",'
        '"XroadVnpt-docId":"abc","XroadVnpt-timestamp":"21112026T161445+0667",'
        '"XroadVnpt-Content-Type":"application/json","XroadVnpt-status":"done"}',
        "7173c58093c80c3e716aae53fe2ddde7ef1c70803cbfa738a5d1da8b7570efe5",
    ),
    (
        "s3cr&t<Ký>",
        '{"XroadVnpt-systemid":"000.00.12.H57","XroadVnpt-servicetype":"eDoc","XroadVnpt-messagetype":"edoc",'
        '"XroadVnpt-hash-file":"4a307fb4cf2e977cda16f71badded9dc441c96426e868b79ce70d8bb8b314e2a",'
        '"XroadVnpt-from":"000.00.12.H57","XroadVnpt-to":"[\\"000.00.00.H57\\",\\"H57.1.2\\"]",'
        '"XroadVnpt-timestamp":"21112026T161407+0714","XroadVnpt-Content-Type":"application/octet-stream"}',
        "a41a3918de835fcba45527c92fd8cf3fae95288aa634b7d7ceb90e3201c78ba2",
    ),
    (
        "test-secret-0001",
        '{"XroadVnpt-systemid":"000.00.12.H57","XroadVnpt-timestamp":"21112026T161407+0221",'
        '"XroadVnpt-Content-Type":"application/json"}',
        "2751b196b43a2410c69cdb8f07ab45c1a4da043e360caa068d24e5ac7fa58072",
    ),
    (
        "made-up-secret",
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-servicetype":"eDoc","XroadVnpt-messagetype":"edoc",'
        '"XroadVnpt-timestamp":"06052024T070809+0010","XroadVnpt-Content-Type":"application/json"}',
        "13093910b9dec394262bb0815d798771106417b1658bd8d5c06251bf18b7226a",
    ),
    (
        "made-up-secret",
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-servicetype":"eDoc","XroadVnpt-messagetype":"edoc",'
        '"XroadVnpt-hash-file":"ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad",'
        '"XroadVnpt-from":"000.00.00.A01","XroadVnpt-to":"[\\"000.00.00.B02\\",\\"000.00.00.C03\\"]",'
        '"XroadVnpt-timestamp":"06052024T070809+0010","XroadVnpt-Content-Type":"application/octet-stream"}',
        "9a76f9d74d41c93b6874b5f2ec79258c9547e810b569c2dd7cbbcc2bb3c0ada3",
    ),
    (
        "made-up-secret",
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-docid":"doc-0001",'
        '"XroadVnpt-timestamp":"06052024T070809+0010","XroadVnpt-Content-Type":"application/json",'
        '"XroadVnpt-status":"done"}',
        "f45408874cbab0cc9ccb8037d9bc2042a1e8a9d9733cdf091ddeef8b1d852d85",
    ),
    (
        "made-up-secret",
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-from":"Sở Thử nghiệm",'
        '"XroadVnpt-timestamp":"06052024T070809+0010","XroadVnpt-Content-Type":"application/json"}',
        "196cb7594b48040b4fa9aac83c3eb37fa3dc8139cd6a9db961e640e64ba24cc7",
    ),
]

SECRET = b"made-up-secret"
AT = datetime(2024, 5, 6, 0, 8, 9, 10_000, tzinfo=UTC)


def raw(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Turn headers into the byte pairs an HTTP server gives."""
    return [(name.encode(), value.encode()) for name, value in headers]


def as_sent(text: str, secret: bytes = SECRET, *, names: str | None = None) -> list[tuple[bytes, bytes]]:
    """Write the headers of a request whose signed text is the given one, plain headers included."""
    try:
        members = json.loads(text)
        plain = {name: value for name, value in members.items() if isinstance(value, str)}
        "".join(plain.values()).encode()
    except (ValueError, AttributeError, RecursionError):
        plain = {"XroadVnpt-systemid": "SYS.A01"}
    listed = ";".join(name.removeprefix("XroadVnpt-") for name in plain) if names is None else names
    return [
        *((name.encode(), value.replace("\n", " ").encode()) for name, value in plain.items()),
        (b"XroadVnpt-sign-header-key", listed.encode()),
        (b"XroadVnpt-sign-header", text.encode()),
        (b"XroadVnpt-hash-header", mac(text.encode(), secret).encode()),
        (b"XroadVnpt-version", b"3.0.201608"),
    ]


def text_of(**arguments: str) -> str:
    """Write a signed text with the given arguments."""
    members = {"systemid": "SYS.A01", **arguments}
    return json.dumps({f"XroadVnpt-{name.replace('_', '-')}": value for name, value in members.items()})


@pytest.mark.parametrize(("secret", "text", "expected"), VECTORS)
def test_the_hash_header_is_the_one_the_sdk_sent(secret: str, text: str, expected: str) -> None:
    """Published vectors: the HMAC runs over the UTF-8 bytes of secret and text."""
    assert mac(text.encode(), secret.encode()) == expected


@pytest.mark.parametrize(("secret", "text", "expected"), VECTORS)
def test_a_request_of_the_sdk_is_believed_and_its_arguments_are_read(
    secret: str, text: str, expected: str
) -> None:
    """The SDK's own texts verify, and every argument comes out as it was signed."""
    arguments = verify_headers(as_sent(text, secret.encode()), secret.encode())
    signed = json.loads(text)
    assert dict(arguments.values) == {
        name.removeprefix("XroadVnpt-"): value for name, value in signed.items()
    }
    assert arguments.system == signed["XroadVnpt-systemid"]
    assert arguments.in_order


def test_our_own_headers_carry_the_published_signature() -> None:
    """What we write for the list call of the published example is, byte for byte, what the SDK writes."""
    headers = dict(
        sign_headers(
            {"servicetype": "eDoc", "messagetype": "edoc"},
            system=SystemId("SYS.A01"),
            secret=SECRET,
            at=AT,
            content_type="application/json",
        )
    )
    assert headers["XroadVnpt-sign-header"] == VECTORS[4][1]
    assert headers["XroadVnpt-hash-header"] == VECTORS[4][2]
    assert headers["XroadVnpt-sign-header-key"] == "systemid;servicetype;messagetype;timestamp;Content-Type"
    assert headers["XroadVnpt-timestamp"] == "06052024T070809+0010"
    assert headers["User-Agent"] == "JAVASDKAgent/1.0.0 XRoad/VPCP"


@given(
    st.dictionaries(st.from_regex(r"arg[a-z]{1,8}", fullmatch=True), st.text(' !"/<\\aZ[],~'), max_size=20)
)
def test_whatever_we_sign_we_believe(values: dict[str, str]) -> None:
    """Signing and verifying are two ends of one wire, where blanks around a value do not survive."""
    headers = sign_headers(
        values, system=SystemId("SYS.A01"), secret=SECRET, at=AT, content_type="application/json"
    )
    on_wire = [(name, value.strip(b" \t")) for name, value in raw(headers)]
    arguments = verify_headers(on_wire, SECRET)
    assert {name: arguments.values[name] for name in values} == values
    assert arguments.stamped_at == AT


@pytest.mark.parametrize(
    ("name", "value"), [("from", "Sở"), ("note", "two\nlines"), ("a b", "x"), ("a:", "x")]
)
def test_an_argument_that_cannot_travel_whole_is_not_signed(name: str, value: str) -> None:
    """No transport of the SDK carries anything but printable ASCII: better no request than a mangled one."""
    with pytest.raises(Refusal) as caught:
        sign_headers({name: value}, system=SystemId("S"), secret=SECRET, at=AT, content_type="text/plain")
    assert caught.value.code == "argument-not-ascii"


def test_one_changed_byte_of_the_signed_text_is_noticed() -> None:
    """The HMAC is over the received bytes, so one changed byte is a bad signature."""
    headers = as_sent(text_of(docId="A"))
    changed = [
        (name, value.replace(b'"A"', b'"B"')) if name == b"XroadVnpt-sign-header" else (name, value)
        for name, value in headers
    ]
    with pytest.raises(Refusal) as caught:
        verify_headers(changed, SECRET)
    assert caught.value.code == "bad-signature"


def test_a_text_escaped_by_another_serialiser_is_believed() -> None:
    """Only the received bytes count: escapes and spaces that Gson would not write are no fault."""
    text = '{ "XroadVnpt-systemid": "SYS.A01", "XroadVnpt-from": "S\\u1edf \\/ \\u003c" }'
    headers = as_sent(text)
    assert verify_headers(headers, SECRET).values["from"] == "Sở / <"


def test_the_hash_header_may_be_in_capitals() -> None:
    """Hex digits are compared without regard to case."""
    headers = [
        (name, value.upper() if name == b"XroadVnpt-hash-header" else value)
        for name, value in as_sent(text_of())
    ]
    assert verify_headers(headers, SECRET).system == "SYS.A01"


@pytest.mark.parametrize(
    "missing", [b"XroadVnpt-sign-header", b"XroadVnpt-sign-header-key", b"XroadVnpt-hash-header"]
)
def test_each_header_of_the_signature_is_needed(missing: bytes) -> None:
    """Text, list of names and HMAC: without one of them nothing is believed."""
    headers = [pair for pair in as_sent(text_of()) if pair[0] != missing]
    with pytest.raises(Refusal) as caught:
        verify_headers(headers, SECRET)
    assert caught.value.code == "header-missing"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "null",
        '"XroadVnpt-systemid"',
        "not json",
        '[["XroadVnpt-systemid","SYS.A01"]]',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":1}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":null}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":{"a":"b"}}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":["a"]}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-systemid":"SYS.A01"}',
        '{"XroadVnpt-systemid":"SYS.A01","systemid":"x"}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":"\\ud800"}',
        '{"XroadVnpt-systemid":"SYS.A01","XroadVnpt-n":"\\u0000"}',
        '{"XroadVnpt-systemid":"SYS.A01"} and more',
        '{"XroadVnpt-systemid":"SYS.A01"',
        "[" * 50_000,
        json.dumps({"XroadVnpt-systemid": "SYS.A01", **{f"XroadVnpt-{n}": "x" for n in range(32)}}),
    ],
)
def test_a_signed_text_that_is_no_object_of_texts_is_refused(text: str) -> None:
    """A good HMAC does not excuse a text of another form, a name said twice or too many names."""
    with pytest.raises(Refusal) as caught:
        verify_headers(as_sent(text), SECRET)
    assert caught.value.code == "bad-headers"


@pytest.mark.parametrize(
    "names", ["systemid", "systemid;docId;from", "systemid;docId;docId", "systemid;docId;", ""]
)
def test_the_list_of_names_must_be_that_of_the_signed_text(names: str) -> None:
    """Neither more nor fewer names, none twice."""
    with pytest.raises(Refusal) as caught:
        verify_headers(as_sent(text_of(docId="A"), names=names), SECRET)
    assert caught.value.code == "bad-headers"


def test_another_order_of_names_is_noted_and_believed() -> None:
    """No known client does it, nothing forbids it."""
    assert not verify_headers(as_sent(text_of(docId="A"), names="docId;systemid"), SECRET).in_order


def test_a_plain_header_that_contradicts_the_signed_one_is_refused() -> None:
    """Somebody on the way, or a careless framework, changed what readers of plain headers would see."""
    headers = [
        (name, b"B" if name == b"XroadVnpt-docId" else value) for name, value in as_sent(text_of(docId="A"))
    ]
    with pytest.raises(Refusal) as caught:
        verify_headers(headers, SECRET)
    assert (caught.value.code, caught.value.faults[0].where) == ("bad-headers", "docid")


def test_a_plain_header_may_be_absent_or_unsigned() -> None:
    """Arguments are taken from the signed text, so a missing plain header costs nothing and an unsigned
    one says nothing."""
    headers = [pair for pair in as_sent(text_of(docId="A")) if pair[0] != b"XroadVnpt-docId"]
    arguments = verify_headers([*headers, (b"XroadVnpt-status", b"done")], SECRET)
    assert arguments.one("docId") == "A"
    assert arguments.one("status") is None


@pytest.mark.parametrize("plain", [b"DOC-B", b"DOC-A", b"DOC-B, DOC-A", b"DOC-A,DOC-B"])
def test_two_spellings_may_be_merged_on_the_way(plain: bytes) -> None:
    """docId and docid are one header to an HTTP stack, which keeps one value or joins them."""
    text = text_of(docId="DOC-B", docid="DOC-A")
    headers = [pair for pair in as_sent(text) if pair[0].lower() != b"xroadvnpt-docid"]
    arguments = verify_headers([*headers, (b"xroadvnpt-docid", plain)], SECRET)
    assert arguments.document_id_for(Operation.GET) == "DOC-B"
    assert arguments.document_id_for(Operation.DOWNLOAD) == "DOC-B"
    assert arguments.document_id_for(Operation.CONFIRM) == "DOC-A"


def test_a_merged_header_with_a_foreign_value_is_refused() -> None:
    """Merging explains two signed values side by side, not a third one."""
    text = text_of(docId="DOC-B", docid="DOC-A")
    headers = [pair for pair in as_sent(text) if pair[0].lower() != b"xroadvnpt-docid"]
    with pytest.raises(Refusal):
        verify_headers([*headers, (b"xroadvnpt-docid", b"DOC-B, DOC-C")], SECRET)


def test_a_line_break_in_a_value_arrives_as_a_space_in_the_plain_header() -> None:
    """HttpClient replaces it there; the signed text keeps it."""
    arguments = verify_headers(as_sent(text_of(description="two\nlines")), SECRET)
    assert arguments.one("description") == "two\nlines"


def test_an_argument_called_version_is_not_compared() -> None:
    """The SDK writes its own version header beside or over the argument's."""
    assert verify_headers(as_sent(text_of(version="7")), SECRET).one("version") == "7"


def test_a_system_cannot_speak_for_another_with_its_own_secret() -> None:
    """The plain systemid chooses the secret; the signed one must be the same, in whatever spelling."""
    text = '{"XroadVnpt-systemid":"VICTIM","XroadVnpt-SystemId":"SYS.A01"}'
    headers = [(name, value) for name, value in as_sent(text) if name != b"XroadVnpt-systemid"]
    assert claimed_system(headers) == "SYS.A01"
    with pytest.raises(Refusal) as caught:
        verify_headers(headers, SECRET)
    assert caught.value.code == "bad-signature"


def test_a_request_that_claims_two_systems_claims_none() -> None:
    """Which secret would be asked for?"""
    assert claimed_system([(b"XroadVnpt-systemid", b"A"), (b"xroadvnpt-SYSTEMID", b"B")]) is None
    assert claimed_system([(b"Host", b"A")]) is None
    assert claimed_system([(b"xroadvnpt-systemid", b" A ")]) == "A"


@pytest.mark.parametrize(
    ("values", "get", "confirm"),
    [
        ({"docId": "A"}, "A", "A"),
        ({"docid": "A"}, "A", "A"),
        ({"DocID": "A"}, "A", "A"),
        ({"docId": "B", "docid": "A"}, "B", "A"),
        ({"docId": "B", "docid": ""}, "B", "B"),
    ],
)
def test_the_document_meant_depends_on_what_is_asked(values: dict[str, str], get: str, confirm: str) -> None:
    """Callers fill docId to fetch and docid to confirm, and never empty either."""
    arguments = SignedArguments(system=SystemId("S"), values=values)
    assert arguments.document_id_for(Operation.GET) == get
    assert arguments.document_id_for(Operation.CONFIRM) == confirm


def test_spellings_that_disagree_are_refused_only_when_none_is_exact() -> None:
    """With the exact spelling present the others are leftovers."""
    arguments = SignedArguments(system=SystemId("S"), values={"FROM": "A", "From": "B", "to": "C", "TO": "D"})
    assert arguments.one("to") == "C"
    with pytest.raises(Refusal) as caught:
        arguments.one("from")
    assert caught.value.code == "argument-ambiguous"
    with pytest.raises(Refusal) as caught:
        arguments.required("status")
    assert caught.value.code == "header-missing"


@pytest.mark.parametrize(
    ("digest", "sent"),
    [
        (
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad",
        ),
        (
            "445b33f4d2095526ae0dd1537b9903bd788b1cc5ee4a2548b7a5e91e8af4efd0",
            "445b33f4d295526aedd1537b993bd788b1cc5ee4a2548b7a5e91e8af4efd0",
        ),
        (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ],
)
def test_the_file_hash_is_written_without_leading_zeros(digest: str, sent: str) -> None:
    """Vectors of the SDK; the padded form of other clients names the same file."""
    assert unpadded_hex(Digest(digest)) == sent
    for claimed in (sent, digest, sent.upper(), f" {digest} "):
        assert hash_matches(claimed, Digest(digest))
    assert not hash_matches(sent[:-1], Digest(digest))
    assert not hash_matches("", Digest(digest))


def test_a_timestamp_is_local_time_with_milliseconds_where_a_zone_seems_to_stand() -> None:
    """23:39:37.095 in Hà Nội on 21 November 2026."""
    at = datetime(2026, 11, 21, 16, 39, 37, 95_000, tzinfo=UTC)
    assert write_timestamp(at) == "21112026T233937+0095"
    assert read_timestamp("21112026T233937+0095") == at
    assert read_timestamp(write_timestamp(at + timedelta(microseconds=999))) == at


@pytest.mark.parametrize("text", ["", "2026-11-21", "32132026T233937+0095", "00000000T000000+0000", "x" * 99])
def test_a_timestamp_that_is_none_is_no_error(text: str) -> None:
    """It proves nothing, so it breaks nothing."""
    assert read_timestamp(text) is None


@pytest.mark.parametrize("path", ["/sendEdoc", "//sendEdoc", "/XrdAdapter/adapter//sendEdoc", "sendEdoc"])
def test_an_operation_is_the_last_part_of_the_path(path: str) -> None:
    """Prefixes and doubled slashes belong to configurations, not to the protocol."""
    assert operation_at(path) is Operation.SEND


@pytest.mark.parametrize("path", ["/", "/sendedoc", "/sendEdoc/", "/sendEdoc/x", ""])
def test_another_path_asks_for_nothing(path: str) -> None:
    """Letter case counts, and nothing may follow."""
    assert operation_at(path) is None
    assert set(FORMS) == set(Operation)
